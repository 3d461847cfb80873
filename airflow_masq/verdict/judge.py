"""Observation decides: what was seen is compared with what is needed, for each address of a target's observer.

    observations ──by address──▶ one case each (address_case.py) ──▶ the worst decides; the others are told

A prediction explains and may disagree (MASQ491), but it never makes or changes an outcome. Nothing passes that was not
seen: an address that was asked and gave no answer turns a PASS of the others into INCONCLUSIVE, since a firewall that
drops a leaked address looks the same. Only an address to which no packet could leave is left out, such as an IPv6
address for a Pod without IPv6.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from airflow_masq.network.ranges import IPV6, NetworkRanges
from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.observation.vantage import Component, Surroundings, Vantage, recognise_vantage
from airflow_masq.text import join_words
from airflow_masq.verdict.address_case import AddressCase
from airflow_masq.verdict.codes import CODES, Outcome, VerdictCode
from airflow_masq.verdict.report import MOST_RANGES, ObservedFinding, Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from netaddr import IPAddress

    from airflow_masq.plan import Plan, Target  # not at run time: DAG files load this room, and plans take 20 ms


def judge(target: Target, observations: Sequence[Observation], *, vantage: Vantage, plan: Plan) -> Verdict:
    """Judge what one vantage saw of one target.

    :param target: the target, with what is needed of the source address.
    :param observations: all attempts at all of the observer's addresses, in order. For each address the last that holds
        a source decides, else the last. The worst of the addresses is the verdict.
    :param vantage: where they were made.
    :param plan: the environment's plan.
    :return: the verdict; PASS only where a source was seen at every address that was asked, and is what is needed.
    """
    cases = _split_by_address(target, tuple(observations), vantage=vantage, plan=plan)
    case, code, reason = _decide(cases)
    return Verdict(
        target=target.name,
        vantage=vantage,
        node=_find_node(case, plan=plan),
        outcome=CODES[code].outcome or Outcome.ERROR,
        code=code,
        expected=case.need,
        destination=case.destination,
        observed=case.address,
        attribution=case.kind,
        reason=reason,
        evidence=tuple(observations),
        prediction=case.prediction,
        findings=tuple(_list_findings(cases, observations)),
    )


def judge_targets(
    targets: Sequence[Target],
    observations: Mapping[str, tuple[Observation, ...]],
    *,
    surroundings: Surroundings,
    plan: Plan,
    environment: str,
) -> Report:
    """Judge all targets that one process asked.

    :param observations: the attempts of each target, by its name.
    :param surroundings: where the process runs.
    :param environment: the environment's name.
    :return: a report of one vantage; its number of nodes is the plan's.
    """
    pod_ip = find_own_address(observations.values(), ranges=plan.ranges)
    vantage = recognise_vantage(surroundings, pod_ip=pod_ip, environment=environment)
    verdicts = tuple(judge(target, observations[target.name], vantage=vantage, plan=plan) for target in targets)
    ranges = tuple(itertools.islice(plan.ranges.list_ranges(), MOST_RANGES))
    return Report(environment=environment, verdicts=verdicts, nodes_total=plan.nodes_total, ranges=ranges)


def find_own_address(seen: Iterable[tuple[Observation, ...]], *, ranges: NetworkRanges) -> IPAddress | None:
    """Find this Pod's address as the probing sockets had it: one in the plan's Pod ranges first, IPv4 first.

    So all workers name theirs alike, and a Pod with addresses of both versions counts once.
    """
    addresses = {each.local_address for observations in seen for each in observations if each.local_address is not None}
    return min(
        addresses,
        key=lambda address: (not any(address in pods for pods in ranges.pod), address.version, int(address)),
        default=None,
    )


def _split_by_address(
    target: Target, observations: tuple[Observation, ...], *, vantage: Vantage, plan: Plan
) -> list[AddressCase]:
    """Make a case of each address, in the order of their first attempts; there is always one."""
    by_address: dict[IPAddress | None, list[Observation]] = {}
    for observation in observations:
        by_address.setdefault(observation.destination, []).append(observation)
    nowhere = by_address.get(None, [])
    if len(by_address) > 1 and all(each.observed is None for each in nowhere):
        by_address.pop(None, None)  # another attempt got further: its address counts
    return [
        AddressCase(target=target, observations=tuple(attempts), vantage=vantage, plan=plan)
        for attempts in by_address.values() or [()]
    ]


def _decide(cases: Sequence[AddressCase]) -> tuple[AddressCase, VerdictCode, str]:
    """Choose the case that decides, and give its code and its reason."""
    with_source = [case for case in cases if case.address is not None]
    silent = [case for case in cases if case.address is None and not case.is_out_of_reach]
    case = min(with_source or silent or cases, key=lambda each: tuple(Outcome).index(each.outcome))
    code, reason = case.decision
    if len(cases) > 1:
        reason = f"{case.destination}: {reason}"
    if not silent or case.outcome is not Outcome.PASS:
        return case, code, reason
    are_starved = all(each.deciding is not None and each.deciding.failure is Failure.STARVED for each in silent)
    code = VerdictCode.WORKER_TOO_SLOW if are_starved else VerdictCode.ADDRESS_WITHOUT_ANSWER
    missing = join_words(f"{each.destination} ({each.answer})" for each in silent)
    return case, code, f"{reason.rstrip('.')}, but no source was seen at {missing}."


def _find_node(case: AddressCase, *, plan: Plan) -> str | None:
    """Find the block of Pod addresses that a worker's node owns.

    ``None`` if the plan does not tell its size, or where the worker's address is no Pod's by the plan.
    """
    pod, standing = case.vantage.pod_ip, case.standing
    objection, _ = standing.find_objection() or (None, "")
    if pod is None or standing.component is not Component.WORKER or objection is VerdictCode.VANTAGE_IS_NO_POD:
        return None
    if not plan.knows_pods_per_node and pod.version != IPV6:  # an IPv6 block has one size
        return None
    return str(plan.ranges.find_node_block(pod))


def _list_findings(cases: Sequence[AddressCase], observations: Sequence[Observation]) -> Iterator[ObservedFinding]:
    """List what else is worth saying: disagreements of the model, of attempts and of addresses."""
    for case in cases:
        yield from case.find_disagreements(at=f"{case.destination}: " if len(cases) > 1 else "")
    judged = sum(len(case.observations) for case in cases)
    if judged < len(observations):
        nowhere = [each for each in observations if each.destination is None]
        failures = join_words(dict.fromkeys(f"{each.failure} ({each.detail})" for each in nowhere), most=3)
        message = f"{len(nowhere)} of {len(observations)} attempts ended before an address: {failures}."
        yield ObservedFinding(code=VerdictCode.ATTEMPTS_DISAGREE, message=message)
    if len({(case.kind, case.answer if case.kind is None else "") for case in cases}) > 1:
        answers = join_words(f"{case.destination} {_describe_answer(case)}" for case in cases)
        yield ObservedFinding(code=VerdictCode.ADDRESSES_DIFFER, message=f"The observer's addresses differ: {answers}.")


def _describe_answer(case: AddressCase) -> str:
    if case.address is not None:
        return f"saw {case.answer}"
    return f"gave none ({case.answer}{'; no packet left this Pod' if case.is_out_of_reach else ''})"
