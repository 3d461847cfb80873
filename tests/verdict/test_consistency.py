"""A verdict that contradicts itself cannot be made, so that a forged report claims nothing that its evidence denies."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Canary, Failure, Observation
from airflow_masq.observation.vantage import Clue, Component
from airflow_masq.verdict import CODES, Outcome, Verdict, VerdictCode, judge
from airflow_masq.verdict.consistency import CODE_OF_FAILURE
from tests.verdict.reports import NEED
from tests.verdict.scenes import NODE, POD, dataclass_ranges, failed, plan, saw, target, vantage, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable

PASSED = verdict_of(saw(NODE), need=NEED)
FAILED = verdict_of(saw(POD), need=NEED)
ALLOWED = verdict_of(saw(NODE), need=target(allowed=["10.0.0.0/8"]))
INTENDED = verdict_of(saw(NODE))
SILENT = verdict_of(failed(Failure.CONNECT_TIMEOUT), need=NEED)
LONG = [f"10.{number}.0.0/16" for number in range(1, 13)]


def see(verdict: Verdict, **changes: Any) -> Verdict:  # noqa: ANN401 - an observation's
    """Change a verdict's only observation."""
    return dataclasses.replace(verdict, evidence=(dataclasses.replace(verdict.evidence[0], **changes),))


def stand(verdict: Verdict, **changes: Any) -> Verdict:  # noqa: ANN401 - a vantage's
    """Change a verdict's vantage."""
    return dataclasses.replace(verdict, vantage=dataclasses.replace(verdict.vantage, **changes))


@pytest.mark.parametrize(
    ("forge", "contradiction"),
    [
        # the code against the outcome, the address and the need
        (lambda: dataclasses.replace(FAILED, outcome=Outcome.PASS), "MASQ411 has another outcome than PASS"),
        (
            lambda: dataclasses.replace(FAILED, code=VerdictCode.EXPECTED_SOURCE, outcome=Outcome.PASS),
            "MASQ401 does not go with an address that is pod",
        ),
        (
            lambda: dataclasses.replace(PASSED, code=VerdictCode.UNEXPECTED_SOURCE, outcome=Outcome.FAIL),
            "MASQ411 does not go with an address that is node",
        ),
        (lambda: dataclasses.replace(PASSED, expected="pod"), "MASQ401 does not go with an address that is node"),
        (lambda: dataclasses.replace(PASSED, expected="anything"), "MASQ401 does not go with an address that is node"),
        (
            lambda: dataclasses.replace(INTENDED, attribution=AddressKind.POD),
            "MASQ403 does not go with an address that is pod",
        ),
        (
            lambda: dataclasses.replace(SILENT, code=VerdictCode.HIDDEN_BY_NAT),
            "MASQ428 does not go with an address that is not known",
        ),
        (
            lambda: dataclasses.replace(ALLOWED, expected="172.16.0.0/12"),
            "MASQ402 does not go with 10.128.0.2 where 172.16.0.0/12 is needed",
        ),
        (
            lambda: dataclasses.replace(ALLOWED, expected=""),
            "MASQ402 does not go with 10.128.0.2 where nothing is needed",
        ),
        (
            lambda: dataclasses.replace(ALLOWED, code=VerdictCode.SOURCE_NOT_ALLOWED, outcome=Outcome.FAIL),
            "MASQ412 does not go with 10.128.0.2 where 10.0.0.0/8 is needed",
        ),
        # the evidence against what it is said to come to
        (
            lambda: dataclasses.replace(FAILED, observed=IPAddress(NODE), attribution=AddressKind.NODE),
            "the address is not the last one that the evidence shows",
        ),
        (
            lambda: dataclasses.replace(PASSED, code=VerdictCode.REFUSED, outcome=Outcome.ERROR),
            "MASQ441 means that no address was seen, but there is one",
        ),
        (
            lambda: dataclasses.replace(SILENT, code=VerdictCode.RESET),
            "MASQ423 does not fit the failure connect-timeout",
        ),
        (
            lambda: dataclasses.replace(SILENT, evidence=(), destination=None),
            "MASQ421 does not fit a target that was not asked",
        ),
        (lambda: see(PASSED, intermediaries=("via 1.1 squid",)), "a reply that shows a proxy in between"),
        (lambda: see(FAILED, canary=Canary.REPEATED), "an observer that repeats what clients tell it"),
        (lambda: see(FAILED, observed=IPAddress(NODE)), "the address is not the last one that the evidence shows"),
        # the vantage against the outcome and the node
        (lambda: stand(PASSED, component=Component.SCHEDULER), "scheduler does not speak for workers"),
        (lambda: stand(PASSED, component=Component.UNKNOWN, known_by=Clue.NONE), "unknown does not speak for workers"),
        (lambda: stand(see(PASSED, local_address=None), pod_ip=None), "a probe whose own address is not known"),
        (lambda: stand(FAILED, component=Component.TRIGGERER), "triggerer does not speak for a node"),
        (lambda: stand(PASSED, pod_ip=IPAddress("192.168.9.9")), "Pod 192.168.9.9 is not on node 192.168.0.0/26"),
        (lambda: stand(FAILED, pod_ip=None), "Pod None is not on node 192.168.0.0/26"),
        # the address against the ranges
        (
            lambda: dataclasses.replace(
                FAILED, code=VerdictCode.EXPECTED_SOURCE, outcome=Outcome.PASS, attribution=AddressKind.NODE
            ),
            "192.168.0.2 is the Pod's own address",
        ),
        (
            lambda: dataclasses.replace(stand(PASSED, pod_ip=IPAddress("192.168.0.9")), **FORGED_NODE),
            "192.168.0.2 is in none of the node ranges",
        ),
    ],
)
def test_a_verdict_that_contradicts_itself_is_refused(forge: Callable[[], Verdict], contradiction: str) -> None:
    """Code, outcome, address, evidence, need, vantage and node must go together."""
    with pytest.raises(ValueError, match=re.escape(contradiction)):
        forge()


