"""Reports: merged, written, read back from untrusted sources, and shown."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.verdict import Failure, Outcome, Report, Verdict, from_dict, merge, render_table, to_dict
from tests.verdict.scenes import NODE, POD, PUBLIC, failed, saw, target, vantage, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable


ENVIRONMENT = "projects/example-project/locations/us-central1/environments/example"
NEED = target(expect="node")


def passing(*, local: str = POD, name: str = "a", after: float = 0) -> Verdict:
    """Give a PASS of one worker."""
    return verdict_of(saw(NODE, local=local, after=after), need=NEED, at=vantage(pod_ip=local, name=name))


def failing(*, local: str = POD, name: str = "a", after: float = 0) -> Verdict:
    """Give a FAIL of one worker."""
    return verdict_of(saw(POD, local=local, after=after), need=NEED, at=vantage(pod_ip=local, name=name))


def silent(*, name: str = "a") -> Verdict:
    """Give an INCONCLUSIVE of one worker, with two attempts that disagree."""
    attempts = [failed(Failure.RESET), failed(Failure.CONNECT_TIMEOUT, detail="no answer within 3 s", after=1)]
    return verdict_of(*attempts, need=target(allowed=["10.0.0.0/8"]), at=vantage(name=name))


def report(*verdicts: Verdict, nodes_total: int | None = None, problems: tuple[str, ...] = ()) -> Report:
    """Give a report of the example environment."""
    return Report(environment=ENVIRONMENT, verdicts=verdicts, nodes_total=nodes_total, problems=problems)


def test_the_worst_outcome_counts_and_nothing_is_no_pass() -> None:
    """A report is as good as its worst verdict; an empty one is inconclusive, and a problem is an error."""
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
    assert report(passing()).coverage == "1 node seen; how many there are is not known."
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


VERDICTS = [passing(), failing(name="b"), silent(name="c"), verdict_of(need=NEED, at=vantage(pod_ip=None))]


@given(
    st.lists(st.sampled_from(VERDICTS), max_size=4),
    st.none() | st.integers(0, 9),
    st.lists(st.text(st.characters(categories=["L", "N", "P", "S"])), max_size=2),
)
@settings(max_examples=50)
def test_a_report_survives_its_way_through_json(
    verdicts: list[Verdict], nodes_total: int | None, problems: list[str]
) -> None:
    """What a task wrote as XCom is read back to the same report."""
    written = Report(
        environment=ENVIRONMENT, verdicts=tuple(verdicts), nodes_total=nodes_total, problems=tuple(problems)
    )
    assert from_dict(json.loads(json.dumps(to_dict(written)))) == written


def _forged(change: Callable[[Any], object]) -> dict[str, Any]:
    content = copy.deepcopy(to_dict(report(failing(), silent(name="c"))))
    change(content)
    return content


def _set(path: str, value: object) -> Callable[[Any], object]:
    """Give a change that puts a value at a dotted path."""

    def change(content: Any) -> None:  # noqa: ANN401 - JSON
        *parents, last = path.split(".")
        for name in parents:
            content = content[int(name)] if name.isdigit() else content[name]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (_set("schema", "airflow-masq/report/v2"), "report.schema: expected airflow-masq/report/v1"),
        (_set("schema", None), "report.schema: expected airflow-masq/report/v1, saw nothing"),
        (_set("extra", 1), "report.extra: expected one of schema, environment"),
        (lambda content: content.pop("problems"), "report: expected the key problems, saw none"),
        (_set("outcome", "PASS"), "agree with the verdicts"),
        (_set("outcome", "GREAT"), "report.outcome: expected one of FAIL, ERROR, INCONCLUSIVE, PASS, saw 'GREAT'"),
        (_set("counts", {"PASS": 2}), "agree with the verdicts"),
        (_set("coverage.nodes_seen", ["192.168.0.0/26", "192.168.1.0/26"]), "agree with the verdicts"),
        (_set("coverage.nodes_total", -1), "report.coverage.nodes_total: expected a whole number"),
        (_set("coverage.nodes_total", True), "report.coverage.nodes_total: expected a whole number"),
        (_set("coverage.nodes_total", 10**5000), "report.coverage.nodes_total: expected a whole number"),
        (_set("coverage", []), "report.coverage: expected a mapping, saw an empty list"),
        (_set("problems", "none"), "report.problems: expected a list, saw 'none'"),
        (_set("problems", [{"deep": []}]), "report.problems[0]: expected one printable line"),
        (_set("problems", ["x"] * 10_001), "report.problems: expected at most 10000 items, saw 10001"),
        (_set("verdicts.0.outcome", "PASS"), "report.verdicts[0]: expected a verdict, saw MASQ411 does not stand for"),
        (_set("verdicts.0.code", "MASQ999"), "report.verdicts[0].code: expected one of"),
        (_set("verdicts.0.reason", "\x1b[2J"), "report.verdicts[0].reason: expected one printable line"),
        (_set("verdicts.0.reason", "x" * 20_001), "report.verdicts[0].reason: expected one printable line"),
        (_set("verdicts.0.observed", "10.0.0.010"), "report.verdicts[0].observed: expected an IP address"),
        (_set("verdicts.0.observed", NODE), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.0.node", "192.168.0.1/26"), "report.verdicts[0].node: expected a CIDR aligned"),
        (_set("verdicts.0.evidence", []), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.0.vantage.component", "root"), "report.verdicts[0].vantage.component: expected one of"),
        (_set("verdicts.0.vantage.more", 1), "report.verdicts[0].vantage.more: expected one of hostname"),
        (_set("verdicts.0.prediction.masqueraded", "yes"), "prediction.masqueraded: expected true or false"),
        (_set("verdicts.1.prediction.allowed", 1), "prediction.allowed: expected true or false"),
        (_set("verdicts.0.prediction.sources", ["10.0.0.0"]), "prediction.sources[0]: expected a CIDR"),
        (_set("verdicts.0.prediction.source_kind", "dropped"), "prediction: expected a source_kind that agrees"),
        (_set("verdicts.0.prediction.allowed", False), "prediction: expected a source_kind that agrees"),
        (_set("verdicts.0.prediction.arrives_as", "service"), "prediction.arrives_as: expected one of pod, node, nat"),
        (_set("verdicts.0.prediction.origin", None), "prediction.origin: expected one printable line"),
        (_set("verdicts.0.evidence.0.started_at", "yesterday"), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.0.evidence.0.started_at", "2026-11-22T06:00:00"), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.0.evidence.0.duration_seconds", float("nan")), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.duration_seconds", -0.1), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.duration_seconds", "1"), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.destination_port", 70_000), "destination_port: expected a whole number"),
        (_set("verdicts.0.evidence.0.failure", "reset"), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.1.findings.0.message", None), "report.verdicts[1].findings[0].message: expected one"),
    ],
)
def test_a_forged_report_is_refused_with_its_place(change: Callable[[Any], object], where: str) -> None:
    """Whoever may write an XCom cannot make it say what the verdicts do not."""
    with pytest.raises(InvalidInputError) as refused:
        from_dict(_forged(change))
    assert where in str(refused.value)
    assert str(refused.value).isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.sampled_from(
    [
        "environment",
        "outcome",
        "counts",
        "coverage",
        "problems",
        "verdicts",
        "verdicts.0.vantage",
        "verdicts.0.node",
        "verdicts.0.observed",
        "verdicts.0.evidence",
        "verdicts.0.evidence.0.started_at",
        "verdicts.0.prediction",
        "verdicts.0.findings",
    ]
)


@given(PATHS, JSON)
def test_any_json_is_a_report_or_a_clear_refusal(path: str, value: object) -> None:
    """No content at all crashes the reader."""
    try:
        read = from_dict(_forged(_set(path, value)))
    except InvalidInputError:
        return
    assert from_dict(to_dict(read)) == read


@given(JSON)
def test_what_is_no_report_at_all_is_refused(value: object) -> None:
    """An XCom of something else is refused."""
    with pytest.raises(InvalidInputError, match="report"):
        from_dict(value)


TABLE = """\
ENVIRONMENT  NODE            TARGET  EXPECTED    OBSERVED           VERDICT       CODE     REASON
-----------  --------------  ------  ----------  -----------------  ------------  -------  ------------------------------------------------------------------------
example      192.168.0.0/26  erp     node        10.128.0.2 (node)  PASS          MASQ401  The observer saw 10.128.0.2 (node), as expected.
example      192.168.0.0/26  erp     node        192.168.0.2 (pod)  FAIL          MASQ411  The observer saw 192.168.0.2 (pod) where node is expected; this node
                                                                                           does not masquerade as the policy says. MASQ491: The model expects
                                                                                           source 10.128.0.0/20 (node), but 192.168.0.2 (pod) was seen.
