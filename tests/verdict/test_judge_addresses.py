"""A name with several addresses: each is judged by its own attempts, and the worst decides."""

from __future__ import annotations

import dataclasses

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.observation.observation import Canary, Failure, Observation
from airflow_masq.observation.vantage import Component, Surroundings
from airflow_masq.verdict import Outcome, judge, judge_targets
from tests.verdict.scenes import NODE, POD, dataclass_ranges, failed, plan, saw, target, vantage, verdict_of

A, B, SIXTH = "172.20.0.20", "172.20.0.21", "2001:db8:f::21"
NEED = target(expect="node")


def lost(destination: str, failure: Failure = Failure.CONNECT_TIMEOUT, *, after: float = 0) -> Observation:
    """Give an attempt at an address that a packet was sent to."""
    return failed(failure, destination=destination, detail="no answer within 3 s", after=after)


def unsent(destination: str = SIXTH) -> Observation:
    """Give an attempt at an address for which this Pod has no address of its own."""
    return failed(Failure.NO_ROUTE, destination=destination, local=None, detail="network is unreachable")


def test_the_worst_address_decides() -> None:
    """One address is masqueraded and the other leaks: a FAIL that names it, and the finding tells of both."""
    for order in (
        [saw(NODE, destination=A), saw(POD, destination=B)],
        [saw(POD, destination=B), saw(NODE, destination=A)],
    ):
        verdict = verdict_of(*order, need=NEED)
        assert (verdict.code, verdict.outcome) == ("MASQ411", Outcome.FAIL)
        assert (verdict.destination, verdict.observed) == (IPAddress(B), IPAddress(POD))
        assert verdict.reason.startswith(f"{B}: The observer saw {POD} (pod) where node is expected")
        assert verdict.evidence == tuple(order)
        message = verdict.findings[-1].message
        assert verdict.findings[-1].code == "MASQ493"
        assert f"{A} saw {NODE} (node)" in message
        assert f"{B} saw {POD} (pod)" in message


def test_addresses_that_agree_pass() -> None:
    """The twin: where all addresses see what is needed the target passes, and nothing is worth a finding."""
    verdict = verdict_of(saw(NODE, destination=A), saw("10.128.0.3", destination=B), need=NEED)
    assert (verdict.code, verdict.destination, verdict.findings) == ("MASQ401", IPAddress(A), ())
    assert verdict.reason == f"{A}: The observer saw {NODE} (node), as expected."


def test_a_leak_that_the_first_of_two_requests_showed_does_not_pass() -> None:
    """Each answer is tested by a second request, moments later; a right one does not make up for a wrong one."""

    def pair(first: str, second: str, *, after: float = 0) -> list[Observation]:
        return [saw(address, canary=Canary.OTHER_ADDRESS, after=after) for address in (first, second)]

    verdict = verdict_of(*pair(POD, NODE), need=NEED)
    assert (verdict.code, verdict.outcome, verdict.observed) == ("MASQ473", Outcome.INCONCLUSIVE, IPAddress(NODE))
    assert verdict.reason == (
        f"The observer saw {NODE} (node), as expected, but a request moments before was answered with {POD} (pod)."
    )
    assert "canary-ignored" not in verdict.vouched_by
    assert verdict_of(*pair(NODE, POD), need=NEED).code == "MASQ411"
    assert verdict_of(*pair(NODE, "10.128.0.3"), need=NEED).code == "MASQ401"
    assert verdict_of(*pair(POD, NODE), saw(NODE, after=1), need=NEED).code == "MASQ401"
    assert verdict_of(*pair(POD, NODE), lost("172.20.0.10", after=1), need=NEED).code == "MASQ473"
    assert verdict_of(saw(POD), *pair(NODE, "10.128.0.3", after=1), need=NEED).code == "MASQ401"


def test_no_retry_clears_another_address() -> None:
    """A leak at one address stays, however often the other one answers well; its own later answer clears it."""
    leak = saw(POD, destination=B)
    others = [saw(NODE, destination=A, after=after) for after in (1, 2, 3)]
    assert verdict_of(leak, *others, need=NEED).outcome is Outcome.FAIL
    assert verdict_of(*others, leak, need=NEED).outcome is Outcome.FAIL
    assert verdict_of(leak, *others, lost(B, after=4), need=NEED).outcome is Outcome.FAIL
    cleared = verdict_of(leak, *others, saw(NODE, destination=B, after=4), need=NEED)
    assert cleared.outcome is Outcome.PASS
    [finding] = cleared.findings
    assert finding.code == "MASQ492"
    assert finding.message.startswith(
        f"{B}: The attempts disagree: attempt 1 saw {POD} (pod), attempt 2 saw {NODE} (node)"
    )


