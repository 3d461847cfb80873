"""What masquerades what: the policies that can govern a cluster, and the one decision about one packet.

A node either leaves a Pod's packet alone or gives it the node's own address. An agent writes a chain, which the packet
walks from its top; where several agents run, it walks one chain after the other:

    link-local ──RETURN──▶ next chain, or leaves with the Pod's address
    exemption  ──RETURN──▶        "
    (the rest) ──MASQUERADE──▶ leaves with the node's address

This module says which, with the words that Google's Connectivity Tests use. It must not follow the packet any further:
Cloud NAT, external addresses and firewalls are prediction's matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.provenance import Provenance, weakest
from airflow_masq.network.ranges import IPV4, IPV6, NetworkRanges, as_network, unmapped

if TYPE_CHECKING:
    from collections.abc import Iterable

GKE_CHAIN: Final = "IP-MASQ"
"""The chain's name on GKE's nodes; the agent's own project calls it ``IP-MASQ-AGENT`` (observed 2026-11-22)."""

LINK_LOCAL: Final = IPNetwork("169.254.0.0/16")
LINK_LOCAL_IPV6: Final = IPNetwork("fe80::/10")

# https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent ("Default non-masquerade destinations")
# and https://github.com/kubernetes-sigs/ip-masq-agent, NewMasqConfig with --nomasq-all-reserved-ranges, which GKE sets;
# both read 2026-11-22. A list of one's own replaces this one.
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
    (https://cloud.google.com/network-intelligence-center/docs/reference/networkmanagement/rest, read 2026-11-22),
    except for the two that have no counterpart there.
    """

    DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE = "DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE"
    DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE = "DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE"
    DESTINATION_ON_SAME_NODE = "DESTINATION_ON_SAME_NODE"
    DEFAULT_SNAT_DISABLED = "DEFAULT_SNAT_DISABLED"
    NO_MASQUERADING_FOR_IPV6 = "NO_MASQUERADING_FOR_IPV6"
    POD_USES_NODE_NETWORK_NAMESPACE = "POD_USES_NODE_NETWORK_NAMESPACE"
    NO_MASQUERADING_FOR_RETURN_PACKET = "NO_MASQUERADING_FOR_RETURN_PACKET"  # never predicted: of answers only
    LINK_LOCAL_DESTINATION = "LINK_LOCAL_DESTINATION"  # ours
    MASQUERADED = "MASQUERADED"  # ours


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Destinations that keep the Pod's address: one ``RETURN`` of a chain.

    :param cidr: the destinations.
    :param reason: the word for them.
    :param origin: where the range comes from, in words for people: ``Composer's policy``, ``GKE's fixed policy``.
    :param provenance: how the range is known, default documented.
    """

    cidr: IPNetwork
    reason: Reason
    origin: str
    provenance: Provenance = Provenance.DOCUMENTED


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What one agent writes; whatever nothing exempts is masqueraded.

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
        """Say whether a destination is link-local and the chain returns for it.

        :param destination: an IPv4 address, or an IPv6 one that is no mapped IPv4 address.
        :return: whether the chain's first rule takes it.
        """
        if destination.version == IPV4:
            return not self.masquerades_link_local and destination in LINK_LOCAL
        return not self.masquerades_link_local_ipv6 and destination in LINK_LOCAL_IPV6

    def exemption(self, destination: IPAddress) -> Exemption | None:
        """Find the exemption that takes a destination.

        :param destination: an IPv4 address, or an IPv6 one that is no mapped IPv4 address.
        :return: the first that holds it; ``None`` where none does.
        """
        version, bits = destination.version, _BITS[destination.version]
        found = (
            self._first_places.get((version, length, int(destination) >> (bits - length)))
            for length in self._prefix_lengths[version]
        )
        place = min((place for place in found if place is not None), default=None)
        return None if place is None else self.exemptions[place]

    # An agent's config or a plan may list thousands of ranges; a look-up for each length of prefix takes their place.
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
        (observed 2026-11-22 with two agents). None: nothing is masqueraded.
    :param provenance: how it is known that the rest is masqueraded, default documented.
    :param remark: what people should know of how the policy came about, as the end of a sentence; default nothing.
    """

    name: str
    chains: tuple[Chain, ...]
    provenance: Provenance = Provenance.DOCUMENTED
    remark: str = ""

    def keeps_pod_address(self, destination: IPAddress) -> bool:
        """Say whether a destination lies in the ranges where the policy wants Pod addresses to be seen.

        IPv6 outside them is no exception: that it is not masqueraded is how an IPv4-only agent is bypassed. Nor does a
        policy without chains want anything: that it masquerades nothing is no intent.

        :param destination: the destination, after the translation of a ClusterIP.
        :return: whether it is link-local, or exempt in every chain.
        """
        target = unmapped(destination)
        if not self.chains:
            return target in LINK_LOCAL or target in LINK_LOCAL_IPV6
        return all(chain.exempts_link_local(target) or chain.exemption(target) is not None for chain in self.chains)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether one packet is masqueraded.

    :param masqueraded: true where the source becomes the node's address.
    :param reason: why, or why not.
    :param matched_cidr: the range that decided; ``None`` where none did.
    :param provenance: how the decision is known.
    :param origin: what decided, in words for people: the policy, or where the range comes from.
    """

    masqueraded: bool
    reason: Reason
    matched_cidr: IPNetwork | None
    provenance: Provenance
    origin: str


def composer_policy(ranges: NetworkRanges, *, autopilot: bool = True) -> MasqueradePolicy:
    """Give Composer's policy, in force where an environment has the IP masquerade agent.

    "nonMasqueradeCIDRs equals to pod IP range, so IP masquerading is used for all destination addresses, except between
    pods traffic" (https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#NodeConfig,
    read 2026-11-22).

    :param ranges: the cluster's ranges.
    :param autopilot: whether the cluster is one of Autopilot, default it is, as under Composer 2.
    :return: the policy, on Autopilot with GKE's fixed ranges beside it.
    """
    own = exemptions(ranges.pod, origin="Composer's policy")
    chain = Chain(name=GKE_CHAIN, exemptions=(*own, *(gke_fixed(ranges) if autopilot else ())))
    return MasqueradePolicy(name="composer", chains=(chain,))


def gke_default_policy(ranges: NetworkRanges, *, autopilot: bool = True) -> MasqueradePolicy:
    """Give GKE's default policy, in force where an environment has no agent.

    It masquerades too: everything except reserved ranges (the source stands beside ``GKE_DEFAULT_NON_MASQUERADE``).

    :param ranges: the cluster's ranges.
    :param autopilot: whether the cluster is one of Autopilot, default it is, as under Composer 2.
    :return: the policy, on Autopilot with GKE's fixed ranges beside it.
    """
    chain = Chain(name=GKE_CHAIN, exemptions=(*gke_default_exemptions(), *(gke_fixed(ranges) if autopilot else ())))
    return MasqueradePolicy(name="gke-default", chains=(chain,))


def no_policy() -> MasqueradePolicy:
    """Give the policy of a cluster without any source translation (``--disable-default-snat`` and no agent).

    :return: a policy that masquerades nothing.
    """
    return MasqueradePolicy(name="none", chains=())


def gke_default_exemptions() -> tuple[Exemption, ...]:
    """Give GKE's default list as exemptions.

    :return: one for each range, in GKE's order.
    """
    return exemptions(
        GKE_DEFAULT_NON_MASQUERADE,
        origin="GKE's default list",
        reason=Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE,
    )


def gke_fixed(ranges: NetworkRanges) -> tuple[Exemption, ...]:
    """Give what nobody can change on Autopilot: nodes, Pods and Services are never masqueraded.

    It is the object ``gke-<hash>-1`` beside the editable ``default``
    (https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read 2026-11-22).

    :param ranges: the cluster's ranges.
    :return: one exemption for each of them.
    """
    return exemptions((*ranges.node, *ranges.pod, *ranges.service), origin="GKE's fixed policy")


def exemptions(
    cidrs: Iterable[IPNetwork],
    *,
    origin: str,
    reason: Reason = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE,
    provenance: Provenance = Provenance.DOCUMENTED,
) -> tuple[Exemption, ...]:
    """Make exemptions that have the same origin.

    :param cidrs: the destinations, in order.
    :param origin: where they come from, in words for people.
    :param reason: the word for them, default that they are configured.
    :param provenance: how they are known, default documented.
    :return: one for each.
    """
    return tuple(Exemption(cidr=cidr, reason=reason, origin=origin, provenance=provenance) for cidr in cidrs)


def decide(policy: MasqueradePolicy, *, pod: IPAddress, destination: IPAddress) -> Decision:
    """Decide about the first packet of a connection from a Pod that has its own network namespace.

    A ClusterIP must be given as the address behind it: nodes decide after the destination's translation. The packet is
    of the destination's IP version, whatever the one by which the Pod is known.

    :param policy: the policy in force.
    :param pod: the Pod's address.
    :param destination: where the packet goes.
    :return: masqueraded or not, the reason, and the range that decided.
    """
    target = unmapped(destination)
    if target == unmapped(pod):
        # Linux leads a packet to an address of one's own over the loopback (seen in the packet lab 2026-11-25).
        return Decision(
            masqueraded=False,
            reason=Reason.DESTINATION_ON_SAME_NODE,
            matched_cidr=as_network(target),
            provenance=Provenance.OBSERVED,
            origin="the Pod itself",
        )
    if not policy.chains:
        return Decision(
            masqueraded=False,
            reason=Reason.DEFAULT_SNAT_DISABLED,
            matched_cidr=None,
            provenance=policy.provenance,
            origin=f"policy {policy.name}",
        )
    returns = [_returned(chain, policy=policy, destination=target) for chain in policy.chains]
    returned = [decision for decision in returns if decision is not None]
    if len(returned) == len(returns):
        return replace(returned[0], provenance=weakest(*(decision.provenance for decision in returned)))
    return Decision(
        masqueraded=True,
        reason=Reason.MASQUERADED,
        matched_cidr=None,
        provenance=policy.provenance,
        origin=f"policy {policy.name}",
    )


def _returned(chain: Chain, *, policy: MasqueradePolicy, destination: IPAddress) -> Decision | None:
    """Walk one chain; ``None`` where it masquerades."""
    if chain.exempts_link_local(destination):
        # The agent's first rule is "-d 169.254.0.0/16 -j RETURN" (https://github.com/kubernetes-sigs/ip-masq-agent,
        # observed 2026-11-22); GKE's policies on Autopilot are taken to do the same.
        return _skipped(Reason.LINK_LOCAL_DESTINATION, Provenance.OBSERVED, origin=f"chain {chain.name}")
    if destination.version == IPV6 and not chain.ipv6:
        return _skipped(Reason.NO_MASQUERADING_FOR_IPV6, policy.provenance, origin=f"policy {policy.name}")
    exemption = chain.exemption(destination)
    if exemption is None:
        return None
    return _skipped(exemption.reason, exemption.provenance, origin=exemption.origin, matched_cidr=exemption.cidr)


def _skipped(reason: Reason, provenance: Provenance, *, origin: str, matched_cidr: IPNetwork | None = None) -> Decision:
    return Decision(masqueraded=False, reason=reason, matched_cidr=matched_cidr, provenance=provenance, origin=origin)
