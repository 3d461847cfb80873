"""Finds the agent's config in the forms that users have: the text itself, or Kubernetes manifests around it.

    text ──▶ no manifest ─────────────────────────────▶ the config as it is
      └────▶ documents, each item of a kind: List ──▶ ConfigMap ──▶ data.config ──▶ the config
                                                                    (or binaryData.config)
                                                      DaemonSet ──▶ the agent's flags

What is not understood is named: a stream of manifests without a ConfigMap is an error, and so are two ConfigMaps, and a
list that holds nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import describe, escape, join_words

AGENT_NAME: Final = "ip-masq-agent"
AGENT_NAMESPACE: Final = "kube-system"
CONFIG_KEY: Final = "config"
_MOST_CHARACTERS: Final = 1024 * 1024
_KIND: Final = re.compile(r"""\bkind["']?[ \t]*:""")  # before YAML is read, which takes long
_LIST: Final = "List"

EMPTY_LIST: Final = "a List that holds nothing (kubectl found no object)"

_READERS: Final = {
    "ConfigMap": "airflow-masq agent-config reads the agent's ConfigMap",
    "DaemonSet": "airflow-masq agent-config reads the agent's DaemonSet together with its ConfigMap",
    "EgressNATPolicy": "write it below policy.egress_nat_policies of a plan, which airflow-masq lint and explain read",
    "ComposerEnvironment": "write Google's REST resource below environment of a plan, which airflow-masq lint reads",
}
_MANIFEST_KEYS: Final = tuple(re.compile(rf"^{key}:", re.MULTILINE) for key in ("apiVersion", "kind"))
_FLAGS: Final = {"--nomasq-all-reserved-ranges": "reserved_ranges", "--enable-ipv6": "enable_ipv6"}
_GKE_CHAIN_FLAG: Final = "--masq-chain=IP-MASQ"
_TRUE: Final = frozenset({"", "true", "1", "t", "T", "TRUE", "True"})  # strconv.ParseBool, as Go's flags take it


@dataclass(frozen=True, kw_only=True)
class FoundConfig:
    """The agent's config, and what the manifests around it say.

    :param text: the config, to be read as the agent reads it.
    :param remarks: sentences about where the config was found and what was left unread; none for the bare config.
    :param warnings: sentences about what is surely not meant: a config that the agent does not find.
    :param reserved_ranges: whether the DaemonSet's container has that flag; ``None`` if no DaemonSet tells.
    :param enable_ipv6: the same for ``--enable-ipv6``.
    """

    text: str
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reserved_ranges: bool | None = None
    enable_ipv6: bool | None = None


def find_config(text: str, *, where: str = "config") -> FoundConfig:
    """Find the agent's config in a file's text.

    :raises InvalidInputError: the text is Kubernetes manifests of which none, or more than one, can hold the config.
    """
    documents = read_documents(text) if _KIND.search(text) else []
    objects = find_manifests(documents)
    if not documents and all(key.search(text) for key in _MANIFEST_KEYS):
        expected = "a manifest in YAML (render a template first)"
        raise InvalidInputError(where=where, expected=expected, seen=_find_problem(text))
    if objects is None:
        return FoundConfig(text=text)
    config_map = _choose_config_map(objects, where=where)
    daemon_sets = [each for each in objects if each.get("kind") == "DaemonSet"]
    unread = [each for each in objects if each is not config_map and each not in daemon_sets]
    remarks = [f"read from the key {CONFIG_KEY} of the ConfigMap {_show_name(config_map)}"]
    warnings = []
    config = _read_data(config_map, where=where)
    if config is None:
        # The DaemonSet mounts the key as an optional file [source: ip-masq-agent-source].
        data = config_map.get("data")
        keys = join_words(escape(str(key), limit=60) for key in data) if isinstance(data, Mapping) else ""
        others = f" (it has {keys}, which is not read)" if keys else ""
        defaults = f"so the agent keeps its defaults{others}. Put the settings under data.{CONFIG_KEY}"
        remarks = []
        warnings.append(f"the ConfigMap has no key {CONFIG_KEY} under data, {defaults}")
    if not _is_agents(config_map):
        namespace = _read_metadata(config_map, "namespace")
        but = f", and this one is in {escape(namespace, limit=60)}" if namespace not in {"", AGENT_NAMESPACE} else ""
        known = f"the ConfigMap {AGENT_NAME} in the namespace {AGENT_NAMESPACE}"
        warnings.append(f"the agent itself reads only {known}{but}")
    if unread:
        remarks.append(f"other manifests are not read: {join_words(dict.fromkeys(map(_show_manifest, unread)))}")
    flags: dict[str, bool] = {}
    if daemon_sets:
        words = list(_list_words(daemon_sets))
        flags = dict.fromkeys(_FLAGS.values(), False) | _read_flags(words)
        remarks.extend(_describe_flags(flags, words=words))
    return FoundConfig(
        text=config or "",
        remarks=tuple(remarks),
        warnings=tuple(warnings),
        reserved_ranges=flags.get("reserved_ranges"),
        enable_ipv6=flags.get("enable_ipv6"),
    )


def _choose_config_map(objects: list[Mapping[str, object]], *, where: str) -> Mapping[str, object]:
    """Choose the agent's ConfigMap, or the only one.

    :raises InvalidInputError: there is none, or there are several.
    """
    config_maps = [each for each in objects if each.get("kind") == "ConfigMap"]
    of_that_name = [each for each in config_maps if _read_metadata(each, "name") == AGENT_NAME]
    config_maps = list(filter(_is_agents, of_that_name)) or of_that_name or config_maps
    if len(config_maps) == 1:
        return config_maps[0]
    seen = describe_manifests(objects) if objects else EMPTY_LIST
    if config_maps:
        seen = f"{len(config_maps)} ConfigMaps"
    expected = f"the agent's config, or one ConfigMap {AGENT_NAME} with the key {CONFIG_KEY}"
    raise InvalidInputError(where=where, expected=expected, seen=seen)


