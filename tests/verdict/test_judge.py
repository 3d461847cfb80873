"""Observation decides, the prediction explains, and nothing unseen passes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.policy import make_no_policy
from airflow_masq.network.ranges import SOURCE_KINDS, AddressKind, NetworkRanges
from airflow_masq.observation.observation import Canary, Failure, Observation
from airflow_masq.observation.vantage import Component
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.verdict import CODES, Outcome, Report, Verdict, decode_report, encode_report, judge, merge
from tests.verdict.scenes import (
    NAT,
    NODE,
    ON_PREMISES,
    POD,
    PUBLIC,
    RANGES,
    dataclass_ranges,
    failed,
    plan,
    saw,
    target,
    vantage,
    verdict_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.plan import Plan, Target

PRIVATE = ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("expect", "seen", "code"),
    [
        ("node", NODE, "MASQ401"),
        ("node", POD, "MASQ411"),
        ("pod", POD, "MASQ401"),
        ("pod", NODE, "MASQ411"),
        ("nat", NAT, "MASQ401"),
        ("nat", NODE, "MASQ411"),
        ("node", "8.8.8.8", "MASQ411"),
        ("node", "10.96.0.1", "MASQ411"),
        # 10.128.0.2 is a beginning of 10.128.0.200, and both are nodes; 10.128.16.2 is no node.
        ("node", "10.128.0.200", "MASQ401"),
        ("node", "10.128.16.2", "MASQ411"),
    ],
)
def test_what_is_expected_passes_and_anything_else_fails(expect: str, seen: str, code: str) -> None:
    """A stated expectation is met by addresses of that kind only."""
    verdict = verdict_of(saw(seen), need=target(expect=expect))
    assert verdict.code == code
    assert verdict.outcome is (Outcome.PASS if code == "MASQ401" else Outcome.FAIL)
    assert verdict.expected == expect
    assert verdict.observed == IPAddress(seen)


def test_public_nodes_show_their_external_addresses() -> None:
    """Where nodes have external addresses, a public observer is expected to see one, and not the Pod's."""
    open_plan = plan(ranges=dataclass_ranges(public_nodes=True))
    need = target(expect="node-external")
    seen = judge(need, [saw("34.1.2.3", destination="8.8.8.8")], vantage=vantage(), plan=open_plan)
    assert seen.code == "MASQ401"
    unseen = judge(need, [saw(POD, destination="8.8.8.8")], vantage=vantage(), plan=open_plan)
    assert unseen.code == "MASQ411"


@pytest.mark.parametrize(("seen", "code"), [(NODE, "MASQ402"), (POD, "MASQ412"), ("8.8.8.8", "MASQ412")])
def test_the_firewall_decides_where_only_allowed_sources_are_stated(seen: str, code: str) -> None:
    """An address that the firewall lets in passes, and one it drops fails."""
    verdict = verdict_of(saw(seen), need=target(allowed=PRIVATE))
    assert verdict.code == code
    assert verdict.expected == "10.0.0.0/8"


def test_an_expectation_counts_before_allowed_sources() -> None:
    """Where both are stated, the expectation decides."""
    assert verdict_of(saw(POD), need=target(expect="node", allowed=["192.168.0.0/16"])).code == "MASQ411"
    assert verdict_of(saw(NODE), need=target(expect="node", allowed=["192.168.0.0/16"])).code == "MASQ401"


@pytest.mark.parametrize(
    ("seen", "destination", "code", "expected"),
    [
        (NODE, ON_PREMISES, "MASQ403", "not pod"),
        (POD, ON_PREMISES, "MASQ413", "not pod"),
        (POD, "192.168.9.9", "MASQ404", "pod"),
        (NODE, "192.168.9.9", "MASQ429", "pod"),
        (POD, "10.128.0.50", "MASQ404", "pod"),
        (POD, "10.96.0.10", "MASQ404", "pod"),
        (POD, "169.254.1.1", "MASQ404", "pod"),
        (NAT, PUBLIC, "MASQ403", "not pod"),
        ("8.8.8.8", ON_PREMISES, "MASQ427", "not pod"),
        ("8.8.8.8", "192.168.9.9", "MASQ427", "pod"),
    ],
)
def test_the_environments_intent_decides_where_the_target_says_nothing(
    seen: str, destination: str, code: str, expected: str
) -> None:
    """With the agent, Pod addresses belong inside the non-masquerade ranges and nowhere else."""
    verdict = verdict_of(saw(seen, destination=destination))
    assert (verdict.code, verdict.expected) == (code, expected)