FORGED_NODE: dict[str, Any] = {"observed": IPAddress(POD), "evidence": (saw(POD),)}


@pytest.mark.parametrize(
    ("other", "contradiction"),
    [
        (failed(Failure.CONNECT_TIMEOUT, destination="172.20.0.21"), "no source was seen at 172.20.0.21"),
        (saw(POD, destination="172.20.0.21"), "the Pod's own address was seen at 172.20.0.21"),
        (saw(NODE, destination="172.20.0.21", canary=Canary.REPEATED), "what was seen at 172.20.0.21 proves nothing"),
        (
            saw(NODE, destination="172.20.0.21", intermediaries=("via x",)),
            "what was seen at 172.20.0.21 proves nothing",
        ),
        (saw(NODE, destination="172.20.0.21"), None),
        (failed(Failure.NO_ROUTE, destination="2001:db8::21", local=None), None),
        (failed(Failure.NAME_UNRESOLVED, destination=None, local=None), None),
    ],
)
def test_a_pass_holds_at_every_address(other: Observation, contradiction: str | None) -> None:
    """A PASS beside the evidence of another address that was silent, leaked or proves nothing is refused."""
    evidence = (*PASSED.evidence, other)
    if contradiction is None:
        assert dataclasses.replace(PASSED, evidence=evidence).outcome is Outcome.PASS
        return
    with pytest.raises(ValueError, match=re.escape(contradiction)):
        dataclasses.replace(PASSED, evidence=evidence)


def test_one_repeated_canary_at_another_address_is_enough() -> None:
    """What another address showed proves nothing where it repeated its client once."""
    others = [saw(NODE, destination="172.20.0.21", canary=canary) for canary in (Canary.REPEATED, Canary.IGNORED)]
    with pytest.raises(ValueError, match="proves nothing"):
        dataclasses.replace(PASSED, evidence=(*PASSED.evidence, *others))


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (VerdictCode.EXPECTED_SOURCE, AddressKind.NAT, "nat"),
        (VerdictCode.ALLOWED_SOURCE, AddressKind.FOREIGN, "192.168.0.0/16"),
        (VerdictCode.MASQUERADED, AddressKind.NODE_EXTERNAL, "not pod"),
        (VerdictCode.UNEXPECTED_SOURCE, AddressKind.NAT, "node"),
    ],
)
def test_an_address_that_arrived_unchanged_is_no_others(code: VerdictCode, kind: AddressKind, expected: str) -> None:
    """What is the probing socket's own address was not translated, whatever a report calls it."""
    outcome = CODES[code].outcome
    assert outcome is not None
    with pytest.raises(ValueError, match=f"192.168.0.2 is the probe's own address, so it is not {kind}"):
        dataclasses.replace(FAILED, code=code, outcome=outcome, attribution=kind, expected=expected)


@pytest.mark.parametrize("expected", ["pod", "node", "", "10.0.0.0/8"])
def test_the_environments_intent_is_its_own_need(expected: str) -> None:
    """A code of the environment's intent goes with what the intent needs."""
    with pytest.raises(ValueError, match="MASQ403 does not go with the need "):
        dataclasses.replace(INTENDED, expected=expected)


