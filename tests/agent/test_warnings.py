"""A config that the agent accepts, but that its author probably did not mean, gets a warning."""

from __future__ import annotations

import pytest

from airflow_masq.agent.config import read_agent_config


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("nonMasqueradeCIDR: [10.0.0.0/8]", "did you mean nonMasqueradeCIDRs, whose default is in force?"),
        (
            "nonMasqueradeCIDRs: [10.0.0.0/8]\nnonMasqueradeCIDR: []",
            "did you mean nonMasqueradeCIDRs, which is set as well?",
        ),
        ("resyncIntervall: 5s", "did you mean resyncInterval"),
        ("colour: red", "the agent ignores the key 'colour'"),
        ("kind: ConfigMap\ndata: {config: ''}", "this looks like a whole ConfigMap"),
        (
            "config:\n  nonMasqueradeCIDRs: [35.100.0.0/16]",
            "ignores the key 'config', and so the settings below it. Write these without that key",
        ),
        ("config: |\n  nonMasqueradeCIDRs: []", "ignores the key 'config', and so the settings below it"),
        ('{"a": {"RESYNCINTERVAL": "1s"}}', "ignores the key 'a', and so the settings below it"),
        ("agent: {values: {config: {masqLinkLocal: true}}}", "ignores the key 'agent', and so the settings below it"),
        (
            '-A IP-MASQ --comment "ip-masq: a" -j RETURN\n-A IP-MASQ --comment "ip-masq2: a" -j RETURN\n',
            """the agent knows none of the 2 keys, such as '-A IP-MASQ --comment "ip-masq'. Check that this is""",
        ),
        ("masqAll: true", "list the cluster's node and Pod ranges alone"),
        ("foo: 1", "the agent ignores the key 'foo'. Remove it"),
        ("foo: 1\nresyncInterval: 60s", "the agent ignores the key 'foo'. Remove it"),
        ("nonMasqueradeCIDRs: []", "nonMasqueradeCIDRs is empty, so every destination is masqueraded"),
        ("nonMasqueradeCIDRs:", "nonMasqueradeCIDRs is empty"),
        ("nonMasqueradeCIDRs: [~]", "keeps the entry of the default list at that position"),
        ("nonMasqueradeCIDRs: [9.0.0.0/8, 9.0.0.0/8]", "9.0.0.0/8 is in nonMasqueradeCIDRs more than once"),
        (
            "nonMasqueradeCIDRs: [9.1.0.0/16, 9.0.0.0/8]",
            "9.1.0.0/16 in nonMasqueradeCIDRs has no effect, since 9",
        ),
        (
            "nonMasqueradeCIDRs: [9.0.0.0/8, 9.1.0.0/16]",
            "9.1.0.0/16 in nonMasqueradeCIDRs has no effect, since 9",
        ),
        (
            "nonMasqueradeCIDRs: [0.0.0.0/0]",
            "0.0.0.0/0 is in nonMasqueradeCIDRs, so no IPv4 destination is",
        ),
        ("resyncInterval: 0s", "resyncInterval is not above zero"),
        ("resyncInterval: -5s", "resyncInterval is not above zero"),
        ("MasqLinkLocal: true", "'MasqLinkLocal' is read as masqLinkLocal"),
        (
            "masqLinkLocal: true\nMASQLINKLOCAL: false",
            "'MASQLINKLOCAL' and as 'masqLinkLocal'; the second one is in force",
        ),
        ("cidrLimit: 1\ncidrLimit: 64", "the key 'cidrLimit' occurs twice, and the agent uses the later one"),
    ],
)
def test_what_is_surely_not_meant_is_a_warning(text: str, warning: str) -> None:
    """The agent accepts the config and the reading is certain, but there is a warning."""
    reading = read_agent_config(text)
    assert (reading.accepted, reading.certain) == (True, True)
    assert any(warning in told for told in reading.warnings), reading.warnings