example      192.168.0.0/26  erp     10.0.0.0/8  -                  INCONCLUSIVE  MASQ421  No answer within 3 s (the last of 2 attempts); the model expects source
                                                                                           10.128.0.0/20 (node), which allowed_sources 10.0.0.0/8 lets in: look for
                                                                                           a missing route back, an observer that is down, or a node that does not
                                                                                           masquerade as planned. MASQ492: The attempts disagree: attempt 1 saw
                                                                                           reset, attempt 2 saw connect-timeout; rules that were still being
                                                                                           written would explain it.

example: check 3 left no report
example: FAIL. 1 FAIL, 1 INCONCLUSIVE, 1 PASS. 1 of 4 nodes seen.
Next, MASQ411 (Another kind of source than expected was seen): Compare with the other nodes in the report: if only some fail, look at those nodes' rules; if all fail, look at the environment's policy.
    Check `expect` and the ranges under `network`.
Next, MASQ421 (No answer to the connection attempt): Read the model's explanation in the reason, then that side's firewall log for the source it names.
Next, MASQ491 (The model disagrees): Trust what was seen. Compare the plan with the environment, and the nodes with each other.
Next, MASQ492 (The attempts disagree): If it happens on new Pods only, delay the first connection; if not, look for an unstable path."""  # noqa: E501 - lines of a task log


NARROW_TABLE = """\
ENVIRONMENT  NODE            TARGET  EXPECTED  OBSERVED           VERDICT  CODE
-----------  --------------  ------  --------  -----------------  -------  -------
example      192.168.0.0/26  erp     node      192.168.0.2 (pod)  FAIL     MASQ411
    The observer saw 192.168.0.2 (pod) where node is expected; this node does not masquerade as the
    policy says. MASQ491: The model expects source 10.128.0.0/20 (node), but 192.168.0.2 (pod) was
    seen.

