"""What masquerades what: the policies that can govern a cluster, and the one decision about one packet.

A node either leaves a Pod's packet alone or gives it the node's own address. This module says which, with the words
that Google's Connectivity Tests use. It must not follow the packet any further: Cloud NAT, external addresses and
firewalls are prediction's matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV6, NetworkRanges, unmapped

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
    NO_MASQUERADING_FOR_RETURN_PACKET = "NO_MASQUERADING_FOR_RETURN_PACKET"
    LINK_LOCAL_DESTINATION = "LINK_LOCAL_DESTINATION"  # ours
    MASQUERADED = "MASQUERADED"  # ours


@dataclass(frozen=True, kw_only=True)
class MasqueradePolicy:
    """Which destinations keep the Pod's address.

    :param name: as in a plan: ``composer``, ``gke-default``, ``none``.
    :param non_masquerade: destinations whose packets keep the Pod's address, in the policy's order.
    :param reason: the word for a destination in ``non_masquerade``.
    :param fixed: GKE's own additional ranges on Autopilot, which nobody can change: nodes, Pods and Services.
    :param masquerades: whether anything is masqueraded at all, default true.
    :param provenance: how the list is known.
    """

    name: str
    non_masquerade: tuple[IPNetwork, ...] = ()
    reason: Reason = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
    fixed: tuple[IPNetwork, ...] = ()
    masquerades: bool = True
    provenance: Provenance = Provenance.DOCUMENTED


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether one packet is masqueraded.

    :param masqueraded: true where the source becomes the node's address.
    :param reason: why, or why not.
    :param matched_cidr: the range that decided; ``None`` where none did.
    :param provenance: how the decision is known.
    """

    masqueraded: bool
    reason: Reason
    matched_cidr: IPNetwork | None
    provenance: Provenance


def composer_policy(ranges: NetworkRanges) -> MasqueradePolicy:
    """Give Composer's policy, in force where an environment has the IP masquerade agent.

    "nonMasqueradeCIDRs equals to pod IP range, so IP masquerading is used for all destination addresses, except between
    pods traffic" (https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#NodeConfig,
    read 2026-11-22).

    :param ranges: the cluster's ranges.
    :return: the policy, with GKE's fixed ranges beside it.
    """
    return MasqueradePolicy(name="composer", non_masquerade=ranges.pod, fixed=_autopilot_fixed_ranges(ranges))


def gke_default_policy(ranges: NetworkRanges) -> MasqueradePolicy:
    """Give GKE's default policy, in force where an environment has no agent.

    It masquerades too: everything except reserved ranges (the source stands beside ``GKE_DEFAULT_NON_MASQUERADE``).

    :param ranges: the cluster's ranges.
    :return: the policy, with GKE's fixed ranges beside it.
    """
    return MasqueradePolicy(
        name="gke-default",
        non_masquerade=GKE_DEFAULT_NON_MASQUERADE,
        reason=Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE,
        fixed=_autopilot_fixed_ranges(ranges),
    )


def no_policy() -> MasqueradePolicy:
    """Give the policy of a cluster without any source translation (``--disable-default-snat`` and no agent).

    :return: a policy that masquerades nothing.
    """
    return MasqueradePolicy(name="none", masquerades=False)


def decide(policy: MasqueradePolicy, *, pod: IPAddress, destination: IPAddress) -> Decision:
    """Decide about the first packet of a connection from a Pod that has its own network namespace.

    A ClusterIP must be given as the address behind it: nodes decide after the destination's translation.

    :param policy: the policy in force.
    :param pod: the Pod's address.
    :param destination: where the packet goes.
    :return: masqueraded or not, the reason, and the range that decided.
    """
    target = unmapped(destination)
    if not policy.masquerades:
        return _skipped(Reason.DEFAULT_SNAT_DISABLED, policy)
    if target.is_link_local() and not target.is_multicast():
        # The agent's first rule is "-d 169.254.0.0/16 -j RETURN" (https://github.com/kubernetes-sigs/ip-masq-agent,
        # observed 2026-11-22); GKE's policies on Autopilot are taken to do the same.
        return _skipped(Reason.LINK_LOCAL_DESTINATION, policy, provenance=Provenance.OBSERVED)
    if IPV6 in (target.version, unmapped(pod).version):
        return _skipped(Reason.NO_MASQUERADING_FOR_IPV6, policy)
    fixed_reason = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
    for cidrs, reason in ((policy.non_masquerade, policy.reason), (policy.fixed, fixed_reason)):
        matched = next((cidr for cidr in cidrs if target in cidr), None)
        if matched is not None:
            return _skipped(reason, policy, matched_cidr=matched)
    return Decision(masqueraded=True, reason=Reason.MASQUERADED, matched_cidr=None, provenance=policy.provenance)


def _autopilot_fixed_ranges(ranges: NetworkRanges) -> tuple[IPNetwork, ...]:
    # The object gke-<hash>-1 beside the editable "default"
    # (https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read 2026-11-22).
    return (*ranges.node, *ranges.pod, *ranges.service)


def _skipped(
    reason: Reason,
    policy: MasqueradePolicy,
    *,
    matched_cidr: IPNetwork | None = None,
    provenance: Provenance | None = None,
) -> Decision:
    return Decision(
        masqueraded=False, reason=reason, matched_cidr=matched_cidr, provenance=provenance or policy.provenance
    )
