"""A small network, and predictions in it.

Pod 192.168.0.2 ─ node ─ VPC ─┬─ 172.20.0.10  on-premises
                              └─ Cloud NAT 203.0.113.7 ─ internet
"""

from __future__ import annotations

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.policy import Chain, MasqueradePolicy
from airflow_masq.network.prediction import Prediction, predict
from airflow_masq.network.ranges import AddressKind, NetworkRanges

POD = "192.168.0.2"
RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("10.96.0.0/20"),),
    other={"on-premises": (IPNetwork("172.20.0.0/16"),)},
    nat_addresses=(IPAddress("203.0.113.7"),),
    nat_covers=frozenset({AddressKind.NODE}),
)
VMS = IPNetwork("10.0.0.0/8")
ON_PREMISES, PUBLIC = "172.20.0.10", "192.175.48.80"
EVERYTHING = MasqueradePolicy(name="everything", chains=(Chain(name="IP-MASQ", exemptions=()),))
EVERYTHING_IPV6 = MasqueradePolicy(name="everything", chains=(Chain(name="IP-MASQ", exemptions=(), ipv6=True),))


def predicted(
    policy: MasqueradePolicy,
    destination: str,
    *allowed_sources: IPNetwork,
    ranges: NetworkRanges = RANGES,
    pod: str = POD,
    node: str | None = None,
    backend: str | None = None,
    host_network: bool = False,
) -> Prediction:
    """Predict what a destination sees; addresses are given as texts."""
    return predict(
        ranges,
        policy=policy,
        pod=IPAddress(pod),
        destination=IPAddress(destination),
        allowed_sources=allowed_sources,
        host_network=host_network,
        node_address=None if node is None else IPAddress(node),
        backend=None if backend is None else IPAddress(backend),
    )
