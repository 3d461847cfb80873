"""Reports as JSON values and back, for XComs.

Any user who may write an XCom can write anything into it. So reading is strict: every key must be known, every value
must have its type and size, and what can be derived must agree with what it derives from. Nothing is repaired.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import Reason
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import ATTRIBUTED_KINDS, PREDICTED_KINDS, AddressKind
from airflow_masq.observation.observation import Component, Failure, Observation, Vantage
from airflow_masq.verdict.codes import Outcome, VerdictCode
from airflow_masq.verdict.fields import Fields, Place
from airflow_masq.verdict.report import ObservedFinding, Report, Verdict

_Kind = TypeVar("_Kind", bound=AddressKind | None)

SCHEMA: Final = "airflow-masq/report/v1"
"""Names the format; a reader refuses any other."""

_MOST_VERDICTS: Final = 10_000
_MOST_NODES: Final = 100_000
_MOST_PROBLEMS: Final = 10_000
_MOST_ATTEMPTS: Final = 100
_MOST_LIST_ITEMS: Final = 1_000
_MOST_RANGES: Final = 100_000
# SOME is written as null, too.
_ANSWERS: Final = {True: FirewallAnswer.ALL, False: FirewallAnswer.NONE, None: FirewallAnswer.UNKNOWN}
_LARGEST_PORT: Final = 65_535
_LONGEST_ATTEMPT_SECONDS: Final = 86_400.0


def to_dict(report: Report) -> dict[str, object]:
    """Write a report as JSON values.

    :param report: the report.
    :return: a mapping that ``from_dict`` reads back to an equal report. Only a firewall's answer ``SOME`` is read back
        as ``UNKNOWN``, since both are null.
    """
    return {
        "schema": SCHEMA,
        "environment": report.environment,
        "outcome": report.outcome.value,
        "counts": _write_counts(report),
        "coverage": {"nodes_seen": list(report.nodes_seen), "nodes_total": report.nodes_total},
        "problems": list(report.problems),
        "verdicts": [_write_verdict(verdict) for verdict in report.verdicts],
    }


def from_dict(value: object, *, where: str = "report") -> Report:
    """Read a report that others may have written.

    :param value: a value of any type.
    :param where: the place to name in an error, default ``report``.
    :return: the report.
    :raises InvalidInputError: when it is not exactly what ``to_dict`` writes.
    """
    fields = Fields(value, place=Place(where))
    schema = fields.text("schema")
    if schema != SCHEMA:
        raise InvalidInputError(where=f"{where}.schema", expected=SCHEMA, seen=ascii(schema[:60]))
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
    verdicts = tuple(_read_verdict(item) for item in fields.items("verdicts", most=_MOST_VERDICTS))
    fields.close()
    report = Report(environment=environment, verdicts=verdicts, nodes_total=nodes_total, problems=problems)
    if (outcome, counts, nodes_seen) != (report.outcome, _write_counts(report), report.nodes_seen):
        expected = "an outcome, counts and nodes that agree with the verdicts"
        raise InvalidInputError(where=where, expected=expected, seen="others")
    return report


def _write_counts(report: Report) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items()}


def _write_verdict(verdict: Verdict) -> dict[str, object]:
    vantage = verdict.vantage
    return {
        "target": verdict.target,
        "vantage": {
            "hostname": vantage.hostname,
            "pod_ip": _to_text(vantage.pod_ip),
            "component": vantage.component.value,
            "environment": vantage.environment,
        },
        "node": verdict.node,
        "outcome": verdict.outcome.value,
        "code": verdict.code.value,
        "expected": verdict.expected,
        "observed": _to_text(verdict.observed),
        "attribution": _to_text(verdict.attribution),
        "reason": verdict.reason,
        "evidence": [_write_observation(observation) for observation in verdict.evidence],
        "prediction": None if verdict.prediction is None else _write_prediction(verdict.prediction),
        "findings": [{"code": finding.code.value, "message": finding.message} for finding in verdict.findings],
    }


def _write_observation(observation: Observation) -> dict[str, object]:
    return {
        "url": observation.url,
        "destination": _to_text(observation.destination),
        "destination_port": observation.destination_port,
        "local_address": _to_text(observation.local_address),
        "local_port": observation.local_port,
        "observed": _to_text(observation.observed),
        "failure": _to_text(observation.failure),
        "detail": observation.detail,
        "started_at": observation.started_at.isoformat(),
        "duration_seconds": observation.duration_seconds,
    }


def _write_prediction(prediction: Prediction) -> dict[str, object]:
    return {
        "source_kind": prediction.source_kind.value,
        "arrives_as": prediction.arrives_as.value,
        "sources": [str(network) for network in prediction.sources],
        "masqueraded": prediction.masqueraded,
        "reason": prediction.reason.value,
        "matched_cidr": _to_text(prediction.matched_cidr),
        "allowed": prediction.firewall.allowed,
        "path": list(prediction.path),
        "provenance": prediction.provenance.value,
        "origin": prediction.origin,
    }


def _to_text(value: object) -> str | None:
    return None if value is None else str(value)


def _read_verdict(fields: Fields) -> Verdict:
    prediction = fields.optional_nested("prediction")
    try:
        verdict = Verdict(
            target=fields.text("target"),
            vantage=_read_vantage(fields.nested("vantage")),
            node=_to_text(fields.optional_cidr("node")),
            outcome=fields.member("outcome", Outcome),
            code=fields.member("code", VerdictCode),
            expected=fields.text("expected"),
            observed=fields.optional_address("observed"),
            attribution=_require_kind(
                fields.optional_member("attribution", AddressKind),
                among=ATTRIBUTED_KINDS,
                where=f"{fields.place}.attribution",
            ),
            reason=fields.text("reason"),
            evidence=tuple(_read_observation(item) for item in fields.items("evidence", most=_MOST_ATTEMPTS)),
            prediction=None if prediction is None else _read_prediction(prediction),
            findings=tuple(_read_finding(item) for item in fields.items("findings", most=_MOST_LIST_ITEMS)),
        )
    except ValueError as error:
        raise InvalidInputError(where=str(fields.place), expected="a verdict", seen=str(error)) from error
    fields.close()
    return verdict


def _require_kind(kind: _Kind, *, among: frozenset[AddressKind], where: str) -> _Kind:
    if kind is not None and kind not in among:
        expected = f"one of {', '.join(each for each in AddressKind if each in among)}"
        raise InvalidInputError(where=where, expected=expected, seen=f"'{kind}'")
    return kind


def _read_vantage(fields: Fields) -> Vantage:
    vantage = Vantage(
        hostname=fields.text("hostname"),
        pod_ip=fields.optional_address("pod_ip"),
        component=fields.member("component", Component),
        environment=fields.text("environment"),
    )
    fields.close()
    return vantage


def _read_observation(fields: Fields) -> Observation:
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


def _read_prediction(fields: Fields) -> Prediction:
    source_kind, arrives_as = (
        _require_kind(fields.member(key, AddressKind), among=PREDICTED_KINDS, where=f"{fields.place}.{key}")
        for key in ("source_kind", "arrives_as")
    )
    prediction = Prediction(
        arrives_as=arrives_as,
        sources=fields.cidrs("sources", most=_MOST_RANGES),
        masqueraded=fields.truth("masqueraded"),
        reason=fields.member("reason", Reason),
        matched_cidr=fields.optional_cidr("matched_cidr"),
        firewall=_ANSWERS[fields.optional_truth("allowed")],
        path=fields.texts("path", most=_MOST_LIST_ITEMS),
        provenance=fields.member("provenance", Provenance),
        origin=fields.text("origin"),
    )
    fields.close()
    if source_kind is not prediction.source_kind:
        expected = "a source_kind that agrees with arrives_as and allowed"
        raise InvalidInputError(where=str(fields.place), expected=expected, seen=source_kind.value)
    return prediction


def _read_finding(fields: Fields) -> ObservedFinding:
    finding = ObservedFinding(code=fields.member("code", VerdictCode), message=fields.text("message"))
    fields.close()
    return finding