example: FAIL. 1 FAIL. 1 node seen; how many there are is not known.
Next, MASQ411 (Another kind of source than expected was seen): Compare with the other nodes in the
    report: if only some fail, look at those nodes' rules; if all fail, look at the environment's
    policy. Check `expect` and the ranges under `network`.
Next, MASQ491 (The model disagrees): Trust what was seen. Compare the plan with the environment, and
    the nodes with each other."""


def test_the_table_shows_every_verdict_the_coverage_and_the_next_step() -> None:
    """A person reads from the table what was expected, what was seen, why, and what to do."""
    shown = report(passing(), failing(name="b"), silent(name="c"), nodes_total=4, problems=("check 3 left no report",))
    assert render_table(shown) == TABLE


def test_a_narrow_table_has_the_reasons_below_their_rows() -> None:
    """On a terminal of 100 columns no line is longer, and nothing is lost."""
    shown = render_table(report(failing(name="b")), width=100)
    assert shown == NARROW_TABLE
    assert max(map(len, shown.splitlines())) <= 100


def test_an_empty_report_says_so() -> None:
    """A report without verdicts is no empty table that looks like a success."""
    shown = render_table(report())
    assert "example: INCONCLUSIVE. No verdicts. 0 nodes seen; how many there are is not known." in shown


def test_several_environments_share_one_table() -> None:
    """Environments with and without the agent stand below one another, each with its own coverage."""
    other = dataclasses.replace(report(failing()), environment="without-agent")
    lines = render_table(report(passing()), other).splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["example", "without-agent"]
    assert sum("1 node seen" in line for line in lines) == 2


def test_foreign_text_in_a_table_is_escaped_once() -> None:
    """Terminal codes smuggled into a report are shown and not obeyed; escapes that stand there stay as they are."""
    evil = dataclasses.replace(failing(), reason="red \x1b[31m", target=r"kept \x1b")
    shown = render_table(report(evil, problems=("line\nbreak",)))
    assert r"red \x1b[31m" in shown
    assert r"kept \x1b " in shown
    assert r"example: line\nbreak" in shown
    assert "\x1b" not in shown


def test_a_node_that_is_not_known_is_called_unknown() -> None:
    """A worker whose address nobody learnt still has its row."""
    assert "unknown" in render_table(report(verdict_of(need=NEED, at=vantage(pod_ip=None))))
    assert PUBLIC not in render_table(report(passing()))
