"""The target has an IPv6 address, and IPv6 is not masqueraded.

The policy masquerades only IPv4. Packets to the target arrive from the Pod's own IPv6 address. No IPv4 setting changes
that.

## Why

Google lists `NO_MASQUERADING_FOR_IPV6` as a reason why a packet keeps its source address
[source: connectivity-test-reasons]. The agent masquerades IPv6 only if it is started with `--enable-ipv6`
[source: observed-agent-ipv6]. How GKE starts it in dual-stack clusters is not verified.

## How to fix

Use the target's IPv4 address. If your own agent runs with `--enable-ipv6`, add `enable_ipv6: true` next to
`agent_config`. If packets are meant to arrive from the Pod's IPv6 address, add `expect: pod` to the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.targets import predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for predicted in predict_targets(plan):
        if predicted.is_ipv6_bypass:
            yield Problem(
                where=f"{predicted.where}.observe",
                message=f"{predicted} has an IPv6 address. IPv6 is not masqueraded, so packets would arrive from "
                "the Pod's address. Use the target's IPv4 address, or add expect: pod.",
            )


RULE: Final = Rule(
    code="MASQ314",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  other_ranges: {on-premises: ["fd20::/64"]}
policy: composer
targets:
  - name: onprem-erp
    observe: http://[fd20::10]:8080/client-ip
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  other_ranges: {on-premises: [172.20.0.0/16]}
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
""",
)
