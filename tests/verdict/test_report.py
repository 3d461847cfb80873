"""Reports count what was seen, and merging them forgets no FAIL."""

from __future__ import annotations

import dataclasses

import pytest

from airflow_masq.verdict import Outcome, merge
from tests.verdict.reports import NEED, failing, passing, report, silent
from tests.verdict.scenes import vantage, verdict_of


def test_the_worst_outcome_counts_and_nothing_is_no_pass() -> None:
    """A report has the outcome of its worst verdict; an empty one is inconclusive, and a problem is an error."""
    assert report(passing()).outcome is Outcome.PASS
    assert report(passing(), silent()).outcome is Outcome.INCONCLUSIVE
    assert report(passing(), failing(name="b"), silent()).outcome is Outcome.FAIL
    assert report().outcome is Outcome.INCONCLUSIVE
    assert report(passing(), problems=("check 3 left no report",)).outcome is Outcome.ERROR
    assert report(failing(), problems=("check 3 left no report",)).outcome is Outcome.FAIL


def test_coverage_is_counted_from_the_verdicts() -> None:
    """Two workers of one node are one node, and the order is that of the addresses."""
    workers = ["192.168.0.2", "192.168.0.3", "192.168.10.2", "192.168.9.2"]
    several = report(*(passing(local=local, name=local) for local in workers), nodes_total=6)
    assert several.nodes_seen == ("192.168.0.0/26", "192.168.9.0/26", "192.168.10.0/26")
    assert several.coverage == "3 of 6 nodes seen."
    assert report(passing()).coverage == "1 node seen; the number of nodes is not known."
    unknown = verdict_of(need=NEED, at=vantage(pod_ip=None))
    assert report(unknown, nodes_total=1).coverage == "0 of 1 node seen."


def test_merging_forgets_no_fail_of_a_worker_that_was_asked_several_times() -> None:
    """Where checks met on one worker and disagree, the worst stays, says so, and other workers' verdicts stay too."""
    early, late, other = failing(after=0), passing(after=60), failing(name="b")
    for reports in ([report(early), report(late, other)], [report(late, other), report(early)]):
        merged = {verdict.vantage.hostname: verdict for verdict in merge(reports).verdicts}
        assert merged[other.vantage.hostname] is other
        kept = merged[early.vantage.hostname]
        assert (kept.outcome, kept.observed) == (Outcome.FAIL, early.observed)
        assert kept.findings[-1].code == "MASQ492"
        assert "1 x FAIL (192.168.0.2)" in kept.findings[-1].message
        assert "1 x PASS (10.128.0.2)" in kept.findings[-1].message


def test_merging_verdicts_that_agree_keeps_the_latest_as_it_is() -> None:
    """Checks that met on one worker and agree are one verdict; one that asked nothing is an ERROR that stays."""
    early, late = passing(after=0), passing(after=60)
    assert merge([report(late), report(early)]).verdicts == (late,)
    nothing = verdict_of(need=NEED, at=vantage(name="a"))
    assert merge([report(passing()), report(nothing)]).outcome is Outcome.ERROR


def test_merging_keeps_problems_once_and_the_largest_number_of_nodes() -> None:
    """Nothing that is missing gets lost, and nothing is said twice."""
    merged = merge([report(nodes_total=4, problems=("a", "b")), report(nodes_total=6, problems=("b",)), report()])
    assert merged.problems == ("a", "b")
    assert merged.nodes_total == 6
    assert merge([report()]).nodes_total is None


def test_reports_of_several_environments_are_not_mixed() -> None:
    """One environment's nodes are not another's."""
    with pytest.raises(ValueError, match="one environment, saw 2"):
        merge([report(), dataclasses.replace(report(), environment="other")])
    with pytest.raises(ValueError, match="one environment, saw 0"):
        merge([])
