"""One policy made into a table, for questions by the million: flow logs, inventories, whole ranges.

The table has three levels, so that every answer costs the same three steps however long the policy is:

    first two octets ──▶ third octet ──▶ fourth octet ──▶ masqueraded?

It answers for IPv4, and with yes or no only; ``policy.decide`` gives reasons. Both must agree on every destination but
the Pod itself.
"""

from __future__ import annotations

import sys
from array import array
from functools import reduce
from itertools import repeat
from operator import and_
from typing import TYPE_CHECKING, Final, TypeAlias

from netaddr import IPNetwork, IPSet

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.policy import LINK_LOCAL, MasqueradePolicy
from airflow_masq.network.ranges import IPV4, IPV4_BITS
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_Leaf: TypeAlias = tuple[bool, ...]
_Row: TypeAlias = tuple[_Leaf, ...]

_MASQUERADED_LEAF: Final = (True,) * 256
_KEPT_LEAF: Final = (False,) * 256
_MASQUERADED_ROW: Final = (_MASQUERADED_LEAF,) * 256
_KEPT_ROW: Final = (_KEPT_LEAF,) * 256

_ROW_PREFIX: Final = 16
_LEAF_PREFIX: Final = 24
_OCTETS_IN_ADDRESS: Final = 4

# The positions of an address's parts when the machine writes it as one number of 32 bits.
_BEGINNING, _THIRD, _FOURTH = (1, 1, 0) if sys.byteorder == "little" else (0, 2, 3)

# Only these texts are octets: no leading zeros, no blanks, no other digits.
_OCTETS: Final = {str(octet): octet for octet in range(256)}
_FIRST_OCTETS: Final = {text: octet << 8 for text, octet in _OCTETS.items()}


class CompiledPolicy:
    """A policy as a table: each of the 65,536 two-octet beginnings has a row of 256 leaves of 256 answers."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[_Row]) -> None:
        self._rows = rows

    def decide_numbers(self, integers: Iterable[int]) -> list[bool]:
        """Say of each IPv4 address, given as a number, whether packets to it are masqueraded.

        :raises InvalidInputError: when a number is below 0 or above 4294967295.
        """
        rows, destinations = self._rows, list(integers)
        try:
            octets = array("I", destinations).tobytes()
        except OverflowError:
            place, number = next((place, each) for place, each in enumerate(destinations) if each >> IPV4_BITS != 0)
            where, expected = f"destinations[{place}]", "a number from 0 to 4294967295"
            seen = "a negative number" if number < 0 else f"a number of {number.bit_length()} bits"
            raise InvalidInputError(where=where, expected=expected, seen=seen) from None
        beginnings = array("H", octets)[_BEGINNING::2]
        return [
            rows[beginning][third][fourth]
            for beginning, third, fourth in zip(beginnings, octets[_THIRD::4], octets[_FOURTH::4], strict=True)
        ]

    def decide_texts(self, texts: Iterable[str]) -> list[bool]:
        """Say of each IPv4 address, given as four decimal numbers, whether packets to it are masqueraded.

        :raises InvalidInputError: when an address is written in any other way.
        """
        rows, destinations, first_octets, octets = self._rows, list(texts), _FIRST_OCTETS, _OCTETS
        try:
            return [
                rows[first_octets[first] | octets[second]][octets[third]][octets[fourth]]
                for first, second, third, fourth in map(str.split, destinations, repeat("."))
            ]
        except (KeyError, ValueError):
            octets_by_place = ((place, text.split(".")) for place, text in enumerate(destinations))
            place = next(
                place
                for place, each in octets_by_place
                if len(each) != _OCTETS_IN_ADDRESS or not all(octet in _OCTETS for octet in each)
            )
            where, expected = f"destinations[{place}]", "an IPv4 address such as 10.0.0.5"
            raise InvalidInputError(where=where, expected=expected, seen=quote(destinations[place])) from None


def compile_policy(policy: MasqueradePolicy) -> CompiledPolicy:
    """Make a policy into a table of 0.5 MB and at most 4 KB more for each CIDR of the policy."""
    if not policy.chains:
        return CompiledPolicy([_KEPT_ROW] * 65536)
    exempt_by_chain = []
    for chain in policy.chains:
        exempt = [exemption.cidr for exemption in chain.exemptions if exemption.cidr.version == IPV4]
        exempt_by_chain.append(IPSet(exempt if chain.masquerades_link_local else [LINK_LOCAL, *exempt]))
    kept = reduce(and_, exempt_by_chain)
    rows: list[_Row] = [_MASQUERADED_ROW] * 65536
    leaves: dict[_Leaf, _Leaf] = {}
    for cidr in kept.iter_cidrs():
        _keep(rows, cidr, leaves=leaves)
    return CompiledPolicy(rows)


def _keep(rows: list[_Row], cidr: IPNetwork, *, leaves: dict[_Leaf, _Leaf]) -> None:
    first, last = int(cidr.first), int(cidr.last)
    if cidr.prefixlen <= _ROW_PREFIX:
        rows[first >> 16 : (last >> 16) + 1] = [_KEPT_ROW] * (cidr.size >> 16)
        return
    row = list(rows[first >> 16])
    begin = first >> 8 & 255
    if cidr.prefixlen <= _LEAF_PREFIX:
        row[begin : begin + (cidr.size >> 8)] = [_KEPT_LEAF] * (cidr.size >> 8)
    else:
        answers = list(row[begin])
        answers[first & 255 : (last & 255) + 1] = [False] * cidr.size
        leaf = tuple(answers)  # one object for all that say the same: what fills the processor's cache is what slows
        row[begin] = leaves.setdefault(leaf, leaf)
    rows[first >> 16] = tuple(row)