def test_a_leak_of_the_same_attempt_does_not_pass() -> None:
    """Of two requests in a row, none may have shown the Pod's own address; where both are let in, either may."""
    pair = tuple(saw(address, canary=Canary.OTHER_ADDRESS) for address in (POD, NODE))
    for verdict in (PASSED, INTENDED):
        with pytest.raises(ValueError, match="the Pod's own address was seen in the same attempt"):
            dataclasses.replace(verdict, evidence=pair)
    assert verdict_of(*pair, need=target(allowed=["0.0.0.0/0"])).code == "MASQ402"


def test_an_own_address_may_be_what_is_needed_elsewhere() -> None:
    """Where a firewall lets both in, or the policy keeps the Pod's address, one address may see the Pod's own."""
    both = [saw(NODE, destination="172.20.0.20"), saw(POD, destination="172.20.0.21")]
    assert verdict_of(*both, need=target(allowed=["0.0.0.0/0"])).code == "MASQ402"
    kept = [saw(NODE, destination="172.20.0.20"), saw(POD, destination="192.168.9.9")]
    assert verdict_of(*kept).outcome is Outcome.PASS


def test_an_address_that_no_packet_comes_from_proves_nothing() -> None:
    """A FAIL for loopback is as impossible as a PASS, where no range of the plan holds it."""
    loopback = verdict_of(saw("127.0.0.6"), need=NEED)
    with pytest.raises(ValueError, match=r"no packet comes from 127\.0\.0\.6"):
        dataclasses.replace(loopback, code=VerdictCode.UNEXPECTED_SOURCE, outcome=Outcome.FAIL)


def test_one_repeated_canary_is_enough() -> None:
    """An observer that repeated an invented address once proves nothing, whatever a later attempt showed."""
    repeated, later = saw(NODE, canary=Canary.REPEATED), saw(NODE, canary=Canary.IGNORED, after=1)
    with pytest.raises(ValueError, match="repeats what clients tell it"):
        dataclasses.replace(PASSED, evidence=(repeated, later))


def test_one_socket_that_knew_its_address_is_enough() -> None:
    """Of several attempts one must have known the Pod's own address, where the vantage does not tell it."""
    attempts = (saw(NODE, local=None), saw(NODE, after=1))
    nowhere = dataclasses.replace(PASSED.vantage, pod_ip=None)
    assert dataclasses.replace(PASSED, evidence=attempts, vantage=nowhere, node=None).outcome is Outcome.PASS


def test_a_list_that_was_cut_short_is_not_held_against_its_verdict() -> None:
    """Of more than ten allowed ranges the first are named, so an address may be in one of the others."""
    inside = verdict_of(saw("10.12.0.1"), need=target(allowed=LONG))
    outside = verdict_of(saw(NODE), need=target(allowed=LONG))
    assert (inside.code, outside.code) == ("MASQ402", "MASQ412")
    first = verdict_of(saw("10.1.0.1"), need=target(allowed=LONG))
    with pytest.raises(ValueError, match=r"MASQ412 does not go with 10\.1\.0\.1"):
        dataclasses.replace(first, code=VerdictCode.SOURCE_NOT_ALLOWED, outcome=Outcome.FAIL)


def test_what_is_consistent_is_left_alone() -> None:
    """The twins: a silent verdict about the vantage, an address beside another prediction, a node that was not told."""
    desk = verdict_of(failed(Failure.NO_ROUTE, local="172.31.0.9"), need=NEED, at=vantage(component=Component.UNKNOWN))
    assert desk.code == "MASQ432"
    assert dataclasses.replace(PASSED, node=None).node is None
    assert dataclasses.replace(PASSED, prediction=None).prediction is None
    unmasqueraded = dataclasses.replace(PASSED.prediction, masqueraded=False, sources=())  # type: ignore[type-var]
    assert dataclasses.replace(PASSED, prediction=unmasqueraded).outcome is Outcome.PASS
    ranges = dataclass_ranges(node=(IPNetwork("10.128.0.0/20"), IPNetwork("10.129.0.0/20")))
    two = judge(NEED, [saw(NODE)], vantage=vantage(), plan=plan(ranges=ranges))
    assert two.prediction is not None
    assert (two.outcome, len(two.prediction.sources)) == (Outcome.PASS, 2)


def test_every_failure_has_a_code() -> None:
    """The table of failures is complete, and no two failures have the same code."""
    assert set(CODE_OF_FAILURE) == set(Failure)
    assert len(set(CODE_OF_FAILURE.values())) == len(Failure)
