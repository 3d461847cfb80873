"""A config is read as the real agent read it, and nothing makes the reading fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.agent.config import AgentConfigReading, derive_agent_policy, read_agent_config
from airflow_masq.agent.fields import KNOWN_KEYS
from airflow_masq.network.policy import GKE_DEFAULT_NON_MASQUERADE, Reason, decide
from airflow_masq.network.provenance import Provenance

HERE = Path(__file__).parent
AGENT_CASES: list[dict[str, Any]] = json.loads((HERE / "agent_config_cases.json").read_text(encoding="utf-8"))["cases"]
GO_CASES: list[dict[str, Any]] = json.loads((HERE / "go_reading_cases.json").read_text(encoding="utf-8"))["cases"]


def _rows(chain: list[str] | None) -> tuple[str, ...] | None:
    return None if chain is None else tuple(chain)


@pytest.mark.parametrize("case", AGENT_CASES, ids=lambda case: case["name"])
def test_the_real_agent_did_the_same(case: dict[str, Any]) -> None:
    """Every config that was given to the real agent is accepted or refused as there, with the same chains."""
    reading = read_agent_config(case["config"], enable_ipv6=case["enable_ipv6"])
    assert reading.accepted == case["accepted"]
    assert reading.ipv4_chain == _rows(case["ipv4_chain"])
    assert reading.ipv6_chain == _rows(case["ipv6_chain"])
    assert reading.certain


@pytest.mark.parametrize("case", GO_CASES, ids=lambda case: ascii(case["config"]))
def test_gos_own_libraries_did_the_same(case: dict[str, Any]) -> None:
    """A config that was given to the libraries inside the agent is read as there, or the reading is not certain."""
    reading = read_agent_config(
        case["config"],
        enable_ipv6=case.get("enable_ipv6", False),
        reserved_ranges=case.get("reserved_ranges", False),
    )
    if not reading.certain:
        assert any(told.startswith("this reading is not certain: line ") for told in reading.warnings)
        return
    assert reading.accepted == case["accepted"], reading.error
    config = reading.config
    if config is not None:
        assert config.non_masquerade == tuple(IPNetwork(cidr) for cidr in case["non_masquerade"])
        assert (config.masq_link_local, config.masq_link_local_ipv6) == (
            case["masq_link_local"],
            case["masq_link_local_ipv6"],
        )
        assert config.resync_interval_seconds == case["resync_nanoseconds"] / 10**9


def test_most_readings_are_certain() -> None:
    """Of the configs that were made to try the libraries' corners, three in five are read with certainty."""
    certain = [read_agent_config(case["config"]).certain for case in GO_CASES]
    assert sum(certain) > len(certain) * 0.6


@pytest.mark.parametrize(("reserved_ranges", "count"), [(True, 11), (False, 3)])
def test_the_default_list_depends_on_the_agents_flag(*, reserved_ranges: bool, count: int) -> None:
    """GKE's agent spares all reserved ranges by default, the plain one those of RFC 1918 only."""
    config = read_agent_config("", reserved_ranges=reserved_ranges).config
    assert config is not None
    assert config.lists_defaults
    assert config.non_masquerade == GKE_DEFAULT_NON_MASQUERADE[:count]


@pytest.mark.parametrize(("text", "expected"), [("nonMasqueradeCIDRs: []", False), ("masqLinkLocal: true", True)])
def test_only_a_config_without_a_list_lists_the_defaults(text: str, *, expected: bool) -> None:
    """An empty list is a list; a config that names none keeps the defaults."""
    config = read_agent_config(text).config
    assert config is not None
    assert config.lists_defaults == expected


IPV6_CONFIG = "nonMasqueradeCIDRs: [10.0.0.0/8, 'fd00::/8']"


def test_ipv6_needs_the_agents_flag() -> None:
    """With the flag an IPv6 range gets its own chain; without it the whole config is refused."""
    enabled = read_agent_config(IPV6_CONFIG, enable_ipv6=True)
    assert enabled.ipv4_chain == ("169.254.0.0/16 RETURN", "10.0.0.0/8 RETURN", "MASQUERADE")
    assert enabled.ipv6_chain == ("fe80::/10 RETURN", "fd00::/8 RETURN", "MASQUERADE")
    refused = read_agent_config(IPV6_CONFIG)
    assert (refused.accepted, refused.ipv4_chain, refused.ipv6_chain) == (False, None, None)
    assert "--enable-ipv6" in (refused.error or "")


