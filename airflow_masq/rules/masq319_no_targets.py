"""The plan has no targets.

The plan describes an environment or a network, but no service. The check cannot ask anything, and no rule can say
whether a service's firewall lets packets in.

## Why

The DAG `check_source_ip` asks each target which source address it sees. The policy's decision depends on the
destination [source: gke-default-list]. That such a plan is unfinished is inferred. To create an environment, you do not
need targets.

## How to fix

Add the services that matter under `targets`, each with `name` and `observe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    if not plan.targets and (plan.environment or plan.ranges.node or plan.ranges.pod):
        yield Problem(
            where="targets",
            message="The plan has no targets, so the check of source addresses cannot ask anything. Add the services "
            "that matter, each with name and observe.",
        )


RULE: Final = Rule(
    code="MASQ319",
    severity=Severity.INFO,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
""",
)
