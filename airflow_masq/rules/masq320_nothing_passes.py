"""No verdict of the check can be PASS.

The plan has targets, but it names no Pod range: neither `network.pod_ranges` nor a CIDR in the environment. The check
cannot tell that it runs in a Pod of this cluster, so every verdict about a right address is INCONCLUSIVE, and the
DAG's last task fails.

## Why

Only a Pod of the plan's Pod ranges passes anything: a process elsewhere, or on a node's own network, does not show
which source address workers have. A range given by the name of a secondary range or as a size only is not known before
the environment exists [source: composer-ip-allocation-forms]. What an environment is created with is not affected.
This rule is about the check alone, and so inferred.

## How to fix

Write the cluster's Pod ranges under `network.pod_ranges`. `gcloud compute networks subnets describe SUBNETWORK` shows
those of an existing subnetwork as `secondaryIpRanges`. If GKE chooses the range, add it after the creation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.environment.cidr_fields import POD_FIELD
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    environment = plan.environment
    # A text that is no range is another fault, which MASQ203 reports.
    is_misread = environment.get_text(*POD_FIELD.path) and environment.get_bare_size(POD_FIELD) is None
    if plan.targets and not plan.ranges.pod and not is_misread and environment.generation != COMPOSER_3:
        yield Problem(
            where="network.pod_ranges",
            message="The plan does not name the Pods' addresses, so the check cannot tell that it runs in a Pod of "
            "this cluster: no verdict can be PASS. Add the cluster's Pod ranges before you run the check.",
        )


RULE: Final = Rule(
    code="MASQ320",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
""",
)
