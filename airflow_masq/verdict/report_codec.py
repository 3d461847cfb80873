"""Reports as JSON values and back, for XComs.

Any user who may write an XCom can write anything into it. So reading is strict: every key must be known, every value
must have its type and size, and what can be derived must agree with what it derives from. Nothing is repaired.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import Reason
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import ATTRIBUTED_KINDS, PREDICTED_KINDS, AddressKind
from airflow_masq.observation.intermediaries import MOST_INTERMEDIARIES
from airflow_masq.observation.observation import Canary, Failure, Observation, choose_deciding
from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.reading import Place
from airflow_masq.verdict.changes import MOST_RECENT_OUTCOMES, TargetHistory, find_target_outcomes
from airflow_masq.verdict.codes import Outcome, VerdictCode
from airflow_masq.verdict.report import MOST_RANGES, ObservedFinding, Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netaddr import IPNetwork

SCHEMA: Final = "airflow-masq/report/v1"
"""Names the format; a reader refuses any other."""

_MOST_VERDICTS: Final = 10_000
_MOST_NODES: Final = 100_000
_MOST_PROBLEMS: Final = 10_000
_MOST_ATTEMPTS: Final = 1_000  # at all addresses of one target
_MOST_OMITTED: Final = 10_000_000
_MOST_LIST_ITEMS: Final = 1_000
_MOST_RANGES: Final = 100_000
# SOME is written as null, too.
_ANSWERS: Final = {True: FirewallAnswer.ALL, False: FirewallAnswer.NONE, None: FirewallAnswer.UNKNOWN}
_LARGEST_PORT: Final = 65_535
_LONGEST_ATTEMPT_SECONDS: Final = 86_400.0

_REPORT_KEYS: Final = ("schema", "environment", "outcome", "counts", "coverage", "problems", "verdicts")
_COVERAGE_KEYS: Final = ("nodes_seen", "nodes_total")
_HISTORY_KEYS: Final = ("target", "outcome", "since", "previous", "recent")
# Reports of earlier versions lack these keys.
_NEW_REPORT_KEYS: Final = ("omitted", "history", "ranges")
_NEW_VERDICT_KEYS: Final = ("destination", "vouched_by")
_NEW_VANTAGE_KEYS: Final = ("known_by", "node_name")
_NEW_OBSERVATION_KEYS: Final = ("intermediaries", "nonce_sent", "canary")

_VERDICT_KEYS: Final = tuple(field.name for field in fields(Verdict) if field.name not in _NEW_VERDICT_KEYS)
_VANTAGE_KEYS: Final = tuple(field.name for field in fields(Vantage) if field.name not in _NEW_VANTAGE_KEYS)
_OBSERVATION_KEYS: Final = tuple(field.name for field in fields(Observation) if field.name not in _NEW_OBSERVATION_KEYS)
_PREDICTION_KEYS: Final = (
    "source_kind",
    "arrives_as",
    "sources",
    "masqueraded",
    "reason",
    "matched_cidr",
    "allowed",
    "path",
    "provenance",
    "origin",
)


def encode_report(report: Report) -> dict[str, object]:
    """Write a report as JSON values.

    :param report: the report.
    :return: a mapping that ``decode_report`` reads back to an equal report. Only a firewall's answer ``SOME`` is read
        back as ``UNKNOWN``, since both are null.
    """
    return {
        "schema": SCHEMA,
        "environment": report.environment,
        "outcome": report.outcome.value,
        "counts": _write_counts(report),
        "coverage": {"nodes_seen": list(report.nodes_seen), "nodes_total": report.nodes_total},
        "problems": list(report.problems),
        "verdicts": [write_verdict(verdict) for verdict in report.verdicts],
        "omitted": {outcome.value: number for outcome, number in report.omitted.items()},
        "history": [write_history(history) for history in report.history],
        "ranges": write_ranges(report.ranges),
    }


def decode_report(value: object, *, where: str = "report") -> Report:
    """Read a report that others may have written.

    :param value: a value of any type.
    :param where: the place to name in an error, default ``report``.
    :return: the report.
    :raises InvalidInputError: when it is not exactly what ``encode_report`` writes.
    """
    place = Place(where=where, value=value)
    schema = place.read_entries().get("schema")
    if schema is not None:  # first, since another format has other keys
        schema.read_choice([SCHEMA])
    at = place.read_section(_REPORT_KEYS, complete=True, optional=_NEW_REPORT_KEYS)
    coverage = at["coverage"].read_section(_COVERAGE_KEYS, complete=True)
    omitted = at["omitted"].read_section(tuple(Outcome)) if "omitted" in at else {}
    history = at["history"].read_items(most=_MOST_VERDICTS) if "history" in at else []
    ranges = at["ranges"].read_items(most=MOST_RANGES) if "ranges" in at else []
    report = Report(
        environment=at["environment"].read_line(),
        verdicts=tuple(_read_verdict(item) for item in at["verdicts"].read_items(most=_MOST_VERDICTS)),
        nodes_total=coverage["nodes_total"].read_optional(
            lambda total: total.read_whole_number(least=0, most=_MOST_NODES)
        ),
        problems=tuple(problem.read_line() for problem in at["problems"].read_items(most=_MOST_PROBLEMS)),
        omitted={
            Outcome(name): number.read_whole_number(least=1, most=_MOST_OMITTED) for name, number in omitted.items()
        },
        history=tuple(_read_history(item) for item in history),
        ranges=tuple(_read_range(item) for item in ranges),
    )
    outcome, counts = at["outcome"].read_choice(Outcome), at["counts"].value
    nodes_seen = tuple(node.read_line() for node in coverage["nodes_seen"].read_items(most=_MOST_NODES))
    if (outcome, counts, nodes_seen) != (report.outcome, _write_counts(report), report.nodes_seen):
        raise place.make_error("an outcome, counts and nodes that agree with the verdicts", seen="others")
    if not _is_history_of_verdicts(report):
        raise place.make_error("a history that agrees with the verdicts", seen="another")
    return report


def _is_history_of_verdicts(report: Report) -> bool:
    """Whether each target's outcome is that of its verdicts; of those that were left out one may be worse."""
    outcomes = find_target_outcomes(replace(report, history=()))
    order = tuple(Outcome).index
    if report.omitted:
        return all(
            order(history.outcome) <= order(outcomes.get(history.target, Outcome.PASS)) for history in report.history
        )
    return all(history.outcome is outcomes.get(history.target) for history in report.history)