@pytest.mark.parametrize("failure", [Failure.CONNECT_TIMEOUT, Failure.REFUSED, Failure.RESET, Failure.NO_ROUTE])
def test_a_dead_address_beside_right_ones_is_told(failure: Failure) -> None:
    """A firewall that drops or rejects a leaked address looks like a dead server, so the target does not pass."""
    for order in ([saw(NODE, destination=A), lost(B, failure)], [lost(B, failure), saw(NODE, destination=A)]):
        verdict = verdict_of(*order, need=NEED)
        assert (verdict.code, verdict.outcome) == ("MASQ472", Outcome.INCONCLUSIVE)
        assert verdict.reason == (
            f"{A}: The observer saw {NODE} (node), as expected, but no source was seen at {B} ({failure})."
        )
        assert (verdict.observed, verdict.destination) == (IPAddress(NODE), IPAddress(A))
        assert f"{B} gave none ({failure})" in verdict.findings[-1].message


def test_a_dead_address_hides_no_leak() -> None:
    """Beside a FAIL a dead address changes nothing, and the finding tells of it."""
    verdict = verdict_of(lost(A), saw(POD, destination=B), need=NEED)
    assert (verdict.code, verdict.destination) == ("MASQ411", IPAddress(B))
    assert f"{A} gave none (connect-timeout)" in verdict.findings[-1].message
    proxied = saw(NODE, destination=B, intermediaries=("via 1.1 squid",))
    assert verdict_of(lost(A), proxied, saw(NODE, destination="172.20.0.22"), need=NEED).code == "MASQ420"


def test_an_address_to_which_no_packet_left_is_left_out() -> None:
    """A Pod without IPv6 cannot leak by IPv6: the IPv4 address decides, and the finding tells of the other."""
    for order in ([saw(NODE, destination=A), unsent()], [unsent(), saw(NODE, destination=A)]):
        verdict = verdict_of(*order, need=NEED)
        assert verdict.outcome is Outcome.PASS
        assert f"{SIXTH} gave none (no-route; no packet left this Pod)" in verdict.findings[-1].message
    silent = verdict_of(unsent(), lost(A), need=NEED)
    assert (silent.code, silent.destination) == ("MASQ421", IPAddress(A))
    assert verdict_of(unsent(), need=NEED).code == "MASQ422"


def test_an_address_that_was_reached_once_is_not_out_of_reach() -> None:
    """A route that came and went let a packet out in one attempt, so the address counts."""
    for attempts in ([unsent(B), lost(B, after=1)], [lost(B), unsent(B)]):
        assert verdict_of(saw(NODE, destination=A), *attempts, need=NEED).code == "MASQ472"


def test_where_no_address_answered_the_worst_failure_is_told() -> None:
    """An ERROR of one address comes before the silence of another."""
    verdict = verdict_of(lost(A), lost(B, Failure.REFUSED), need=NEED)
    assert (verdict.code, verdict.outcome, verdict.destination) == ("MASQ441", Outcome.ERROR, IPAddress(B))
    assert verdict.reason == f"{B}: No answer within 3 s."


def test_an_address_that_our_own_worker_was_too_slow_for_is_not_blamed() -> None:
    """Where only a slow worker kept an address from being asked, the verdict says that; beside silence it does not."""
    starved = lost(B, Failure.STARVED)
    verdict = verdict_of(saw(NODE, destination=A), starved, need=NEED)
    assert (verdict.code, verdict.outcome) == ("MASQ435", Outcome.INCONCLUSIVE)
    assert f"no source was seen at {B} (starved)" in verdict.reason
    assert verdict_of(saw(NODE, destination=A), starved, lost("172.20.0.22"), need=NEED).code == "MASQ472"
    assert verdict_of(starved, need=NEED).code == "MASQ435"


