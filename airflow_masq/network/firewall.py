"""Whether a destination's firewall lets a source in, where only the ranges of that source may be known."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork, IPSet, cidr_merge

from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable

# The internet routes none of these [source: rfc-1918-private, rfc-6598-shared].
_NEVER_ON_THE_INTERNET: Final = tuple(
    IPNetwork(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


class FirewallAnswer(StrEnum):
    """How many of a packet's possible source addresses a firewall lets in.

    Often only the ranges of the source are known, for example the nodes' subnet. Then each of their addresses is a
    possible source.
    """

    ALL = "all"  # every possible source is let in
    NONE = "none"  # no possible source is let in
    SOME = "some"  # some are let in and others are not
    UNKNOWN = "unknown"  # the plan does not say what the firewall lets in, or the source is not known, or none arrives

    @property
    def allowed(self) -> bool | None:
        """The answer in JSON: true for ``ALL``, false for ``NONE``, else null."""
        return {FirewallAnswer.ALL: True, FirewallAnswer.NONE: False}.get(self)


_OUTCOMES: Final = {
    FirewallAnswer.ALL: "the packet passes",
    FirewallAnswer.NONE: "the packet is dropped",
    FirewallAnswer.SOME: "whether a packet passes depends on its source",
    FirewallAnswer.UNKNOWN: "whether the packet passes is not known",
}


def ask_firewall(
    allowed_sources: Iterable[IPNetwork], *, sources: Iterable[IPNetwork], version: int, from_internet: bool = False
) -> FirewallAnswer:
    """Compare what a firewall lets in with the possible sources of a packet.

    :param allowed_sources: what the firewall lets in; empty where the plan does not say.
    :param sources: the ranges of the source, all of ``version``; empty where it is not known.
    :param version: the packet's IP version, 4 or 6.
    :param from_internet: whether the internet routes the source, even if it is not known.
    """
    stated, possible = tuple(allowed_sources), tuple(sources)
    if not stated:
        return FirewallAnswer.UNKNOWN
    allowed = cidr_merge([network for network in stated if network.version == version])
    if any(network.prefixlen == 0 for network in allowed):
        return FirewallAnswer.ALL
    if not possible:
        excludes_internet = all(any(network in private for private in _NEVER_ON_THE_INTERNET) for network in allowed)
        excludes_source = not allowed or (from_internet and excludes_internet)
        return FirewallAnswer.NONE if excludes_source else FirewallAnswer.UNKNOWN
    let_in, arriving = IPSet(allowed), IPSet(possible)
    if arriving.issubset(let_in):
        return FirewallAnswer.ALL
    return FirewallAnswer.NONE if arriving.isdisjoint(let_in) else FirewallAnswer.SOME


def describe_answer(answer: FirewallAnswer, *, allowed_sources: Iterable[IPNetwork]) -> str:
    """Describe the firewall's step of a packet's path."""
    return f"the destination's firewall lets in {join_words(allowed_sources)}: {_OUTCOMES[answer]}"
