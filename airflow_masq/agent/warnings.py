"""What a config of the agent says that its author surely did not mean.

The agent ignores what it does not know and asks nothing back, so a misspelt key silently leaves the defaults in force.
The module must not refuse anything: that is the agent's business.
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
    known_key,
)
from airflow_masq.agent.go_json import JsonList, JsonObject, JsonValue
from airflow_masq.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLOSE_ENOUGH: Final = 0.6
_KEYS_OF_EVERY_CONFIG_MAP: Final = frozenset({"kind", "data"})
# https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1, read 2026-11-25.
_KEYS_OF_CONFIG_MAPS: Final = frozenset({"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"})

EMPTY_LIST: Final = f"{CIDRS_KEY} is empty, so every destination is masqueraded, other Pods and nodes too"


def everything_listed(network: IPNetwork) -> str:
    """Say that a list holds everything.

    :param network: ``0.0.0.0/0`` or ``::/0``.
    :return: the sentence.
    """
    return f"{network} is in {CIDRS_KEY}, so nothing of IPv{network.version} is masqueraded"


def config_warnings(document: JsonValue, *, fields: AgentFields, networks: Sequence[IPNetwork]) -> Iterator[str]:
    """Look through a config that the agent accepts.

    :param document: the config.
    :param fields: what the agent makes of it.
    :param networks: the list in force.
    :return: one sentence for each thing that may not be meant.
    """
    members = document.members if isinstance(document, JsonObject) else ()
    names = [name for name, _ in members]
    if _KEYS_OF_EVERY_CONFIG_MAP.issubset(names):
        yield "this looks like a whole ConfigMap, of which the agent reads the text under data.config only"
        names = [name for name in names if name not in _KEYS_OF_CONFIG_MAPS]
    yield from _about_keys(names)
    for name, value in members:
        if known_key(name) == CIDRS_KEY and isinstance(value, JsonList) and None in value.items:
            yield f"{CIDRS_KEY} has an empty element, which keeps the default list's entry of the same place"
    yield from _about_networks(networks)
    if not fields.lists_defaults and not networks:
        yield EMPTY_LIST
    if fields.masq_link_local:
        yield f"{LINK_LOCAL_KEY} is on, so the metadata server at 169.254.169.254 sees the node and may not answer Pods"
    if fields.resync_interval_seconds <= 0:
        yield f"{RESYNC_KEY} is not above zero, so the agent writes its rules again and again without a pause"


def _about_keys(names: Sequence[str]) -> Iterator[str]:
    spelt: dict[str, str] = {}
    for name in names:
        known = known_key(name)
        if known is None:
            yield _unknown_key(name, names)
            continue
        if known in spelt:
            yield f"{known} is there twice, as {excerpt(spelt[known])} and as {excerpt(name)}, and the latter counts"
        elif name != known:
            yield f"{excerpt(name)} is taken for {known}: the agent does not look at case, other readers do"
        spelt[known] = name


def _unknown_key(name: str, names: Sequence[str]) -> str:
    folded = {key.lower(): key for key in KNOWN_KEYS}
    close = get_close_matches(name[:100].lower(), folded, n=1, cutoff=_CLOSE_ENOUGH)
    if not close:
        return f"the agent ignores the key {excerpt(name)}"
    meant = folded[close[0]]
    in_force = "which is there as well" if meant in map(known_key, names) else "whose default is in force now"
    return f"the agent ignores the key {excerpt(name)}; did you mean {meant}, {in_force}?"


def _about_networks(networks: Sequence[IPNetwork]) -> Iterator[str]:
    known = set(networks)
    prefix_lengths = sorted({network.prefixlen for network in known})
    seen: set[IPNetwork] = set()
    for network in networks:
        if network.prefixlen == 0:
            yield everything_listed(network)
        if network in seen:
            yield f"{network} is in {CIDRS_KEY} more than once"
            continue
        seen.add(network)
        shorter = (length for length in prefix_lengths if length < network.prefixlen)
        wider = next((other for length in shorter if (other := _widened(network, length)) in known), None)
        if wider is not None:
            yield f"{network} is in {CIDRS_KEY} for nothing: {wider} covers it"


def _widened(network: IPNetwork, prefix_length: int) -> IPNetwork:
    return IPNetwork((network.first, prefix_length), version=network.version).cidr