@pytest.mark.parametrize(("destination", "code"), [("8.8.8.8", "MASQ403"), ("34.118.224.9", "MASQ429")])
def test_a_nodes_external_address_shows_that_the_node_masqueraded(destination: str, code: str) -> None:
    """It is intended on the internet, and not towards a Service range in public address space."""
    ranges = dataclass_ranges(public_nodes=True, service=(IPNetwork("34.118.224.0/20"),))
    seen = [saw("34.1.2.3", destination=destination)]
    assert judge(target(), seen, vantage=vantage(), plan=plan(ranges=ranges)).code == code


def test_ipv6_is_no_excuse_for_a_pod_address() -> None:
    """A Pod's IPv6 address that bypasses IPv4 masquerading fails, since it is not what the environment is for."""
    pod = "2001:db8:1::2"
    verdict = verdict_of(saw(pod, destination="2001:db8:f::1", local=pod), at=vantage(pod_ip=pod))
    assert (verdict.code, verdict.outcome) == ("MASQ413", Outcome.FAIL)
    assert "NO_MASQUERADING_FOR_IPV6" in verdict.reason


@pytest.mark.parametrize("covers", [{AddressKind.NODE, AddressKind.POD}, {AddressKind.POD}, set()])
def test_nat_that_may_have_translated_pods_proves_nothing(covers: set[AddressKind]) -> None:
    """Cloud NAT's address proves masquerading only where Cloud NAT covers nothing but nodes."""
    ranges = dataclass_ranges(nat_covers=frozenset(covers))
    verdict = judge(target(), [saw(NAT, destination=PUBLIC)], vantage=vantage(), plan=plan(ranges=ranges))
    assert (verdict.code, verdict.outcome) == ("MASQ428", Outcome.INCONCLUSIVE)


@pytest.mark.parametrize("seen", [NODE, POD, "8.8.8.8"])
def test_without_agent_and_need_nothing_can_be_said(seen: str) -> None:
    """If the plan does not say which source is needed, the verdict asks for it."""
    verdict = judge(target(), [saw(seen)], vantage=vantage(), plan=plan(masquerade=False))
    assert (verdict.code, verdict.outcome, verdict.expected) == ("MASQ426", Outcome.INCONCLUSIVE, "")
    assert "add allowed_sources or expect to the target" in verdict.reason


def test_without_agent_a_stated_need_still_decides() -> None:
    """The need counts, not the flag: a Pod address that the firewall drops fails, and one it lets in passes."""
    bare = plan(masquerade=False)
    assert judge(target(allowed=PRIVATE), [saw(POD)], vantage=vantage(), plan=bare).outcome is Outcome.FAIL
    assert judge(target(expect="pod"), [saw(POD)], vantage=vantage(), plan=bare).outcome is Outcome.PASS


@pytest.mark.parametrize("need", [target(), target(expect="node"), target(expect="pod")])
def test_an_address_of_two_kinds_is_inconclusive_where_its_kind_matters(need: Target) -> None:
    """Coinciding ranges in the plan never decide for or against a kind of source."""
    ranges = dataclass_ranges(pod=RANGES.node)
    verdict = judge(need, [saw(NODE, local="10.128.0.77")], vantage=vantage(), plan=plan(ranges=ranges))
    assert (verdict.code, verdict.attribution) == ("MASQ425", AddressKind.AMBIGUOUS)
    assert not verdict.findings


