"""Reports as JSON values and back, for XComs and asset events.

Whoever may write an XCom can write anything into it, so reading is strict: every key must be known, every value of its
type and size, and every claim that can be derived must agree with what it derives from. It must never repair.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.arrival import PredictedKind
from airflow_masq.network.policy import Reason
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Component, Failure, Observation, Vantage
from airflow_masq.text import excerpt
from airflow_masq.verdict.codes import VerdictCode
from airflow_masq.verdict.fields import Fields, Place
from airflow_masq.verdict.outcome import Outcome
from airflow_masq.verdict.report import Report
from airflow_masq.verdict.verdict import ObservedFinding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA: Final = "airflow-masq/report/v1"
"""Names the format; a reader refuses any other."""

_MOST_VERDICTS: Final = 10_000
_MOST_NODES: Final = 100_000
_MOST_PROBLEMS: Final = 10_000
_MOST_ATTEMPTS: Final = 100
_MOST_LIST_ITEMS: Final = 1_000
_MOST_RANGES: Final = 100_000
_LARGEST_PORT: Final = 65_535
_LONGEST_ATTEMPT_SECONDS: Final = 86_400.0


def to_dict(report: Report) -> dict[str, object]:
    """Write a report as JSON values.

    :param report: the report.
    :return: a mapping that ``from_dict`` reads back to an equal report.
    """
    return {
        "schema": SCHEMA,
        "environment": report.environment,
        "outcome": report.outcome.value,
        "counts": {outcome.value: number for outcome, number in report.counts.items()},
        "coverage": {"nodes_seen": list(report.nodes_seen), "nodes_total": report.nodes_total},
        "problems": list(report.problems),
        "verdicts": [_verdict_to_dict(verdict) for verdict in report.verdicts],
    }


def from_dict(value: object, *, where: str = "report") -> Report:
    """Read a report that somebody else wrote.

    :param value: what was found, of any type.
    :param where: the place to name in an error, default ``report``.
    :return: the report.
    :raises InvalidInputError: when it is not exactly what ``to_dict`` writes.
    """
    fields = Fields(value, place=Place(where))
    schema = fields.text("schema")
    if schema != SCHEMA:
        raise InvalidInputError(where=f"{where}.schema", expected=SCHEMA, seen=excerpt(schema))
    environment, outcome, counts, coverage = (
        fields.text("environment"),
        fields.member("outcome", Outcome),
        fields.any("counts"),
        fields.nested("coverage"),
    )
    nodes_seen = coverage.texts("nodes_seen", most=_MOST_NODES)
    nodes_total = coverage.optional_whole_number("nodes_total", most=_MOST_NODES)
    coverage.close()
    problems = fields.texts("problems", most=_MOST_PROBLEMS)
    verdicts = tuple(_verdict(item) for item in fields.items("verdicts", most=_MOST_VERDICTS))
    fields.close()
    report = Report(environment=environment, verdicts=verdicts, nodes_total=nodes_total, problems=problems)
    if (outcome, counts, nodes_seen) != (report.outcome, _plain(report.counts), report.nodes_seen):
        expected = "an outcome, counts and nodes that agree with the verdicts"
        raise InvalidInputError(where=where, expected=expected, seen="others")
    return report


def _plain(counts: Mapping[Outcome, int]) -> dict[str, int]:
    return {outcome.value: number for outcome, number in counts.items()}


def _verdict_to_dict(verdict: Verdict) -> dict[str, object]:
    vantage = verdict.vantage
    return {
        "target": verdict.target,
        "vantage": {
            "hostname": vantage.hostname,
            "pod_ip": _text(vantage.pod_ip),
            "component": vantage.component.value,
            "environment": vantage.environment,
        },
        "node": verdict.node,
        "outcome": verdict.outcome.value,
        "code": verdict.code.value,
        "expected": verdict.expected,
        "observed": _text(verdict.observed),
        "attribution": _text(verdict.attribution),
        "reason": verdict.reason,
        "evidence": [_observation_to_dict(observation) for observation in verdict.evidence],
        "prediction": None if verdict.prediction is None else _prediction_to_dict(verdict.prediction),
        "findings": [{"code": finding.code.value, "message": finding.message} for finding in verdict.findings],
    }


def _observation_to_dict(observation: Observation) -> dict[str, object]:
    return {
        "url": observation.url,
        "destination": _text(observation.destination),
        "destination_port": observation.destination_port,
        "local_address": _text(observation.local_address),
        "local_port": observation.local_port,
        "observed": _text(observation.observed),
        "failure": _text(observation.failure),
        "detail": observation.detail,
        "started_at": observation.started_at.isoformat(),
        "duration_seconds": observation.duration_seconds,
    }


def _prediction_to_dict(prediction: Prediction) -> dict[str, object]:
    return {
        "source_kind": prediction.source_kind.value,
        "arrives_as": prediction.arrives_as.value,
        "sources": _texts(prediction.sources),
        "masqueraded": prediction.masqueraded,
        "reason": prediction.reason.value,
        "matched_cidr": _text(prediction.matched_cidr),
        "allowed": prediction.allowed,
        "path": list(prediction.path),
        "provenance": prediction.provenance.value,
        "origin": prediction.origin,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]


def _verdict(fields: Fields) -> Verdict:
    prediction = fields.optional_nested("prediction")
    try:
        verdict = Verdict(
            target=fields.text("target"),
            vantage=_vantage(fields.nested("vantage")),
            node=_text(fields.optional_cidr("node")),
            outcome=fields.member("outcome", Outcome),
            code=fields.member("code", VerdictCode),
            expected=fields.text("expected"),
            observed=fields.optional_address("observed"),
            attribution=fields.optional_member("attribution", AddressKind),
            reason=fields.text("reason"),
            evidence=tuple(_observation(item) for item in fields.items("evidence", most=_MOST_ATTEMPTS)),
            prediction=None if prediction is None else _prediction(prediction),
            findings=tuple(_finding(item) for item in fields.items("findings", most=_MOST_LIST_ITEMS)),
        )
    except ValueError as error:
        raise InvalidInputError(where=str(fields.place), expected="a verdict", seen=str(error)) from error
    fields.close()
    return verdict


def _vantage(fields: Fields) -> Vantage:
    vantage = Vantage(
        hostname=fields.text("hostname"),
        pod_ip=fields.optional_address("pod_ip"),
        component=fields.member("component", Component),
        environment=fields.text("environment"),
    )
    fields.close()
    return vantage


def _observation(fields: Fields) -> Observation:
    observation = Observation(
        url=fields.text("url"),
        destination=fields.optional_address("destination"),
        destination_port=fields.optional_whole_number("destination_port", most=_LARGEST_PORT),
        local_address=fields.optional_address("local_address"),
        local_port=fields.optional_whole_number("local_port", most=_LARGEST_PORT),
        observed=fields.optional_address("observed"),
        failure=fields.optional_member("failure", Failure),
        detail=fields.text("detail"),
        started_at=datetime.fromisoformat(fields.text("started_at")),
        duration_seconds=fields.number("duration_seconds", most=_LONGEST_ATTEMPT_SECONDS),
    )
    fields.close()
    return observation


def _prediction(fields: Fields) -> Prediction:
    source_kind = fields.member("source_kind", PredictedKind)
    prediction = Prediction(
        arrives_as=fields.member("arrives_as", PredictedKind),
        sources=fields.cidrs("sources", most=_MOST_RANGES),
        masqueraded=fields.truth("masqueraded"),
        reason=fields.member("reason", Reason),
        matched_cidr=fields.optional_cidr("matched_cidr"),
        allowed=fields.optional_truth("allowed"),
        path=fields.texts("path", most=_MOST_LIST_ITEMS),
        provenance=fields.member("provenance", Provenance),
        origin=fields.text("origin"),
    )
    fields.close()
    if source_kind is not prediction.source_kind:
        expected = "a source_kind that agrees with arrives_as and allowed"
        raise InvalidInputError(where=str(fields.place), expected=expected, seen=source_kind.value)
    return prediction


def _finding(fields: Fields) -> ObservedFinding:
    finding = ObservedFinding(code=fields.member("code", VerdictCode), message=fields.text("message"))
    fields.close()
    return finding
