"""One address of a target as one vantage observed it, and what that comes to.

no address in any observation ────────────────────────────▶ by the table of failures
a reply that shows something in between ──────────────────▶ INCONCLUSIVE, whichever address it names
an observer that repeats what clients tell it ────────────▶ INCONCLUSIVE, likewise
the last address ─▶ attribution ─▶ expect? ─▶ else allowed_sources? ─▶ else the environment's intent
                                      └──────────────┴────────────────────┴─▶ a PASS from a vantage that is not a
                                                                              worker's Pod, and anything seen from
                                                                              off the cluster, is INCONCLUSIVE
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.prediction import Prediction, predict
from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Canary, Failure, Observation, choose_deciding
from airflow_masq.observation.vantage import Vantage
from airflow_masq.text import join_words
from airflow_masq.verdict.codes import CODES, Outcome, VerdictCode
from airflow_masq.verdict.consistency import CODE_OF_FAILURE, is_never_a_source, is_out_of_reach
from airflow_masq.verdict.report import ObservedFinding
from airflow_masq.verdict.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from netaddr import IPAddress

    from airflow_masq.plan import Plan, Target  # not at run time: DAG files load this room, and plans take 20 ms

# The failures that a dropped or rejected packet looks like; only these does the prediction explain.
_SILENCE: Final = frozenset({Failure.CONNECT_TIMEOUT, Failure.NO_ROUTE})

# By what was seen, and whether the policy keeps the Pod's address towards the destination.
_CODE_OF_INTENT: Final[Mapping[tuple[AddressKind | None, bool], VerdictCode]] = {
    (AddressKind.POD, True): VerdictCode.POD_ADDRESS_INTENDED,
    (AddressKind.POD, False): VerdictCode.NOT_MASQUERADED,
    (AddressKind.NODE, True): VerdictCode.MASQUERADED_UNINTENDED,
    (AddressKind.NODE, False): VerdictCode.MASQUERADED,
    (AddressKind.NODE_EXTERNAL, True): VerdictCode.MASQUERADED_UNINTENDED,
    (AddressKind.NODE_EXTERNAL, False): VerdictCode.MASQUERADED,
}
_WORDS_OF_INTENT: Final = {
    VerdictCode.POD_ADDRESS_INTENDED: ", as intended: the policy does not masquerade packets to {destination}",
    VerdictCode.NOT_MASQUERADED: ", although the environment masquerades packets to {destination}",
    VerdictCode.MASQUERADED_UNINTENDED: ", although the policy keeps Pod addresses in packets to {destination}",
    VerdictCode.MASQUERADED: ", as intended in an environment with the masquerade agent",
    VerdictCode.HIDDEN_BY_NAT: ", which hides whether the node masqueraded",
    VerdictCode.UNKNOWN_SOURCE: ", which does not show whether the node masqueraded",
}

# What the model says of the firewall, where the packet met silence.
_WORDS_OF_ANSWER: Final = {
    FirewallAnswer.ALL: ", which {allowed} lets in: look for a missing route back, an observer that is down, or a node "
    "that does not masquerade as planned",
    FirewallAnswer.NONE: ", which {allowed} does not let in: that firewall probably drops it",
    FirewallAnswer.SOME: ", of which {allowed} lets in only a part: that firewall may drop it",
    FirewallAnswer.UNKNOWN: ": look for it in that side's firewall log",
}


@dataclass(frozen=True, kw_only=True)
class AddressCase:
    """One address of a target as one vantage observed it.

    :param observations: the attempts at this address, in order; the last that holds an address decides, else the last.
        So an address that leaked is not forgotten because a later attempt got no answer.
    """

    target: Target
    observations: tuple[Observation, ...]
    vantage: Vantage
    plan: Plan

    @cached_property
    def deciding(self) -> Observation | None:
        """The observation that decides; ``None`` if there is none at all."""
        return choose_deciding(self.observations)

    @cached_property
    def address(self) -> IPAddress | None:
        """The address that decides."""
        return None if self.deciding is None else self.deciding.observed

    @cached_property
    def kind(self) -> AddressKind | None:
        """What that address is in the plan's network."""
        return None if self.deciding is None else self._attribute(self.deciding)

    @cached_property
    def destination(self) -> IPAddress | None:
        """The observer's address; ``None`` if no attempt got that far."""
        return None if self.deciding is None else self.deciding.destination

    @cached_property
    def own_address(self) -> IPAddress | None:
        """The Pod's own address, as the probing socket had it."""
        return (None if self.deciding is None else self.deciding.local_address) or self.vantage.pod_ip

    @cached_property
    def standing(self) -> Standing:
        """Whether the vantage can speak for the workers."""
        return Standing(component=self.vantage.component, own_address=self.own_address, ranges=self.plan.ranges)

    @property
    def is_out_of_reach(self) -> bool:
        """Whether no packet could leave towards this address, so that nothing could leak."""
        return is_out_of_reach(self.observations)

    @cached_property
    def trace_in_between(self) -> str:
        """What shows that the observer did not see the Pod's own connection, as the end of a sentence; else empty."""
        if self.deciding is None or self.address is None:
            return ""
        if self.deciding.intermediaries:
            return f", but the reply shows a proxy: {'; '.join(self.deciding.intermediaries)}"
        if self.kind is AddressKind.FOREIGN and is_never_a_source(self.address):
            return ", which no packet on a network comes from: it is the observer's own proxy or sidecar"
        if self.address == self.destination and self.address != self.own_address:
            return ", which is the observer's own address: a proxy on its host is in between"
        return ""

    @cached_property
    def first_answer(self) -> AddressCase | None:
        """The same attempt's first answer as a case of its own, where its second request, which decides, saw another.

        A leak that only the first of two requests showed, moments before, is no start of a Pod that is over.
        """
        with_address = [each for each in self.observations if each.observed is not None]
        pair = with_address[-2:]
        if [each.canary for each in pair] != [Canary.OTHER_ADDRESS] * 2:
            return None
        return replace(self, observations=(pair[0],))

    @property
    def repeats_clients(self) -> bool:
        """Whether the observer named an invented address in any attempt."""
        return any(each.canary is Canary.REPEATED for each in self.observations)

    @cached_property
    def prediction(self) -> Prediction | None:
        """What the model expects. It explains, and never decides."""
        if self.destination is None or self.own_address is None or self.standing.is_off_cluster:
            return None
        return predict(
            self.plan.ranges,
            policy=self.plan.policy,
            pod=self.own_address,
            destination=self.destination,
            allowed_sources=self.target.allowed_sources,
        )

    @cached_property
    def keeps_pod_address(self) -> bool:
        """Whether the destination lies in the ranges where a Pod address is intended."""
        # A plan with the agent that names GKE's default policy contradicts itself. The agent counts then, since the
        # default policy would let Pod addresses out that an environment with the agent must not show.
        plan = self.plan
        contradicted = plan.policy.name == "gke-default" and plan.environment.masquerades
        policy = plan.policy_with_agent if contradicted else plan.policy
        return self.destination is not None and policy.keeps_pod_address(self.destination)

    @property
    def need(self) -> str:
        """What is needed, in a few words."""
        plan, target = self.plan, self.target
        if target.expect is not None:
            return target.expect.value
        if target.allowed_sources:
            return join_words(target.allowed_sources)
        if not plan.environment.masquerades:
            return ""
        return "pod" if self.keeps_pod_address else "not pod"

    @cached_property
    def decision(self) -> tuple[VerdictCode, str]:
        """The code and the reason, which is one sentence."""
        if self.deciding is None:
            return VerdictCode.NOT_PROBED, "No attempt was made to ask this observer."
        if self.address is None or self.kind is None:
            return self._judge_failure(self.deciding)
        if self.trace_in_between:
            code, rest = VerdictCode.SOMETHING_IN_BETWEEN, self.trace_in_between
        elif self.repeats_clients:
            rest = ", but it also named an invented address from a forwarding header: it repeats what clients tell it"
            code = VerdictCode.REPEATS_CLIENTS
        elif self.target.expect is None and self.target.allowed_sources:
            code, rest = self._judge_by_allowed_sources(self.address)
        elif self.kind is AddressKind.AMBIGUOUS:
            code, rest = VerdictCode.AMBIGUOUS_SOURCE, ", which is in two kinds of range of the plan"
        elif self.target.expect is not None:
            code, rest = self._judge_by_expectation(self.target.expect)
        else:
            code, rest = self._judge_by_intent()
        if CODES[code].outcome is Outcome.PASS or self.standing.is_off_cluster:
            is_unchanged_node = self.kind is AddressKind.NODE and self.address == self.own_address
            code, rest = self.standing.find_objection(is_unchanged_node=is_unchanged_node) or (code, rest)
        first = self.first_answer
        if CODES[code].outcome is Outcome.PASS and first is not None and first.outcome is not Outcome.PASS:
            rest += f", but a request moments before was answered with {first.answer}"
            code = VerdictCode.ANSWERS_DIFFER
        return code, f"The observer saw {self.address} ({self.kind}){rest}."

    @property
    def outcome(self) -> Outcome:
        """The outcome of the decision."""
        return CODES[self.decision[0]].outcome or Outcome.ERROR

    @property
    def answer(self) -> str:
        """What was seen, in a few words."""
        if self.address is not None:
            return f"{self.address} ({self.kind})"
        return "nothing" if self.deciding is None or self.deciding.failure is None else self.deciding.failure.value

    def _judge_failure(self, last: Observation) -> tuple[VerdictCode, str]:
        failure, prediction = last.failure or Failure.CRASHED, self.prediction
        code = CODE_OF_FAILURE[failure]
        detail = (last.detail or CODES[code].title).rstrip(".")
        reason = detail[:1].upper() + detail[1:]
        if len(self.observations) > 1:
            reason += f" (the last of {len(self.observations)} attempts)"
        if failure in _SILENCE and self.standing.is_off_cluster:
            code, rest = self.standing.find_objection() or (code, "")
            reason += rest
        elif failure in _SILENCE and prediction is not None:
            reason += f"; the model expects {_describe_expectation(prediction)}"
            if prediction.arrives_as is AddressKind.DROPPED:
                reason += f" ({prediction.path[-1]})"
            else:
                allowed = f"allowed_sources {join_words(self.target.allowed_sources)}"
                reason += _WORDS_OF_ANSWER[prediction.firewall].format(allowed=allowed)
        return code, f"{reason}."

    def _judge_by_allowed_sources(self, address: IPAddress) -> tuple[VerdictCode, str]:
        allowed = f"allowed_sources {join_words(self.target.allowed_sources)}"
        if any(address in network for network in self.target.allowed_sources):
            return VerdictCode.ALLOWED_SOURCE, f", which {allowed} lets in"
        return VerdictCode.SOURCE_NOT_ALLOWED, f", which {allowed} does not let in{self._explain()}"

    def _judge_by_expectation(self, expect: AddressKind) -> tuple[VerdictCode, str]:
        if self.kind is expect:
            return VerdictCode.EXPECTED_SOURCE, ", as expected"
        ranges = self.plan.ranges
        field, is_named = {
            AddressKind.POD: ("pod_ranges", ranges.pod),
            AddressKind.NODE: ("node_ranges", ranges.node),
            AddressKind.NAT: ("nat_addresses", ranges.nat_addresses),
            AddressKind.NODE_EXTERNAL: (
                "public_nodes and nat_addresses",
                ranges.public_nodes and ranges.nat_addresses,
            ),
        }[expect]
        if self.kind is AddressKind.FOREIGN and not is_named:
            rest = f", but the plan lacks network.{field}, which would show whether that is {expect}"
            return VerdictCode.UNKNOWN_SOURCE, rest
        return VerdictCode.UNEXPECTED_SOURCE, f" where {expect} is expected{self._explain()}"

    def _judge_by_intent(self) -> tuple[VerdictCode, str]:
        """Judge by what the environment is for, since the target does not say what it needs."""
        plan = self.plan
        if not plan.environment.masquerades:
            rest = ", but the plan does not say what is needed: add allowed_sources or expect to the target"
            return VerdictCode.NO_STATED_NEED, rest
        covers_nodes_only = plan.ranges.nat_covers == frozenset({AddressKind.NODE})
        # If Cloud NAT covers nodes only and translated the packet, the node had masqueraded it before.
        kind = AddressKind.NODE if self.kind is AddressKind.NAT and covers_nodes_only else self.kind
        if kind is AddressKind.NAT:
            code = VerdictCode.HIDDEN_BY_NAT
        else:
            code = _CODE_OF_INTENT.get((kind, self.keeps_pod_address), VerdictCode.UNKNOWN_SOURCE)
        rest = _WORDS_OF_INTENT[code].format(destination=self.destination or "that destination")
        is_explained = code in {VerdictCode.NOT_MASQUERADED, VerdictCode.UNKNOWN_SOURCE}
        return code, rest + (self._explain() if is_explained else "")

    def _explain(self) -> str:
        """Name the likely causes of an address that is not as needed, as the end of a sentence."""
        if self.kind in {AddressKind.FOREIGN, AddressKind.SERVICE}:
            return "; likely causes: a proxy on the way, an observer that trusts X-Forwarded-For, or a missing range"
        if self.kind is not AddressKind.POD or self.prediction is None:
            return ""
        if self.prediction.masqueraded:
            return "; this node does not masquerade as the policy says"
        by = f" by {self.prediction.matched_cidr}" if self.prediction.matched_cidr else ""
        return f"; the policy does not masquerade this ({self.prediction.reason}{by})"

    def find_disagreements(self, *, at: str = "") -> Iterator[ObservedFinding]:
        """Find where the model disagrees with the address, and the attempts with each other.

        :param at: what the messages begin with, default nothing; it names the address where there are several.
        """
        prediction = self.prediction
        is_proof = not self.trace_in_between and not self.repeats_clients
        if prediction and is_proof and self.kind not in {None, AddressKind.AMBIGUOUS, prediction.arrives_as}:
            expectation = _describe_expectation(prediction)
            message = f"{at}The model expects {expectation}, but {self.answer} was seen."
            yield ObservedFinding(code=VerdictCode.MODEL_DISAGREES, message=message)
        kinds = [self._attribute(observation) for observation in self.observations]
        if len({(kind, each.failure) for kind, each in zip(kinds, self.observations, strict=True)}) > 1:
            answers = ", ".join(
                f"attempt {number} saw {f'{each.observed} ({kind})' if kind else each.failure}"
                for number, (kind, each) in enumerate(zip(kinds, self.observations, strict=True), start=1)
            )
            message = f"{at}The attempts disagree: {answers}; perhaps the node's rules were not complete yet."
            yield ObservedFinding(code=VerdictCode.ATTEMPTS_DISAGREE, message=message)

    def _attribute(self, observation: Observation) -> AddressKind | None:
        if observation.observed is None:
            return None
        return self.plan.ranges.attribute(
            observation.observed, local_address=observation.local_address, destination=observation.destination
        )


def _describe_expectation(prediction: Prediction) -> str:
    kind = prediction.arrives_as
    if kind is AddressKind.DROPPED:
        return "the packet to be lost"
    are_addresses = all(network.size == 1 for network in prediction.sources)
    places = ", ".join(str(network.ip if are_addresses else network) for network in prediction.sources)
    return f"source {places} ({kind})" if places else f"source {kind}"