def test_a_firewall_asks_for_no_kind_of_address() -> None:
    """Where only ``allowed_sources`` is needed, an address of two kinds passes inside it and fails outside."""
    where = plan(ranges=dataclass_ranges(pod=RANGES.node))
    seen = [saw(NODE, local="10.128.0.77")]
    inside = judge(target(allowed=PRIVATE), seen, vantage=vantage(), plan=where)
    outside = judge(target(allowed=["172.16.0.0/12"]), seen, vantage=vantage(), plan=where)
    assert (inside.code, outside.code) == ("MASQ402", "MASQ412")


@pytest.mark.parametrize(
    ("expect", "missing"),
    [
        ("pod", {"pod": ()}),
        ("node", {"node": ()}),
        ("nat", {"nat_addresses": ()}),
        ("node-external", {}),
    ],
)
def test_a_plan_without_the_ranges_cannot_tell_an_unknown_address(expect: str, missing: dict[str, object]) -> None:
    """An address that only a fuller plan could name is not called wrong."""
    ranges = dataclass_ranges(**missing)
    seen = judge(target(expect=expect), [saw("8.8.8.8")], vantage=vantage(), plan=plan(ranges=ranges))
    assert (seen.code, seen.outcome) == ("MASQ427", Outcome.INCONCLUSIVE)
    assert "network." in seen.reason


def test_an_unknown_address_in_a_nodes_place_names_the_likely_causes() -> None:
    """Proxies and forged headers cannot be seen, so the reason mentions them."""
    reason = verdict_of(saw("8.8.8.8"), need=target(expect="node")).reason
    assert "8.8.8.8 (foreign)" in reason
    assert "a proxy on the way, an observer that trusts X-Forwarded-For" in reason


FAILURES = {
    Failure.CONNECT_TIMEOUT: "MASQ421",
    Failure.NO_ROUTE: "MASQ422",
    Failure.RESET: "MASQ423",
    Failure.REPLY_TIMEOUT: "MASQ424",
    Failure.REFUSED: "MASQ441",
    Failure.NAME_UNRESOLVED: "MASQ442",
    Failure.TLS: "MASQ443",
    Failure.REDIRECT: "MASQ444",
    Failure.HTTP_STATUS: "MASQ445",
    Failure.NOT_HTTP: "MASQ446",
    Failure.NO_ADDRESS: "MASQ447",
    Failure.SEVERAL_ADDRESSES: "MASQ448",
    Failure.TOO_LARGE: "MASQ449",
    Failure.UNUSABLE_TARGET: "MASQ450",
    Failure.STARVED: "MASQ435",
    Failure.CRASHED: "MASQ451",
}


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_has_its_own_code_and_never_passes(failure: Failure) -> None:
    """Silence is inconclusive, a probe not carried out is an error, and each says which."""
    verdict = verdict_of(failed(failure), need=target(expect="node"))
    assert verdict.code == FAILURES[failure]
    silent = verdict.code < "MASQ440"
    assert verdict.outcome is (Outcome.INCONCLUSIVE if silent else Outcome.ERROR)
    assert (verdict.observed, verdict.attribution) == (None, None)


def test_no_attempt_at_all_is_an_error() -> None:
    """A target without an observation is reported."""
    verdict = verdict_of(need=target(expect="node"), at=vantage(pod_ip=None))
    assert (verdict.code, verdict.outcome, verdict.node) == ("MASQ452", Outcome.ERROR, None)


