"""Finds the agent's config in the forms that users have: the text itself, or Kubernetes manifests around it.

    text ──▶ no manifest ─────────────────────────────▶ the config as it is
      └────▶ documents, each item of a kind: List ──▶ ConfigMap ──▶ data.config ──▶ the config
                                                      DaemonSet ──▶ the agent's flags

What is not understood is named: a stream of manifests without a ConfigMap is an error, and so are two ConfigMaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import describe, join_words, printable

AGENT_NAME: Final = "ip-masq-agent"
CONFIG_KEY: Final = "config"
_MOST_CHARACTERS: Final = 1024 * 1024
_MOST_OBJECTS: Final = 200
_KIND: Final = re.compile(r"""\bkind["']?[ \t]*:""")  # before YAML is read, which takes long
_FLAGS: Final = {"--nomasq-all-reserved-ranges": "reserved_ranges", "--enable-ipv6": "enable_ipv6"}
_TRUE: Final = frozenset({"", "true", "1", "t", "T", "TRUE", "True"})  # strconv.ParseBool, as Go's flags take it


@dataclass(frozen=True, kw_only=True)
class FoundConfig:
    """The agent's config, and what the manifests around it say.

    :param text: the config, to be read as the agent reads it.
    :param remarks: sentences about where the config was found and what was left unread; none for the bare config.
    :param reserved_ranges: whether the DaemonSet's container has that flag; ``None`` where no DaemonSet tells.
    :param enable_ipv6: the same for ``--enable-ipv6``.
    """

    text: str
    remarks: tuple[str, ...] = ()
    reserved_ranges: bool | None = None
    enable_ipv6: bool | None = None


def find_config(text: str, *, where: str = "config") -> FoundConfig:
    """Find the agent's config in a file's text.

    :raises InvalidInputError: the text is Kubernetes manifests of which none, or more than one, can hold the config.
    """
    objects = _read_objects(text)
    if not objects:
        return FoundConfig(text=text)
    config_maps = [each for each in objects if each.get("kind") == "ConfigMap"]
    config_maps = [each for each in config_maps if _name(each) == AGENT_NAME] or config_maps
    kinds = join_words(dict.fromkeys(printable(str(each.get("kind")), limit=60) for each in objects))
    if len(config_maps) != 1:
        seen = f"{len(config_maps)} ConfigMaps" if config_maps else f"manifests of kind {kinds}"
        expected = f"the agent's config, or one ConfigMap {AGENT_NAME} with the key {CONFIG_KEY}"
        raise InvalidInputError(where=where, expected=expected, seen=seen)
    daemon_sets = [each for each in objects if each.get("kind") == "DaemonSet"]
    unread = [each for each in objects if each is not config_maps[0] and each not in daemon_sets]
    remarks = [
        f"read from the key {CONFIG_KEY} of the ConfigMap {printable(_name(config_maps[0]) or 'without a name')}"
    ]
    config = _read_data(config_maps[0], where=where)
    if config is None:
        # The DaemonSet mounts the key as an optional file [source: ip-masq-agent-source].
        defaults = "so the agent keeps its defaults. Put the settings under"
        remarks = [f"the ConfigMap has no key {CONFIG_KEY} under data, {defaults} data.{CONFIG_KEY}"]
    elif _name(config_maps[0]) != AGENT_NAME:
        remarks.append(f"the agent itself reads only the ConfigMap {AGENT_NAME} in the namespace kube-system")
    if unread:
        names = join_words(dict.fromkeys(printable(str(each.get("kind")), limit=60) for each in unread))
        remarks.append(f"manifests of other kinds are not read: {names}")
    flags: dict[str, bool] = {}
    if daemon_sets:
        flags = dict.fromkeys(_FLAGS.values(), False) | _read_flags(daemon_sets)
        given = [flag for flag, name in _FLAGS.items() if flags[name]]
        remarks.append(f"the DaemonSet runs the agent with {join_words(given) or 'none of the flags that matter here'}")
    return FoundConfig(
        text=config or "",
        remarks=tuple(remarks),
        reserved_ranges=flags.get("reserved_ranges"),
        enable_ipv6=flags.get("enable_ipv6"),
    )


def _read_objects(text: str) -> list[Mapping[str, object]]:
    """Read the Kubernetes objects of a text; none where it is something else, also where it is no YAML."""
    if len(text) > _MOST_CHARACTERS or not _KIND.search(text):
        return []
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, TypeError, AttributeError, RecursionError):
        return []
    objects = [each for document in documents for each in _expand(document)]
    is_manifest = all("apiVersion" in each or each.get("kind") == "ConfigMap" for each in objects)
    return objects if is_manifest and len(objects) <= _MOST_OBJECTS else []


def _expand(document: object) -> Iterator[Mapping[str, object]]:
    """Give a document's objects: of a ``kind: List``, as kubectl prints it, its items."""
    if not isinstance(document, Mapping):
        return
    items = document.get("items")
    if document.get("kind") == "List" and isinstance(items, list):
        yield from (item for item in items if isinstance(item, Mapping))
    else:
        yield document


def _name(manifest: Mapping[str, object]) -> str:
    metadata = manifest.get("metadata")
    return str(metadata.get("name") or "") if isinstance(metadata, Mapping) else ""


def _read_data(manifest: Mapping[str, object], *, where: str) -> str | None:
    data = manifest.get("data")
    config = data.get(CONFIG_KEY) if isinstance(data, Mapping) else None
    if config is not None and not isinstance(config, str):
        place = f"{where}: data.{CONFIG_KEY}"
        raise InvalidInputError(where=place, expected=f"text (write it below {CONFIG_KEY}: |)", seen=describe(config))
    return config


def _read_flags(daemon_sets: list[Mapping[str, object]]) -> dict[str, bool]:
    flags = {}
    words: list[object] = [daemon_sets]
    while words:  # containers are a few levels down; no other text in a DaemonSet looks like these flags
        word = words.pop()
        if isinstance(word, Mapping):
            words.extend(word.values())
        elif isinstance(word, list):
            words.extend(word)
        elif isinstance(word, str):
            name, _, value = word.partition("=")
            if name in _FLAGS:
                flags[_FLAGS[name]] = value in _TRUE
    return flags
