"""What a config of the agent says that its author surely did not mean.

The agent ignores what it does not know and reports nothing, so a misspelt key silently leaves the defaults in force.
Nothing is refused here.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.agent.fields import (
    CIDRS_KEY,
    KNOWN_KEYS,
    LINK_LOCAL_KEY,
    RESYNC_KEY,
    AgentFields,
    Members,
    Value,
    known_key,
)
from airflow_masq.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLOSE_ENOUGH: Final = 0.6
# All fields of a ConfigMap [source: k8s-config-map-keys].
_KEYS_OF_CONFIG_MAPS: Final = frozenset({"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"})

EMPTY_LIST: Final = f"{CIDRS_KEY} is empty, so every destination is masqueraded, other Pods and nodes too"


def describe_everything_listed(network: IPNetwork) -> str:
    """Say that a list holds everything, ``0.0.0.0/0`` or ``::/0``."""
    return f"{network} is in {CIDRS_KEY}, so nothing of IPv{network.version} is masqueraded"


def find_warnings(document: Value, *, fields: AgentFields, networks: Sequence[IPNetwork]) -> Iterator[str]:
    """Look through a config that the agent accepts.

    :param fields: what the agent makes of the document.
    :param networks: the list in force, as iptables reads it.
    :return: one sentence for each thing that may not be meant.
    """
    members = document if isinstance(document, Members) else Members()
    names = [name for name, _ in members]
    if {"kind", "data"}.issubset(names):
        yield "this looks like a whole ConfigMap, of which the agent reads the text under data.config only"
        names = [name for name in names if name not in _KEYS_OF_CONFIG_MAPS]
    yield from _check_names(names)
    for name, value in members:
        if known_key(name) == CIDRS_KEY and isinstance(value, list) and None in value:
            yield f"{CIDRS_KEY} has an empty element, which keeps the default list's entry of the same place"
    yield from _check_networks(networks)
    for text, network in zip(fields.cidrs, networks, strict=True):
        if int(text.partition("/")[2]) != network.prefixlen:
            yield f"{excerpt(text)} becomes {network}, since iptables takes a leading zero for octal"
    if not fields.lists_defaults and not networks:
        yield EMPTY_LIST
    if fields.masq_link_local:
        yield f"{LINK_LOCAL_KEY} is on, so the metadata server at 169.254.169.254 sees the node and may not answer Pods"
    if fields.resync_interval_seconds <= 0:
        yield f"{RESYNC_KEY} is not above zero, so the agent writes its rules again and again without a pause"


def _check_names(names: Sequence[str]) -> Iterator[str]:
    folded = {key.lower(): key for key in KNOWN_KEYS}
    spelt: dict[str, str] = {}
    for name in names:
        known = known_key(name)
        if known is None:
            close = get_close_matches(name[:100].lower(), folded, n=1, cutoff=_CLOSE_ENOUGH)
            if not close:
                yield f"the agent ignores the key {excerpt(name)}"
                continue
            meant = folded[close[0]]
            in_force = "which is there as well" if meant in map(known_key, names) else "whose default is in force now"
            yield f"the agent ignores the key {excerpt(name)}; did you mean {meant}, {in_force}?"
            continue
        if known in spelt:
            yield f"{known} is there twice, as {excerpt(spelt[known])} and as {excerpt(name)}, and the latter counts"
        elif name != known:
            yield f"{excerpt(name)} is taken for {known}: the agent does not look at case, other readers do"
        spelt[known] = name


def _check_networks(networks: Sequence[IPNetwork]) -> Iterator[str]:
    known = set(networks)
    prefix_lengths = sorted({network.prefixlen for network in known})
    seen: set[IPNetwork] = set()
    for network in networks:
        if network.prefixlen == 0:
            yield describe_everything_listed(network)
        if network in seen:
            yield f"{network} is in {CIDRS_KEY} more than once"
            continue
        seen.add(network)
        shorter = (length for length in prefix_lengths if length < network.prefixlen)
        widened = (IPNetwork((network.first, length), version=network.version).cidr for length in shorter)
        wider = next((other for other in widened if other in known), None)
        if wider is not None:
            yield f"{network} is in {CIDRS_KEY} for nothing: {wider} covers it"
