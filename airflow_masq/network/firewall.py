"""Whether a firewall that lets in some ranges lets in a source of which only the ranges may be known.

It stands apart from the prediction so that rules can ask the same question. It must not guess: where a firewall lets in
one part of the possible sources and not another, that cannot be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork, IPSet, cidr_merge

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 1918 section 3 and RFC 6598 section 7, read 2026-11-22: no address that the internet sees lies there.
_NEVER_ON_THE_INTERNET: Final = tuple(
    IPNetwork(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def lets_in(
    allowed_sources: Iterable[IPNetwork], *, sources: Iterable[IPNetwork], version: int, from_internet: bool = False
) -> bool | None:
    """Say whether a firewall lets in whichever of some sources a packet has.

    :param allowed_sources: what the firewall lets in; empty where nobody said.
    :param sources: the ranges in which the source lies, all of ``version``; empty where it is not known.
    :param version: the packet's IP version, 4 or 6.
    :param from_internet: whether the source, even where it is not known, is one that the internet routes.
    :return: true where all of them may enter, false where none may; ``None`` where nobody said or that cannot be told.
    """
    stated, possible = tuple(allowed_sources), tuple(sources)
    if not stated:
        return None
    allowed = cidr_merge([network for network in stated if network.version == version])
    if any(network.prefixlen == 0 for network in allowed):
        return True
    if not possible:
        cannot_hold = from_internet and all(_is_never_on_the_internet(network) for network in allowed)
        return False if cannot_hold or not allowed else None
    let_in, arriving = IPSet(allowed), IPSet(possible)
    if arriving.issubset(let_in):
        return True
    return False if arriving.isdisjoint(let_in) else None


def _is_never_on_the_internet(network: IPNetwork) -> bool:
    return any(network in private for private in _NEVER_ON_THE_INTERNET)
