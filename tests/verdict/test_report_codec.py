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
from airflow_masq.observation.observation import Canary
from airflow_masq.observation.vantage import Component
from airflow_masq.verdict import Outcome, Report, Verdict, add_history, decode_report, encode_report
from tests.verdict.reports import ENVIRONMENT, NEED, failing, passing, report, silent
from tests.verdict.scenes import NODE, saw, target, vantage, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    assert decode_report(json.loads(json.dumps(encode_report(written)))) == written


def test_that_a_firewall_lets_in_a_part_is_not_written() -> None:
    """A report says null for a firewall that lets in a part, as for one of which nothing is known, and reads it so."""
    verdict = verdict_of(saw(NODE), need=target(allowed=["10.128.0.0/21"]))
    assert verdict.prediction is not None
    assert verdict.prediction.firewall is FirewallAnswer.SOME
    content: Any = encode_report(report(verdict))
    assert content["verdicts"][0]["prediction"]["allowed"] is None
    (read,) = decode_report(content).verdicts
    assert read.prediction == dataclasses.replace(verdict.prediction, firewall=FirewallAnswer.UNKNOWN)
    assert encode_report(report(read)) == content


def test_what_shows_a_proxy_is_kept() -> None:
    """A report tells what stood in between, also after it was read back."""
    seen = saw(NODE, intermediaries=("via 1.1 squid", "HTTP 203"))
    content = encode_report(report(verdict_of(seen, need=NEED)))
    (read,) = decode_report(json.loads(json.dumps(content))).verdicts
    assert read.evidence == (seen,)
    assert read.code == "MASQ420"


def test_reports_of_earlier_versions_are_read() -> None:
    """A report without the keys that came later is read as one to which they do not apply."""
    unknown = verdict_of(saw(NODE), need=NEED, at=vantage(component=Component.UNKNOWN))
    written = report(passing(), failing(name="b"), unknown, verdict_of(need=NEED))
    content: Any = encode_report(written)
    assert (content.pop("omitted"), content.pop("history")) == ({}, [])
    for verdict in content["verdicts"]:
        for key in ("destination", "vouched_by"):
            del verdict[key]
        for key in ("known_by", "node_name"):
            del verdict["vantage"][key]
        for observation in verdict["evidence"]:
            assert observation.pop("intermediaries") == []
            assert observation.pop("nonce_sent") is False
            assert observation.pop("canary") == "not-asked"
    assert decode_report(content) == written


def test_what_vouches_for_a_verdict_is_written() -> None:
    """A report's verdict says by which tests it stands, and is read back with all of them."""
    seen = saw(NODE, nonce_sent=True, canary=Canary.IGNORED)
    written = report(verdict_of(seen, need=NEED, at=vantage(node_name="gke-a")))
    content: Any = encode_report(written)
    [verdict] = content["verdicts"]
    words = ["nonce", "no-proxy-trace", "canary-ignored", "own-address", "worker-by-hostname"]
    assert (verdict["vouched_by"], verdict["destination"]) == (words, "172.20.0.10")
    assert (verdict["vantage"]["known_by"], verdict["vantage"]["node_name"]) == ("hostname", "gke-a")
    assert decode_report(json.loads(json.dumps(content))) == written


def test_what_was_left_out_and_what_changed_is_read_back() -> None:
    """A report's omissions and its history survive their way through JSON."""
    short = dataclasses.replace(add_history(report(passing()), previous=None), omitted={Outcome.FAIL: 7})
    content: Any = encode_report(short)
    assert (content["outcome"], content["counts"]["FAIL"], content["omitted"]) == ("FAIL", 7, {"FAIL": 7})
    assert content["history"] == [
        {
            "target": "erp",
            "outcome": "PASS",
            "since": "2026-11-22T06:00:00+00:00",
            "previous": None,
            "recent": ["PASS"],
        }
    ]
    assert decode_report(json.loads(json.dumps(content))) == short
    unasked = add_history(report(verdict_of(need=NEED)), previous=short)
    assert decode_report(encode_report(unasked)) == unasked


