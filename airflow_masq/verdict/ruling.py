"""An address that was seen, held against what is needed of it.

    expect? ─▶ else allowed_sources? ─▶ else the environment's intent
       └───────────────┴────────────────────────┴─▶ a PASS from a vantage that is no worker's Pod: INCONCLUSIVE

It must look at addresses as addresses, never as text, and never let the prediction decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.environment.resource import masquerade_enabled
from airflow_masq.network.ranges import AddressKind, NetworkRanges, SourceKind
from airflow_masq.observation.observation import Component, Vantage
from airflow_masq.plan import policy_with_agent
from airflow_masq.text import join_words
from airflow_masq.verdict import wording
from airflow_masq.verdict.codes import CODES, VerdictCode
from airflow_masq.verdict.outcome import Outcome

if TYPE_CHECKING:
    from netaddr import IPAddress

    from airflow_masq.network.prediction import Prediction
    from airflow_masq.plan.values import Plan, Target


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A code, and the sentence that gives the reason.

    :param code: what was found.
    :param reason: one sentence.
    """

    code: VerdictCode
    reason: str


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """An address that was seen, with all that is needed to judge it.

    :param address: the address.
    :param kind: its attribution.
    :param destination: where the observer is.
    :param own_address: the probing socket's own address.
    :param prediction: the model's expectation; only for explaining.
    """

    address: IPAddress
    kind: AddressKind
    destination: IPAddress | None
    own_address: IPAddress | None
    prediction: Prediction | None


def rule(sighting: Sighting, *, target: Target, vantage: Vantage, plan: Plan) -> Ruling:
    """Rule on an address that was seen.

    :param sighting: the address.
    :param target: what is needed.
    :param vantage: where the probe ran.
    :param plan: the environment's plan.
    :return: the code and the reason.
    """
    if target.expect is None and target.allowed_sources:
        ruling = _by_allowed_sources(sighting, target=target)
    elif sighting.kind is AddressKind.AMBIGUOUS:
        ruling = _ruled(VerdictCode.AMBIGUOUS_SOURCE, sighting, "which the plan gives to two kinds of range")
    elif target.expect is not None:
        ruling = _by_expectation(sighting, expect=target.expect, ranges=plan.ranges)
    else:
        ruling = _by_intent(sighting, plan=plan)
    if CODES[ruling.code].outcome is not Outcome.PASS:
        return ruling
    return _capped_by_vantage(ruling, sighting, vantage=vantage, ranges=plan.ranges)


def _by_expectation(sighting: Sighting, *, expect: SourceKind, ranges: NetworkRanges) -> Ruling:
    if sighting.kind == AddressKind(expect.value):
        return _ruled(VerdictCode.EXPECTED_SOURCE, sighting, "as expected")
    if sighting.kind is AddressKind.FOREIGN and not _names_any(expect, ranges):
        field = _FIELD_OF_KIND[expect]
        rest = f"and the plan says under network.{field} nothing that would tell whether it is {expect}"
        return _ruled(VerdictCode.UNKNOWN_SOURCE, sighting, rest)
    rest = f"where {expect} is expected{wording.cause(sighting.kind, prediction=sighting.prediction)}"
    return _ruled(VerdictCode.UNEXPECTED_SOURCE, sighting, rest)


_FIELD_OF_KIND: Final = {
    SourceKind.POD: "pod_ranges",
    SourceKind.NODE: "node_ranges",
    SourceKind.NAT: "nat_addresses",
    SourceKind.NODE_EXTERNAL: "public_nodes and nat_addresses",
}


def _names_any(kind: SourceKind, ranges: NetworkRanges) -> bool:
    named = {
        SourceKind.POD: ranges.pod,
        SourceKind.NODE: ranges.node,
        SourceKind.NAT: ranges.nat_addresses,
        SourceKind.NODE_EXTERNAL: ranges.public_nodes and ranges.nat_addresses,
    }
    return bool(named[kind])


def _by_allowed_sources(sighting: Sighting, *, target: Target) -> Ruling:
    listed = join_words(target.allowed_sources)
    if any(sighting.address in network for network in target.allowed_sources):
        return _ruled(VerdictCode.ALLOWED_SOURCE, sighting, f"which allowed_sources {listed} lets in")
    cause = wording.cause(sighting.kind, prediction=sighting.prediction)
    return _ruled(VerdictCode.SOURCE_NOT_ALLOWED, sighting, f"which allowed_sources {listed} does not let in{cause}")


