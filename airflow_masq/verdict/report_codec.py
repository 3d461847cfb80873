"""Reports as JSON values and back, for XComs and asset events.

Whoever may write an XCom can write anything into it, so reading is strict: every key must be known, every value of its
type and size, and every claim that can be derived must agree with what it derives from. It must never repair.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Final

from airflow_masq.network.arrival import PredictedKind
from airflow_masq.network.policy import Reason
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Component, Failure, Observation, Vantage
from airflow_masq.reading import Place
from airflow_masq.verdict.codes import VerdictCode
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

_REPORT_KEYS: Final = ("schema", "environment", "outcome", "counts", "coverage", "problems", "verdicts")
_COVERAGE_KEYS: Final = ("nodes_seen", "nodes_total")
_VERDICT_KEYS: Final = tuple(field.name for field in fields(Verdict))
_VANTAGE_KEYS: Final = tuple(field.name for field in fields(Vantage))
_OBSERVATION_KEYS: Final = tuple(field.name for field in fields(Observation))
_PREDICTION_KEYS: Final = ("source_kind", *(field.name for field in fields(Prediction)))


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
    place = Place(where=where, value=value)
    schema = place.entries().get("schema")
    if schema is not None:  # first, since another format has other keys
        schema.choice([SCHEMA])
    at = place.section(_REPORT_KEYS, complete=True)
    coverage = at["coverage"].section(_COVERAGE_KEYS, complete=True)
    report = Report(
        environment=at["environment"].line(),
        verdicts=tuple(_verdict(item) for item in at["verdicts"].items(most=_MOST_VERDICTS)),
        nodes_total=coverage["nodes_total"].optional(lambda total: total.whole_number(least=0, most=_MOST_NODES)),
        problems=tuple(problem.line() for problem in at["problems"].items(most=_MOST_PROBLEMS)),
    )
    outcome, counts = at["outcome"].choice(Outcome), at["counts"].value
    nodes_seen = tuple(node.line() for node in coverage["nodes_seen"].items(most=_MOST_NODES))
    if (outcome, counts, nodes_seen) != (report.outcome, _plain(report.counts), report.nodes_seen):
        raise place.error("an outcome, counts and nodes that agree with the verdicts", seen="others")
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


def _verdict(place: Place) -> Verdict:
    at = place.section(_VERDICT_KEYS, complete=True)
    try:
        return Verdict(
            target=at["target"].line(),
            vantage=_vantage(at["vantage"]),
            node=_text(at["node"].optional(Place.cidr)),
            outcome=at["outcome"].choice(Outcome),
            code=at["code"].choice(VerdictCode),
            expected=at["expected"].line(),
            observed=at["observed"].optional(Place.address),
            attribution=at["attribution"].optional(lambda kind: kind.choice(AddressKind)),
            reason=at["reason"].line(),
            evidence=tuple(_observation(item) for item in at["evidence"].items(most=_MOST_ATTEMPTS)),
            prediction=at["prediction"].optional(_prediction),
            findings=tuple(_finding(item) for item in at["findings"].items(most=_MOST_LIST_ITEMS)),
        )
    except ValueError as error:
        raise place.error("a verdict", seen=str(error)) from error


def _vantage(place: Place) -> Vantage:
    at = place.section(_VANTAGE_KEYS, complete=True)
    return Vantage(
        hostname=at["hostname"].line(),
        pod_ip=at["pod_ip"].optional(Place.address),
        component=at["component"].choice(Component),
        environment=at["environment"].line(),
    )


def _observation(place: Place) -> Observation:
    at = place.section(_OBSERVATION_KEYS, complete=True)
    return Observation(
        url=at["url"].line(),
        destination=at["destination"].optional(Place.address),
        destination_port=at["destination_port"].optional(_port),
        local_address=at["local_address"].optional(Place.address),
        local_port=at["local_port"].optional(_port),
        observed=at["observed"].optional(Place.address),
        failure=at["failure"].optional(lambda failure: failure.choice(Failure)),
        detail=at["detail"].line(),
        started_at=datetime.fromisoformat(at["started_at"].line()),
        duration_seconds=at["duration_seconds"].number(least=0, most=_LONGEST_ATTEMPT_SECONDS),
    )


def _port(place: Place) -> int:
    return place.whole_number(least=0, most=_LARGEST_PORT)


def _prediction(place: Place) -> Prediction:
    at = place.section(_PREDICTION_KEYS, complete=True)
    source_kind = at["source_kind"].choice(PredictedKind)
    prediction = Prediction(
        arrives_as=at["arrives_as"].choice(PredictedKind),
        sources=at["sources"].cidrs(most=_MOST_RANGES),
        masqueraded=at["masqueraded"].boolean(),
        reason=at["reason"].choice(Reason),
        matched_cidr=at["matched_cidr"].optional(Place.cidr),
        allowed=at["allowed"].optional(Place.boolean),
        path=tuple(step.line() for step in at["path"].items(most=_MOST_LIST_ITEMS)),
        provenance=at["provenance"].choice(Provenance),
        origin=at["origin"].line(),
    )
    if source_kind is not prediction.source_kind:
        raise place.error("a source_kind that agrees with arrives_as and allowed", seen=source_kind.value)
    return prediction


def _finding(place: Place) -> ObservedFinding:
    at = place.section(("code", "message"), complete=True)
    return ObservedFinding(code=at["code"].choice(VerdictCode), message=at["message"].line())