@pytest.mark.parametrize(
    ("need", "masquerade", "explanation"),
    [
        (
            target(allowed=PRIVATE),
            False,
            "192.168.0.2 (pod), which allowed_sources 10.0.0.0/8 does not let in: that firewall probably drops it.",
        ),
        (
            target(allowed=PRIVATE),
            True,
            (
                "10.128.0.0/20 (node), which allowed_sources 10.0.0.0/8 lets in: look for a missing route back, an "
                "observer that is down, or a node that does not masquerade as planned."
            ),
        ),
        (
            target(allowed=["10.128.0.0/21"]),
            True,
            (
                "10.128.0.0/20 (node), of which allowed_sources 10.128.0.0/21 lets in only a part: that firewall may "
                "drop it."
            ),
        ),
        (target(), True, "10.128.0.0/20 (node): look for it in that side's firewall log."),
    ],
)
def test_silence_is_explained_by_the_prediction(need: Target, *, masquerade: bool, explanation: str) -> None:
    """A dropped packet shows nothing, so the reason says what the model expects and whom to ask."""
    silence = failed(Failure.CONNECT_TIMEOUT, detail="no answer within 3 s")
    verdict = judge(need, [silence], vantage=vantage(), plan=plan(masquerade=masquerade))
    assert verdict.reason == f"No answer within 3 s; the model expects source {explanation}"
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_a_packet_that_passed_a_firewall_is_no_disagreement_about_its_source() -> None:
    """An address that was seen although allowed_sources does not let it in is the one the model expects."""
    seen = judge(target(allowed=PRIVATE), [saw(POD)], vantage=vantage(), plan=plan(masquerade=False))
    assert (seen.code, seen.findings) == ("MASQ412", ())
    assert seen.prediction is not None
    assert (seen.prediction.arrives_as, seen.prediction.source_kind) == ("pod", "dropped")
    unexpected = judge(target(allowed=PRIVATE), [saw(NODE)], vantage=vantage(), plan=plan(masquerade=False))
    assert [finding.message for finding in unexpected.findings] == [
        "The model expects source 192.168.0.2 (pod), but 10.128.0.2 (node) was seen."
    ]


def test_silence_behind_nat_that_covers_others_is_explained() -> None:
    """Cloud NAT that does not cover the source loses the packet, and the reason says so."""
    ranges = dataclass_ranges(nat_covers=frozenset({AddressKind.POD}))
    silence = failed(Failure.CONNECT_TIMEOUT, detail="no answer within 3 s", destination="8.8.8.8")
    verdict = judge(target(), [silence], vantage=vantage(), plan=plan(ranges=ranges))
    assert "; the model expects the packet to be lost (the internet: dropped" in verdict.reason


def test_a_reply_that_never_came_is_not_blamed_on_the_firewall() -> None:
    """Where the connection stood, the first packets passed, so no firewall is suspected."""
    late = failed(Failure.REPLY_TIMEOUT, detail="connected, no reply within 3 s")
    assert verdict_of(late, need=target(allowed=PRIVATE)).reason == "Connected, no reply within 3 s."


def test_the_model_may_disagree_and_the_observation_still_decides() -> None:
    """A wrong prediction is a finding of its own, and turns no PASS into a FAIL nor the reverse."""
    leaking = verdict_of(saw(POD), need=target(expect="pod"))
    assert leaking.outcome is Outcome.PASS
    assert [finding.code for finding in leaking.findings] == ["MASQ491"]
    assert leaking.findings[0].message == (
        "The model expects source 10.128.0.0/20 (node), but 192.168.0.2 (pod) was seen."
    )
    agreeing = verdict_of(saw(NODE), need=target(expect="pod"))
    assert agreeing.outcome is Outcome.FAIL
    assert not agreeing.findings


def test_the_model_that_expects_a_loss_disagrees_with_any_answer() -> None:
    """An answer where the model expects none is worth a finding."""
    ranges = dataclass_ranges(nat_covers=frozenset())
    answered = saw("8.8.8.8", destination="9.9.9.9")
    verdict = judge(target(), [answered], vantage=vantage(), plan=plan(ranges=ranges))
    assert "expects the packet to be lost, but 8.8.8.8 (foreign) was seen" in verdict.findings[0].message


def test_an_observation_without_destination_has_no_prediction() -> None:
    """Where it is not known which way a packet went, nothing is predicted."""
    verdict = verdict_of(dataclasses.replace(saw(NODE), destination=None), need=target(expect="node"))
    assert verdict.prediction is None
    assert (verdict.outcome, verdict.findings) == (Outcome.PASS, ())
    leak = dataclasses.replace(saw(POD), destination=None)
    assert verdict_of(leak).reason.endswith("although the environment masquerades packets to that destination.")


