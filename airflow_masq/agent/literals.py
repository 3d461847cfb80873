"""CIDRs and durations as the agent reads them; Go's rules, which are not Python's.

``ranges.parse_cidr`` reads what people write in plans. These functions must not be stricter or laxer than the
agent.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from netaddr import IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import IPV6
from airflow_masq.text import quote

_PREFIX_LENGTH: Final = re.compile(r"0*[0-9]{1,3}")

# The units, and both letters that look like a micro sign [source: go-parse-duration].
_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "\N{MICRO SIGN}s": 10**3,
    "\N{GREEK SMALL LETTER MU}s": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART: Final = rf"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)({'|'.join(sorted(_NANOSECONDS, key=len, reverse=True))})"
_DURATION: Final = re.compile(rf"[-+]?(?:0|(?:{_PART})+)")
_LARGEST: Final = 2**63  # nanoseconds of a Go duration; only a negative one reaches it
_MOST_DIGITS: Final = 19  # more exceed 2**63 in any unit, and in a fraction they count for nothing


def parse_agent_cidr(text: str, *, where: str) -> IPNetwork:
    """Validate one CIDR as the agent does, and read it as iptables does, which gets the same text.

    The agent asks for what Go can read, aligned to its prefix [source: ip-masq-agent-validate-cidr, go-parse-cidr].

    :raises InvalidInputError: when the agent or iptables refuses it.
    """
    address_text, _, prefix_text = text.partition("/")
    try:
        address = ipaddress.ip_address(address_text)
    except ValueError:
        address = None
    is_prefix_length = _PREFIX_LENGTH.fullmatch(prefix_text)
    # Go refuses a zone ("%eth0") here.
    if address is None or "%" in address_text or not is_prefix_length or int(prefix_text) > address.max_prefixlen:
        raise InvalidInputError(where=where, expected="a CIDR such as 10.0.0.0/8", seen=quote(text))
    network = IPNetwork((int(address), int(prefix_text)), version=address.version)
    if network.ip != network.network:
        expected = f"a CIDR aligned to its prefix, here {network.cidr}"
        raise InvalidInputError(where=where, expected=expected, seen=quote(text))
    # A leading zero makes the prefix octal to iptables: "10.0.0.0/08" breaks iptables-restore, and "10.0.0.0/010"
    # becomes 10.0.0.0/8 [source: observed-agent-octal-prefix].
    is_octal = prefix_text.startswith("0")
    # To Go a mapped address is IPv4, so it goes into the IPv4 chain, where iptables refuses it
    # [source: observed-agent-mapped-cidr].
    is_mapped = network.version == IPV6 and network.ip.is_ipv4_mapped()
    if is_mapped or (is_octal and set(prefix_text) & {"8", "9"}):
        expected = "a CIDR that iptables can read (the agent accepts this one, and then writes no rules)"
        raise InvalidInputError(where=where, expected=expected, seen=quote(text))
    return IPNetwork((int(address), int(prefix_text, 8 if is_octal else 10)), version=address.version).cidr


def parse_duration(text: str, *, where: str) -> float:
    """Read a Go duration such as ``60s``, ``1h30m`` or ``-1.5h``; give seconds.

    :raises InvalidInputError: when it is anything else (no bare ``60``, no days), or more than Go can hold (292 years).
    """
    sign = -1 if text.startswith("-") else 1
    nanoseconds = sum(_count_nanoseconds(number, unit) for number, unit in re.findall(_PART, text))
    if not _DURATION.fullmatch(text) or nanoseconds > _LARGEST - (sign == 1):
        expected = "a duration with units such as 60s or 1m30s"
        raise InvalidInputError(where=where, expected=expected, seen=quote(text))
    return sign * nanoseconds / 10**9


def _count_nanoseconds(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > _MOST_DIGITS:
        return _LARGEST + 1
    fraction = fraction[:_MOST_DIGITS] or "0"
    # Go multiplies the fraction as a float, which can differ by a nanosecond from the exact value.
    return int(whole) * _NANOSECONDS[unit] + int(int(fraction) * (_NANOSECONDS[unit] / 10 ** len(fraction)))
