"""A compiled policy answers as the policy does, only faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.compiled import compile_policy
from airflow_masq.network.policy import (
    Chain,
    MasqueradePolicy,
    decide,
    make_composer_policy,
    make_exemptions,
    make_no_policy,
)
from airflow_masq.network.ranges import NetworkRanges

if TYPE_CHECKING:
    from collections.abc import Iterable

POD = IPAddress("192.168.0.2")
RANGES = NetworkRanges(node=(IPNetwork("10.128.0.0/20"),), pod=(IPNetwork("192.168.0.0/16"),))
COMPOSER = compile_policy(make_composer_policy(RANGES))
HIGHEST = 2**32 - 1


def _policy(*lists: Iterable[str], masquerades_link_local: bool = False) -> MasqueradePolicy:
    chains = [
        Chain(
            name=f"IP-MASQ-{number}",
            exemptions=make_exemptions(map(IPNetwork, cidrs), origin="the test"),
            masquerades_link_local=masquerades_link_local,
        )
        for number, cidrs in enumerate(lists)
    ]
    return MasqueradePolicy(name="test", chains=tuple(chains))


def _cidr(address: int, prefix_length: int) -> str:
    return str(IPNetwork((address, prefix_length), version=4).cidr)


CIDRS = st.builds(_cidr, st.integers(0, HIGHEST), st.integers(0, 32)) | st.sampled_from(["2001:db8::/32", "::/0"])
POLICIES = st.builds(
    lambda lists, *, link_local: _policy(*lists, masquerades_link_local=link_local),
    st.lists(st.lists(CIDRS, max_size=5), max_size=3),
    link_local=st.booleans(),
)


def _borders(policy: MasqueradePolicy) -> list[int]:
    """Give the addresses beside every border, and the ends of the tables that hold it, where mistakes are made."""
    ranges = [
        exemption.cidr for chain in policy.chains for exemption in chain.exemptions if exemption.cidr.version == 4
    ]
    ranges += [IPNetwork("169.254.0.0/16"), IPNetwork("0.0.0.0/0")]
    beside = [int(end) + step for cidr in ranges for end in (cidr.first, cidr.last) for step in (-1, 0, 1)]
    ends = [int(cidr.last) | mask for cidr in ranges for mask in (0xFF, 0xFFFF)]
    return [number for number in (*beside, *ends) if 0 <= number <= HIGHEST]


@settings(max_examples=300, deadline=None)
@given(POLICIES, st.lists(st.integers(0, HIGHEST), max_size=20), st.sampled_from(["192.168.0.2", "2001:db8::5"]))
@example(_policy(["10.0.0.7/32", "10.0.0.0/25", "10.0.0.0/8"]), [0, HIGHEST], "192.168.0.2")
@example(_policy(["10.0.1.0/24", "10.0.2.128/25"], ["10.0.0.0/15"]), [], "192.168.0.2")
@example(_policy(["0.0.0.0/0"], masquerades_link_local=True), [], "192.168.0.2")
def test_the_table_says_what_the_policy_decides(policy: MasqueradePolicy, numbers: list[int], pod: str) -> None:
    """For any policy and any destination, as a number and as text, the compiled answer is the decision."""
    source = IPAddress(pod)
    destinations = [number for number in (*numbers, *_borders(policy)) if source != IPAddress(number, version=4)]
    expected = [decide(policy, pod=source, destination=IPAddress(to, version=4)).masqueraded for to in destinations]
    compiled = compile_policy(policy)
    assert compiled.decide_numbers(destinations) == expected
    assert compiled.decide_texts(str(IPAddress(to, version=4)) for to in destinations) == expected


def test_a_policy_masquerades_one_destination_and_not_another() -> None:
    """The answers are in the order of the questions, and no question has no answer."""
    assert COMPOSER.decide_texts(["172.20.0.10", "10.128.0.9", "10.128.16.0", "169.254.169.254"]) == [
        True,
        False,
        True,
        False,
    ]
    assert COMPOSER.decide_numbers(iter([0x08080808, 0xC0A80001])) == [True, False]
    assert COMPOSER.decide_numbers([]) == COMPOSER.decide_texts([]) == []


def test_a_policy_without_chains_masquerades_nothing() -> None:
    """With default SNAT disabled, the table holds no masqueraded destination, where Composer's holds some."""
    assert compile_policy(make_no_policy()).decide_numbers([0, 0x08080808, HIGHEST]) == [False, False, False]
    assert COMPOSER.decide_numbers([0, 0x08080808, HIGHEST]) == [True, True, True]


@pytest.mark.parametrize(
    ("number", "seen"),
    [(-1, "a negative number"), (2**32, "a number of 33 bits"), (2**40_000, "a number of 40001 bits")],
    ids=["negative", "33 bits", "too long to be written"],
)
def test_numbers_that_are_no_ipv4_address_are_refused(number: int, seen: str) -> None:
    """A number outside the IPv4 addresses is refused with its place, never taken for another address."""
    with pytest.raises(InvalidInputError) as refused:
        COMPOSER.decide_numbers([1, number])
    assert str(refused.value) == f"destinations[1]: expected a number from 0 to 4294967295, saw {seen}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.0.1",
        "10.0.0.256",
        "10.0.0.01",
        "10.0.0.-1",
        "10.0.0.1 ",
        "10.0.0.1\n",
        "10.0.0.+1",
        "10.0.0.1/32",
        "0x0a.0.0.1",
        "10.0.0.\u0661",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "localhost",
        "\x1b[2J",
        pytest.param("9" * 100_000, id="long"),
    ],
)
def test_texts_that_are_no_ipv4_address_are_refused(text: str) -> None:
    """Anything but four plain decimal numbers is refused with its place, and shown so that it does no harm."""
    with pytest.raises(InvalidInputError, match=r"^destinations\[1\]: expected an IPv4 address") as refused:
        COMPOSER.decide_texts(["10.0.0.1", text, "10.0.0.2"])
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200