def test_the_last_address_decides_and_all_attempts_are_evidence() -> None:
    """A start-up race that settles passes, and the verdict says that the attempts disagreed."""
    attempts = [failed(Failure.CONNECT_TIMEOUT), saw(POD, after=1), saw(NODE, after=2)]
    verdict = verdict_of(*attempts, need=target(expect="node"))
    assert verdict.outcome is Outcome.PASS
    assert verdict.evidence == tuple(attempts)
    assert verdict.findings[-1].code == "MASQ492"
    assert "attempt 1 saw connect-timeout, attempt 2 saw 192.168.0.2 (pod), attempt 3 saw 10.128.0.2 (node)" in (
        verdict.findings[-1].message
    )
    assert verdict_of(*reversed(attempts), need=target(expect="node")).observed == IPAddress(POD)


@pytest.mark.parametrize(
    ("image", "among_nodes"), [("composer-2-airflow-2", "MASQ404"), ("composer-1-airflow-2", "MASQ413")]
)
def test_a_plan_that_contradicts_its_flag_excuses_no_leak(image: str, among_nodes: str) -> None:
    """With the agent and GKE's default policy in one plan, a Pod address in another subnet fails all the same.

    Among the nodes it is meant on Autopilot only, whose fixed policy a Standard cluster of Composer 1 does not have.
    """
    config = {"softwareConfig": {"imageVersion": image}, "nodeConfig": {"enableIpMasqAgent": True}}
    where = load_plan_from_mapping(
        {
            "environment": {"config": config},
            "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]},
            "policy": "gke-default",
        },
        source="contradiction",
    )
    leak = judge(target(), [saw(POD, destination="10.200.0.9")], vantage=vantage(), plan=where)
    kept = judge(target(), [saw(POD, destination="10.128.0.9")], vantage=vantage(), plan=where)
    assert (leak.code, kept.code) == ("MASQ413", among_nodes)


def test_silence_after_a_leak_does_not_undo_it() -> None:
    """An address that was seen decides, also if later attempts fail; without any there is nothing to decide."""
    silence = failed(Failure.CONNECT_TIMEOUT, after=1)
    assert verdict_of(saw(POD), silence, need=target(expect="node")).code == "MASQ411"
    assert verdict_of(saw(NODE), silence, need=target(expect="node")).code == "MASQ401"
    assert verdict_of(silence, need=target(expect="node")).code == "MASQ421"


def test_attempts_that_agree_are_not_worth_a_finding() -> None:
    """Repeated silence, or two addresses of one NAT, is no disagreement; the reason counts the attempts."""
    silence = failed(Failure.CONNECT_TIMEOUT, detail="no answer within 3 s")
    verdict = verdict_of(silence, silence, need=target(expect="node"))
    assert not verdict.findings
    assert verdict.reason.startswith("No answer within 3 s (the last of 2 attempts);")


def test_a_policy_without_translation_keeps_no_pod_address_by_intent() -> None:
    """With the flag set, a Pod address fails even where the plan's policy claims that nothing is translated."""
    contradictory = dataclasses.replace(plan(), policy=make_no_policy())
    assert judge(target(), [saw(POD)], vantage=vantage(), plan=contradictory).code == "MASQ413"
    assert judge(target(), [saw(NODE)], vantage=vantage(), plan=contradictory).code == "MASQ403"


def test_long_lists_of_ranges_are_cut_in_the_reason() -> None:
    """A firewall with many ranges does not bury the sentence."""
    networks = [f"10.{number}.0.0/16" for number in range(1, 13)]
    verdict = verdict_of(saw(NODE), need=target(allowed=networks))
    assert verdict.reason.endswith("10.9.0.0/16, 10.10.0.0/16 and 2 more does not let in.")
    assert verdict.expected.endswith("10.10.0.0/16 and 2 more")


