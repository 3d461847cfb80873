"""What must be true of a verdict, whether it was judged here or read from an XCom that others may have written.

A verdict holds what was seen and what follows from it. Where the two contradict each other it is refused, so that no
one can write PASS beside the evidence of a FAIL.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import SOURCE_KINDS, AddressKind, parse_cidr
from airflow_masq.observation.observation import Canary, Failure, Observation, choose_deciding
from airflow_masq.observation.vantage import Component
from airflow_masq.verdict.codes import CODES, Outcome, VerdictCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netaddr import IPAddress

    from airflow_masq.verdict.report import Verdict

CODE_OF_FAILURE: Final = {
    Failure.CONNECT_TIMEOUT: VerdictCode.NO_ANSWER,
    Failure.REPLY_TIMEOUT: VerdictCode.NO_REPLY,
    Failure.NO_ROUTE: VerdictCode.NO_ROUTE,
    Failure.RESET: VerdictCode.RESET,
    Failure.REFUSED: VerdictCode.REFUSED,
    Failure.NAME_UNRESOLVED: VerdictCode.NAME_UNRESOLVED,
    Failure.TLS: VerdictCode.TLS_FAILED,
    Failure.REDIRECT: VerdictCode.REDIRECTED,
    Failure.HTTP_STATUS: VerdictCode.HTTP_STATUS,
    Failure.NOT_HTTP: VerdictCode.NOT_HTTP,
    Failure.NO_ADDRESS: VerdictCode.REPLY_WITHOUT_ADDRESS,
    Failure.SEVERAL_ADDRESSES: VerdictCode.REPLY_WITH_SEVERAL_ADDRESSES,
    Failure.TOO_LARGE: VerdictCode.REPLY_TOO_LARGE,
    Failure.UNUSABLE_TARGET: VerdictCode.UNUSABLE_TARGET,
    Failure.STARVED: VerdictCode.WORKER_TOO_SLOW,
    Failure.CRASHED: VerdictCode.PROBE_CRASHED,
}
"""The code of a target of which no source was seen."""

_VANTAGE_CODES: Final = frozenset(
    {
        VerdictCode.VANTAGE_IS_NO_WORKER,
        VerdictCode.VANTAGE_IS_NO_POD,
        VerdictCode.VANTAGE_UNKNOWN,
        VerdictCode.POD_RANGES_UNKNOWN,
    }
)
# What an attribution must be for a code; other codes say nothing of it.
_KINDS_OF_CODE: Final = {
    VerdictCode.MASQUERADED: frozenset({AddressKind.NODE, AddressKind.NODE_EXTERNAL, AddressKind.NAT}),
    VerdictCode.MASQUERADED_UNINTENDED: frozenset({AddressKind.NODE, AddressKind.NODE_EXTERNAL, AddressKind.NAT}),
    VerdictCode.POD_ADDRESS_INTENDED: frozenset({AddressKind.POD}),
    VerdictCode.NOT_MASQUERADED: frozenset({AddressKind.POD}),
    VerdictCode.AMBIGUOUS_SOURCE: frozenset({AddressKind.AMBIGUOUS}),
    VerdictCode.HIDDEN_BY_NAT: frozenset({AddressKind.NAT}),
}
# An address that arrives unchanged is the Pod's own, whatever range it is in; only a Pod on the host network has its
# node's.
_KINDS_OF_UNCHANGED: Final = frozenset({AddressKind.POD, AddressKind.NODE, AddressKind.AMBIGUOUS})
# What is needed where the environment's intent decided.
_NEED_OF_INTENT: Final = {
    VerdictCode.MASQUERADED: "not pod",
    VerdictCode.NOT_MASQUERADED: "not pod",
    VerdictCode.POD_ADDRESS_INTENDED: "pod",
    VerdictCode.MASQUERADED_UNINTENDED: "pod",
}

# No packet on a network has such a source, unless the plan names its range, such as one in 240.0.0.0/4.
# A sidecar connects to the observer beside it from 127.0.0.1 [source: istio-loopback-source].
_NEVER_SOURCES: Final = tuple(
    map(IPNetwork, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8"))
)


def is_never_a_source(address: IPAddress) -> bool:
    """Say whether no packet on a network has this source: loopback, link-local, multicast, class E, unspecified."""
    return any(address in network for network in _NEVER_SOURCES)


def find_contradiction(verdict: Verdict) -> str | None:
    """Find the first thing in a verdict that contradicts another; ``None`` if nothing does."""
    attempts = list_attempts(verdict.evidence, destination=verdict.destination)
    found = itertools.chain(
        _compare_code(verdict),
        _compare_evidence(verdict, attempts=attempts),
        _compare_proof(verdict, attempts=attempts),
        _compare_addresses(verdict),
        _compare_need(verdict),
        _compare_vantage(verdict, attempts=attempts),
        _compare_ranges(verdict),
    )
    return next(found, None)


def is_out_of_reach(attempts: Sequence[Observation]) -> bool:
    """Say whether no packet could leave in any attempt, as towards an IPv6 address from a Pod without IPv6.

    Routing gives a socket its own address. Where it gave none and reported no route, nothing was sent.
    """
    return bool(attempts) and all(
        attempt.failure is Failure.NO_ROUTE and attempt.local_address is None for attempt in attempts
    )


def list_attempts(evidence: Sequence[Observation], *, destination: IPAddress | None) -> list[Observation]:
    """List the attempts at one address."""
    return [observation for observation in evidence if observation.destination == destination]


def _compare_code(verdict: Verdict) -> Iterator[str]:
    """Compare the code with the outcome, the attribution and the findings."""
    code, kinds = verdict.code, _KINDS_OF_CODE.get(verdict.code)
    if CODES[code].outcome is not verdict.outcome:
        yield f"{code} has another outcome than {verdict.outcome}"
    for finding in verdict.findings:
        if CODES[finding.code].outcome is not None:
            yield f"{finding.code} is the code of a verdict, not of a finding"
    if verdict.outcome is Outcome.PASS and verdict.observed is None:
        yield "a verdict without an observed address cannot be a PASS"
    if kinds is not None and verdict.attribution not in kinds:
        yield f"{code} does not go with an address that is {verdict.attribution or 'not known'}"


def _compare_evidence(verdict: Verdict, *, attempts: Sequence[Observation]) -> Iterator[str]:
    """Compare the address, or the failure, with the attempts."""
    last = choose_deciding(attempts)
    if verdict.observed != (last and last.observed) or (verdict.observed is None) != (verdict.attribution is None):
        yield "the address is not the last one that the evidence shows, or is not attributed"
    elif last is not None and _is_leak(last) and verdict.attribution not in _KINDS_OF_UNCHANGED:
        yield f"{verdict.observed} is the probe's own address, so it is not {verdict.attribution}"
    elif verdict.observed is not None and verdict.outcome is Outcome.ERROR:
        yield f"{verdict.code} means that no address was seen, but there is one"
    elif last is None or last.failure is None:
        if last is None and verdict.code is not VerdictCode.NOT_PROBED:
            yield f"{verdict.code} does not fit a target that was not asked"
    elif verdict.code is not CODE_OF_FAILURE[last.failure] and verdict.code not in _VANTAGE_CODES:
        yield f"{verdict.code} does not fit the failure {last.failure}"


def _compare_proof(verdict: Verdict, *, attempts: Sequence[Observation]) -> Iterator[str]:
    """Compare a PASS or a FAIL with the traces that would make its address prove nothing."""
    if verdict.observed is None or verdict.outcome not in {Outcome.PASS, Outcome.FAIL}:
        return
    last = choose_deciding(attempts)
    if last is not None and last.intermediaries:
        yield "a reply that shows a proxy in between proves nothing"
    if any(attempt.canary is Canary.REPEATED for attempt in attempts):
        yield "an observer that repeats what clients tell it proves nothing"
    if verdict.attribution is AddressKind.FOREIGN and is_never_a_source(verdict.observed):
        yield f"no packet comes from {verdict.observed}"
    is_pair = last is not None and last.canary is Canary.OTHER_ADDRESS
    if is_pair and verdict.code in {VerdictCode.EXPECTED_SOURCE, VerdictCode.MASQUERADED}:
        with_address = [attempt for attempt in attempts if attempt.observed is not None]
        if verdict.attribution is not AddressKind.POD and any(map(_is_leak, with_address[-2:])):
            yield "the Pod's own address was seen in the same attempt"


def _compare_addresses(verdict: Verdict) -> Iterator[str]:
    """Compare a PASS with the observer's other addresses: each that was asked saw a source, too."""
    if verdict.outcome is not Outcome.PASS:
        return
    for address in dict.fromkeys(each.destination for each in verdict.evidence):
        attempts = list_attempts(verdict.evidence, destination=address)
        last = choose_deciding(attempts)
        if last is None or address in {None, verdict.destination}:
            continue
        if last.observed is None and not is_out_of_reach(attempts):
            yield f"no source was seen at {address}"
        if last.observed is None:
            continue
        if last.intermediaries or any(attempt.canary is Canary.REPEATED for attempt in attempts):
            yield f"what was seen at {address} proves nothing"
        if _is_leak(last) and verdict.expected != AddressKind.POD and verdict.code is VerdictCode.EXPECTED_SOURCE:
            yield f"the Pod's own address was seen at {address}"


