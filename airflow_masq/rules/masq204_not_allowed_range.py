"""A Pod, Service or GKE master range is not within the allowed ranges.

Pods, Services and the GKE master may use private and other reserved ranges. Any other range is public address space.
Pods and Services may use public ranges only with `config.privateEnvironmentConfig.enablePrivatelyUsedPublicIps`. This
also applies if the environment gives the name of a secondary range.

A common mistake is `100.128.0.0/16`. The shared address space 100.64.0.0/10 begins at 100.64.0.0 and ends at
100.127.255.255.

Two cases are only a warning: a range that only `network` has, since the environment may get another range, and a public
GKE master range with `enablePrivatelyUsedPublicIps`, since that is not verified.

## Why

Pods and Services in a public range need `enablePrivatelyUsedPublicIps` [source: composer-private-ip]. Without it the
service answers 400, "Cluster CIDR range … is not within allowed ranges", also if the environment names a secondary
range [source: composer-range-not-allowed]. It gives the same answer for "Services" and "GKE master"
[source: composer-range-not-allowed-log]. Loopback, link-local and multicast ranges and 0.0.0.0/8 are not public address
space. That the field does not allow them is inferred.

## How to fix

Use a range within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10. If you do want a public range, set
`enablePrivatelyUsedPublicIps: true` in a private environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.environment.cidr_fields import MASTER_FIELD, POD_FIELD, SERVICE_FIELD
from airflow_masq.network.policy import GKE_DEFAULT_NON_MASQUERADE
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import (
    NamedRange,
    list_blocks_beside_network,
    list_pod_ranges,
    list_ranges,
    list_service_ranges,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

# The shared address space, 100.64.0.0 to 100.127.255.255 [source: rfc-6598-shared].
_SHARED_ADDRESS_SPACE: Final = IPNetwork("100.64.0.0/10")
_REUSE: Final = ("config", "privateEnvironmentConfig", "enablePrivatelyUsedPublicIps")
_OFTEN_MISTAKEN_FOR_IT: Final = IPNetwork("100.0.0.0/8")

# "This network", loopback, link-local and multicast [source: rfc-6890-special, rfc-5771-multicast]: no host has such an
# address, so no block of it is public address space that could be used privately.
_NOT_FOR_HOSTS: Final = tuple(IPNetwork(cidr) for cidr in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"))


def _check(plan: Plan) -> Iterator[Problem]:
    may_be_public = plan.environment.get_value(*_REUSE) is True
    masters = [named for named in list_ranges(plan) if named.where == MASTER_FIELD.where]
    own = list_blocks_beside_network(plan)
    for named in (*list_pod_ranges(plan), *list_service_ranges(plan), *own, *masters):
        network = named.network
        is_master = named.where == MASTER_FIELD.where
        if network.version != IPV4 or any(network in allowed for allowed in GKE_DEFAULT_NON_MASQUERADE):
            continue
        not_for_hosts = next((block for block in _NOT_FOR_HOSTS if network in block or block in network), None)
        if not_for_hosts is None and may_be_public and not is_master:
            continue
        mistake = ""
        if network in _OFTEN_MISTAKEN_FOR_IT:
            mistake = f" (the shared address space {_SHARED_ADDRESS_SPACE} is 100.64.0.0 to 100.127.255.255)"
        advice = "Use a private range" + ("" if is_master else ", or set enablePrivatelyUsedPublicIps: true")
        if not_for_hosts is not None:
            advice = f"No host can have an address in {not_for_hosts}. Use a private range"
        is_certain = not may_be_public if is_master else _is_the_environments(plan, named=named)
        yield Problem(
            where=named.where,
            message=f"The {named} is not within the allowed ranges{mistake}. {advice}.",
            severity=None if is_certain else Severity.WARNING,
        )


def _is_the_environments(plan: Plan, *, named: NamedRange) -> bool:
    """Say whether the environment asks for the range, itself or by the name of a secondary range."""
    names = {field.purpose: plan.environment.get_text(*field.range_name_path) for field in (POD_FIELD, SERVICE_FIELD)}
    return named.where.startswith("environment.") or bool(names.get(named.name))


RULE: Final = Rule(
    code="MASQ204",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 100.128.0.0/16}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 100.64.0.0/16}
""",
)