def test_ipv6_link_local_addresses_can_be_masqueraded_too() -> None:
    """``masqLinkLocalIPv6`` takes fe80::/10 out of the IPv6 chain and changes nothing in the other."""
    reading = read_agent_config("masqLinkLocalIPv6: true\nnonMasqueradeCIDRs: []", enable_ipv6=True)
    assert (reading.ipv4_chain, reading.ipv6_chain) == (("169.254.0.0/16 RETURN", "MASQUERADE"), ("MASQUERADE",))


def test_what_iptables_cannot_read_leaves_no_rules() -> None:
    """A prefix that Go reads and C does not passes the agent's validation, and then no rule is written."""
    reading = read_agent_config("nonMasqueradeCIDRs: [10.0.0.0/08]")
    assert not reading.accepted
    assert "iptables" in (reading.error or "")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nonMasqueradeCIDRs: [10.0.0.1/8]", "nonMasqueradeCIDRs[0]: expected a CIDR aligned to its prefix, here 10.0"),
        ("nonMasqueradeCIDRs: {a: b}", "nonMasqueradeCIDRs: expected a list, saw a mapping"),
        ("cidrLimit: 2", "nonMasqueradeCIDRs: expected at most 2 (cidrLimit), saw 3"),
        ("cidrLimit: [3]", "cidrLimit: expected an integer of 64 bits, saw a list"),
        ("masqLinkLocal: 1", "masqLinkLocal: expected true or false, saw the number 1"),
        ("masqLinkLocalIPv6: yes please", "masqLinkLocalIPv6: expected true or false, saw the text 'yes please'"),
        ("resyncInterval: 60", "resyncInterval: expected a text such as 60s, saw the number 60"),
        ("resyncInterval:", "resyncInterval: expected a text such as 60s, saw null"),
        ("resyncInterval: yes", "resyncInterval: expected a text such as 60s, saw true"),
        ("- a", "config: expected a mapping, saw a list"),
        ('{"a": 1}}', "config, line 1: expected JSON, saw '}'"),
        (
            "a: [b\nc: d",
            "config, line 2: expected a comma or the closing bracket ]",
        ),
    ],
)
def test_a_refusal_says_where_and_why(text: str, error: str) -> None:
    """The message names the place, what the agent wants there, and what it found."""
    reading = read_agent_config(text)
    assert (reading.accepted, reading.config, reading.certain) == (False, None, True)
    assert (reading.error or "").startswith(error)


@pytest.mark.parametrize("text", ["a: 1\n\ufeffb: 2", "masqLinkLocal:\ttrue", "a: [\t", "~: a\nb: c", "[" * 3_000])
def test_where_the_agent_may_differ_the_reading_says_so(text: str) -> None:
    """A construct that YAML libraries read differently makes a reading uncertain, whether it accepts or refuses."""
    reading = read_agent_config(text)
    assert not reading.certain
    assert any(told.startswith("this reading is not certain: ") for told in reading.warnings)


def test_a_very_long_list_is_read() -> None:
    """Three thousand ranges are read in seconds."""
    rows = "".join(f"- 10.{index // 256}.{index % 256}.0/24\n" for index in range(3_000))
    reading = read_agent_config(f"cidrLimit: 3000\nnonMasqueradeCIDRs:\n{rows}")
    assert (reading.accepted, reading.warnings, len(reading.ipv4_chain or ())) == (True, (), 3_002)