def _is_leak(attempt: Observation) -> bool:
    return attempt.observed is not None and attempt.observed == attempt.local_address


def _compare_need(verdict: Verdict) -> Iterator[str]:
    """Compare the need with what was seen, as far as the code rests on it."""
    code, seen, expected = verdict.code, verdict.attribution, verdict.expected
    if code in {VerdictCode.EXPECTED_SOURCE, VerdictCode.UNEXPECTED_SOURCE}:
        is_met = expected == seen
        if expected not in SOURCE_KINDS or is_met is not (code is VerdictCode.EXPECTED_SOURCE):
            yield f"{code} does not go with an address that is {seen}"
    if expected != _NEED_OF_INTENT.get(code, expected):
        yield f"{code} does not go with the need {expected or 'that is not stated'}"
    if code in {VerdictCode.ALLOWED_SOURCE, VerdictCode.SOURCE_NOT_ALLOWED} and verdict.observed is not None:
        listed, more, _ = expected.partition(" and ")
        is_met = any(verdict.observed in network for network in _read_networks(listed))
        # Of a long list only the first ranges are named, so that an address may be in one of the others.
        if is_met is not (code is VerdictCode.ALLOWED_SOURCE) and (is_met or not more):
            yield f"{code} does not go with {verdict.observed} where {expected or 'nothing'} is needed"


