"""What a predictor could get wrong, each as one that does.

A mistaken predictor is right, but about another call. In every run of the oracle the packets have to refute each of
them (``tests/network/test_kernel_oracle.py``): an oracle that cannot object proves nothing. Those that show rarely have
worlds of their own, in ``revealing.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import Chain, Exemption, Reason
from airflow_masq.network.ranges import AddressKind
from tests.scenarios.calls import Asker, Call, compiled, prediction_of
from tests.scenarios.policies import policy_of
from tests.scenarios.words import Agent, Agents, BuiltIn, EgressNat, Objects, Words
from tests.scenarios.worlds import ASKING_POD, IPV4, IPV6, OTHER_POD, address_of, both

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.network.prediction import Prediction
    from tests.scenarios.calls import Predictor

    Distortion = Callable[[Call], Call]

_EVERYBODY: Final = (IPNetwork("0.0.0.0/0"), IPNetwork("::/0"))


def distorted(distortion: Distortion) -> Predictor:
    """Give the predictor that makes a mistake."""
    return lambda call: prediction_of(distortion(call))


def _of_policy(change: Callable[[tuple[Chain, ...]], tuple[Chain, ...]]) -> Distortion:
    """Mistake a policy's chains for others."""
    return lambda call: replace(call, policy=replace(call.policy, chains=change(call.policy.chains)))


def _of_chain(**fields: object) -> Distortion:
    """Mistake a field of every chain."""
    return _of_policy(lambda chains: tuple(replace(chain, **fields) for chain in chains))  # type: ignore[arg-type] # names


def _of_words(change: Callable[[Words], Words]) -> Distortion:
    """Read a policy's words as others."""
    return lambda call: replace(call, policy=policy_of(change(call.words), call.ranges))


def _of_agents(change: Callable[[Agent], Agent]) -> Distortion:
    """Read every agent's config as another."""
    return _of_words(
        lambda words: Agents(agents=tuple(map(change, words.agents))) if isinstance(words, Agents) else words
    )


def _of_ranges(**fields: object) -> Distortion:
    """Mistake a field of the plan's network, where nothing but the way of a packet depends on it."""
    return lambda call: replace(call, ranges=replace(call.ranges, **fields))  # type: ignore[arg-type] # names


