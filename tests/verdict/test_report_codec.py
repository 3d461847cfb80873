"""Reports are written as JSON, and read back from untrusted sources."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.verdict import Report, Verdict, from_dict, to_dict
from tests.verdict.reports import ENVIRONMENT, NEED, failing, passing, report, silent
from tests.verdict.scenes import NODE, saw, target, vantage, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_that_a_firewall_lets_in_a_part_is_not_written() -> None:
    """A report says null for a firewall that lets in a part, as for one of which nothing is known, and reads it so."""
    verdict = verdict_of(saw(NODE), need=target(allowed=["10.128.0.0/21"]))
    assert verdict.prediction is not None
    assert verdict.prediction.firewall is FirewallAnswer.SOME
    content: Any = to_dict(report(verdict))
    assert content["verdicts"][0]["prediction"]["allowed"] is None
    (read,) = from_dict(content).verdicts
    assert read.prediction == dataclasses.replace(verdict.prediction, firewall=FirewallAnswer.UNKNOWN)
    assert to_dict(report(read)) == content


def test_what_shows_a_proxy_is_kept() -> None:
    """A report tells what stood in between, also after it was read back."""
    seen = saw(NODE, intermediaries=("via 1.1 squid", "HTTP 203"))
    content = to_dict(report(verdict_of(seen, need=NEED)))
    (read,) = from_dict(json.loads(json.dumps(content))).verdicts
    assert read.evidence == (seen,)
    assert read.code == "MASQ420"


def test_reports_of_earlier_versions_are_read() -> None:
    """A report that says nothing of what stood in between is read as one that saw nothing there."""
    written = report(passing(), failing(name="b"))
    content: Any = to_dict(written)
    for verdict in content["verdicts"]:
        for observation in verdict["evidence"]:
            assert observation.pop("intermediaries") == []
    assert from_dict(content) == written


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
        (
            _set("verdicts.0.outcome", "PASS"),
            "report.verdicts[0]: expected a verdict, saw MASQ411 has another outcome than",
        ),
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
        (_set("verdicts.0.prediction.source_kind", "ambiguous"), "prediction.source_kind: expected one of pod, node"),
        (_set("verdicts.0.attribution", "dropped"), "report.verdicts[0].attribution: expected one of pod, node, nat"),
        (_set("verdicts.0.prediction.origin", None), "prediction.origin: expected one printable line"),
        (_set("verdicts.0.evidence.0.started_at", "yesterday"), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.0.evidence.0.started_at", "2026-11-22T06:00:00"), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.0.evidence.0.duration_seconds", float("nan")), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.duration_seconds", -0.1), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.duration_seconds", "1"), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.destination_port", 70_000), "destination_port: expected a whole number"),
        (
            _set("verdicts.0.evidence.0.intermediaries", ["via x"]),
            "report.verdicts[0]: expected a verdict, saw a reply",
        ),
        (_set("verdicts.0.evidence.0.intermediaries", ["\n"]), "intermediaries[0]: expected one printable line"),
        (_set("verdicts.0.evidence.0.intermediaries", ["x"] * 11), "intermediaries: expected at most 10 items"),
        (_set("verdicts.0.evidence.0.intermediaries", None), "intermediaries: expected a list"),
        (_set("verdicts.0.evidence.0.more", 1), "evidence[0].more: expected one of url"),
        (lambda content: content["verdicts"][0]["evidence"][0].pop("url"), "evidence[0]: expected the key url"),
        (_set("verdicts.0.evidence.0.failure", "reset"), "report.verdicts[0]: expected a verdict"),
        (_set("verdicts.1.findings.0.message", None), "report.verdicts[1].findings[0].message: expected one"),
    ],
)
def test_a_forged_report_is_refused_with_its_place(change: Callable[[Any], object], where: str) -> None:
    """A report whose outcome contradicts its verdicts is refused."""
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