@pytest.mark.parametrize(
    "text",
    [
        "nonMasqueradeCIDRs:\n  - 10.64.0.0/14\n  - 10.128.0.0/20\nresyncInterval: 60s\nmasqLinkLocal: false\n",
        "nonMasqueradeCIDRs: [9.0.0.0/8, 10.0.0.0/16, 10.1.0.0/16]",
        "# !!! ours\n---\nnonMasqueradeCIDRs: [ # Pods\n  '10.64.0.0/14',\n  \"10.128.0.0/20\"]\nmasqLinkLocal: no\n",
        "nonMasqueradeCIDRs: &ranges\r\n- 10.64.0.0/14\r\ncidrLimit: 64\r\n",
        '{"nonMasqueradeCIDRs": ["10.64.0.0/14"], "masqLinkLocalIPv6": true, "cidrLimit": 64}',
    ],
)
def test_a_sound_config_is_not_warned_about(text: str) -> None:
    """What documentation shows passes without a word."""
    assert read_agent_config(text).warnings == ()


def test_octal_prefixes_become_what_iptables_takes_them_for() -> None:
    """A leading zero that is octal changes the range, and is warned about; without one nothing is said."""
    octal = read_agent_config("nonMasqueradeCIDRs: [10.0.0.0/010]")
    assert octal.ipv4_chain == ("169.254.0.0/16 RETURN", "10.0.0.0/8 RETURN", "MASQUERADE")
    assert octal.warnings == (
        "'10.0.0.0/010' becomes 10.0.0.0/8, since iptables reads a leading zero as octal. Remove the zero",
    )
    assert read_agent_config("nonMasqueradeCIDRs: [10.0.0.0/10]").warnings == ()


def test_a_range_of_one_version_covers_none_of_the_other() -> None:
    """``::/0`` covers every IPv6 range of the list, and says nothing about an IPv4 one."""
    reading = read_agent_config("nonMasqueradeCIDRs: ['::/0', 'fd00::/8', 10.0.0.0/8]", enable_ipv6=True)
    assert reading.warnings == (
        "::/0 is in nonMasqueradeCIDRs, so no IPv6 destination is masqueraded. Remove it",
        "fd00::/8 in nonMasqueradeCIDRs has no effect, since ::/0 covers it. Remove it",
    )


@pytest.mark.parametrize(
    ("reserved_ranges", "words"), [(False, "RFC 1918's three ranges"), (True, "all reserved ranges")]
)
def test_a_config_without_a_list_says_which_default_is_assumed(*, reserved_ranges: bool, words: str) -> None:
    """Which list is in force depends on a flag of the agent that the config does not show."""
    reading = read_agent_config("resyncInterval: 60s", reserved_ranges=reserved_ranges)
    (remark,) = reading.remarks
    assert remark.startswith(f"nonMasqueradeCIDRs is not set, so the default list is in force: {words}")
    assert "--reserved-ranges" in remark
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("masqueradeAll: true", "list the cluster's node and Pod ranges alone"),
        ("forceMasqueradeCIDRs: [128.0.0.0/1]", "To masquerade only these, list all others: 0.0.0.0/1"),
        ("masqueradeCIDRs: []", "everything that nonMasqueradeCIDRs does not name"),
        ("masqueradeCIDRs: [on-premises]", "everything that nonMasqueradeCIDRs does not name"),
        ("masqueradeCIDRs: ['fd00::/8']", "everything that nonMasqueradeCIDRs does not name"),
        ("masqueradeCIDRs: [128.0.0.0/1]", "To masquerade only these, list all others: 0.0.0.0/1"),
        ("masqueradeCIDRs: [0.0.0.0/1, 192.0.0.0/2]", "To masquerade only these, list all others: 128.0.0.0/2"),
    ],
)
def test_masquerade_only_these_gets_the_complement(text: str, words: str) -> None:
    """A key of the opposite meaning is never proposed in its place; the list of all others is."""
    warnings = read_agent_config(f"nonMasqueradeCIDRs: [10.0.0.0/8]\n{text}").warnings
    assert len(warnings) == 1
    assert words in warnings[0]
    assert "did you mean" not in warnings[0]


def test_a_complement_longer_than_the_agents_limit_is_counted() -> None:
    """Ranges far apart leave more gaps than the agent takes."""
    wanted = ", ".join(f"{first}.20.0.0/24" for first in (10, 60, 150, 200))
    (warning,) = read_agent_config(f"nonMasqueradeCIDRs: [10.0.0.0/8]\nmasqueradeCIDRs: [{wanted}]").warnings
    assert "All but these are 87 ranges, and the agent takes 64 at most" in warning