def _with_longer_prefixes(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """Read every prefix length as one more than it is."""

    def misread(exemption: Exemption) -> Exemption:
        cidr = exemption.cidr
        prefix_length = min(cidr.prefixlen + 1, {IPV4: 32, IPV6: 128}[cidr.version])
        return replace(exemption, cidr=IPNetwork((cidr.first, prefix_length), version=cidr.version))

    return tuple(replace(chain, exemptions=tuple(map(misread, chain.exemptions))) for chain in chains)


def _with_one_exemption(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    return tuple(replace(chain, exemptions=chain.exemptions[:1]) for chain in chains)


def _with_ipv6_if(decide: Callable[[list[bool]], bool]) -> Distortion:
    """Have one answer for all chains."""
    return _of_policy(
        lambda chains: tuple(replace(chain, ipv6=decide([each.ipv6 for each in chains])) for chain in chains)
    )


def _first_of_each_version(networks: tuple[IPNetwork, ...]) -> tuple[IPNetwork, ...]:
    return tuple({network.version: network for network in reversed(networks)}.values())


def _with_one_pod_range(call: Call) -> Call:
    ranges = replace(call.ranges, pod=_first_of_each_version(call.ranges.pod))
    return replace(call, policy=policy_of(call.words, ranges))


def _with_one_node_range(call: Call) -> Call:
    return replace(call, ranges=replace(call.ranges, node=_first_of_each_version(call.ranges.node)))


def _without_loops(call: Call) -> Call:
    """Take a Pod that is its own endpoint for its neighbour."""
    loops = call.backend in both(ASKING_POD) and not call.host_network
    return replace(call, backend=address_of(OTHER_POD, version=call.pod.version)) if loops else call


def _listing_only(version: int) -> Callable[[Agent], Agent]:
    def listing(agent: Agent) -> Agent:
        if agent.listed is None or agent.ipv6:
            return agent
        return replace(agent, listed=tuple(cidr for cidr in agent.listed if IPNetwork(cidr).version == version))

    return listing


def _aligning(agent: Agent) -> Agent:
    if agent.listed is None:
        return agent
    return replace(agent, listed=tuple(str(IPNetwork(cidr).cidr) for cidr in agent.listed))


def _of_applied(change: Callable[[tuple[EgressNat, ...]], tuple[EgressNat, ...]]) -> Distortion:
    """Mistake the objects that were applied for others."""
    return _of_words(
        lambda words: replace(words, objects=change(words.objects)) if isinstance(words, Objects) else words
    )


def _added_up(objects: tuple[EgressNat, ...]) -> tuple[EgressNat, ...]:
    """Take every object for all of its name."""
    return tuple(
        replace(each, cidrs=tuple(cidr for other in objects if other.name == each.name for cidr in other.cidrs))
        for each in objects
    )


def _of_objects(**fields: object) -> Distortion:
    return _of_words(
        lambda words: replace(words, **fields) if isinstance(words, Objects) else words  # type: ignore[arg-type] # names
    )


def _beside_default(words: Words) -> Words:
    """Take the object that replaces the default one for one more beside it."""
    if not isinstance(words, Objects):
        return words
    renamed = (replace(each, name=f"{each.name}-{number}") for number, each in enumerate(words.objects))
    return replace(words, objects=tuple(renamed))


def _on_standard_clusters(words: Words) -> Words:
    return replace(words, autopilot=False) if isinstance(words, BuiltIn) else words


def _with_one_pod(call: Call) -> Call:
    """Give those who ask about every Pod the address of one."""
    if call.asker is not Asker.JUDGES_ALL_PODS:
        return call
    return replace(call, asker=Asker.KNOWS_NO_NODE, pod=address_of(OTHER_POD, version=call.destination.version))


def _without_firewall(call: Call) -> Call:
    return replace(call, allowed_sources=_EVERYBODY if call.allowed_sources else ())


DISTORTIONS: Final[dict[str, Distortion]] = {
    "only the first chain counts": _of_policy(lambda chains: chains[:1]),
    "only the last chain counts": _of_policy(lambda chains: chains[-1:]),
    "prefixes are one bit too long": _of_policy(_with_longer_prefixes),
    "only the first CIDR counts": _of_policy(_with_one_exemption),
    "every agent masquerades IPv6": _of_chain(ipv6=True),
    "no agent masquerades IPv6": _of_chain(ipv6=False),
    "where one agent masquerades IPv6, all do": _with_ipv6_if(any),
    "where one agent leaves IPv6 alone, all do": _with_ipv6_if(all),
    "link-local is always left alone": _of_chain(masquerades_link_local=False),
    "link-local is never left alone": _of_chain(masquerades_link_local=True),
    "an empty list leaves the defaults": _of_agents(lambda agent: replace(agent, listed=agent.listed or None)),
    "a config without a list empties it": _of_agents(lambda agent: replace(agent, listed=agent.listed or ())),
    "every agent's defaults are RFC 1918's": _of_agents(lambda agent: replace(agent, reserved_ranges=False)),
    "every agent's defaults are GKE's": _of_agents(lambda agent: replace(agent, reserved_ranges=True)),
    "an agent without IPv6 skips IPv6 ranges": _of_agents(_listing_only(IPV4)),
    "an agent aligns what is not aligned": _of_agents(_aligning),
    "only the first Pod range is spared": _with_one_pod_range,
    "only the first node range has nodes": _with_one_node_range,
    "an object called default adds to the default one": _of_words(_beside_default),
    "of two objects with one name the earlier counts": _of_applied(lambda objects: objects[::-1]),
    "objects with one name add up": _of_applied(_added_up),
    "the default object is always GKE's": _of_objects(has_agent=False),
    "the default object is always Composer's": _of_objects(has_agent=True),
    "Autopilot fixes nothing": _of_words(_on_standard_clusters),
    "Cloud NAT covers all": _of_ranges(nat_covers=frozenset({AddressKind.NODE, AddressKind.POD})),
    "Cloud NAT covers nothing": _of_ranges(nat_covers=frozenset()),
    "nodes are private": _of_ranges(public_nodes=False),
    "nodes are public": _of_ranges(public_nodes=True),
    "firewalls let everybody in": _without_firewall,
    "the host network is like a Pod's own": lambda call: replace(
        call, host_network=False, pod=address_of(ASKING_POD, version=call.pod.version)
    ),
    "a ClusterIP is the destination": lambda call: replace(call, backend=None),
    "a ClusterIP of which no endpoint is known is the destination": _of_ranges(service=()),
    "a Pod sees itself through a Service": _without_loops,
    "nodes have blocks twice as large": _of_ranges(pods_per_node=64),
    "one Pod stands for all": _with_one_pod,
}


def _saying(**fields: object) -> Predictor:
    """Give the predictor that answers every call alike in one respect."""
    return lambda call: replace(prediction_of(call), **fields)  # type: ignore[arg-type] # a table of fields


def _taking_translated_for_masqueraded(call: Call) -> Prediction:
    prediction = prediction_of(call)
    return replace(prediction, masqueraded=prediction.masqueraded or prediction.arrives_as is AddressKind.NAT)


def _taking_lost_for_unmasqueraded(call: Call) -> Prediction:
    prediction = prediction_of(call)
    return replace(prediction, masqueraded=prediction.masqueraded and prediction.arrives_as is not AddressKind.DROPPED)


def _sending_by_ipv4(call: Call) -> Prediction:
    prediction = prediction_of(call)
    mixed = call.pod.version != call.destination.version
    return replace(prediction, sources=(IPNetwork(call.pod),)) if mixed else prediction


def _taking_list_for(reason: Reason) -> Predictor:
    """Give the predictor that takes every list for one of the same hand."""

    def predictor(call: Call) -> Prediction:
        prediction = prediction_of(call)
        return replace(prediction, reason=reason) if prediction.matched_cidr else prediction

    return predictor


def _not_judging_external(call: Call) -> Prediction:
    prediction = prediction_of(call)
    is_external = prediction.arrives_as is AddressKind.NODE_EXTERNAL
    return replace(prediction, firewall=FirewallAnswer.UNKNOWN) if is_external else prediction


def _taking_allowed_ranges_apart(call: Call) -> Prediction:
    """Have every source lie in one of a firewall's ranges, or only a part of them is let in."""
    prediction = prediction_of(call)
    is_held = all(any(source in each for each in call.allowed_sources) for source in prediction.sources)
    is_mistaken = not is_held and prediction.firewall is FirewallAnswer.ALL
    return replace(prediction, firewall=FirewallAnswer.SOME) if is_mistaken else prediction


def _overlooking_parts(call: Call) -> Prediction:
    """Take a firewall for one of which nothing is known where it lets in a part of the possible sources."""
    prediction = prediction_of(call)
    is_part = prediction.firewall is FirewallAnswer.SOME
    return replace(prediction, firewall=FirewallAnswer.UNKNOWN) if is_part else prediction


def _looking_up_beside(step: int) -> Predictor:
    """Give the predictor that looks beside the right place of a compiled policy."""

    def predictor(call: Call) -> Prediction:
        prediction = prediction_of(call)
        if call.asker not in {Asker.ASKS_BY_NUMBER, Asker.ASKS_BY_TEXT}:
            return prediction
        return replace(prediction, masqueraded=call.table_says(compiled(call.policy), step=step))

    return predictor


def _telling(asker: Asker, **fields: object) -> Predictor:
    """Give the predictor that answers one asker alike in one respect."""
    return lambda call: _saying(**fields)(call) if call.asker is asker else prediction_of(call)


#: Every predictor that has to be refuted, by what it gets wrong.
MISTAKEN: Final[dict[str, Predictor]] = {
    **{name: distorted(distortion) for name, distortion in DISTORTIONS.items()},
    "it names no source": _saying(sources=()),
    "it tells nothing of firewalls": _saying(firewall=FirewallAnswer.UNKNOWN),
    "it names no source where the node is unknown": _telling(Asker.KNOWS_NO_NODE, sources=()),
    "it names no source where another address of the node is known": _telling(Asker.KNOWS_OTHER_ADDRESS, sources=()),
    "it names no source of every Pod": _telling(Asker.JUDGES_ALL_PODS, sources=()),
    "every firewall lets in an unknown node": _telling(Asker.KNOWS_NO_NODE, firewall=FirewallAnswer.ALL),
    "no firewall lets in an unknown node": _telling(Asker.KNOWS_NO_NODE, firewall=FirewallAnswer.NONE),
    "every firewall lets in every Pod": _telling(Asker.JUDGES_ALL_PODS, firewall=FirewallAnswer.ALL),
    "no firewall lets in every Pod": _telling(Asker.JUDGES_ALL_PODS, firewall=FirewallAnswer.NONE),
    "of a firewall that lets in a part nothing is known": _overlooking_parts,
    "a firewall's ranges do not add up": _taking_allowed_ranges_apart,
    "nobody can tell whether a firewall lets in an external address": _not_judging_external,
    "every list is a default one": _taking_list_for(Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE),
    "every list is somebody's own": _taking_list_for(Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE),
    "a compiled policy answers for the address before": _looking_up_beside(-1),
    "a compiled policy answers for the address behind": _looking_up_beside(1),
    "a Pod without IPv6 sends to IPv6 all the same": _sending_by_ipv4,
    "whatever Cloud NAT translates was masqueraded": _taking_translated_for_masqueraded,
    "whatever is lost was not masqueraded": _taking_lost_for_unmasqueraded,
}