def _write_counts(report: Report) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items()}


def write_ranges(ranges: Iterable[tuple[AddressKind, IPNetwork]]) -> list[dict[str, str]]:
    """Write the plan's ranges as JSON values."""
    return [{"kind": kind.value, "cidr": str(network)} for kind, network in ranges]


def write_verdict(verdict: Verdict) -> dict[str, object]:
    """Write one verdict as JSON values."""
    vantage = verdict.vantage
    return {
        "target": verdict.target,
        "vantage": {
            "hostname": vantage.hostname,
            "pod_ip": _to_text(vantage.pod_ip),
            "component": vantage.component.value,
            "environment": vantage.environment,
            "known_by": vantage.known_by.value,
            "node_name": vantage.node_name,
        },
        "node": verdict.node,
        "outcome": verdict.outcome.value,
        "code": verdict.code.value,
        "expected": verdict.expected,
        "destination": _to_text(verdict.destination),
        "observed": _to_text(verdict.observed),
        "attribution": _to_text(verdict.attribution),
        "reason": verdict.reason,
        "vouched_by": list(verdict.vouched_by),
        "evidence": [write_observation(observation) for observation in verdict.evidence],
        "prediction": None if verdict.prediction is None else _write_prediction(verdict.prediction),
        "findings": [{"code": finding.code.value, "message": finding.message} for finding in verdict.findings],
    }


def write_observation(observation: Observation) -> dict[str, object]:
    """Write one observation as JSON values, as reports hold it."""
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
        "intermediaries": list(observation.intermediaries),
        "nonce_sent": observation.nonce_sent,
        "canary": observation.canary.value,
    }


