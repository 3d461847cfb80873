"""Google's REST resource of an environment ⇄ the protobuf message; it must drop no field without a word.

A plan and a page write the resource in REST's camelCase, the API's client takes a message. ``Environment(mapping)`` of
the client library silently keeps one of two fields that exclude each other (``clusterIpv4CidrBlock`` and
``clusterSecondaryRangeName``), so the conversion goes through protobuf's JSON mapping, which refuses
(https://protobuf.dev/programming-guides/json/, read 2026-11-22; both tried with google-cloud-orchestration-airflow
1.23.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from google.cloud.orchestration.airflow.service_v1 import types
from google.protobuf import json_format

from airflow_masq.environment.fields import FREE_FORM_MAPS
from airflow_masq.environment.resource import normalise, value_at
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import describe_type, printable

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

CLIENT_LIBRARY = "google-cloud-orchestration-airflow"

_LONGEST_PLACE = 200
# What protobuf's complaints look like (json_format.py of protobuf 7.36.2, tried 2026-11-22).
_FIELD = re.compile(r"Failed to parse (\w+) field: ")
_PLACE_AT_END = re.compile(r' at "?Environment\.([^"\s]+?)"?\.*$')


def message_from_resource(resource: Mapping[str, object]) -> types.Environment:
    """Convert a REST resource to the message that the API's client sends.

    :param resource: the environment in REST's camelCase.
    :return: the message.
    :raises InvalidInputError: a field that the installed client library does not know (it could not be sent), a value
        of the wrong type, or two fields that exclude each other.
    """
    message = types.Environment.pb(types.Environment())
    unknown = list(unknown_fields(resource, message.DESCRIPTOR))
    if unknown:
        raise InvalidInputError(
            where=f"environment.{unknown[0]}",
            expected=f"a field that {CLIENT_LIBRARY} {version(CLIENT_LIBRARY)} knows (a later version may know it)",
            seen=printable(", ".join(unknown)),
        )
    try:
        json_format.ParseDict(dict(resource), message)
    except json_format.ParseError as error:
        raise _unreadable(str(error), resource) from None  # its text quotes values, and they may be secrets
    environment: types.Environment = types.Environment.wrap(message)
    return environment


def resource_from_message(message: types.Environment | Message) -> dict[str, Any]:
    """Convert a message to the REST resource.

    :param message: the client library's ``Environment``, or the protobuf message inside it.
    :return: the resource in REST's camelCase; fields at their default are absent, as in Google's own answers.
    :raises InvalidInputError: it is no environment's message.
    """
    inner = types.Environment.pb(message) if isinstance(message, types.Environment) else message
    expected = types.Environment.pb(types.Environment()).DESCRIPTOR.full_name
    if getattr(getattr(inner, "DESCRIPTOR", None), "full_name", None) != expected:
        raise InvalidInputError(
            where="environment",
            expected=f"a mapping or {expected}",
            seen=describe_type(message),
        )
    resource: dict[str, Any] = json_format.MessageToDict(inner)
    return resource


def unknown_fields(value: Mapping[str, object], descriptor: Descriptor, *, path: str = "") -> Iterator[str]:
    """Name the fields of a resource that a message type does not have.

    :param value: the resource, or a part of it.
    :param descriptor: the message type.
    :param path: where the part stands, with a dot at its end.
    :return: dotted paths; under an unknown field nothing more is named.
    """
    known = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    for name, inner in value.items():
        field = known.get(name)
        if field is None:
            yield f"{path}{name}"
        elif field.message_type is not None and _is_object_of_fields(field.message_type):
            for index, part in _parts(inner):
                yield from unknown_fields(part, field.message_type, path=f"{path}{name}{index}.")


def _is_object_of_fields(descriptor: Descriptor) -> bool:
    """Say whether JSON writes a message as an object of its fields; maps and well-known types are written otherwise."""
    return not descriptor.GetOptions().map_entry and not descriptor.full_name.startswith("google.protobuf.")


def _parts(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(value, Mapping):
        yield "", value
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, part in enumerate(value):
            if isinstance(part, Mapping):
                yield f"[{index}]", part


def _unreadable(words: str, resource: Mapping[str, object]) -> InvalidInputError:
    """Turn protobuf's complaint, which begins and often ends with the place, into ours, which has one place.

    The place at its end, where there is one, has the index in a list, but misses the field that is no list.
    """
    names: list[str] = []
    rest = words.split("\n", maxsplit=1)[0]
    while match := _FIELD.match(rest):
        names.append(match.group(1))
        rest = rest[match.end() :]
    if names and names[-1] in FREE_FORM_MAPS:
        return _unreadable_map(names, value=value_at(normalise(resource), *names))
    where = ".".join(["environment", *names])
    place = _PLACE_AT_END.search(rest)
    if place:
        rest = rest[: place.start()]
        at_end = f"environment.{place.group(1)}"
        where = at_end if at_end.startswith(where) else where
    return InvalidInputError(
        where=printable(where, limit=_LONGEST_PLACE),
        expected="a value that the Composer API's Environment accepts",
        seen=printable(rest.strip().rstrip("."), limit=300),
    )


def _unreadable_map(names: Sequence[str], *, value: object) -> InvalidInputError:
    """Name the entry of one of the user's maps that is no text, without its value, which may be a secret."""
    where, expected, seen = ".".join(["environment", *names]), "texts by name", describe_type(value)
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if not isinstance(entry, str):
                where, expected, seen = f"{where}.{key}", "text", describe_type(entry)
                break
    return InvalidInputError(where=printable(where, limit=_LONGEST_PLACE), expected=expected, seen=seen)
