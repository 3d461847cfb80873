"""Reports count what was seen, and merging them forgets no FAIL."""

from __future__ import annotations

import dataclasses

import pytest

from airflow_masq.observation.vantage import Component
from airflow_masq.verdict import Outcome, Verdict, merge
from tests.verdict.reports import NEED, failing, passing, report, silent
from tests.verdict.scenes import NODE, saw, vantage, verdict_of


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
    assert several.workers_seen == {verdict.vantage for verdict in several.verdicts}


def test_a_node_that_was_told_counts_by_its_name() -> None:
    """Workers that know their nodes' names are told apart by these, whatever the blocks of addresses are."""
    pods = {"192.168.0.2": "gke-b", "192.168.0.3": "gke-a", "192.168.9.2": "gke-a"}
    named = [_on_node(passing(local=pod, name=pod), node_name=name) for pod, name in pods.items()]
    assert report(*named, nodes_total=3).nodes_seen == ("gke-a", "gke-b")
    assert report(*named, nodes_total=3).coverage == "2 of 3 nodes seen."
    # One worker that does not know its node: then all are told apart by the blocks.
    assert report(*named, passing(name="x")).nodes_seen == ("192.168.0.0/26", "192.168.9.0/26")
    assert [verdict.node_label for verdict in named] == ["gke-b", "gke-a", "gke-a"]


def test_a_worker_with_a_name_hides_no_other_without() -> None:
    """Where some workers know their nodes' names and blocks are not known, nothing is counted for the others."""
    named = dataclasses.replace(_on_node(passing(), node_name="gke-a"), node=None)
    unnamed = dataclasses.replace(passing(local="192.168.9.9", name="b"), node=None)
    shown = report(named, unnamed)
    assert (shown.nodes_seen, shown.workers_without_node) == ((), 2)


def _on_node(verdict: Verdict, *, node_name: str | None) -> Verdict:
    return dataclasses.replace(verdict, vantage=dataclasses.replace(verdict.vantage, node_name=node_name))


HINT = "complete cluster.pods_per_node and network.pod_ranges in the plan."


@pytest.mark.parametrize(
    ("pods", "nodes_total", "coverage"),
    [
        (
            4,
            None,
            "4 workers seen; on how many nodes they ran is not known: " + HINT,
        ),
        (
            1,
            6,
            "1 worker seen; on how many of 6 nodes it ran is not known: " + HINT,
        ),
    ],
)
def test_nodes_that_cannot_be_told_apart_are_not_counted(pods: int, nodes_total: int | None, coverage: str) -> None:
    """Four Pods of one node whose block is not known are four workers, and never four nodes of one."""
    verdicts = [
        dataclasses.replace(passing(local=f"192.168.0.{9 * pod + 2}", name=str(pod)), node=None) for pod in range(pods)
    ]
    shown = report(*verdicts, nodes_total=nodes_total)
    assert (shown.nodes_seen, shown.coverage) == ((), coverage)


def test_coverage_says_what_is_not_known_beside_what_is() -> None:
    """Some nodes are known and some are not; more nodes than there are is a mistake of a setting, and said."""
    mixed = report(passing(), dataclasses.replace(passing(local="192.168.9.9", name="b"), node=None), nodes_total=3)
    assert mixed.coverage == ("1 node and 1 worker seen; on how many of 3 nodes it ran is not known: " + HINT)
    several = report(passing(), passing(local="192.168.9.9", name="b"), nodes_total=1)
    assert several.coverage == (
        "2 of 1 node seen; correct nodes_total or cluster.pods_per_node, since there cannot be more."
    )


def test_only_workers_count_towards_the_coverage() -> None:
    """The triggerer's node is no worker's node."""
    triggerer = verdict_of(saw(NODE), need=NEED, at=vantage(component=Component.TRIGGERER, pod_ip="192.168.9.9"))
    assert report(passing(), triggerer, nodes_total=2).coverage == "1 of 2 nodes seen."


def test_a_worker_with_both_versions_of_ip_is_on_one_node() -> None:
    """A dual-stack Pod that asked by IPv4 and by IPv6 counts once."""
    by_ipv6 = verdict_of(saw(NODE, local="2001:db8::7", destination="2001:db8:f::1"), need=NEED)
    assert report(passing(name="7k2xq"), by_ipv6, nodes_total=1).coverage == "1 of 1 node seen."


def test_what_was_left_out_counts() -> None:
    """A report that lost verdicts for its size keeps their outcomes and their numbers, also when it is merged."""
    short = dataclasses.replace(report(passing()), omitted={Outcome.FAIL: 2})
    assert short.outcome is Outcome.FAIL
    assert short.counts == {Outcome.FAIL: 2, Outcome.ERROR: 0, Outcome.INCONCLUSIVE: 0, Outcome.PASS: 1}
    merged = merge([short, report(passing(name="b")), dataclasses.replace(short, verdicts=())])
    assert (merged.omitted, merged.outcome) == ({Outcome.FAIL: 4}, Outcome.FAIL)


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
