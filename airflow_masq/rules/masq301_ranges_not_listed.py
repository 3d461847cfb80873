"""The node or Pod range is missing from the non-masquerade list.

The plan's own policy does not keep packets to the cluster's nodes or Pods from being masqueraded. With the agent's
config that is an error. On Autopilot, with `EgressNATPolicy` objects, it is a warning: GKE's fixed policy keeps those
ranges in any case, but Google asks for a list that includes them.

## Why

Google's caution: "Cloud Composer enables intranode visibility on GKE clusters. Therefore, non-masquerade destinations
must at least include the cluster's node and Pod IP address range(s)" [source: composer-agent-caution]. Another reason
does not depend on Composer: the agent's rules also apply to inbound connections that a load balancer sends to a Pod. If
Pod ranges are not listed, servers in the cluster get node addresses instead of their clients' addresses
[source: ip-masq-agent-inbound]. Pods also get node addresses instead of other Pods' addresses, and firewall rules and
network policies for the Pod range no longer match. This last part is inferred.

## How to fix

Add the range that the message names to the list. Your own list replaces the whole default list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG, find_unlisted, name_policy_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    composers = " Composer needs it there for intranode visibility." if plan.environment else ""
    is_agents = plan.policy_choice.name == AGENT_CONFIG
    effect = ", so servers in the cluster would get node addresses instead of their clients' addresses"
    if not is_agents:
        effect = ". GKE's fixed policy keeps it from being masqueraded, but Google asks for a list that includes it"
    for purpose, networks in (("node", plan.ranges.node), ("Pod", plan.ranges.pod)):
        for network in find_unlisted(plan, networks=networks):
            yield Problem(
                where=name_policy_place(plan),
                message=f"The {purpose} range {network} is missing from the non-masquerade list{effect}.{composers} "
                "Add the cluster's node and Pod ranges.",
                severity=None if is_agents else Severity.WARNING,
            )


RULE: Final = Rule(
    code="MASQ301",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
)
