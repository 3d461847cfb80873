"""What differs from the plans, and what has changed since the last audit.

What appeared, vanished or is missing is said of places alone that were asked, never of those that could not be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_masq.audit.audit import Audit, AuditedEnvironment, Drift, EnvironmentRecord
from airflow_masq.audit.policy_drift import compare_with_planned_policy
from airflow_masq.cluster_policy import compare_policies
from airflow_masq.environment.difference import ChangeKind, Difference, find_differences
from airflow_masq.rules import Severity
from airflow_masq.text import describe, format_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow_masq.environment import EnvironmentName, EnvironmentResource
    from airflow_masq.network.live_policy import LivePolicy
    from airflow_masq.plan import Plan

PLAN: Final = "plan"
LAST_AUDIT: Final = "last audit"

_MOST_DIFFERENCES: Final = 20

_AGENT_FLAG: Final = ("config", "nodeConfig", "enableIpMasqAgent")
_LACKS_AGENT: Final = "lacks the agent that the plan has, and that can be enabled only at creation"
_SEVERITIES: Final = {
    ChangeKind.RECREATE: Severity.WARNING,
    ChangeKind.UPDATE: Severity.WARNING,
    ChangeKind.SERVICE: Severity.INFO,
    ChangeKind.UNKNOWN: Severity.INFO,
}

# What is compared with the last audit beside the agent and the uuid: the record's field, its name in messages, and how
# much a change matters. The image is changed by upgrades, and states come and go.
_COMPARED: Final = (
    ("pod_range", "the Pod range", Severity.WARNING),
    ("service_range", "the Service range", Severity.WARNING),
    ("image_version", "the image", Severity.INFO),
)


@dataclass(frozen=True, kw_only=True)
class EarlierAudit:
    """What of an earlier audit is compared.

    :param began: when it began, with a time zone.
    :param records: by the environments' names.
    :param known_places: the projects and regions of which it knew every environment.
    :param is_bounded: whether it left environments out, so that what it lacks may have been there.
    """

    began: datetime
    records: Mapping[str, EnvironmentRecord]
    known_places: frozenset[tuple[str, str]]
    is_bounded: bool


def compare_with_plan(plan: Plan, *, resource: EnvironmentResource) -> tuple[Drift, ...]:
    """List where an environment differs from its plan; what the plan leaves open is not compared.

    A missing agent is an error, since it takes a new environment to enable it.
    """
    name = plan.environment.name or ""
    differences = find_differences(plan.environment, found=resource)
    ordered = sorted(differences, key=lambda each: tuple(Severity).index(_weigh(each)))
    drift = [
        Drift(
            environment=name,
            against=PLAN,
            severity=_weigh(each),
            message=_LACKS_AGENT if each.path == _AGENT_FLAG else str(each),
        )
        for each in ordered[:_MOST_DIFFERENCES]
    ]
    if len(ordered) > _MOST_DIFFERENCES:
        more = f"{format_count(len(ordered) - _MOST_DIFFERENCES, noun='more field')} of it differ from the plan"
        severity = _weigh(ordered[_MOST_DIFFERENCES])
        drift.append(Drift(environment=name, against=PLAN, severity=severity, message=more))
    return tuple(drift)


def add_drift(
    audit: Audit,
    *,
    against_plans: Mapping[str, tuple[Drift, ...]],
    planned: Sequence[EnvironmentName],
    earlier: EarlierAudit | None,
) -> Audit:
    """Add to an audit what differs from the plans, and what has changed since an earlier audit.

    :param against_plans: what ``compare_with_plan`` found, by the environments' names.
    :param planned: the environments that have a plan.
    """
    names = [each.record.name for each in audit.environments]
    drift = [each for name in names for each in against_plans.get(name, ())]
    drift += find_missing(planned, found=names, known_places=audit.known_places)
    if earlier is not None:
        drift += compare_with_earlier(audit.environments, earlier=earlier, known_places=audit.known_places)
    severities = tuple(Severity)
    drift.sort(key=lambda each: (severities.index(each.severity), each.environment, each.against))
    return replace(audit, drift=tuple(drift), compared_with=None if earlier is None else earlier.began)


def compare_policy_with_plan(plan: Plan, *, live: LivePolicy) -> tuple[Drift, ...]:
    """Say where the live policy of a cluster has another effect than the plan's."""
    difference = compare_with_planned_policy(plan, live=live)
    if not difference:
        return ()
    drift = Drift(
        environment=plan.environment.name or "",
        against=PLAN,
        severity=Severity.WARNING,
        message="its policy lets other destinations see the Pod's address than the plan's",
        diff=tuple(difference.list_lines()),
    )
    return (drift,)


def find_missing(
    planned: Iterable[EnvironmentName], *, found: Iterable[str], known_places: frozenset[tuple[str, str]]
) -> Iterator[Drift]:
    """List the planned environments that do not exist; a place that could not be asked is not said to lack one.

    :param found: the names of the environments that exist.
    :param known_places: the projects and regions of which everything is known.
    """
    names = frozenset(found)
    for name in planned:
        if str(name) not in names and (name.project, name.location) in known_places:
            message = "the plan's environment does not exist"
            yield Drift(environment=str(name), against=PLAN, severity=Severity.ERROR, message=message)


def compare_with_earlier(
    environments: Sequence[AuditedEnvironment], *, earlier: EarlierAudit, known_places: frozenset[tuple[str, str]]
) -> Iterator[Drift]:
    """List what has changed since an earlier audit.

    What appeared or vanished is said of places alone that both audits know all about.

    :param known_places: the projects and regions of which this audit knows every environment.
    """
    now = {each.record.name: each.record for each in environments}
    for name, record in now.items():
        before = earlier.records.get(name)
        if before is not None:
            yield from _compare_records(before, record)
        elif (record.project, record.region) in earlier.known_places and not earlier.is_bounded:
            agent = "with" if record.has_agent else "without"
            yield _make_drift(name, Severity.INFO, f"is new, {agent} the agent")
    for name, record in earlier.records.items():
        if name not in now and (record.project, record.region) in known_places:
            yield _make_drift(name, Severity.WARNING, "is gone")


def _weigh(difference: Difference) -> Severity:
    return Severity.ERROR if difference.path == _AGENT_FLAG else _SEVERITIES[difference.kind]


def _compare_records(before: EnvironmentRecord, now: EnvironmentRecord) -> Iterator[Drift]:
    name = now.name
    if before.uuid and now.uuid and before.uuid != now.uuid:
        yield _make_drift(name, Severity.WARNING, "was re-created: another environment has its name")
    if before.has_agent and not now.has_agent:
        yield _make_drift(name, Severity.ERROR, "has lost the agent")
    elif now.has_agent and not before.has_agent:
        yield _make_drift(name, Severity.INFO, "has the agent now")
    for field, noun, severity in _COMPARED:
        old, new = getattr(before, field), getattr(now, field)
        if old != new:
            yield _make_drift(name, severity, f"{noun} was {describe(old)}, and is {describe(new)}")
    if before.policy is not None and now.policy is not None:
        difference = compare_policies(before.policy, now.policy, names=(LAST_AUDIT, "live"))
        if difference:
            message = "its policy has changed"
            yield replace(_make_drift(name, Severity.WARNING, message), diff=tuple(difference.list_lines()))
    if before.state != now.state:
        severity = Severity.WARNING if now.state == "ERROR" else Severity.INFO
        yield _make_drift(name, severity, f"was in state {before.state}, and is in state {now.state}")


def _make_drift(name: str, severity: Severity, message: str) -> Drift:
    return Drift(environment=name, against=LAST_AUDIT, severity=severity, message=message)
