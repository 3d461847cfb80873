"""CIDRs as the agent validates them, and as iptables then reads the same text.

The agent checks each with Go's ``net.ParseCIDR`` and hands the text on, unchanged, to ``iptables-restore``; where those
two disagree, the text passes and the rules are another matter. ``ranges.parse_cidr`` is what a person's own input is
read with; this module must not be used for that, and must not be stricter than the agent.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from netaddr import IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

_DIGITS: Final = re.compile(r"[0-9]+")
_OCTAL: Final = re.compile(r"0[0-7]*")
_LONGEST_DIGITS: Final = 8  # beyond, Go's own scan of the digits gives up as too large


@dataclass(frozen=True, kw_only=True)
class GoCidr:
    """A CIDR that passed the agent's validation.

    :param network: as iptables reads it; ``None`` where iptables refuses the text.
    :param agreed: whether Go and iptables read the same range.
    """

    network: IPNetwork | None
    agreed: bool


def parse_go_cidr(text: str, *, where: str) -> GoCidr:
    """Validate one CIDR as the agent does.

    Sources, read 2026-11-22: ``validateCIDR`` in https://github.com/kubernetes-sigs/ip-masq-agent, and
    https://pkg.go.dev/net#ParseCIDR.

    :param text: an address, a slash and a prefix length, which may have leading zeros.
    :param where: the place to name in an error.
    :return: the range.
    :raises InvalidInputError: when the agent refuses it: another form, or not aligned to its prefix.
    """
    address_text, _, prefix_text = text.partition("/")
    address = _address(address_text)
    if address is None or not _DIGITS.fullmatch(prefix_text) or _beyond(prefix_text, address.max_prefixlen):
        raise InvalidInputError(where=where, expected="a CIDR such as 10.0.0.0/8", seen=excerpt(text))
    network = IPNetwork((int(address), int(prefix_text)), version=address.version)
    if network.ip != network.network:
        expected = f"a CIDR aligned to its prefix, here {network.cidr}"
        raise InvalidInputError(where=where, expected=expected, seen=excerpt(text))
    return _as_iptables_reads(network, prefix_text=prefix_text)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if "%" in text:  # Go refuses zones here
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _beyond(prefix_text: str, longest: int) -> bool:
    return len(prefix_text.lstrip("0")) > _LONGEST_DIGITS or int(prefix_text) > longest


def _as_iptables_reads(network: IPNetwork, *, prefix_text: str) -> GoCidr:
    if network.version == 6 and network.ip.is_ipv4_mapped():  # noqa: PLR2004 - IP's version
        # Go takes it for IPv4, so the text goes into the IPv4 chain, where iptables refuses it (observed 2026-11-22).
        return GoCidr(network=None, agreed=False)
    if prefix_text == "0" or not prefix_text.startswith("0"):
        return GoCidr(network=network, agreed=True)
    # A leading zero makes it octal to C: "10.0.0.0/08" breaks iptables-restore, and "10.0.0.0/010" becomes 10.0.0.0/8
    # (observed with iptables 1.8.9, nft and legacy, 2026-11-22).
    if not _OCTAL.fullmatch(prefix_text):
        return GoCidr(network=None, agreed=False)
    octal = IPNetwork((int(network.ip), int(prefix_text, 8)), version=network.version).cidr
    return GoCidr(network=octal, agreed=octal == network)
