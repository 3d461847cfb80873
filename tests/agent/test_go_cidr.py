"""CIDRs are validated as the agent does, and then read as iptables does."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.agent.go_cidr import GoCidr, parse_go_cidr
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
    assert parse_go_cidr(text, where="a") == GoCidr(network=IPNetwork(network), agreed=True)


@pytest.mark.parametrize(
    ("text", "network", "agreed"),
    [
        ("10.0.0.0/010", "10.0.0.0/8", False),
        ("10.1.0.0/016", "10.0.0.0/14", False),
        ("fc00::/010", "fc00::/8", False),
        ("fc00::/07", "fc00::/7", True),
        ("0.0.0.0/00", "0.0.0.0/0", True),
    ],
)
def test_leading_zeros_are_octal_to_iptables(text: str, network: str, *, agreed: bool) -> None:
    """The agent reads a decimal prefix, iptables an octal one, and the rule is what iptables reads."""
    assert parse_go_cidr(text, where="a") == GoCidr(network=IPNetwork(network), agreed=agreed)


@pytest.mark.parametrize("text", ["10.0.0.0/08", "fc00::/09", "::ffff:10.0.0.0/104"])
def test_what_passes_the_agent_and_breaks_iptables_has_no_range(text: str) -> None:
    """No octal digit, or an IPv4 address in IPv6's clothes: the agent lets it pass, iptables does not."""
    assert parse_go_cidr(text, where="a") == GoCidr(network=None, agreed=False)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/8", "10.0.0.0", "10.0.0.0/", "10.0.0.0/8/8", "10/8", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/33"),
        *("10.0.0.0/+8", "10.0.0.0/-8", "10.0.0.0/0x8", "10.0.0.0/255.0.0.0", " 10.0.0.0/8", "10.0.0.0/8\n"),
        *("10.0.0.0/99999999999999999999", "\u0661.0.0.0/8", "10.0.0.0/\u0668", "fe80::%eth0/64", "fd00::/129"),
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    """Whatever is no address, slash and prefix length is refused, with the place."""
    with pytest.raises(InvalidInputError, match=r"^list\[3\]: expected a CIDR such as 10.0.0.0/8, saw"):
        parse_go_cidr(text, where="list[3]")


@pytest.mark.parametrize(("text", "aligned"), [("10.0.0.1/8", "10.0.0.0/8"), ("fd00::1/64", "fd00::/64")])
def test_misaligned_cidrs_are_refused(text: str, aligned: str) -> None:
    """An address with bits beyond its prefix is refused, and the aligned range named."""
    with pytest.raises(InvalidInputError, match=f"aligned to its prefix, here {aligned}"):
        parse_go_cidr(text, where="a")
