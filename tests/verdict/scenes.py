"""A small cluster, and observations in it, for the tests of verdicts.

Pod 192.168.0.2 ─ node 10.128.0.2 ─ VPC ─┬─ 172.20.0.10  on-premises
                                         └─ Cloud NAT 192.175.48.7 ─ internet
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork

from airflow_masq.environment import EnvironmentResource
from airflow_masq.network.policy import make_composer_policy, make_gke_default_policy
from airflow_masq.network.ranges import AddressKind, NetworkRanges
from airflow_masq.observation.observation import Canary, Failure, Observation
from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.plan import Plan, Target
from airflow_masq.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

POD = "192.168.0.2"
NODE = "10.128.0.2"
NAT = "192.175.48.7"
ON_PREMISES = "172.20.0.10"
PUBLIC = "192.175.48.80"
MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("10.96.0.0/20"),),
    other={"on-premises": (IPNetwork("172.20.0.0/16"),)},
    nat_addresses=(IPAddress(NAT),),
    nat_covers=frozenset({AddressKind.NODE}),
)


def plan(*, masquerade: bool = True, ranges: NetworkRanges = RANGES) -> Plan:
    """Give the plan of an environment with or without the agent."""
    return Plan(
        environment=EnvironmentResource.read(
            {
                "name": "projects/p/locations/l/environments/example",
                "config": {"nodeConfig": {"enableIpMasqAgent": masquerade}},
            }
        ),
        cluster_version=None,
        ranges=ranges,
        policy=make_composer_policy(ranges) if masquerade else make_gke_default_policy(ranges),
        targets=(),
        knows_pods_per_node=True,
    )


def target(*, expect: str | None = None, allowed: Sequence[str] = ()) -> Target:
    """Give a target with what is needed of the source."""
    return Target(
        name="erp",
        observe="http://172.20.0.10/",
        allowed_sources=tuple(map(IPNetwork, allowed)),
        expect=None if expect is None else AddressKind(expect),
    )


def vantage(
    *,
    component: Component = Component.WORKER,
    pod_ip: str | None = POD,
    name: str = "7k2xq",
    node_name: str | None = None,
) -> Vantage:
    """Give a vantage."""
    return Vantage(
        hostname=f"airflow-{component}-{name}",
        pod_ip=None if pod_ip is None else IPAddress(pod_ip),
        component=component,
        environment="example",
        known_by=Clue.NONE if component is Component.UNKNOWN else Clue.HOSTNAME,
        node_name=node_name,
    )


def saw(
    address: str,
    *,
    destination: str = ON_PREMISES,
    local: str | None = POD,
    after: float = 0,
    intermediaries: tuple[str, ...] = (),
    nonce_sent: bool = False,
    canary: Canary = Canary.NOT_ASKED,
) -> Observation:
    """Give an observation of an address."""
    seen = _observation(destination=destination, local=local, after=after, observed=IPAddress(address))
    return dataclasses.replace(seen, intermediaries=intermediaries, nonce_sent=nonce_sent, canary=canary)


def failed(
    failure: Failure,
    *,
    detail: str = "",
    destination: str | None = ON_PREMISES,
    local: str | None = POD,
    after: float = 0,
) -> Observation:
    """Give an observation without an address."""
    return _observation(destination=destination, local=local, after=after, failure=failure, detail=detail)


def _observation(
    *,
    destination: str | None,
    local: str | None,
    after: float,
    observed: IPAddress | None = None,
    failure: Failure | None = None,
    detail: str = "",
) -> Observation:
    return Observation(
        url=f"http://{destination}/",
        destination=None if destination is None else IPAddress(destination),
        destination_port=None if destination is None else 80,
        local_address=None if local is None else IPAddress(local),
        local_port=None if local is None else 40000,
        observed=observed,
        failure=failure,
        detail=detail,
        started_at=MORNING + timedelta(seconds=after),
        duration_seconds=0.25,
    )


def verdict_of(*observations: Observation, need: Target | None = None, at: Vantage | None = None) -> Verdict:
    """Judge observations in the environment with the agent."""
    return judge(need or target(), observations, vantage=at or vantage(), plan=plan())


def dataclass_ranges(**changes: object) -> NetworkRanges:
    """Change the scene's ranges."""
    return dataclasses.replace(RANGES, **changes)  # type: ignore[arg-type]  # the names are NetworkRanges' own
