"""The masquerade policies that can govern a cluster, and their decision about one packet.

A node either leaves a Pod's packet alone or gives it the node's own address. An agent writes a chain, which the packet
walks from its top; where several agents run, it walks one chain after the other:

    link-local ──RETURN──▶ next chain, or leaves with the Pod's address
    exemption  ──RETURN──▶        "
    (the rest) ──MASQUERADE──▶ leaves with the node's address

The reasons are the words of Google's Connectivity Tests. What happens to the packet behind the node is in
``arrival.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.provenance import Provenance, find_weakest
from airflow_masq.network.ranges import IPV4, IPV6, NetworkRanges, unmap

if TYPE_CHECKING:
    from collections.abc import Iterable

GKE_CHAIN: Final = "IP-MASQ"
"""The chain's name on GKE's nodes; upstream it is ``IP-MASQ-AGENT`` [source: observed-agent-chain-name]."""

LINK_LOCAL: Final = IPNetwork("169.254.0.0/16")
LINK_LOCAL_IPV6: Final = IPNetwork("fe80::/10")

# What the agent has with --nomasq-all-reserved-ranges, which GKE sets [source: gke-default-list,
# ip-masq-agent-defaults]. A configured list replaces this one.
GKE_DEFAULT_NON_MASQUERADE: Final = tuple(
    IPNetwork(cidr)
    for cidr in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
    )
)

_BITS: Final = {IPV4: 32, IPV6: 128}


class Reason(StrEnum):
    """Why a packet was or was not masqueraded.

    The words are those of ``IpMasqueradingSkippedInfo.Reason`` in the Network Management API
    [source: connectivity-test-reasons], except for two that have no counterpart there.
    """

    DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE = "DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE"
    DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE = "DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE"
    DESTINATION_ON_SAME_NODE = "DESTINATION_ON_SAME_NODE"
    DEFAULT_SNAT_DISABLED = "DEFAULT_SNAT_DISABLED"
    NO_MASQUERADING_FOR_IPV6 = "NO_MASQUERADING_FOR_IPV6"
    POD_USES_NODE_NETWORK_NAMESPACE = "POD_USES_NODE_NETWORK_NAMESPACE"
    NO_MASQUERADING_FOR_RETURN_PACKET = "NO_MASQUERADING_FOR_RETURN_PACKET"  # never predicted
    LINK_LOCAL_DESTINATION = "LINK_LOCAL_DESTINATION"  # ours
    MASQUERADED = "MASQUERADED"  # ours


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Destinations that keep the Pod's address: one ``RETURN`` of a chain.

    :param cidr: the destinations.
    :param reason: the word for them.
    :param origin: where the range comes from, in words for people: ``Composer's policy``, ``GKE's fixed policy``.
    :param provenance: how the range is known.
    """

    cidr: IPNetwork
    reason: Reason
    origin: str
    provenance: Provenance


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What one agent writes. Destinations that no exemption holds are masqueraded.

    :param name: the chain's name.
    :param exemptions: in the order in which they are tried; IPv6 ones count only with ``ipv6``.
    :param ipv6: whether there is a chain for IPv6 too (the agent's ``--enable-ipv6``), default not.
    :param masquerades_link_local: the agent's ``masqLinkLocal``: 169.254.0.0/16 is no exception, default it is.
    :param masquerades_link_local_ipv6: the agent's ``masqLinkLocalIPv6``: fe80::/10 is no exception, default it is.
    """

    name: str
    exemptions: tuple[Exemption, ...]
    ipv6: bool = False
    masquerades_link_local: bool = False
    masquerades_link_local_ipv6: bool = False

    def exempts_link_local(self, destination: IPAddress) -> bool:
        """Say whether the chain's first rule takes a destination, which must not be an IPv4-mapped address."""
        if destination.version == IPV4:
            return not self.masquerades_link_local and destination in LINK_LOCAL
        return not self.masquerades_link_local_ipv6 and destination in LINK_LOCAL_IPV6

    def find_exemption(self, destination: IPAddress) -> Exemption | None:
        """Find the first exemption that holds a destination, which must not be an IPv4-mapped address."""
        version, bits = destination.version, _BITS[destination.version]
        found = (
            self._first_places.get((version, length, int(destination) >> (bits - length)))
            for length in self._prefix_lengths[version]
        )
        place = min((place for place in found if place is not None), default=None)
        return None if place is None else self.exemptions[place]

    # An agent's config or a plan may list thousands of ranges, so there is one look-up for each prefix length.
    @cached_property
    def _first_places(self) -> dict[tuple[int, int, int], int]:
        places: dict[tuple[int, int, int], int] = {}
        for place, exemption in enumerate(self.exemptions):
            cidr = exemption.cidr
            fixed_bits = cidr.first >> (_BITS[cidr.version] - cidr.prefixlen)
            places.setdefault((cidr.version, cidr.prefixlen, fixed_bits), place)
        return places

    @cached_property
    def _prefix_lengths(self) -> dict[int, frozenset[int]]:
        cidrs = [exemption.cidr for exemption in self.exemptions]
        return {version: frozenset(cidr.prefixlen for cidr in cidrs if cidr.version == version) for version in _BITS}


@dataclass(frozen=True, kw_only=True)
class MasqueradePolicy:
    """Which destinations keep the Pod's address.

    :param name: as in a plan: ``composer``, ``gke-default``, ``none``.
    :param chains: the agents' chains; a destination keeps the Pod's address only if every one of them returns
        [source: observed-agent-two-chains]. None: nothing is masqueraded.
    :param provenance: how it is known that the rest is masqueraded, default documented.
    :param remark: what people should know about the origin of the policy, as the end of a sentence; default nothing.
    """

    name: str
    chains: tuple[Chain, ...]
    provenance: Provenance = Provenance.DOCUMENTED
    remark: str = ""

    def keeps_pod_address(self, destination: IPAddress) -> bool:
        """Say whether the policy intends packets to keep Pod addresses: link-local, or exempt in every chain.

        IPv6 that merely bypasses an IPv4-only agent is not intended, and neither is anything under a policy without
        chains. The destination is that after the translation of a ClusterIP.
        """
        target = unmap(destination)
        if not self.chains:
            return target in LINK_LOCAL or target in LINK_LOCAL_IPV6
        return all(
            chain.exempts_link_local(target) or chain.find_exemption(target) is not None for chain in self.chains
        )


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether one packet is masqueraded, and why.

    :param provenance: how the decision is known.
    :param origin: what decided, in words for people: the policy, or where the range comes from.
    :param matched_cidr: the range that decided; ``None`` if none did.
    """

    reason: Reason
    provenance: Provenance
    origin: str
    matched_cidr: IPNetwork | None = None

    @property
    def masqueraded(self) -> bool:
        """Whether the source becomes the node's address."""
        return self.reason is Reason.MASQUERADED


def make_composer_policy(ranges: NetworkRanges, *, autopilot: bool = True) -> MasqueradePolicy:
    """Make Composer's policy, in force where an environment has the IP masquerade agent.

    "nonMasqueradeCIDRs equals to pod IP range, so IP masquerading is used for all destination addresses, except between
    pods traffic" [source: composer-agent-definition]. On Autopilot, as under Composer 2, GKE's fixed ranges apply as
    well.
    """
    own = make_exemptions(ranges.pod, origin="Composer's policy")
    chain = Chain(name=GKE_CHAIN, exemptions=(*own, *(list_gke_fixed_exemptions(ranges) if autopilot else ())))
    return MasqueradePolicy(name="composer", chains=(chain,))


def make_gke_default_policy(ranges: NetworkRanges, *, autopilot: bool = True) -> MasqueradePolicy:
    """Make GKE's default policy, in force where an environment has no agent.

    It masquerades too: everything except reserved ranges (``GKE_DEFAULT_NON_MASQUERADE``). On Autopilot, as under
    Composer 2, GKE's fixed ranges apply as well.
    """
    chain = Chain(
        name=GKE_CHAIN,
        exemptions=(*list_gke_default_exemptions(), *(list_gke_fixed_exemptions(ranges) if autopilot else ())),
    )
    return MasqueradePolicy(name="gke-default", chains=(chain,))


def make_no_policy() -> MasqueradePolicy:
    """Make the policy of a cluster without any source translation (``--disable-default-snat`` and no agent)."""
    return MasqueradePolicy(name="none", chains=())


def list_gke_default_exemptions() -> tuple[Exemption, ...]:
    """Make GKE's default list."""
    return make_exemptions(
        GKE_DEFAULT_NON_MASQUERADE,
        origin="GKE's default list",
        reason=Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE,
    )


def list_gke_fixed_exemptions(ranges: NetworkRanges) -> tuple[Exemption, ...]:
    """Make the list that cannot be changed on Autopilot: packets to nodes, Pods and Services keep the Pod's address.

    It is the object ``gke-<hash>-1`` beside the editable ``default`` [source: egress-nat-policy-objects].
    """
    return make_exemptions((*ranges.node, *ranges.pod, *ranges.service), origin="GKE's fixed policy")


def make_exemptions(
    cidrs: Iterable[IPNetwork],
    *,
    origin: str,
    reason: Reason = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE,
    provenance: Provenance = Provenance.DOCUMENTED,
) -> tuple[Exemption, ...]:
    """Make exemptions of one origin, in the same order."""
    return tuple(Exemption(cidr=cidr, reason=reason, origin=origin, provenance=provenance) for cidr in cidrs)


def decide(policy: MasqueradePolicy, *, pod: IPAddress, destination: IPAddress) -> Decision:
    """Decide about the first packet of a connection from a Pod that has its own network namespace.

    :param policy: the policy in force.
    :param pod: the Pod's address, of either IP version.
    :param destination: where the packet goes; for a ClusterIP the endpoint, since nodes decide after the translation.
    """
    target, by_policy = unmap(destination), f"policy {policy.name}"
    if target == unmap(pod):
        # Linux routes a packet to one of its own addresses over loopback [source: observed-own-address-loopback].
        return Decision(
            reason=Reason.DESTINATION_ON_SAME_NODE,
            provenance=Provenance.OBSERVED,
            origin="the Pod itself",
            matched_cidr=IPNetwork(target),
        )
    if not policy.chains:
        return Decision(reason=Reason.DEFAULT_SNAT_DISABLED, provenance=policy.provenance, origin=by_policy)
    returns = [_walk(chain, policy=policy, destination=target) for chain in policy.chains]
    returned = [decision for decision in returns if decision is not None]
    if len(returned) == len(returns):
        return replace(returned[0], provenance=find_weakest(*(decision.provenance for decision in returned)))
    return Decision(reason=Reason.MASQUERADED, provenance=policy.provenance, origin=by_policy)


def _walk(chain: Chain, *, policy: MasqueradePolicy, destination: IPAddress) -> Decision | None:
    """Walk one chain: the decision of the rule that returns, ``None`` if the chain masquerades."""
    if chain.exempts_link_local(destination):
        # The agent's first rule is "-d 169.254.0.0/16 -j RETURN" [source: observed-agent-link-local]; GKE's policies on
        # Autopilot are assumed to do the same.
        return Decision(
            reason=Reason.LINK_LOCAL_DESTINATION, provenance=Provenance.OBSERVED, origin=f"chain {chain.name}"
        )
    if destination.version == IPV6 and not chain.ipv6:
        return Decision(
            reason=Reason.NO_MASQUERADING_FOR_IPV6, provenance=policy.provenance, origin=f"policy {policy.name}"
        )
    exemption = chain.find_exemption(destination)
    if exemption is None:
        return None
    return Decision(
        reason=exemption.reason,
        provenance=exemption.provenance,
        origin=exemption.origin,
        matched_cidr=exemption.cidr,
    )
