"""A target is reached by IPv6, which is not masqueraded.

A target has an IPv6 address, and the policy masquerades IPv4 only. The target sees the Pod's own IPv6 address, past
every rule about IPv4.

## Why

GKE gives `NO_MASQUERADING_FOR_IPV6` as a reason of its own for a packet that keeps its source
([IpMasqueradingSkippedInfo](https://cloud.google.com/network-intelligence-center/docs/reference/networkmanagement/rest),
read 2026-11-22). The agent masquerades IPv6 only when it is started with `--enable-ipv6`, which was observed on
2026-11-22. How GKE starts it in dual-stack clusters is not verified.

## How to fix

Reach the target by IPv4. If your own agent runs with `--enable-ipv6`, say so beside its config: `enable_ipv6: true`. If
the target must see the Pod's IPv6 address, say so: `expect: pod`.
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
                message=f"{predicted} is reached by IPv6, which is not masqueraded, and sees the Pod's address; "
                "reach it by IPv4, or say expect: pod.",
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