ADDRESSES = st.sampled_from([POD, NODE, NAT, "8.8.8.8", "10.96.0.1", "192.168.200.9", "2001:db8::1"])
OBSERVATIONS = st.lists(
    st.builds(
        saw,
        ADDRESSES,
        destination=ADDRESSES,
        local=st.none() | ADDRESSES,
        intermediaries=st.sampled_from([(), (), ("via 1.1 squid",)]),
        canary=st.sampled_from([Canary.IGNORED, Canary.IGNORED, Canary.NOT_ASKED, Canary.REPEATED]),
    )
    | st.builds(failed, st.sampled_from(Failure), destination=st.none() | ADDRESSES, local=st.none() | ADDRESSES),
    max_size=3,
)
NEEDS = st.builds(
    target,
    expect=st.none() | st.sampled_from(sorted(SOURCE_KINDS)),
    allowed=st.sampled_from([[], PRIVATE, ["0.0.0.0/0", "::/0"]]),
)
VANTAGES = st.builds(vantage, component=st.sampled_from(Component), pod_ip=st.none() | ADDRESSES)
PLANS = st.builds(
    plan,
    masquerade=st.booleans(),
    ranges=st.sampled_from(
        [RANGES, NetworkRanges(), dataclass_ranges(pod=RANGES.node), dataclass_ranges(pod=(IPNetwork("10.0.0.0/8"),))]
    ),
)


@settings(max_examples=400)
@given(NEEDS, OBSERVATIONS, VANTAGES, PLANS)
def test_a_pass_was_seen_from_a_worker_and_is_what_is_needed(
    need: Target, observations: Sequence[Observation], at: object, where: Plan
) -> None:
    """No combination of failures, vantages and plans passes without an address that is the needed one."""
    verdict = judge(need, observations, vantage=at, plan=where)  # type: ignore[arg-type]  # st.builds gives Vantages
    assert CODES[verdict.code].outcome is verdict.outcome
    assert verdict.reason.isprintable()
    assert verdict.reason.endswith(".")
    with_source = [each for each in observations if each.observed and each.destination == verdict.destination]
    if verdict.outcome in {Outcome.PASS, Outcome.FAIL}:
        assert verdict.observed is not None
        assert verdict.observed == with_source[-1].observed
        assert need.expect or need.allowed_sources or where.policy.name == "composer"
        assert not with_source[-1].intermediaries
        assert Canary.REPEATED not in {each.canary for each in with_source}
    if verdict.outcome is Outcome.PASS:
        assert verdict.observed is not None
        assert verdict.vantage.component is Component.WORKER
        assert where.ranges.pod
        is_sent = [each.failure is not Failure.NO_ROUTE or each.local_address for each in observations]
        asked = {each.destination for each, sent in zip(observations, is_sent, strict=True) if sent}
        assert asked - {None} <= {each.destination for each in observations if each.observed}
        assert verdict.attribution is not AddressKind.AMBIGUOUS or not need.expect
        if need.expect:
            assert verdict.attribution is need.expect
        elif need.allowed_sources:
            assert any(verdict.observed in network for network in need.allowed_sources)
    # Whatever was judged can be written, read back and merged.
    report = merge([Report(environment="example", verdicts=(verdict,))])
    assert encode_report(decode_report(encode_report(report))) == encode_report(report)


def test_a_verdict_cannot_be_made_to_pass_without_an_address() -> None:
    """A forged verdict that saw nothing, or whose outcome is not its code's, is refused."""
    seen = verdict_of(saw(NODE), need=target(expect="node"))
    with pytest.raises(ValueError, match="has another outcome than"):
        dataclasses.replace(seen, outcome=Outcome.FAIL)
    with pytest.raises(ValueError, match="not the last one that the evidence shows"):
        dataclasses.replace(seen, observed=IPAddress(POD))
    with pytest.raises(ValueError, match="not the last one that the evidence shows"):
        dataclasses.replace(seen, attribution=None)
    for outcome in (seen, verdict_of(saw(POD), need=target(expect="node"))):
        proxied = dataclasses.replace(outcome.evidence[0], intermediaries=("via 1.1 squid",))
        with pytest.raises(ValueError, match="shows a proxy in between proves nothing"):
            dataclasses.replace(outcome, evidence=(proxied,))
    with pytest.raises(ValueError, match="a verdict without an observed address cannot be a PASS"):
        dataclasses.replace(seen, observed=None, attribution=None, evidence=())
    assert isinstance(seen, Verdict)