def write_history(history: TargetHistory) -> dict[str, object]:
    """Write one target's history as JSON values."""
    return {
        "target": history.target,
        "outcome": history.outcome.value,
        "since": None if history.since is None else history.since.isoformat(),
        "previous": _to_text(history.previous),
        "recent": [outcome.value for outcome in history.recent],
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


def _read_verdict(place: Place) -> Verdict:
    at = place.read_section(_VERDICT_KEYS, complete=True, optional=_NEW_VERDICT_KEYS)
    try:
        evidence = tuple(_read_observation(item) for item in at["evidence"].read_items(most=_MOST_ATTEMPTS))
        last = choose_deciding(evidence)
        destination = None if last is None else last.destination
        if "destination" in at:
            destination = at["destination"].read_optional(Place.read_address)
        verdict = Verdict(
            target=at["target"].read_line(),
            vantage=_read_vantage(at["vantage"]),
            node=_to_text(at["node"].read_optional(Place.read_cidr)),
            outcome=at["outcome"].read_choice(Outcome),
            code=at["code"].read_choice(VerdictCode),
            expected=at["expected"].read_line(),
            destination=destination,
            observed=at["observed"].read_optional(Place.read_address),
            attribution=at["attribution"].read_optional(lambda kind: _read_kind(kind, among=ATTRIBUTED_KINDS)),
            reason=at["reason"].read_line(),
            evidence=evidence,
            prediction=at["prediction"].read_optional(_read_prediction),
            findings=tuple(_read_finding(item) for item in at["findings"].read_items(most=_MOST_LIST_ITEMS)),
        )
    except ValueError as error:
        raise place.make_error("a valid verdict", seen=f"one that is not: {error}") from error
    if "vouched_by" in at and at["vouched_by"].value != list(verdict.vouched_by):
        raise at["vouched_by"].make_error("what the evidence and the vantage vouch for", seen="something else")
    return verdict


def _read_kind(place: Place, *, among: frozenset[AddressKind]) -> AddressKind:
    return place.read_choice(kind for kind in AddressKind if kind in among)


def _read_vantage(place: Place) -> Vantage:
    at = place.read_section(_VANTAGE_KEYS, complete=True, optional=_NEW_VANTAGE_KEYS)
    component = at["component"].read_choice(Component)
    known_by = Clue.NONE if component is Component.UNKNOWN else Clue.HOSTNAME  # all that earlier versions knew
    return Vantage(
        hostname=at["hostname"].read_line(),
        pod_ip=at["pod_ip"].read_optional(Place.read_address),
        component=component,
        environment=at["environment"].read_line(),
        known_by=at["known_by"].read_choice(Clue) if "known_by" in at else known_by,
        node_name=at["node_name"].read_optional(Place.read_line) if "node_name" in at else None,
    )


def _read_observation(place: Place) -> Observation:
    at = place.read_section(_OBSERVATION_KEYS, complete=True, optional=_NEW_OBSERVATION_KEYS)
    traces = at["intermediaries"].read_items(most=MOST_INTERMEDIARIES) if "intermediaries" in at else []
    return Observation(
        url=at["url"].read_line(),
        destination=at["destination"].read_optional(Place.read_address),
        destination_port=at["destination_port"].read_optional(_read_port),
        local_address=at["local_address"].read_optional(Place.read_address),
        local_port=at["local_port"].read_optional(_read_port),
        observed=at["observed"].read_optional(Place.read_address),
        failure=at["failure"].read_optional(lambda failure: failure.read_choice(Failure)),
        detail=at["detail"].read_line(),
        started_at=_read_time(at["started_at"]),
        duration_seconds=at["duration_seconds"].read_number(least=0, most=_LONGEST_ATTEMPT_SECONDS),
        intermediaries=tuple(trace.read_line() for trace in traces),
        nonce_sent=at["nonce_sent"].read_boolean() if "nonce_sent" in at else False,
        canary=at["canary"].read_choice(Canary) if "canary" in at else Canary.NOT_ASKED,
    )


def _read_range(place: Place) -> tuple[AddressKind, IPNetwork]:
    at = place.read_section(("kind", "cidr"), complete=True)
    return _read_kind(at["kind"], among=ATTRIBUTED_KINDS), at["cidr"].read_cidr()


def _read_history(place: Place) -> TargetHistory:
    at = place.read_section(_HISTORY_KEYS, complete=True)
    recent = at["recent"].read_items(most=MOST_RECENT_OUTCOMES)
    try:
        return TargetHistory(
            target=at["target"].read_line(),
            outcome=at["outcome"].read_choice(Outcome),
            since=at["since"].read_optional(_read_time),
            previous=at["previous"].read_optional(lambda outcome: outcome.read_choice(Outcome)),
            recent=tuple(outcome.read_choice(Outcome) for outcome in recent),
        )
    except ValueError as error:
        raise place.make_error("a valid history", seen=f"one that is not: {error}") from error


def _read_time(place: Place) -> datetime:
    return datetime.fromisoformat(place.read_line())


def _read_port(place: Place) -> int:
    return place.read_whole_number(least=0, most=_LARGEST_PORT)


def _read_prediction(place: Place) -> Prediction:
    at = place.read_section(_PREDICTION_KEYS, complete=True)
    source_kind = _read_kind(at["source_kind"], among=PREDICTED_KINDS)
    prediction = Prediction(
        arrives_as=_read_kind(at["arrives_as"], among=PREDICTED_KINDS),
        sources=at["sources"].read_cidrs(most=_MOST_RANGES),
        masqueraded=at["masqueraded"].read_boolean(),
        reason=at["reason"].read_choice(Reason),
        matched_cidr=at["matched_cidr"].read_optional(Place.read_cidr),
        firewall=_ANSWERS[at["allowed"].read_optional(Place.read_boolean)],
        path=tuple(step.read_line() for step in at["path"].read_items(most=_MOST_LIST_ITEMS)),
        provenance=at["provenance"].read_choice(Provenance),
        origin=at["origin"].read_line(),
    )
    if source_kind is not prediction.source_kind:
        raise place.make_error("a source_kind that agrees with arrives_as and allowed", seen=source_kind.value)
    return prediction


def _read_finding(place: Place) -> ObservedFinding:
    at = place.read_section(("code", "message"), complete=True)
    return ObservedFinding(code=at["code"].read_choice(VerdictCode), message=at["message"].read_line())
