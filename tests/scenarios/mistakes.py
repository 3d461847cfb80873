"""The known mistakes of predictors, each as a predictor that makes it.

A mistaken predictor is right, but about another call. In every run of the oracle the packets must refute each of them
(``tests/network/test_kernel_oracle.py``): an oracle that cannot object proves nothing. Mistakes that rarely show have
worlds of their own, in ``revealing.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import Chain, Exemption, Reason
from airflow_masq.network.ranges import AddressKind
from tests.scenarios.calls import Call, Caller, compile_cached, predict_call
from tests.scenarios.policies import make_policy
from tests.scenarios.words import Agent, Agents, BuiltIn, EgressNat, Objects, Words
from tests.scenarios.worlds import ASKING_POD, IPV4, IPV6, OTHER_POD, get_address, get_addresses

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.network.prediction import Prediction
    from tests.scenarios.calls import Predictor

    Distortion = Callable[[Call], Call]

_EVERY_SOURCE: Final = (IPNetwork("0.0.0.0/0"), IPNetwork("::/0"))


def distort(distortion: Distortion) -> Predictor:
    """Make a predictor that answers about a changed call."""
    return lambda call: predict_call(distortion(call))


def _change_policy(change: Callable[[tuple[Chain, ...]], tuple[Chain, ...]]) -> Distortion:
    """Change the chains of the policy."""
    return lambda call: replace(call, policy=replace(call.policy, chains=change(call.policy.chains)))


def _change_chains(**fields: object) -> Distortion:
    """Change fields of every chain."""
    return _change_policy(lambda chains: tuple(replace(chain, **fields) for chain in chains))  # type: ignore[arg-type] # names


def _change_words(change: Callable[[Words], Words]) -> Distortion:
    """Change the words from which the policy is read."""
    return lambda call: replace(call, policy=make_policy(change(call.words), call.ranges))


def _change_agents(change: Callable[[Agent], Agent]) -> Distortion:
    """Change the config of every agent."""
    return _change_words(
        lambda words: Agents(agents=tuple(map(change, words.agents))) if isinstance(words, Agents) else words
    )


def _change_ranges(**fields: object) -> Distortion:
    """Change fields of the plan's network, on which the policy does not depend."""
    return lambda call: replace(call, ranges=replace(call.ranges, **fields))  # type: ignore[arg-type] # names