def _by_intent(sighting: Sighting, *, plan: Plan) -> Ruling:
    """Judge by what the environment is there for, since the target says nothing."""
    if not masquerade_enabled(plan.environment):
        rest = "but nothing says what is needed: add allowed_sources or expect to the target"
        return _ruled(VerdictCode.NO_STATED_NEED, sighting, rest)
    code = _intent_code(sighting, plan=plan)
    rest = _WORDS_OF_INTENT[code].format(destination=sighting.destination or "that destination")
    if code in {VerdictCode.NOT_MASQUERADED, VerdictCode.UNKNOWN_SOURCE}:
        rest += wording.cause(sighting.kind, prediction=sighting.prediction)
    return _ruled(code, sighting, rest)


def _intent_code(sighting: Sighting, *, plan: Plan) -> VerdictCode:
    kind = sighting.kind
    if kind is AddressKind.NAT:
        if plan.ranges.nat_covers != frozenset({SourceKind.NODE}):
            return VerdictCode.HIDDEN_BY_NAT
        kind = AddressKind.NODE  # Cloud NAT translated it, so the node had before
    kept = keeps_pod_address(sighting.destination, plan=plan)
    return _CODE_OF_INTENT.get((kind, kept), VerdictCode.UNKNOWN_SOURCE)


# By what was seen, and whether the policy keeps the Pod's address towards the destination.
_CODE_OF_INTENT: Final = {
    (AddressKind.POD, True): VerdictCode.POD_ADDRESS_INTENDED,
    (AddressKind.POD, False): VerdictCode.NOT_MASQUERADED,
    (AddressKind.NODE, True): VerdictCode.MASQUERADED_UNINTENDED,
    (AddressKind.NODE, False): VerdictCode.MASQUERADED,
    (AddressKind.NODE_EXTERNAL, True): VerdictCode.MASQUERADED_UNINTENDED,
    (AddressKind.NODE_EXTERNAL, False): VerdictCode.MASQUERADED,
}
_WORDS_OF_INTENT: Final = {
    VerdictCode.POD_ADDRESS_INTENDED: "as intended: the policy does not masquerade towards {destination}",
    VerdictCode.NOT_MASQUERADED: "although the environment masquerades towards {destination}",
    VerdictCode.MASQUERADED_UNINTENDED: "although the policy keeps Pod addresses towards {destination}",
    VerdictCode.MASQUERADED: "as an environment with the masquerade agent intends",
    VerdictCode.HIDDEN_BY_NAT: "which hides whether the node masqueraded",
    VerdictCode.UNKNOWN_SOURCE: "which leaves open whether the node masqueraded",
}


def keeps_pod_address(destination: IPAddress | None, *, plan: Plan) -> bool:
    """Say whether a destination lies in the ranges where a Pod address is the intended one.

    Where a plan with the agent names GKE's default policy all the same, it contradicts itself; the agent then counts,
    since the default policy would let Pod addresses out that an environment with the agent must not show.

    :param destination: where the observer is; ``None`` where that is not known.
    :param plan: the environment's plan.
    :return: whether the policy keeps Pod addresses there.
    """
    contradicted = plan.policy.name == "gke-default" and masquerade_enabled(plan.environment)
    policy = policy_with_agent(plan) if contradicted else plan.policy
    return destination is not None and policy.keeps_pod_address(destination)


def _capped_by_vantage(ruling: Ruling, sighting: Sighting, *, vantage: Vantage, ranges: NetworkRanges) -> Ruling:
    """Let no vantage that is not a worker's Pod speak for the workers."""
    if vantage.component is Component.TRIGGERER:
        rest = "but from the triggerer, which is another Pod than the workers: run the check as an ordinary task"
        return _ruled(VerdictCode.VANTAGE_IS_TRIGGERER, sighting, rest)
    own = sighting.own_address
    if own is not None and not _may_be_a_pod(own, ranges):
        rest = f"but the probe's own address {own} is no Pod address of the plan, so this proves nothing about workers"
        return _ruled(VerdictCode.VANTAGE_IS_NO_POD, sighting, rest)
    return ruling


def _may_be_a_pod(address: IPAddress, ranges: NetworkRanges) -> bool:
    if any(address in network for network in ranges.pod):
        return True
    if address.is_loopback() or address.is_link_local():
        return False
    pod_ranges_are_known = any(network.version == address.version for network in ranges.pod)
    return not pod_ranges_are_known and not any(address in network for network in ranges.node)


def _ruled(code: VerdictCode, sighting: Sighting, rest: str) -> Ruling:
    comma = "" if rest.startswith("where ") else ","
    return Ruling(code=code, reason=f"The observer saw {wording.named(sighting.address, sighting.kind)}{comma} {rest}.")