@pytest.mark.parametrize("failure", [Failure.STARVED, Failure.CRASHED, Failure.CONNECT_TIMEOUT])
def test_an_address_that_we_did_not_come_to_ask_is_not_left_out(failure: Failure) -> None:
    """Where not the network but the worker kept a packet from leaving, nothing is known of the address."""
    unasked = failed(failure, destination=B, local=None)
    assert verdict_of(saw(NODE, destination=A), unasked, need=NEED).outcome is Outcome.INCONCLUSIVE


def test_an_attempt_that_got_nowhere_does_not_count_beside_others() -> None:
    """A name that was resolved at the second attempt is judged by its addresses; the finding tells of the first."""
    nowhere = failed(Failure.NAME_UNRESOLVED, destination=None, local=None, detail="no answer from DNS")
    verdict = verdict_of(nowhere, saw(NODE, destination=A, after=1), need=NEED)
    assert verdict.outcome is Outcome.PASS
    assert [finding.code for finding in verdict.findings] == ["MASQ492"]
    assert verdict.findings[0].message == (
        "1 of 2 attempts ended before an address: name-unresolved (no answer from DNS)."
    )
    assert verdict_of(nowhere, nowhere, need=NEED).code == "MASQ442"


def test_an_address_of_nowhere_is_judged() -> None:
    """A source that was seen from an observer whose address is not known counts as one more address."""
    leak = dataclasses.replace(saw(POD), destination=None, destination_port=None)
    nowhere = failed(Failure.NAME_UNRESOLVED, destination=None, local=None)
    verdict = verdict_of(saw(NODE, destination=A), nowhere, leak, need=NEED)
    assert (verdict.code, verdict.destination) == ("MASQ411", None)


def test_addresses_that_were_not_asked_are_told() -> None:
    """A name with more addresses than are asked passes by those, and the finding tells of the others."""
    further = failed(Failure.UNUSABLE_TARGET, destination=None, local=None, detail="it has 40 addresses, 16 were asked")
    verdict = verdict_of(saw(NODE, destination=A), further, need=NEED)
    assert verdict.outcome is Outcome.PASS
    assert "unusable-target (it has 40 addresses, 16 were asked)" in verdict.findings[0].message


@pytest.mark.parametrize(
    ("own", "pod_ip"),
    [
        ([], None),
        (["172.20.0.9", "192.168.0.9"], "192.168.0.9"),
        (["2001:db8::9", "192.168.0.9"], "192.168.0.9"),
        (["2001:db8::9", "172.20.0.9"], "172.20.0.9"),
        (["192.168.0.9", "192.168.0.8"], "192.168.0.8"),
    ],
)
def test_a_process_has_one_address_of_its_own(own: list[str], pod_ip: str | None) -> None:
    """Of the sockets' addresses the Pod's is taken, IPv4 first, so that a worker is on one node."""
    seen = {"erp": (saw(NODE, local=None), *(saw(NODE, local=address) for address in own))}
    surroundings = Surroundings(hostname="airflow-worker-1", variables={"COMPOSER_ENVIRONMENT": "example"})
    where = plan(ranges=dataclass_ranges(pod=(IPNetwork("192.168.0.0/16"), IPNetwork("100.64.0.0/16"))))
    report = judge_targets([NEED], seen, surroundings=surroundings, plan=where, environment="example")
    [verdict] = report.verdicts
    assert str(verdict.vantage.pod_ip) == str(pod_ip)
    assert (report.environment, verdict.vantage.component) == ("example", Component.WORKER)


def test_ipv6_beside_ipv4_is_judged_with_its_own_address() -> None:
    """IPv6 that bypasses the masquerading of IPv4 is a FAIL of the name."""
    pod = "2001:db8:1::2"
    leak = saw(pod, destination=SIXTH, local=pod)
    verdict = verdict_of(saw(NODE, destination=A), leak, need=NEED)
    assert (verdict.code, verdict.observed) == ("MASQ411", IPAddress(pod))
    # The plan has no IPv6 range of Pods, so that a right address seen by IPv6 proves nothing yet.
    bypassing = judge(target(expect="pod"), [leak], vantage=vantage(), plan=plan())
    assert bypassing.code == "MASQ434"
    assert "lacks an IPv6 range in network.pod_ranges" in bypassing.reason