def _lengthen_prefixes(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """Make every prefix one bit longer."""

    def lengthen(exemption: Exemption) -> Exemption:
        cidr = exemption.cidr
        prefix_length = min(cidr.prefixlen + 1, {IPV4: 32, IPV6: 128}[cidr.version])
        return replace(exemption, cidr=IPNetwork((cidr.first, prefix_length), version=cidr.version))

    return tuple(replace(chain, exemptions=tuple(map(lengthen, chain.exemptions))) for chain in chains)


def _keep_one_exemption(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    return tuple(replace(chain, exemptions=chain.exemptions[:1]) for chain in chains)


def _set_ipv6_of_all(decide: Callable[[list[bool]], bool]) -> Distortion:
    """Give all chains the same setting for IPv6."""
    return _change_policy(
        lambda chains: tuple(replace(chain, ipv6=decide([each.ipv6 for each in chains])) for chain in chains)
    )


def _keep_first_of_each_version(networks: tuple[IPNetwork, ...]) -> tuple[IPNetwork, ...]:
    return tuple({network.version: network for network in reversed(networks)}.values())


def _keep_one_pod_range(call: Call) -> Call:
    ranges = replace(call.ranges, pod=_keep_first_of_each_version(call.ranges.pod))
    return replace(call, policy=make_policy(call.words, ranges))


def _keep_one_node_range(call: Call) -> Call:
    return replace(call, ranges=replace(call.ranges, node=_keep_first_of_each_version(call.ranges.node)))


def _ignore_loops(call: Call) -> Call:
    """Replace a Pod that is its own endpoint with the other Pod."""
    loops = call.backend in get_addresses(ASKING_POD) and not call.host_network
    return replace(call, backend=get_address(OTHER_POD, version=call.pod.version)) if loops else call


def _list_only(version: int) -> Callable[[Agent], Agent]:
    def change(agent: Agent) -> Agent:
        if agent.listed is None or agent.ipv6:
            return agent
        return replace(agent, listed=tuple(cidr for cidr in agent.listed if IPNetwork(cidr).version == version))

    return change


def _align(agent: Agent) -> Agent:
    if agent.listed is None:
        return agent
    return replace(agent, listed=tuple(str(IPNetwork(cidr).cidr) for cidr in agent.listed))


def _change_objects(change: Callable[[tuple[EgressNat, ...]], tuple[EgressNat, ...]]) -> Distortion:
    """Change the applied objects."""
    return _change_words(
        lambda words: replace(words, objects=change(words.objects)) if isinstance(words, Objects) else words
    )


def _add_up(objects: tuple[EgressNat, ...]) -> tuple[EgressNat, ...]:
    """Give every object the CIDRs of all objects with its name."""
    return tuple(
        replace(each, cidrs=tuple(cidr for other in objects if other.name == each.name for cidr in other.cidrs))
        for each in objects
    )


def _change_object_fields(**fields: object) -> Distortion:
    return _change_words(
        lambda words: replace(words, **fields) if isinstance(words, Objects) else words  # type: ignore[arg-type] # names
    )


def _rename_default(words: Words) -> Words:
    """Rename the object that replaces the default one, so that it is added to that one."""
    if not isinstance(words, Objects):
        return words
    renamed = (replace(each, name=f"{each.name}-{number}") for number, each in enumerate(words.objects))
    return replace(words, objects=tuple(renamed))


def _ignore_autopilot(words: Words) -> Words:
    return replace(words, autopilot=False) if isinstance(words, BuiltIn) else words


def _ask_about_one_pod(call: Call) -> Call:
    """Predict for one Pod if the caller asks about every Pod."""
    if call.caller is not Caller.JUDGES_ALL_PODS:
        return call
    return replace(call, caller=Caller.KNOWS_NO_NODE, pod=get_address(OTHER_POD, version=call.destination.version))


def _ignore_firewall(call: Call) -> Call:
    return replace(call, allowed_sources=_EVERY_SOURCE if call.allowed_sources else ())


DISTORTIONS: Final[dict[str, Distortion]] = {
    "only the first chain counts": _change_policy(lambda chains: chains[:1]),
    "only the last chain counts": _change_policy(lambda chains: chains[-1:]),
    "prefixes are one bit too long": _change_policy(_lengthen_prefixes),
    "only the first CIDR counts": _change_policy(_keep_one_exemption),
    "every agent masquerades IPv6": _change_chains(ipv6=True),
    "no agent masquerades IPv6": _change_chains(ipv6=False),
    "if one agent masquerades IPv6, all do": _set_ipv6_of_all(any),
    "if one agent does not masquerade IPv6, none does": _set_ipv6_of_all(all),
    "link-local is never masqueraded": _change_chains(masquerades_link_local=False),
    "link-local is always masqueraded": _change_chains(masquerades_link_local=True),
    "an empty list leaves the defaults": _change_agents(lambda agent: replace(agent, listed=agent.listed or None)),
    "a config without a list empties it": _change_agents(lambda agent: replace(agent, listed=agent.listed or ())),
    "every agent's defaults are RFC 1918's": _change_agents(lambda agent: replace(agent, reserved_ranges=False)),
    "every agent's defaults are GKE's": _change_agents(lambda agent: replace(agent, reserved_ranges=True)),
    "an agent without IPv6 skips IPv6 ranges": _change_agents(_list_only(IPV4)),
    "an agent aligns CIDRs that are not aligned": _change_agents(_align),
    "only the first Pod range is exempt": _keep_one_pod_range,
    "only the first node range has nodes": _keep_one_node_range,
    "an object called default adds to the default one": _change_words(_rename_default),
    "of two objects with one name the earlier counts": _change_objects(lambda objects: objects[::-1]),
    "objects with one name add up": _change_objects(_add_up),
    "the default object is always GKE's": _change_object_fields(has_agent=False),
    "the default object is always Composer's": _change_object_fields(has_agent=True),
    "Autopilot fixes nothing": _change_words(_ignore_autopilot),
    "Cloud NAT covers all": _change_ranges(nat_covers=frozenset({AddressKind.NODE, AddressKind.POD})),
    "Cloud NAT covers nothing": _change_ranges(nat_covers=frozenset()),
    "nodes are private": _change_ranges(public_nodes=False),
    "nodes are public": _change_ranges(public_nodes=True),
    "firewalls let in every source": _ignore_firewall,
    "the host network is like a Pod's own": lambda call: replace(
        call, host_network=False, pod=get_address(ASKING_POD, version=call.pod.version)
    ),
    "a ClusterIP is the destination": lambda call: replace(call, backend=None),
    "a ClusterIP without a known endpoint is the destination": _change_ranges(service=()),
    "a Pod sees itself through a Service": _ignore_loops,
    "nodes have blocks twice as large": _change_ranges(pods_per_node=64),
    "one Pod represents all": _ask_about_one_pod,
}


def _answer(**fields: object) -> Predictor:
    """Make a predictor whose answers always have these fields."""
    return lambda call: replace(predict_call(call), **fields)  # type: ignore[arg-type] # a table of fields


def _confuse_nat_with_masquerading(call: Call) -> Prediction:
    prediction = predict_call(call)
    return replace(prediction, masqueraded=prediction.masqueraded or prediction.arrives_as is AddressKind.NAT)


def _deny_masquerading_of_lost(call: Call) -> Prediction:
    prediction = predict_call(call)
    return replace(prediction, masqueraded=prediction.masqueraded and prediction.arrives_as is not AddressKind.DROPPED)


def _send_by_ipv4(call: Call) -> Prediction:
    prediction = predict_call(call)
    mixed = call.pod.version != call.destination.version
    return replace(prediction, sources=(IPNetwork(call.pod),)) if mixed else prediction


def _confuse_lists(reason: Reason) -> Predictor:
    """Make a predictor that gives one reason for all lists."""

    def predictor(call: Call) -> Prediction:
        prediction = predict_call(call)
        return replace(prediction, reason=reason) if prediction.matched_cidr else prediction

    return predictor


def _ignore_external(call: Call) -> Prediction:
    prediction = predict_call(call)
    is_external = prediction.arrives_as is AddressKind.NODE_EXTERNAL
    return replace(prediction, firewall=FirewallAnswer.UNKNOWN) if is_external else prediction


def _separate_allowed_ranges(call: Call) -> Prediction:
    """Let a firewall allow all sources only if each of them is inside one of its ranges."""
    prediction = predict_call(call)
    is_held = all(any(source in each for each in call.allowed_sources) for source in prediction.sources)
    is_mistaken = not is_held and prediction.firewall is FirewallAnswer.ALL
    return replace(prediction, firewall=FirewallAnswer.SOME) if is_mistaken else prediction


def _overlook_parts(call: Call) -> Prediction:
    """Answer "unknown" if a firewall lets in a part of the possible sources."""
    prediction = predict_call(call)
    is_part = prediction.firewall is FirewallAnswer.SOME
    return replace(prediction, firewall=FirewallAnswer.UNKNOWN) if is_part else prediction


def _look_up_beside(step: int) -> Predictor:
    """Make a predictor that looks beside the right address in a compiled policy."""

    def predictor(call: Call) -> Prediction:
        prediction = predict_call(call)
        if call.caller not in {Caller.ASKS_BY_NUMBER, Caller.ASKS_BY_TEXT}:
            return prediction
        return replace(prediction, masqueraded=call.look_up(compile_cached(call.policy), step=step))

    return predictor


def _answer_caller(caller: Caller, **fields: object) -> Predictor:
    """Make a predictor whose answers to one caller always have these fields."""
    return lambda call: _answer(**fields)(call) if call.caller is caller else predict_call(call)


#: Every predictor that must be refuted, by its mistake.
MISTAKEN: Final[dict[str, Predictor]] = {
    **{name: distort(distortion) for name, distortion in DISTORTIONS.items()},
    "it names no source": _answer(sources=()),
    "it says nothing about firewalls": _answer(firewall=FirewallAnswer.UNKNOWN),
    "it names no source if the node is unknown": _answer_caller(Caller.KNOWS_NO_NODE, sources=()),
    "it names no source if another address of the node is known": _answer_caller(
        Caller.KNOWS_OTHER_ADDRESS, sources=()
    ),
    "it names no source of every Pod": _answer_caller(Caller.JUDGES_ALL_PODS, sources=()),
    "every firewall lets in an unknown node": _answer_caller(Caller.KNOWS_NO_NODE, firewall=FirewallAnswer.ALL),
    "no firewall lets in an unknown node": _answer_caller(Caller.KNOWS_NO_NODE, firewall=FirewallAnswer.NONE),
    "every firewall lets in every Pod": _answer_caller(Caller.JUDGES_ALL_PODS, firewall=FirewallAnswer.ALL),
    "no firewall lets in every Pod": _answer_caller(Caller.JUDGES_ALL_PODS, firewall=FirewallAnswer.NONE),
    "nothing is known of a firewall that lets in a part": _overlook_parts,
    "a firewall's ranges do not add up": _separate_allowed_ranges,
    "nothing is known of a firewall for an external address": _ignore_external,
    "every list is a default one": _confuse_lists(Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE),
    "every list is a user's own": _confuse_lists(Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE),
    "a compiled policy answers for the address before": _look_up_beside(-1),
    "a compiled policy answers for the address after": _look_up_beside(1),
    "a Pod without IPv6 sends to IPv6": _send_by_ipv4,
    "everything that Cloud NAT translates was masqueraded": _confuse_nat_with_masquerading,
    "everything that is lost was not masqueraded": _deny_masquerading_of_lost,
}
