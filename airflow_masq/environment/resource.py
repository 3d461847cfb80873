"""The environment resource in Google's REST form, whichever way it was written.

Plans, DAG authors and Google's own types write the same resource in two spellings; inside the package there is one. It
must not police the resource: a field that we do not know is passed on, since the service may have learnt it yesterday.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airflow_masq.environment.fields import FREE_FORM_MAPS, REST_NAMES
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import describe, shorten

# Google's resource nests 6 deep; what nests deeper is no resource but an accident, or refers to itself.
_DEEPEST: Final = 64


def normalise(resource: Mapping[str, object]) -> dict[str, object]:
    """Write an environment resource in Google's REST spelling.

    :param resource: the resource with camelCase or snake_case field names, also mixed.
    :return: a deep copy in camelCase; unknown fields, and the keys of the user's own maps (labels, environment
        variables, configuration overrides, PyPI packages), as they came.
    :raises InvalidInputError: when a field stands there in both spellings, a key is no text, or it nests too deep.
    """
    return _rest_mapping(resource, where="", depth=0)


def masquerade_enabled(resource: Mapping[str, object]) -> bool:
    """Say whether the resource asks for, or has, the IP masquerade agent.

    :param resource: the resource in either spelling.
    :return: true only for ``true``: the field has no presence, so ``false`` and nothing are the same
        (https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#NodeConfig, read
        2026-11-22).
    :raises InvalidInputError: as ``normalise``.
    """
    return value_at(normalise(resource), "config", "nodeConfig", "enableIpMasqAgent") is True


def with_masquerade(resource: Mapping[str, object]) -> dict[str, object]:
    """Switch the IP masquerade agent on in a copy of a resource.

    :param resource: the resource in either spelling; it stays as it is.
    :return: a copy in REST spelling with ``config.nodeConfig.enableIpMasqAgent`` true.
    :raises InvalidInputError: as ``normalise``, and when ``config`` or ``nodeConfig`` is no mapping.
    """
    copy = normalise(resource)
    node_config = _section(_section(copy, "config", where="config"), "nodeConfig", where="config.nodeConfig")
    node_config["enableIpMasqAgent"] = True
    return copy


def value_at(resource: Mapping[str, object], *names: str) -> object | None:
    """Look a field up in a resource in REST spelling.

    :param resource: the resource, as ``normalise`` gives it.
    :param names: the field names on the way down.
    :return: what stands there; ``None`` where nothing does, or where something on the way is no mapping.
    """
    value: object | None = resource
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _section(parent: dict[str, object], name: str, *, where: str) -> dict[str, object]:
    section = parent.get(name)
    if section is None:
        section = parent[name] = {}
    if not isinstance(section, dict):
        raise InvalidInputError(where=where, expected="a mapping", seen=describe(section))
    return section


def _rest_mapping(mapping: Mapping[str, object], *, where: str, depth: int) -> dict[str, object]:
    renamed: dict[str, object] = {}
    for key, value in mapping.items():
        name = REST_NAMES.get(_checked_key(key, where=where), key)
        place = f"{where}.{name}" if where else name
        if name in renamed:
            raise InvalidInputError(where=place, expected="the field once", seen="it in both spellings")
        is_ours_to_rename = key in REST_NAMES and name not in FREE_FORM_MAPS
        copy = _rest_value if is_ours_to_rename else _verbatim
        renamed[name] = copy(value, where=place, depth=_deeper(depth, where=place))
    return renamed


def _rest_value(value: object, *, where: str, depth: int) -> object:
    if isinstance(value, Mapping):
        return _rest_mapping(value, where=where, depth=depth)
    if isinstance(value, list | tuple):
        return [
            _rest_value(item, where=f"{where}[{index}]", depth=_deeper(depth, where=where))
            for index, item in enumerate(value)
        ]
    return value


def _verbatim(value: object, *, where: str, depth: int) -> object:
    if isinstance(value, Mapping):
        return {
            _checked_key(key, where=where): _verbatim(item, where=where, depth=_deeper(depth, where=where))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_verbatim(item, where=where, depth=_deeper(depth, where=where)) for item in value]
    return value


def _checked_key(key: object, *, where: str) -> str:
    if not isinstance(key, str):
        raise InvalidInputError(where=where or "environment", expected="text as key", seen=describe(key))
    return key


def _deeper(depth: int, *, where: str) -> int:
    if depth >= _DEEPEST:
        raise InvalidInputError(where=shorten(where, limit=60), expected=f"at most {_DEEPEST} levels", seen="more")
    return depth + 1