def test_the_model_is_compared_at_every_address() -> None:
    """A disagreement with the prediction names the address that it is about."""
    where = plan(ranges=dataclass_ranges())
    verdict = judge(
        target(expect="pod"), [saw(POD, destination=A), saw(POD, destination=B)], vantage=vantage(), plan=where
    )
    assert [finding.message.partition(": ")[0] for finding in verdict.findings] == [A, B]


@pytest.mark.parametrize("need", [NEED, target(), target(allowed=["0.0.0.0/0"]), target(expect="pod")])
@pytest.mark.parametrize("seen", [NODE, POD])
def test_an_observer_that_repeats_its_clients_proves_nothing(seen: str, need: object) -> None:
    """An observer that named the canary is INCONCLUSIVE, whatever it names otherwise; one that ignored it is judged."""
    repeated = verdict_of(saw(seen, canary=Canary.REPEATED), need=need)  # type: ignore[arg-type]  # a table of targets
    assert (repeated.code, repeated.outcome) == ("MASQ471", Outcome.INCONCLUSIVE)
    assert "it repeats what clients tell it" in repeated.reason
    assert not repeated.findings
    ignored = verdict_of(saw(seen, canary=Canary.IGNORED), need=need)  # type: ignore[arg-type]  # as above
    assert ignored.outcome in {Outcome.PASS, Outcome.FAIL}


def test_an_observer_that_repeated_once_is_not_trusted_again() -> None:
    """A later attempt whose canary got no answer excuses nothing; another address is judged by itself."""
    first = saw(NODE, destination=A, canary=Canary.REPEATED)
    later = saw(NODE, destination=A, canary=Canary.UNANSWERED, after=1)
    assert verdict_of(first, later, need=NEED).code == "MASQ471"
    assert verdict_of(first, saw(POD, destination=B), need=NEED).code == "MASQ411"
    assert verdict_of(later, need=NEED).outcome is Outcome.PASS


def test_a_verdict_says_what_vouches_for_it() -> None:
    """Each test that the deciding reply stood has its word, and the vantage has one; what was not tested has none."""
    full = verdict_of(saw(NODE, nonce_sent=True, canary=Canary.IGNORED), need=NEED)
    assert full.vouched_by == ("nonce", "no-proxy-trace", "canary-ignored", "own-address", "worker-by-hostname")
    assert verdict_of(saw(NODE), need=NEED).vouched_by == ("no-proxy-trace", "own-address", "worker-by-hostname")
    proxied = saw(NODE, intermediaries=("via 1.1 squid",), nonce_sent=True, local=None)
    assert verdict_of(proxied, need=NEED).vouched_by == ("nonce", "worker-by-hostname")
    assert verdict_of(lost(A), need=NEED).vouched_by == ("own-address", "worker-by-hostname")
    assert verdict_of(need=NEED).vouched_by == ("worker-by-hostname",)
    two = verdict_of(saw(NODE, destination=A, nonce_sent=True), saw(POD, destination=B), need=NEED)
    assert "nonce" not in two.vouched_by


def test_what_vouches_for_a_pass_holds_at_every_address() -> None:
    """A test that one of the addresses did not stand does not vouch for the name; a FAIL rests on its own address."""
    full = saw(NODE, destination=A, nonce_sent=True, canary=Canary.IGNORED)
    half = saw(NODE, destination=B, nonce_sent=True, canary=Canary.UNANSWERED)
    words = ("nonce", "no-proxy-trace", "own-address", "worker-by-hostname")
    for order in ([full, half], [half, full], [full, unsent(), half]):
        verdict = verdict_of(*order, need=NEED)
        assert (verdict.outcome, verdict.vouched_by) == (Outcome.PASS, words)
    leak = saw(POD, destination=B, nonce_sent=True, canary=Canary.IGNORED)
    assert "canary-ignored" in verdict_of(half, leak, need=NEED).vouched_by


def test_addresses_that_fail_differently_are_a_finding() -> None:
    """Two addresses without an answer are told apart by their failures; where these are the same, nothing is told."""
    differing = verdict_of(lost(A), lost(B, Failure.REFUSED), need=NEED)
    assert [finding.code for finding in differing.findings] == ["MASQ493"]
    assert f"{A} gave none (connect-timeout), {B} gave none (refused)" in differing.findings[0].message
    assert verdict_of(lost(A), lost(B), need=NEED).findings == ()
