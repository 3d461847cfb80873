"""The region's quotas in the environment's project.

The Compute quotas that nodes use are read. A quota of which nothing is left is an error if every node needs it, and a
quota of which 75 % are used is a warning.

## Why

The environment's GKE cluster starts nodes in the environment's project. On Autopilot, too, Pods wait with "GCE quota
exceeded" where a quota is used up [source: gke-autopilot-quota]. Which quotas a node of Autopilot uses is inferred from
what a machine of Compute Engine uses: processors, an instance, a disk, and in a public environment an external address.
How much an environment needs depends on its workloads and is not judged.

## How to fix

Ask for a higher quota, or free some of it. Quotas are readable with `roles/compute.viewer`
[source: google-reading-roles, compute-region-quotas].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.preflight.fullness import NEARLY_FULL, write_share
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.facts import Quota
    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject

_EVERY_NODE: Final = ("CPUS", "INSTANCES")
_PUBLIC_NODES: Final = "IN_USE_ADDRESSES"
_SOME_DISK: Final = ("DISKS_TOTAL_GB", "SSD_TOTAL_GB")
_WHERE: Final = "environment.name"


def _run(subject: Subject, _plan: Plan, answers: Answers) -> Iterator[Told]:
    asked = answers.quotas
    quotas = asked.answer
    place = f"in {subject.name.location}, project {subject.project}"
    if isinstance(quotas, Unanswered):
        role = f"roles/compute.viewer in project {subject.project}"
        yield tell_unknown(asked, what=f"What is left of the quotas {place} is", where=_WHERE, role=role)
        return
    needed = _EVERY_NODE if subject.is_private else (*_EVERY_NODE, _PUBLIC_NODES)
    judged = [quotas[metric] for metric in (*needed, *_SOME_DISK) if metric in quotas]
    full = [quota for quota in judged if quota.usage >= NEARLY_FULL * quota.limit]
    for quota in full:
        is_used_up = quota.metric in needed and quota.usage + 1 > quota.limit
        state = "is used up" if is_used_up else "is nearly used up"
        message = f"The quota {quota.metric} {place} {state}: {_show(quota)}. Ask for more, or free some of it."
        severity = Standing.ERROR if is_used_up else Standing.WARNING
        yield Told(severity=severity, where=_WHERE, message=message, asked=(asked,), provenance=Provenance.INFERRED)
    if not judged:
        message = f"Compute tells none of the quotas that nodes use {place}. Look at them in the console."
        yield Told(severity=Standing.UNKNOWN, where=_WHERE, message=message, asked=(asked,))
    elif not full:
        message = f"Quotas {place}: {join_words(f'{quota.metric} {_show(quota)}' for quota in judged)}."
        yield Told(severity=Standing.OK, where=_WHERE, message=message, asked=(asked,))


def _show(quota: Quota) -> str:
    return escape(write_share(quota.usage, total=quota.limit))


CHECK: Final = Check(code="MASQ507", run=_run, text=__doc__)
