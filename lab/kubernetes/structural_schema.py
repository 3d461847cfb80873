"""What an API server does with a structural schema: it finds unknown fields, drops them, and checks the rest.

Only what the policies' schema needs is here: objects, arrays, strings, required fields and enums. The wordings are
those of ``apiextensions-apiserver`` and of server-side apply [source: k8s-field-validation, k8s-apply-schema-error].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TYPES: Final[Mapping[str, type]] = {"object": dict, "array": list, "string": str}
_APPLY_NOUNS: Final = {"object": "map", "array": "list", "string": "string"}


def find_unknown_fields(value: object, schema: Mapping[str, Any], *, path: str = "") -> Iterator[str]:
    """Find the paths of fields that the schema does not have: ``spec.destinations[0].other``."""
    for child, below, place in _list_children(value, schema, path=path):
        if below is None:
            yield place
        else:
            yield from find_unknown_fields(child, below, path=place)


def prune(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON values
    """Drop the fields that the schema does not have; a schema without properties keeps all."""
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return {key: prune(child, known[key]) for key, child in value.items() if key in known}
    if isinstance(value, list) and "items" in schema:
        return [prune(child, schema["items"]) for child in value]
    return value


def find_problems(value: object, schema: Mapping[str, Any], *, path: str = "") -> Iterator[dict[str, str]]:
    """Find what the schema forbids, as the causes of a status 422."""
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]):
        seen = _name_type(value)
        message = f'Invalid value: "{seen}": {path} in body must be of type {kind}: "{seen}"'
        yield {"reason": "FieldValueTypeInvalid", "message": message, "field": path}
        return
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(f'"{each}"' for each in schema["enum"])
        message = f'Unsupported value: "{value}": supported values: {supported}'
        yield {"reason": "FieldValueNotSupported", "message": message, "field": path}
    for name in schema.get("required", ()):
        if isinstance(value, dict) and name not in value:
            place = f"{path}.{name}".lstrip(".")
            yield {"reason": "FieldValueRequired", "message": "Required value", "field": place}
    for child, below, place in _list_children(value, schema, path=path):
        if below is not None:
            yield from find_problems(child, below, path=place)


def find_apply_problems(value: object, schema: Mapping[str, Any], *, path: str = "") -> Iterator[str]:
    """Find what keeps server-side apply from reading a manifest; the second wording is not verified."""
    kind = schema["type"]
    if value is not None and not isinstance(value, _TYPES[kind]):
        yield f"{path}: expected {_APPLY_NOUNS[kind]}, got &{{{value}}}"
        return
    for child, below, place in _list_children(value, schema, path=path):
        # Paths of server-side apply begin with a dot.
        dotted = place if place.startswith(".") else f".{place}"
        if below is None:
            yield f"{dotted}: field not declared in schema"
        else:
            yield from find_apply_problems(child, below, path=dotted)


def _list_children(
    value: object, schema: Mapping[str, Any], *, path: str
) -> Iterator[tuple[object, Mapping[str, Any] | None, str]]:
    """List the values inside a value, each with its schema, ``None`` for an unknown field, and its path."""
    if isinstance(value, dict) and "properties" in schema:
        for key, child in value.items():
            yield child, schema["properties"].get(key), f"{path}.{key}" if path else key
    if isinstance(value, list) and "items" in schema:
        for index, child in enumerate(value):
            yield child, schema["items"], f"{path}[{index}]"


def _name_type(value: object) -> str:
    names = ((bool, "boolean"), (str, "string"), (int | float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")
