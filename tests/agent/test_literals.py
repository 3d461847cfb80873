"""CIDRs are validated as the agent does and then read as iptables does; durations are Go's."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.agent.literals import parse_agent_cidr, parse_duration
from airflow_masq.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("1.2.3.4/32", "1.2.3.4/32"),
        ("FC00:0::0/7", "fc00::/7"),
        ("::1.2.3.0/120", "::1.2.3.0/120"),
    ],
)
def test_usual_cidrs_mean_the_same_to_both(text: str, network: str) -> None:
    """An aligned CIDR of either version is what it says."""
    assert parse_agent_cidr(text, where="a") == IPNetwork(network)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/010", "10.0.0.0/8"),
        ("10.1.0.0/016", "10.0.0.0/14"),
        ("fc00::/010", "fc00::/8"),
        ("fc00::/07", "fc00::/7"),
        ("0.0.0.0/00", "0.0.0.0/0"),
    ],
)
def test_leading_zeros_are_octal_to_iptables(text: str, network: str) -> None:
    """The agent reads a decimal prefix, iptables an octal one, and the rule is what iptables reads."""
    assert parse_agent_cidr(text, where="a") == IPNetwork(network)


@pytest.mark.parametrize("text", ["10.0.0.0/08", "fc00::/09", "::ffff:10.0.0.0/104"])
def test_what_breaks_iptables_is_refused(text: str) -> None:
    """The agent accepts a prefix that is not octal and a mapped IPv4 address; iptables refuses both."""
    with pytest.raises(InvalidInputError, match=r"^a: expected a CIDR that iptables can read"):
        parse_agent_cidr(text, where="a")


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/8", "10.0.0.0", "10.0.0.0/", "10.0.0.0/8/8", "10/8", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/33"),
        *("10.0.0.0/+8", "10.0.0.0/-8", "10.0.0.0/0x8", "10.0.0.0/255.0.0.0", " 10.0.0.0/8", "10.0.0.0/8\n"),
        *("10.0.0.0/99999999999999999999", "\u0661.0.0.0/8", "10.0.0.0/\u0668", "fe80::%eth0/64", "fd00::/129"),
        "fd00::00001/128",  # old agents accept it, iptables refuses it
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    """A text that is not an address, a slash and a prefix length is refused, with the place."""
    with pytest.raises(InvalidInputError, match=r"^list\[3\]: expected a CIDR such as 10.0.0.0/8, saw"):
        parse_agent_cidr(text, where="list[3]")


@pytest.mark.parametrize(("text", "aligned"), [("10.0.0.1/8", "10.0.0.0/8"), ("fd00::1/64", "fd00::/64")])
def test_misaligned_cidrs_are_refused(text: str, aligned: str) -> None:
    """An address with bits beyond its prefix is refused, and the aligned range named."""
    with pytest.raises(InvalidInputError, match=f"aligned to its prefix, here {aligned}"):
        parse_agent_cidr(text, where="a")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("1h30m", 5400),
        ("100ms", 0.1),
        ("1.5h", 5400),
        ("+.5s", 0.5),
        ("1.s", 1),
        ("-5s", -5),
        ("0", 0),
        ("-0", 0),
        ("1us", 1e-6),
        ("1\N{MICRO SIGN}s", 1e-6),
        ("1\N{GREEK SMALL LETTER MU}s", 1e-6),
        ("1ns", 1e-9),
        ("1s1s", 2),
        ("-.59999999999999999h", -2160),
        ("9223372036854775807ns", 9223372036.854775807),
        ("-9223372036854775808ns", -9223372036.854775808),
        ("000000000000000000000001s", 1),
        ("0.00000000000000000000000009h", 0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """Numbers with units add up to seconds."""
    assert parse_duration(text, where="resyncInterval") == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "60", "1d", "s", ".s", "-", "1 s", "1S", "1m-1s", "\u0661s", "1h "),
        *("9223372036854775808ns", "-9223372036854775809ns", "2562048h", "99999999999999999999h"),
    ],
)
def test_other_durations_are_refused(text: str) -> None:
    """No unit, an unknown one, another order or more than Go can hold is an error that names the place."""
    with pytest.raises(InvalidInputError, match="resyncInterval: expected a duration with units") as raised:
        parse_duration(text, where="resyncInterval")
    assert raised.value.seen == ascii(text)
