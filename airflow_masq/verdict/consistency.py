"""What must be true of a verdict, whether it was judged here or read from an XCom that others may have written.

A verdict holds what was seen and what follows from it. Where the two contradict each other it is refused, so that no
one can write PASS beside the evidence of a FAIL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import SOURCE_KINDS, AddressKind, parse_cidr
from airflow_masq.observation.observation import Canary, Failure, Observation, choose_deciding
from airflow_masq.observation.vantage import Component
from airflow_masq.verdict.codes import CODES, Outcome, VerdictCode

if TYPE_CHECKING:
    from collections.abc import Sequence

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
# What an attribution must be for a code; `None` where the code says nothing of it.
_KINDS_OF_CODE: Final = {
    VerdictCode.MASQUERADED: frozenset({AddressKind.NODE, AddressKind.NODE_EXTERNAL, AddressKind.NAT}),
    VerdictCode.MASQUERADED_UNINTENDED: frozenset({AddressKind.NODE, AddressKind.NODE_EXTERNAL, AddressKind.NAT}),
    VerdictCode.POD_ADDRESS_INTENDED: frozenset({AddressKind.POD}),
    VerdictCode.NOT_MASQUERADED: frozenset({AddressKind.POD}),
    VerdictCode.AMBIGUOUS_SOURCE: frozenset({AddressKind.AMBIGUOUS}),
    VerdictCode.HIDDEN_BY_NAT: frozenset({AddressKind.NAT}),
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
    """Find the first thing in a verdict that contradicts another; ``None`` where nothing does."""
    checks = (_contradicts_code, _contradicts_evidence, _contradicts_need, _contradicts_vantage, _contradicts_range)
    return next(filter(None, (check(verdict) for check in checks)), None)


def list_attempts(evidence: Sequence[Observation], *, destination: IPAddress | None) -> list[Observation]:
    """List the attempts at one address."""
    return [observation for observation in evidence if observation.destination == destination]


def _contradicts_code(verdict: Verdict) -> str | None:
    if CODES[verdict.code].outcome is not verdict.outcome:
        return f"{verdict.code} does not stand for {verdict.outcome}"
    for finding in verdict.findings:
        if CODES[finding.code].outcome is not None:
            return f"{finding.code} is not the code of a finding"
    if verdict.outcome is Outcome.PASS and verdict.observed is None:
        return "nothing that was not seen may pass"
    if verdict.code in _KINDS_OF_CODE and verdict.attribution not in _KINDS_OF_CODE[verdict.code]:
        return f"{verdict.code} does not go with an address that is {verdict.attribution}"
    return None


def _contradicts_evidence(verdict: Verdict) -> str | None:
    attempts = list_attempts(verdict.evidence, destination=verdict.destination)
    last = choose_deciding(attempts)
    if verdict.observed != (last and last.observed) or (verdict.observed is None) != (verdict.attribution is None):
        return "a verdict holds the last address of its observations, attributed"
    if verdict.observed is None:
        code = VerdictCode.NOT_PROBED if last is None or last.failure is None else CODE_OF_FAILURE[last.failure]
        is_told = verdict.code is code or (code is not VerdictCode.NOT_PROBED and verdict.code in _VANTAGE_CODES)
        return None if is_told else f"{verdict.code} is not the code of what the last attempt met"
    if verdict.outcome is Outcome.ERROR:
        return f"{verdict.code} is a code of attempts that saw nothing"
    if verdict.outcome not in {Outcome.PASS, Outcome.FAIL}:
        return None
    if last is not None and last.intermediaries:
        return "a reply that shows a proxy in between proves nothing"
    if any(attempt.canary is Canary.REPEATED for attempt in attempts):
        return "an observer that repeats what clients tell it proves nothing"
    if verdict.attribution is AddressKind.FOREIGN and is_never_a_source(verdict.observed):
        return f"no packet comes from {verdict.observed}"
    return None


def _contradicts_need(verdict: Verdict) -> str | None:
    """Compare the need with what was seen, as far as the code rests on it."""
    code, seen = verdict.code, verdict.attribution
    if code in {VerdictCode.EXPECTED_SOURCE, VerdictCode.UNEXPECTED_SOURCE}:
        is_met = verdict.expected == seen
        if verdict.expected not in SOURCE_KINDS or is_met is not (code is VerdictCode.EXPECTED_SOURCE):
            return f"{code} does not go with an address that is {seen}"
    if code is VerdictCode.SOURCE_NOT_ALLOWED or (code is VerdictCode.ALLOWED_SOURCE and _is_whole(verdict.expected)):
        is_met = any(verdict.observed in network for network in _read_networks(verdict.expected))
        if is_met is not (code is VerdictCode.ALLOWED_SOURCE):
            return f"{code} does not go with {verdict.observed} where {verdict.expected or 'nothing'} is needed"
    return None


def _is_whole(expected: str) -> bool:
    """Whether a list of ranges names all of them, rather than the first ten and a number."""
    return " and " not in expected


def _read_networks(expected: str) -> list[IPNetwork]:
    try:
        return [parse_cidr(text) for text in expected.partition(" and ")[0].split(", ")]
    except InvalidInputError:
        return []


def _contradicts_vantage(verdict: Verdict) -> str | None:
    vantage = verdict.vantage
    attempts = list_attempts(verdict.evidence, destination=verdict.destination)
    if verdict.outcome is Outcome.PASS:
        if vantage.component is not Component.WORKER:
            return f"the {vantage.component} does not speak for workers"
        if vantage.pod_ip is None and not any(attempt.local_address for attempt in attempts):
            return "a probe whose own address is not known does not speak for workers"
    if verdict.node is not None:
        if vantage.component is not Component.WORKER:
            return f"a node that the {vantage.component} ran on does not count"
        if vantage.pod_ip is None or vantage.pod_ip not in IPNetwork(verdict.node):
            return f"Pod {vantage.pod_ip} is not on node {verdict.node}"
    return None


def _contradicts_range(verdict: Verdict) -> str | None:
    """Compare the address with the ranges that a verdict shows: the prediction's, and the Pod's own address."""
    prediction, own = verdict.prediction, verdict.vantage.pod_ip
    if verdict.outcome is not Outcome.PASS or verdict.attribution is not AddressKind.NODE:
        return None
    if verdict.observed == own:
        return f"{own} is the Pod's own address, not its node's"
    is_same_kind = prediction is not None and prediction.masqueraded and prediction.arrives_as is AddressKind.NODE
    if prediction and is_same_kind and not any(verdict.observed in network for network in prediction.sources):
        return f"{verdict.observed} is in none of the node ranges that the prediction names"
    return None
