"""Finds probable mistakes in a config that the agent accepts.

The agent ignores what it does not know and reports nothing, so a misspelt key silently leaves the defaults in force.
Nothing is refused here.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from netaddr import AddrFormatError, IPNetwork, IPSet

from airflow_masq.agent.fields import (
    CIDRS_KEY,
    DEFAULT_CIDR_LIMIT,
    KNOWN_KEYS,
    LINK_LOCAL_KEY,
    RESYNC_KEY,
    AgentFields,
    Members,
    Value,
    find_known_key,
)
from airflow_masq.network.ranges import IPV4
from airflow_masq.text import join_words, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLOSE_ENOUGH: Final = 0.6
_MASQUERADE_ONLY: Final = re.compile(
    r"(?:(?:force|only|always|do)[-_]?)?masq(?:uerade)?[-_]?(?:only|all|cidr|range|ip|dest)", re.IGNORECASE
)
_EVERYTHING: Final = re.compile("all$", re.IGNORECASE)
_RANGES_OF_RFC_1918: Final = 3
# All fields of a ConfigMap [source: k8s-config-map-keys].
_KEYS_OF_CONFIG_MAPS: Final = frozenset({"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"})

EMPTY_LIST: Final = (
    f"{CIDRS_KEY} is empty, so every destination is masqueraded, other Pods and nodes too. List the cluster's node and "
    "Pod ranges"
)


def describe_everything_listed(network: IPNetwork) -> str:
    """Say that a list contains ``0.0.0.0/0`` or ``::/0``."""
    return f"{network} is in {CIDRS_KEY}, so no IPv{network.version} destination is masqueraded. Remove it"


def describe_default_list(networks: Sequence[IPNetwork]) -> str:
    """Say which default list is assumed where a config has none, and how to assume the other."""
    assumed, other = ("RFC 1918's three ranges", "GKE's own agent, which runs with --nomasq-all-reserved-ranges")
    change = "agent-config --reserved-ranges, or reserved_ranges: true in a plan"
    if len(networks) > _RANGES_OF_RFC_1918:
        # [source: ip-masq-agent-published-manifest]
        assumed = "all reserved ranges, as of GKE's own agent, which runs with --nomasq-all-reserved-ranges"
        other = "an agent without that flag, such as the DaemonSet that Google publishes"
        change = "reserved_ranges: false in a plan, or agent-config without --reserved-ranges"
    return f"{CIDRS_KEY} is not set, so the default list is in force: {assumed}. For {other}: {change}"


def describe_complement(name: str, value: Value) -> str:
    """Answer a key that asks to masquerade some destinations only, which the agent does not support, or all of them.

    [source: ip-masq-agent-only-these]
    """
    if _EVERYTHING.search(name) and not isinstance(value, list):
        return (
            f"the agent ignores the key {quote(name)}: it masquerades everything that {CIDRS_KEY} does not name. To "
            "masquerade all but the cluster's own traffic, list the cluster's node and Pod ranges alone"
        )
    sentence = (
        f"the agent ignores the key {quote(name)}: it cannot masquerade only some destinations. It "
        f"masquerades everything that {CIDRS_KEY} does not name"
    )
    try:
        wanted = IPSet([IPNetwork(each) for each in value] if isinstance(value, list) else [])  # type: ignore[arg-type] # any JSON; netaddr refuses what is no range
    except (AddrFormatError, TypeError, ValueError):
        return sentence
    if not wanted or any(cidr.version != IPV4 for cidr in wanted.iter_cidrs()):
        return sentence
    rest = list((IPSet(["0.0.0.0/0"]) - wanted).iter_cidrs())
    if len(rest) > DEFAULT_CIDR_LIMIT:
        return f"{sentence}. All but these are {len(rest)} ranges, and the agent takes {DEFAULT_CIDR_LIMIT} at most"
    return f"{sentence}. To masquerade only these, list all others: {join_words(rest, most=DEFAULT_CIDR_LIMIT)}"


def find_warnings(document: Value, *, fields: AgentFields, networks: Sequence[IPNetwork]) -> Iterator[str]:
    """Find probable mistakes in a config that the agent accepts.

    :param fields: the document as the agent reads it.
    :param networks: the list in force, as iptables reads it.
    :return: one sentence for each.
    """
    members = document if isinstance(document, Members) else Members()
    names = [name for name, _ in members]
    if {"kind", "data"}.issubset(names):
        yield "this looks like a whole ConfigMap, but the agent reads only the text under data.config. Keep only that"
        names = [name for name in names if name not in _KEYS_OF_CONFIG_MAPS]
    wishes = {name: value for name, value in members if _MASQUERADE_ONLY.match(name) and find_known_key(name) is None}
    yield from (describe_complement(name, value) for name, value in wishes.items())
    nested = [name for name, value in members if find_known_key(name) is None and _holds_settings(value)]
    for name in nested:
        yield f"the agent ignores the key {quote(name)}, and so the settings below it. Write these without that key"
    left = [name for name in names if name not in wishes and name not in nested]
    if len(left) == len(names) > 1 and not any(find_known_key(name) or _find_meant_key(name) for name in left):
        yield f"the agent knows none of the {len(left)} keys, such as {quote(left[0])}. Check that this is its config"
        left = []
    yield from _check_names(left)
    lists = [value for name, value in members if find_known_key(name) == CIDRS_KEY and isinstance(value, list)]
    if any(None in each for each in lists):
        yield f"{CIDRS_KEY} has an empty element, which keeps the entry of the default list at that position. Remove it"
    yield from _check_networks(networks)
    for text, network in zip(fields.cidrs, networks, strict=True):
        if int(text.partition("/")[2]) != network.prefixlen:
            yield f"{quote(text)} becomes {network}, since iptables reads a leading zero as octal. Remove the zero"
    if not fields.lists_defaults and not networks:
        yield EMPTY_LIST
    if fields.masq_link_local:
        yield f"{LINK_LOCAL_KEY} is true, so the metadata server 169.254.169.254 may not answer Pods. Set it to false"
    if fields.resync_interval_seconds <= 0:
        yield f"{RESYNC_KEY} is not above zero, so the agent rewrites its rules continuously. Set a time such as 60s"


def _holds_settings(value: Value) -> bool:
    """Say whether the agent's settings are below a key, as in a part of a ConfigMap or in a chart's values."""
    if isinstance(value, str):
        return CIDRS_KEY.lower() in value.lower()
    return isinstance(value, Members) and any(find_known_key(name) is not None for name, _ in value)


def _find_meant_key(name: str) -> str | None:
    """Find the setting whose spelling is close to a name."""
    folded = {key.lower(): key for key in KNOWN_KEYS}
    close = get_close_matches(name[:100].lower(), folded, n=1, cutoff=_CLOSE_ENOUGH)
    return folded[close[0]] if close else None


def _check_names(names: Sequence[str]) -> Iterator[str]:
    spelt: dict[str, str] = {}
    for name in names:
        known = find_known_key(name)
        if known is None:
            meant = _find_meant_key(name)
            if meant is None:
                yield f"the agent ignores the key {quote(name)}. Remove it"
                continue
            in_force = "which is set as well" if meant in map(find_known_key, names) else "whose default is in force"
            yield f"the agent ignores the key {quote(name)}; did you mean {meant}, {in_force}?"
            continue
        if known in spelt:
            both = f"{quote(spelt[known])} and as {quote(name)}"
            yield f"{known} is set twice, as {both}; the second one is in force. Remove one"
        elif name != known:
            yield f"{quote(name)} is read as {known}. The agent ignores case, but other programs do not. Correct it"
        spelt[known] = name


def _check_networks(networks: Sequence[IPNetwork]) -> Iterator[str]:
    known = set(networks)
    prefix_lengths = sorted({network.prefixlen for network in known})
    seen: set[IPNetwork] = set()
    for network in networks:
        if network.prefixlen == 0:
            yield describe_everything_listed(network)
        if network in seen:
            yield f"{network} is in {CIDRS_KEY} more than once. Remove the duplicate"
            continue
        seen.add(network)
        shorter = (length for length in prefix_lengths if length < network.prefixlen)
        widened = (IPNetwork((network.first, length), version=network.version).cidr for length in shorter)
        wider = next((other for other in widened if other in known), None)
        if wider is not None:
            yield f"{network} in {CIDRS_KEY} has no effect, since {wider} covers it. Remove it"
