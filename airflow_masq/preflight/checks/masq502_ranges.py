"""The subnetwork and its ranges.

The subnetwork is read from the project that owns it, which is the host project of a Shared VPC. A subnetwork or a
secondary range that does not exist is an error, and so is a subnetwork of another network, and a CIDR for Pods or
Services that overlaps a secondary range which the subnetwork has. Where the plan names node ranges that are not the
subnetwork's, that is a warning. Ranges that are found complete the plan, and all rules judge the completed plan.

## Why

With a Shared VPC, the ranges of Pods and Services are set up in the host project and named in the environment
[source: composer-shared-vpc-page]. A plan with names alone says nothing of overlaps, sizes and predictions. The ranges
of a subnetwork must not overlap one another [source: vpc-subnet-overlap, compute-subnetwork-ranges].

## How to fix

Correct the name that the message shows, or add the range to the subnetwork. To read a subnetwork takes
`roles/compute.networkViewer` in the project that owns it [source: google-reading-roles].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD, CidrField
from airflow_masq.facts import Subnetwork
from airflow_masq.facts.network_facts import NETWORK_ROLE
from airflow_masq.facts.silence import Silence
from airflow_masq.preflight.answers import Answers, Asked, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.preflight.subject import SUBNETWORK_PLACE, Subject
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_NETWORK_PLACE: Final = "environment.config.nodeConfig.network"


def _run(subject: Subject, plan: Plan, answers: Answers) -> Iterator[Told]:
    asked = answers.subnetwork
    found = asked.answer
    if isinstance(found, Unanswered):
        yield _tell_unanswered(subject, asked=asked, silence=found.silence)
        return
    exists = answers.environment is not None and not isinstance(answers.environment.answer, Unanswered)
    problems = [
        *_compare(subject, plan, found),
        *(
            problem
            for field in (POD_FIELD, SERVICE_FIELD)
            for problem in _judge_field(plan, found, field=field, exists=exists)
        ),
    ]
    for standing, where, message in problems:
        yield Told(severity=standing, where=where, message=message, asked=(asked,))
    if not problems:
        message = f"{_show(subject)} has the ranges {join_words(_describe_ranges(found))}."
        yield Told(severity=Standing.OK, where=SUBNETWORK_PLACE, message=message, asked=(asked,))


def _tell_unanswered(subject: Subject, *, asked: Asked[object], silence: Silence) -> Told:
    if silence is Silence.MISSING:
        message = f"{_show(subject)} does not exist. Correct its name, or create it before the environment."
        return Told(severity=Standing.ERROR, where=SUBNETWORK_PLACE, message=message, asked=(asked,))
    role = f"{NETWORK_ROLE} in project {subject.host_project}"
    return tell_unknown(asked, what="The subnetwork's ranges are", where=SUBNETWORK_PLACE, role=role)


def _compare(subject: Subject, plan: Plan, found: Subnetwork) -> Iterator[tuple[Standing, str, str]]:
    if found.network and found.network != subject.network:
        message = (
            f"{_show(subject)} belongs to {escape(found.network)}, and the plan names {escape(subject.network)}. "
            "Name the subnetwork's own network."
        )
        yield Standing.ERROR, _NETWORK_PLACE, message
    own = found.primary_range
    if own is not None and plan.ranges.node and own not in plan.ranges.node:
        message = (
            f"The subnetwork's primary range is {own}, and the plan lists {join_words(plan.ranges.node)}. Predictions "
            "and firewall requests rest on the plan's, so correct them."
        )
        yield Standing.WARNING, "network.node_ranges", message


def _judge_field(
    plan: Plan, found: Subnetwork, *, field: CidrField, exists: bool
) -> Iterator[tuple[Standing, str, str]]:
    name = plan.environment.get_text(*field.range_name_path)
    where = f"environment.{'.'.join(field.range_name_path)}"
    if name and name not in found.secondary_ranges:
        known = join_words(sorted(map(escape, found.secondary_ranges))) or "none"
        message = f"The subnetwork has no secondary range {escape(name)} for {field.purpose}s. It has: {known}."
        yield Standing.ERROR, where, message
        return
    listed = {POD_FIELD: plan.ranges.pod, SERVICE_FIELD: plan.ranges.service}[field]
    if name and listed and found.secondary_ranges[name] not in listed:
        message = (
            f"The secondary range {escape(name)} is {found.secondary_ranges[name]}, and the plan lists "
            f"{join_words(listed)}. Correct the plan's network section."
        )
        yield Standing.WARNING, where, message
    cidr = plan.environment.get_cidr(field)
    if exists and cidr in found.secondary_ranges.values():  # its own range, which GKE made when it was created
        return
    for other, network in sorted(found.secondary_ranges.items()):
        if cidr is not None and not name and (cidr in network or network in cidr):
            message = (
                f"The {field.purpose} range {cidr} overlaps the secondary range {escape(other)} ({network}) of the "
                "subnetwork. Choose another block, or name the secondary range in place of the CIDR if it is meant."
            )
            yield Standing.ERROR, field.where, message


def _describe_ranges(found: Subnetwork) -> Iterator[str]:
    yield f"{found.primary_range} for nodes" if found.primary_range else "not told for nodes"
    yield from (f"{escape(name)} {network}" for name, network in sorted(found.secondary_ranges.items()))


def _show(subject: Subject) -> str:
    return f"Subnetwork {escape(str(subject.subnetwork), limit=200)}"


CHECK: Final = Check(code="MASQ502", run=_run, text=__doc__)