def _describe_flags(flags: Mapping[str, bool], *, words: list[str]) -> Iterator[str]:
    given = [flag for flag, name in _FLAGS.items() if flags[name]]
    yield f"the DaemonSet runs the agent with {join_words(given) or 'none of the flags that matter here'}"
    if _GKE_CHAIN_FLAG not in words:  # [source: observed-agent-chain-name, observed-agent-two-chains]
        yield (
            f"the DaemonSet does not set {_GKE_CHAIN_FLAG}, so on GKE its chain comes beside the one of the nodes, and "
            "a destination keeps the Pod's address only if both exempt it"
        )


def read_documents(text: str) -> list[object]:
    """Read the YAML documents of a text leniently; none where it is no YAML, or too long."""
    if len(text) > _MOST_CHARACTERS:
        return []
    try:
        return [document for document in yaml.safe_load_all(text) if document is not None]
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, TypeError, AttributeError, RecursionError):
        return []


def find_manifests(documents: Iterable[object]) -> list[Mapping[str, object]] | None:
    """Find the Kubernetes objects in documents.

    :return: the objects, of a list as kubectl prints it its items; none of them where each list is empty; ``None``
        if a document is something else.
    """
    objects: list[Mapping[str, object]] = []
    is_manifest = False
    for document in documents:
        if not isinstance(document, Mapping) or not isinstance(document.get("kind"), str):
            return None
        if "apiVersion" not in document and document["kind"] != "ConfigMap":
            return None
        is_manifest = True
        objects.extend(_expand(document))
    return objects if is_manifest else None


def describe_manifests(objects: Sequence[Mapping[str, object]]) -> str:
    """Describe manifests that are out of place, and say which command reads them."""
    kinds = list(dict.fromkeys(str(each.get("kind")) for each in objects))
    reader = next((sentence for kind, sentence in _READERS.items() if kind in kinds), "no command reads this kind")
    noun = "a Kubernetes manifest of kind" if len(objects) == 1 else "Kubernetes manifests of kind"
    return f"{noun} {join_words(escape(kind, limit=60) for kind in kinds)} ({reader})"


def _expand(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Give a document's objects: of a list, as kubectl prints it, its items, which may leave out their kind."""
    items = document.get("items")
    kind = str(document["kind"])
    if not kind.endswith(_LIST) or not isinstance(items, list):
        yield document
        return
    of_all = {} if kind == _LIST else {"kind": kind.removesuffix(_LIST)}
    yield from (of_all | dict(item) for item in items if isinstance(item, Mapping))


def _is_agents(config_map: Mapping[str, object]) -> bool:
    """Say whether the agent's DaemonSet mounts it; a manifest without a namespace gets it from kubectl."""
    namespace = _read_metadata(config_map, "namespace")
    return _read_metadata(config_map, "name") == AGENT_NAME and namespace in {"", AGENT_NAMESPACE}


def _read_metadata(manifest: Mapping[str, object], key: str) -> str:
    metadata = manifest.get("metadata")
    return str(metadata.get(key) or "") if isinstance(metadata, Mapping) else ""


def _show_name(manifest: Mapping[str, object]) -> str:
    return escape(_read_metadata(manifest, "name") or "without a name", limit=60)


def _show_manifest(manifest: Mapping[str, object]) -> str:
    kind = escape(str(manifest.get("kind")), limit=60)
    return f"{kind} {_show_name(manifest)}" if kind == "ConfigMap" else kind


def _read_data(manifest: Mapping[str, object], *, where: str) -> str | None:
    """Read the key of a ConfigMap; a volume has the keys under ``binaryData`` as well [source: k8s-config-map-keys].

    :raises InvalidInputError: what is under the key is no text.
    """
    for section, expected in (("data", f"text (write it below {CONFIG_KEY}: |)"), ("binaryData", "text in Base64")):
        entries = manifest.get(section)
        config = entries.get(CONFIG_KEY) if isinstance(entries, Mapping) else None
        if config is None:
            continue
        try:
            if isinstance(config, str):
                return config if section == "data" else base64.b64decode(config, validate=True).decode()
        except ValueError:  # no Base64, or no UTF-8 in it
            pass
        raise InvalidInputError(where=f"{where}: {section}.{CONFIG_KEY}", expected=expected, seen=describe(config))
    return None


def _list_words(daemon_sets: list[Mapping[str, object]]) -> Iterator[str]:
    """List all texts of DaemonSets; containers are a few levels down, and no other text looks like these flags."""
    waiting: list[object] = [daemon_sets]
    while waiting:
        word = waiting.pop()
        if isinstance(word, Mapping):
            waiting.extend(word.values())
        elif isinstance(word, list):
            waiting.extend(word)
        elif isinstance(word, str):
            yield word


def _read_flags(words: Iterable[str]) -> dict[str, bool]:
    parts = (word.partition("=") for word in words)
    return {_FLAGS[name]: value in _TRUE for name, _, value in parts if name in _FLAGS}


def _find_problem(text: str) -> str:
    """Say why a text is no YAML."""
    try:
        list(yaml.parse(text, yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return f"no YAML in line {line} ({escape(str(error.problem))})"
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        pass
    return "text that cannot be read"
