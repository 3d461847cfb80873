"""A config is read as the real agent read it, and nothing makes the reading fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from netaddr import IPNetwork

from airflow_masq.agent.config import (
    LARGEST_TEXT_CHARACTERS,
    agent_policy,
    read_agent_config,
)
from airflow_masq.agent.fields import KNOWN_KEYS
from airflow_masq.network.policy import GKE_DEFAULT_NON_MASQUERADE

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
    """Every config that was given to the libraries inside the agent sets the same fields, or is refused as there."""
    reading = read_agent_config(
        case["config"],
        enable_ipv6=case.get("enable_ipv6", False),
        reserved_ranges=case.get("reserved_ranges", False),
    )
    assert (reading.accepted, reading.certain) == (case["accepted"], True), reading.error
    config = reading.config
    if config is not None:
        assert config.non_masquerade == tuple(IPNetwork(cidr) for cidr in case["non_masquerade"])
        assert (config.masq_link_local, config.masq_link_local_ipv6) == (
            case["masq_link_local"],
            case["masq_link_local_ipv6"],
        )
        assert config.resync_interval_seconds == case["resync_nanoseconds"] / 10**9


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


def test_octal_prefixes_become_what_iptables_takes_them_for() -> None:
    """A leading zero that is octal changes the range, and is warned about; without one nothing is said."""
    octal = read_agent_config("nonMasqueradeCIDRs: [10.0.0.0/010]")
    assert octal.ipv4_chain == ("169.254.0.0/16 RETURN", "10.0.0.0/8 RETURN", "MASQUERADE")
    assert octal.warnings == ("'10.0.0.0/010' becomes 10.0.0.0/8, since iptables takes a leading zero for octal",)
    assert read_agent_config("nonMasqueradeCIDRs: [10.0.0.0/10]").warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("nonMasqueradeCIDR: [10.0.0.0/8]", "did you mean nonMasqueradeCIDRs, whose default is in force now?"),
        (
            "nonMasqueradeCIDRs: [10.0.0.0/8]\nnonMasqueradeCIDR: []",
            "did you mean nonMasqueradeCIDRs, which is there as well?",
        ),
        ("resyncIntervall: 5s", "did you mean resyncInterval"),
        ("colour: red", "the agent ignores the key 'colour'"),
        ("kind: ConfigMap\ndata: {config: ''}", "this looks like a whole ConfigMap"),
        ("nonMasqueradeCIDRs: []", "nonMasqueradeCIDRs is empty, so every destination is masqueraded"),
        ("nonMasqueradeCIDRs:", "nonMasqueradeCIDRs is empty"),
        ("nonMasqueradeCIDRs: [~]", "keeps the default list's entry of the same place"),
        ("nonMasqueradeCIDRs: [9.0.0.0/8, 9.0.0.0/8]", "9.0.0.0/8 is in nonMasqueradeCIDRs more than once"),
        ("nonMasqueradeCIDRs: [9.1.0.0/16, 9.0.0.0/8]", "9.1.0.0/16 is in nonMasqueradeCIDRs for nothing: 9.0.0.0/8"),
        ("nonMasqueradeCIDRs: [9.0.0.0/8, 9.1.0.0/16]", "9.1.0.0/16 is in nonMasqueradeCIDRs for nothing: 9.0.0.0/8"),
        ("nonMasqueradeCIDRs: [0.0.0.0/0]", "0.0.0.0/0 is in nonMasqueradeCIDRs, so nothing of IPv4 is masqueraded"),
        ("resyncInterval: 0s", "resyncInterval is not above zero"),
        ("resyncInterval: -5s", "resyncInterval is not above zero"),
        ("MasqLinkLocal: true", "'MasqLinkLocal' is taken for masqLinkLocal"),
        ("masqLinkLocal: true\nMASQLINKLOCAL: false", "'MASQLINKLOCAL' and as 'masqLinkLocal', and the latter counts"),
        ("cidrLimit: 1\ncidrLimit: 64", "the key 'cidrLimit' is there twice, and the later one counts"),
        ("masqLinkLocal: true\n---\na: b", "several YAML documents, and only the first counts"),
        ("masqLinkLocal: y", "line 1: 'y' is a boolean to the agent and text to YAML readers in Python"),
        ("a: 1\ncidrLimit: 0o100", "line 2: '0o100' is a number to the agent and text"),
        ("cidrLimit: 1e2", "'1e2' is a number to the agent and text"),
        ("a: 1:30", "'1:30' is text to the agent and a number"),
        ("a: =", "YAML readers in Python refuse this text, the agent's takes it"),
        ("nonMasqueradeCIDRs: !foo [10.0.0.0/8]", "could not determine a constructor for the tag '!foo'"),
        ("a: <<", "could not determine a constructor for the tag 'tag:yaml.org,2002:merge'"),
        ("a: 2001-01-01", "'2001-01-01' is text to the agent and a date to YAML readers in Python"),
        ("masqLinkLocal:\ttrue", "YAML readers in Python refuse this text, the agent's takes it: found character"),
    ],
)
def test_what_is_surely_not_meant_is_a_warning(text: str, warning: str) -> None:
    """The agent accepts it and the reading is certain, but a person is told."""
    reading = read_agent_config(text)
    assert (reading.accepted, reading.certain) == (True, True)
    assert any(warning in told for told in reading.warnings), reading.warnings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonMasqueradeCIDRs:\n  - 10.64.0.0/14\n  - 10.128.0.0/20\nresyncInterval: 60s\nmasqLinkLocal: false\n",
        "nonMasqueradeCIDRs: [9.0.0.0/8, 10.0.0.0/16, 10.1.0.0/16]",
        '{"nonMasqueradeCIDRs": ["10.64.0.0/14"], "masqLinkLocalIPv6": true, "cidrLimit": 64}',
    ],
)
def test_a_sound_config_is_not_warned_about(text: str) -> None:
    """What documentation shows passes without a word."""
    assert read_agent_config(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nonMasqueradeCIDRs: [10.0.0.1/8]", "nonMasqueradeCIDRs[0]: expected a CIDR aligned to its prefix, here 10.0"),
        ("nonMasqueradeCIDRs: {a: b}", "nonMasqueradeCIDRs: expected a list, saw a mapping"),
        ("cidrLimit: 2", "nonMasqueradeCIDRs: expected at most 2 (cidrLimit), saw 3"),
        ("cidrLimit: [3]", "cidrLimit: expected an integer, saw a list"),
        ("masqLinkLocal: 1", "masqLinkLocal: expected true or false, saw the number '1'"),
        ("masqLinkLocalIPv6: yes please", "masqLinkLocalIPv6: expected true or false, saw the text 'yes please'"),
        ("resyncInterval: 60", "resyncInterval: expected a text such as 60s, saw the number '60'"),
        ("resyncInterval:", "resyncInterval: expected a text such as 60s, saw null"),
        ("resyncInterval: yes", "resyncInterval: expected a text such as 60s, saw true"),
        ("- a", "config: expected a mapping, saw a list"),
        ('{"a": 1}}', "config, line 1: expected JSON with the end, saw '}'"),
        ("a: [b\nc: d", "config: expected YAML, saw in line 2: expected ',' or ']'"),
        ("a: \x07", "config: expected YAML, saw a character that YAML does not allow"),
    ],
)
def test_a_refusal_says_where_and_why(text: str, error: str) -> None:
    """The message names the place, what the agent wants there, and what it found."""
    reading = read_agent_config(text)
    assert (reading.accepted, reading.config, reading.certain) == (False, None, True)
    assert (reading.error or "").startswith(error)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("%YAML\t1.1\n---\nmasqLinkLocal: true", "Go's YAML allows tabs in directives"),
        ("masqLinkLocal: true\n---\n\x07", "Go may not look as far"),
        ("a: 1\n\ufeffb: 2", "a byte order mark inside"),
        ("a: " + "[" * 200, "more than 64 levels"),
        ('{"a": ' + "[" * 200, "more than 64 levels"),
        ("#" * (LARGEST_TEXT_CHARACTERS + 1), f"more than {LARGEST_TEXT_CHARACTERS} characters"),
    ],
)
def test_where_the_agent_may_differ_the_reading_says_so(text: str, doubt: str) -> None:
    """What falls between the two YAMLs, or is too much to be read here, is marked as not certain."""
    reading = read_agent_config(text)
    assert not reading.certain
    assert any(told.startswith("this reading is not certain: ") and doubt in told for told in reading.warnings)


def test_a_range_of_one_version_covers_none_of_the_other() -> None:
    """``::/0`` covers every IPv6 range of the list, and says nothing about an IPv4 one."""
    reading = read_agent_config("nonMasqueradeCIDRs: ['::/0', 'fd00::/8', 10.0.0.0/8]", enable_ipv6=True)
    assert reading.warnings == (
        "::/0 is in nonMasqueradeCIDRs, so nothing of IPv6 is masqueraded",
        "fd00::/8 is in nonMasqueradeCIDRs for nothing: ::/0 covers it",
    )


def test_a_very_long_list_is_read_all_the_same() -> None:
    """Three thousand ranges are read in about the time that their YAML takes."""
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
    assert bool(agent_policy(reading).chains) == reading.accepted


@pytest.mark.parametrize(
    ("text", "told"),
    [("%YAML 1.2\n---\na: b", 1), ("a: .inf", 1), ('{"a": 1,}', 1), ("a: !!bool x", 0), ("a: [", 0), ("{a b", 0)],
)
def test_a_refusal_that_python_does_not_share_is_told(text: str, told: int) -> None:
    """YAML that only the agent refuses is told as such, YAML that nobody takes is not."""
    reading = read_agent_config(text)
    assert not reading.accepted
    assert reading.warnings == ("YAML readers in Python take this text, the agent refuses it",) * told


def test_a_wrong_value_is_no_matter_of_yaml() -> None:
    """Where both read the same YAML and the agent wants something else, only the refusal is told."""
    assert read_agent_config("masqLinkLocal: !!str true").warnings == ()
