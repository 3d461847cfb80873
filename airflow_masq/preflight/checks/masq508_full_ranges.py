"""How full the ranges of nodes and Pods are.

For the subnetwork's primary range and the secondary range that the environment names for Pods, Compute is asked how
many addresses are allocated. A range of which 75 % are allocated is a warning, and so is one with less room than
`network.workers` needs. A range without room for one node is an error.

## Why

A new node takes one address of the primary range and a whole block of the Pod range, a /26 with 32 Pods
[source: gke-pod-block]. Other clusters may share the ranges. Compute tells for each range how many addresses are
allocated and free [source: compute-subnetwork-utilization]. That the blocks which nodes hold count as allocated in a
secondary range is inferred. A Pod range that is given as a CIDR does not exist yet, so nothing of it is allocated.

## How to fix

Choose another subnetwork or range, or add a secondary range to the subnetwork; an environment's ranges cannot be
changed later. The numbers are readable with `roles/compute.networkViewer` in the project that owns the subnetwork
[source: google-reading-roles].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from airflow_masq.environment.cidr_fields import POD_FIELD
from airflow_masq.facts import Subnetwork, Utilization
from airflow_masq.facts.network_facts import NETWORK_ROLE
from airflow_masq.network.ranges import IPV4
from airflow_masq.preflight.answers import Answers, Asked, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.preflight.fullness import NEARLY_FULL, write_share
from airflow_masq.preflight.subject import SUBNETWORK_PLACE, Subject
from airflow_masq.text import escape, format_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_PRIMARY: Final = ""


def _run(subject: Subject, plan: Plan, answers: Answers) -> Iterator[Told]:
    asked = answers.utilizations
    if isinstance(asked.answer, Unanswered):
        role = f"{NETWORK_ROLE} in project {subject.host_project}"
        yield tell_unknown(asked, what="How full the ranges are is", where=SUBNETWORK_PLACE, role=role)
        return
    told = {each.range_name: each for each in asked.answer}
    pod_range = plan.environment.get_text(*POD_FIELD.range_name_path)
    subnetwork = answers.subnetwork.answer
    if isinstance(subnetwork, Subnetwork) and pod_range not in subnetwork.secondary_ranges:
        pod_range = ""  # MASQ502 reports it
    pod_block = plan.ranges.find_node_block(IPAddress(0, IPV4)).size
    rows = [("the nodes' primary range", _PRIMARY, 1, SUBNETWORK_PLACE)]
    if pod_range:
        where = f"environment.{'.'.join(POD_FIELD.range_name_path)}"
        rows.append((f"the Pods' secondary range {escape(pod_range)}", pod_range, pod_block, where))
    for what, range_name, block, where in rows:
        if range_name in told:
            wanted = plan.ranges.workers or 0
            yield _judge(told[range_name], what=what, block=block, wanted=wanted, where=where, asked=asked)
        else:
            message = f"Compute does not tell how full {what} is. Look at the subnetwork in the console."
            yield Told(severity=Standing.UNKNOWN, where=where, message=message, asked=(asked,))


def _judge(range_: Utilization, *, what: str, block: int, wanted: int, where: str, asked: Asked[object]) -> Told:
    room = range_.free // block
    share = write_share(range_.allocated, total=range_.allocated + range_.free)
    numbers = f"{share} addresses of {what} are allocated, which leaves room for {format_count(room, noun='node')}"
    severity, step = Standing.OK, ""
    if room == 0:
        severity, step = Standing.ERROR, " Choose another range or free some of it."
    elif room < wanted:
        severity, step = Standing.WARNING, f" {format_count(wanted, noun='worker')} may need one node each."
    elif range_.share >= NEARLY_FULL:
        severity, step = Standing.WARNING, " Plan for a larger range; an environment's ranges cannot be changed later."
    return Told(severity=severity, where=where, message=f"{numbers}.{step}", asked=(asked,))


CHECK: Final = Check(code="MASQ508", run=_run, text=__doc__)