def _read_networks(text: str) -> list[IPNetwork]:
    try:
        return [parse_cidr(each) for each in text.split(", ")]
    except InvalidInputError:
        return []


def _compare_vantage(verdict: Verdict, *, attempts: Sequence[Observation]) -> Iterator[str]:
    """Compare the vantage with the outcome, and the Pod with its node."""
    vantage = verdict.vantage
    if verdict.outcome is Outcome.PASS and vantage.component is not Component.WORKER:
        yield f"{vantage.component} does not speak for workers"
    if verdict.outcome is Outcome.PASS and not (vantage.pod_ip or any(each.local_address for each in attempts)):
        yield "a probe whose own address is not known does not speak for workers"
    if verdict.node is None:
        return
    if vantage.component is not Component.WORKER:
        yield f"{vantage.component} does not speak for a node"
    if vantage.pod_ip is None or vantage.pod_ip not in IPNetwork(verdict.node):
        yield f"Pod {vantage.pod_ip} is not on node {verdict.node}"


def _compare_ranges(verdict: Verdict) -> Iterator[str]:
    """Compare the address with the ranges that a verdict shows: the prediction's, and the Pod's own address."""
    prediction, own, observed = verdict.prediction, verdict.vantage.pod_ip, verdict.observed
    if observed is None or verdict.outcome is not Outcome.PASS or verdict.attribution is not AddressKind.NODE:
        return
    if observed == own:
        yield f"{own} is the Pod's own address, not its node's"
    if prediction is None or not prediction.masqueraded or prediction.arrives_as is not AddressKind.NODE:
        return
    if not any(observed in network for network in prediction.sources):
        yield f"{observed} is in none of the node ranges that the prediction names"