def _forged(change: Callable[[Any], object], verdicts: Sequence[Verdict] = ()) -> dict[str, Any]:
    content = copy.deepcopy(encode_report(report(*(verdicts or (failing(), silent(name="c"))))))
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
            "report.verdicts[0]: expected a valid verdict, saw one that is not: MASQ411 has another outcome than",
        ),
        (_set("verdicts.0.code", "MASQ999"), "report.verdicts[0].code: expected one of"),
        (_set("verdicts.0.reason", "\x1b[2J"), "report.verdicts[0].reason: expected one printable line"),
        (_set("verdicts.0.reason", "x" * 20_001), "report.verdicts[0].reason: expected one printable line"),
        (_set("verdicts.0.observed", "10.0.0.010"), "report.verdicts[0].observed: expected an IP address"),
        (_set("verdicts.0.observed", NODE), "report.verdicts[0]: expected a valid verdict"),
        (_set("verdicts.0.node", "192.168.0.1/26"), "report.verdicts[0].node: expected a CIDR aligned"),
        (_set("verdicts.0.evidence", []), "report.verdicts[0]: expected a valid verdict"),
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
        (_set("verdicts.0.evidence.0.started_at", "yesterday"), "report.verdicts[0]: expected a valid verdict"),
        (
            _set("verdicts.0.evidence.0.started_at", "2026-11-22T06:00:00"),
            "report.verdicts[0]: expected a valid verdict",
        ),
        (_set("verdicts.0.evidence.0.duration_seconds", float("nan")), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.duration_seconds", -0.1), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.duration_seconds", "1"), "duration_seconds: expected a number"),
        (_set("verdicts.0.evidence.0.destination_port", 70_000), "destination_port: expected a whole number"),
        (_set("verdicts.0.evidence.0.destination_port", -1), "destination_port: expected a whole number"),
        (
            _set("verdicts.0.evidence.0.intermediaries", ["via x"]),
            "report.verdicts[0]: expected a valid verdict, saw one that is not: a reply",
        ),
        (_set("verdicts.0.evidence.0.intermediaries", ["\n"]), "intermediaries[0]: expected one printable line"),
        (_set("verdicts.0.evidence.0.intermediaries", ["x"] * 11), "intermediaries: expected at most 10 items"),
        (_set("verdicts.0.evidence.0.intermediaries", None), "intermediaries: expected a list"),
        (_set("verdicts.0.evidence.0.more", 1), "evidence[0].more: expected one of url"),
        (lambda content: content["verdicts"][0]["evidence"][0].pop("url"), "evidence[0]: expected the key url"),
        (_set("verdicts.0.evidence.0.failure", "reset"), "report.verdicts[0]: expected a valid verdict"),
        (_set("verdicts.1.findings.0.message", None), "report.verdicts[1].findings[0].message: expected one"),
        (
            _set("verdicts.0.findings.0.code", "MASQ401"),
            "one that is not: MASQ401 is the code of a verdict, not of a finding",
        ),
        (_set("verdicts.0.vantage.known_by", "none"), "saw one that is not: a component is known by something"),
        (_set("verdicts.0.vantage.component", "unknown"), "saw one that is not: a component is known by something"),
        (_set("verdicts.0.vantage.node_name", 7), "vantage.node_name: expected one printable line"),
        (_set("verdicts.0.vouched_by", ["nonce"]), "vouched_by: expected what the evidence and the vantage vouch for"),
        (_set("verdicts.0.evidence.0.nonce_sent", True), "vouched_by: expected what the evidence"),
        (_set("verdicts.0.evidence.0.nonce_sent", 1), "nonce_sent: expected true or false"),
        (_set("verdicts.0.evidence.0.canary", "eaten"), "canary: expected one of not-asked, ignored, repeated"),
        (
            _set("verdicts.0.evidence.0.canary", "repeated"),
            "saw one that is not: an observer that repeats what clients tell it",
        ),
        (
            _set("verdicts.0.destination", "172.20.0.11"),
            "saw one that is not: the address is not the last one that the evidence shows",
        ),
        (
            _set("verdicts.0.destination", None),
            "saw one that is not: the address is not the last one that the evidence shows",
        ),
        (_set("verdicts.0.evidence", [{}] * 1_001), "evidence: expected at most 1000 items"),
        (_set("omitted", {"PASS": 0}), "report.omitted.PASS: expected a whole number from 1"),
        (_set("omitted", {"GREAT": 1}), "report.omitted.GREAT: expected one of FAIL"),
        (_set("omitted", {"PASS": 1}), "agree with the verdicts"),
        (_set("history", [{}]), "report.history[0]: expected the key target"),
    ],
)
def test_a_forged_report_is_refused_with_its_place(change: Callable[[Any], object], where: str) -> None:
    """A report whose outcome contradicts its verdicts is refused."""
    with pytest.raises(InvalidInputError) as refused:
        decode_report(_forged(change))
    assert where in str(refused.value)
    assert str(refused.value).isprintable()


HISTORY: dict[str, object] = {
    "target": "erp",
    "outcome": "FAIL",
    "since": "2026-11-22T06:00:00+00:00",
    "previous": "PASS",
    "recent": ["PASS", "FAIL"],
}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (
            {"outcome": "PASS", "recent": ["FAIL", "PASS"], "previous": "FAIL"},
            "a history that agrees with the verdicts",
        ),
        ({"target": "other"}, "a history that agrees with the verdicts"),
        ({"recent": ["FAIL", "PASS"]}, "saw one that is not: a history ends with its outcome"),
        ({"recent": []}, "saw one that is not: a history ends with its outcome"),
        ({"previous": "FAIL"}, "saw one that is not: a history ends with its outcome"),
        ({"recent": ["FAIL"] * 11}, "recent: expected at most 10 items"),
        ({"since": "2026-11-22T06:00:00"}, "saw one that is not: a history's time needs its time zone"),
        ({"since": "yesterday"}, "report.history[0]: expected a valid history, saw one that is not: Invalid isoformat"),
    ],
)
def test_a_forged_history_is_refused(change: dict[str, object], where: str) -> None:
    """A history that contradicts itself or the verdicts is refused; one that does neither is read."""
    assert decode_report(_forged(_set("history", [HISTORY]), [failing()])).history[0].has_changed
    with pytest.raises(InvalidInputError) as refused:
        decode_report(_forged(_set("history", [{**HISTORY, **change}]), [failing()]))
    assert where in str(refused.value)


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
        read = decode_report(_forged(_set(path, value)))
    except InvalidInputError:
        return
    assert decode_report(encode_report(read)) == read


@given(JSON)
def test_what_is_no_report_at_all_is_refused(value: object) -> None:
    """An XCom of something else is refused."""
    with pytest.raises(InvalidInputError, match="report"):
        decode_report(value)
