"""Google's REST resource of an environment ⇄ the protobuf message of the API's client; no field is dropped silently.

Image versions are read here, too.

``Environment(mapping)`` of the client library silently keeps one of two fields that exclude each other
(``clusterIpv4CidrBlock`` and ``clusterSecondaryRangeName``). So the conversion uses protobuf's JSON mapping, which
refuses them [source: observed-client-drops-range, protobuf-json].
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING

from google.cloud.orchestration.airflow.service_v1 import types
from google.protobuf import json_format

from airflow_masq.environment import EnvironmentResource, OfferedImage
from airflow_masq.environment.fields import FREE_FORM_MAPS
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import describe_type, escape, join_words, quote

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor
    from google.protobuf.message import Message

CLIENT_LIBRARY = "google-cloud-orchestration-airflow"

_LONGEST_PLACE = 200
# The form of protobuf's messages [source: observed-protobuf-complaints].
_FIELD = re.compile(r"Failed to parse (\w+) field: ")
_PLACE_AT_END = re.compile(r' at "?Environment\.([^"\s]+?)"?\.*$')


def make_message(resource: EnvironmentResource) -> types.Environment:
    """Convert a REST resource to the message that the API's client sends.

    :raises InvalidInputError: a field that the installed client library does not know and so cannot send, a value of
        the wrong type, or two fields that exclude each other.
    """
    message = types.Environment.pb(types.Environment())
    library = f"{CLIENT_LIBRARY} {version(CLIENT_LIBRARY)}"
    unknown = list(_list_unknown_fields(resource.fields, message.DESCRIPTOR))
    if unknown:
        raise InvalidInputError(
            where=escape(f"environment.{unknown[0]}", limit=_LONGEST_PLACE),
            expected=f"a field that {library} knows (a later version may know it)",
            seen=escape(", ".join(unknown), limit=_LONGEST_PLACE),
        )
    for path, word, enum in _list_words(resource.as_rest(), message.DESCRIPTOR):
        if word not in enum.values_by_name:
            known = join_words(name for name in enum.values_by_name if not name.endswith("_UNSPECIFIED"))
            raise InvalidInputError(
                where=escape(f"environment.{path}", limit=_LONGEST_PLACE),
                expected=f"a word that {library} knows: {known} (a later version may know more)",
                seen=quote(word),
            )
    try:
        json_format.ParseDict(resource.as_rest(), message)
    except json_format.ParseError as error:
        # Not chained: protobuf's text quotes values, which may be secrets.
        raise _translate(str(error), resource) from None
    environment: types.Environment = types.Environment.wrap(message)
    return environment


def read_message(message: types.Environment | Message) -> EnvironmentResource:
    """Convert a message to the REST resource; fields at their default are absent, as in Google's own answers.

    :param message: the client library's ``Environment``, or the protobuf message inside it.
    :raises InvalidInputError: the message is not an environment's.
    """
    inner = types.Environment.pb(message) if isinstance(message, types.Environment) else message
    expected = types.Environment.pb(types.Environment()).DESCRIPTOR.full_name
    if getattr(getattr(inner, "DESCRIPTOR", None), "full_name", None) != expected:
        seen = describe_type(message)
        raise InvalidInputError(where="environment", expected=f"a mapping or {expected}", seen=seen)
    return EnvironmentResource.read(json_format.MessageToDict(inner))


def read_image(message: types.ImageVersion) -> OfferedImage:
    """Read an image version; a day that is not complete, or none, is no day."""
    day = message.release_date
    try:
        released_on = date(day.year, day.month, day.day)
    except ValueError:
        released_on = None
    return OfferedImage(
        text=escape(message.image_version_id),
        is_default=message.is_default,
        is_creatable=not message.creation_disabled,
        released_on=released_on,
    )


def _list_unknown_fields(value: Mapping[str, object], descriptor: Descriptor, *, path: str = "") -> Iterator[str]:
    """List the dotted paths of fields that a message type does not have, without the fields inside them."""
    known = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    for name, inner in value.items():
        field = known.get(name)
        if field is None:
            yield f"{path}{name}"
            continue
        # JSON writes maps and well-known types otherwise than as an object of their fields.
        kind = field.message_type
        if kind and not kind.GetOptions().map_entry and not kind.full_name.startswith("google.protobuf."):
            parts = {f"[{index}]": part for index, part in enumerate(inner)} if isinstance(inner, list) else {"": inner}
            for index, part in parts.items():
                if isinstance(part, Mapping):
                    yield from _list_unknown_fields(part, kind, path=f"{path}{name}{index}.")


def _list_words(
    value: Mapping[str, object], descriptor: Descriptor, *, path: str = ""
) -> Iterator[tuple[str, str, EnumDescriptor]]:
    """List the dotted paths of fields that hold one of Google's words, each with the words that are known."""
    known = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    for name, inner in value.items():
        field = known[name]
        if field.enum_type is not None and isinstance(inner, str):
            yield f"{path}{name}", inner, field.enum_type
        elif field.message_type is not None and isinstance(inner, Mapping) and name not in FREE_FORM_MAPS:
            yield from _list_words(inner, field.message_type, path=f"{path}{name}.")


def _translate(text: str, resource: EnvironmentResource) -> InvalidInputError:
    """Translate protobuf's message, which begins and often ends with a place, to one with one place.

    The place at the end has the index in a list, but may lack the field that is not a list.
    """
    names: list[str] = []
    rest = text.split("\n", maxsplit=1)[0]
    while match := _FIELD.match(rest):
        names.append(match.group(1))
        rest = rest[match.end() :]
    where = ".".join(["environment", *names])
    if names and names[-1] in FREE_FORM_MAPS:
        # One of the user's own maps: name the entry that is not text, without its value, which may be a secret.
        value = resource.get_value(*names)
        entries = value.items() if isinstance(value, Mapping) else ()
        wrong = ((f"{where}.{key}", "text", entry) for key, entry in entries if not isinstance(entry, str))
        where, expected, wrong_value = next(wrong, (where, "texts by name", value))
        seen = describe_type(wrong_value)
        return InvalidInputError(where=escape(where, limit=_LONGEST_PLACE), expected=expected, seen=seen)
    place = _PLACE_AT_END.search(rest)
    if place:
        rest = rest[: place.start()]
        at_end = f"environment.{place.group(1)}"
        where = at_end if at_end.startswith(where) else where
    return InvalidInputError(
        where=escape(where, limit=_LONGEST_PLACE),
        expected="a value that the Composer API's Environment accepts",
        seen=escape(rest.strip().rstrip("."), limit=300),
    )