PIECES = st.sampled_from(
    [
        *KNOWN_KEYS,
        *(
            ": ",
            ":",
            "\n",
            "\n  ",
            "\n- ",
            "\t",
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "%TAG ",
        ),
        *("&x ", "*x", "<<: ", "!!int ", "!", "|\n ", ">-\n ", '"', "'", "\\u", "\\", "? ", "- ", "~", "null", "y"),
        *("10.0.0.0/8", "::/0", "60s", "0x", "1e9", ".inf", "\x00", "\x85", "\u2028", "\ufeff", "\ud800", "{" * 70),
    ]
)
TEXTS = st.text(max_size=60) | st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, enable_ipv6=st.booleans(), reserved_ranges=st.booleans())
@example(text='"\\U99999999"', enable_ipv6=False, reserved_ranges=False)
@example(text="cidrLimit: " + "9" * 5000, enable_ipv6=False, reserved_ranges=False)
@example(text="{" + '"cidrLimit": ' + "9" * 5000 + "}", enable_ipv6=False, reserved_ranges=False)
@example(text="a: &a [" + "1, " * 999 + "]\nb: [" + "*a, " * 999 + "]", enable_ipv6=False, reserved_ranges=False)
def test_no_text_makes_the_reading_fail(text: str, *, enable_ipv6: bool, reserved_ranges: bool) -> None:
    """Any text is accepted with a config or refused with a reason, never an exception."""
    reading = read_agent_config(text, enable_ipv6=enable_ipv6, reserved_ranges=reserved_ranges)
    assert reading.accepted == (reading.config is not None) == (reading.error is None)
    assert (reading.ipv4_chain is not None) == reading.accepted
    assert (reading.ipv6_chain is not None) == (reading.accepted and enable_ipv6)
    told = "".join((*reading.warnings, reading.error or ""))
    assert told.isprintable()
    assert bool(derive_agent_policy(reading).chains) == reading.accepted


POD = IPAddress("10.64.0.5")
PUBLIC = IPAddress("192.175.48.80")
ON_PREMISES = IPAddress("10.200.0.9")


def _decide(reading: AgentConfigReading, destination: IPAddress) -> tuple[bool, Reason, str]:
    decision = decide(derive_agent_policy(reading), pod=POD, destination=destination)
    return decision.masqueraded, decision.reason, decision.origin


def test_the_policy_follows_the_configs_list() -> None:
    """Destinations of the list see the Pod because of the config, all others the node."""
    reading = read_agent_config("nonMasqueradeCIDRs: [10.200.0.0/16]")
    reason = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
    assert _decide(reading, ON_PREMISES) == (False, reason, "the agent's config")
    assert _decide(reading, PUBLIC) == (True, Reason.MASQUERADED, "policy agent_config")


def test_the_policy_follows_the_default_list_where_the_config_has_none() -> None:
    """A misspelt key leaves the defaults: on-premises sees the Pod because of the default list."""
    reading = read_agent_config("nonMasqueradeCIDR: []")
    reason = Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE
    assert _decide(reading, ON_PREMISES) == (False, reason, "the agent's default list")
    assert _decide(reading, PUBLIC)[0]


def test_the_policys_flags_are_the_agents() -> None:
    """IPv6 and the link-local ranges are masqueraded only where the config and the flag say so."""
    text = "nonMasqueradeCIDRs: []\nmasqLinkLocal: true"
    link_local, ipv6 = IPAddress("169.254.169.254"), IPAddress("2001:db8::1")
    assert _decide(read_agent_config(text), link_local)[0]
    assert not _decide(read_agent_config("nonMasqueradeCIDRs: []"), link_local)[0]
    assert _decide(read_agent_config(text, enable_ipv6=True), ipv6)[0]
    assert not _decide(read_agent_config(text), ipv6)[0]
    chain = derive_agent_policy(read_agent_config("masqLinkLocalIPv6: true")).chains[0]
    assert (chain.masquerades_link_local, chain.masquerades_link_local_ipv6, chain.ipv6) == (False, True, False)


def test_a_refused_config_masquerades_nothing() -> None:
    """An agent that finds it at its first start writes no chain, so every destination sees the Pod."""
    policy = derive_agent_policy(read_agent_config("nonMasqueradeCIDRs: [10.0.0.1]"), name="broken")
    assert (policy.name, policy.chains, policy.provenance) == ("broken", (), Provenance.OBSERVED)
    assert not decide(policy, pod=POD, destination=PUBLIC).masqueraded


def test_a_policy_from_an_uncertain_reading_is_inferred() -> None:
    """A policy from a certain reading is observed."""
    certain, uncertain = read_agent_config("a: 1"), read_agent_config("a: 1\n\ufeffb: 2")
    assert derive_agent_policy(certain).provenance is Provenance.OBSERVED
    assert derive_agent_policy(uncertain).provenance is Provenance.INFERRED
