"""An Airflow connection of type ``source_ip_observer``, read as an observer to ask.

What it holds may be secret: values of it stand in no message and no ``repr``, but the host and the port.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import printable

_SCHEMES: Final = ("http", "https")
_EXTRA_KEYS: Final = ("path", "headers", "ca_file")


class ConnectionFields(Protocol):
    """What is read of a connection; Airflow 2 and 3 have different classes with these names."""

    host: str | None
    schema: str | None
    port: int | None
    login: str | None
    password: str | None
    extra: str | None

    @property
    def extra_dejson(self) -> object:
        """The extra field, read as JSON, with its secrets masked in logs; empty where it is no JSON."""


@dataclass(frozen=True, kw_only=True)
class ObserverConnection:
    """An observer, and what it wants from those who ask.

    :param url: the observer; its path may be a secret.
    :param headers: request headers; they may hold credentials.
    :param tls_context: verifies the observer's certificate; ``None`` for Python's default.
    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    tls_context: ssl.SSLContext | None = field(repr=False)


def read_connection(connection: ConnectionFields, *, conn_id: str) -> ObserverConnection:
    """Read a connection.

    Its scheme is ``http`` unless it says ``https``; login and password become Basic authentication (RFC 7617); the
    extra field may hold ``path`` (default ``/``), ``headers`` (an object) and ``ca_file`` (a path on the worker).

    :param connection: Airflow's connection.
    :param conn_id: its name, for messages.
    :return: the observer.
    :raises InvalidInputError: when it does not describe one.
    """
    where = f"connection {printable(conn_id, limit=60)}"
    extra = _extra(connection, where=where)
    return ObserverConnection(
        url=_url(connection, path=_text(extra, "path", default="/", where=where), where=where),
        headers=(*_basic_authentication(connection), *_headers(extra, where=where)),
        tls_context=_tls_context(_text(extra, "ca_file", default="", where=where), where=where),
    )


def _url(connection: ConnectionFields, *, path: str, where: str) -> str:
    scheme = connection.schema or "http"
    if scheme not in _SCHEMES:
        raise InvalidInputError(where=f"{where}: schema", expected="http or https", seen=printable(scheme, limit=40))
    host = connection.host or ""
    if not host or any(character in host for character in "/@?#"):
        raise InvalidInputError(
            where=f"{where}: host", expected="a host name or address alone", seen="other text" if host else "none"
        )
    if not path.startswith("/"):
        raise InvalidInputError(where=f"{where}: extra.path", expected="a path that begins with /", seen="other text")
    shown_host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    port = f":{connection.port}" if connection.port else ""
    return f"{scheme}://{shown_host}{port}{path}"


def _extra(connection: ConnectionFields, *, where: str) -> Mapping[str, object]:
    _refuse_unless_json(connection.extra or "", where=where)
    extra = connection.extra_dejson  # Airflow reads it once more, and so hides its secrets in logs
    if not isinstance(extra, Mapping):
        raise InvalidInputError(where=f"{where}: extra", expected="a JSON object", seen=f"a {type(extra).__name__}")
    for key in extra:
        if key not in _EXTRA_KEYS:
            expected = f"only {', '.join(_EXTRA_KEYS)}"
            raise InvalidInputError(where=f"{where}: extra", expected=expected, seen=printable(key, limit=40))
    return extra


def _refuse_unless_json(text: str, *, where: str) -> None:
    """Refuse what Airflow would take for an empty object."""
    try:
        json.loads(text or "{}")
    except (ValueError, RecursionError):  # the error holds the text, so it is not chained
        raise InvalidInputError(
            where=f"{where}: extra", expected="a JSON object", seen="text that is no JSON"
        ) from None


def _text(extra: Mapping[str, object], key: str, *, default: str, where: str) -> str:
    value = extra.get(key, default)
    if not isinstance(value, str):
        raise InvalidInputError(where=f"{where}: extra.{key}", expected="text", seen=type(value).__name__)
    return value or default


def _headers(extra: Mapping[str, object], *, where: str) -> tuple[tuple[str, str], ...]:
    headers = extra.get("headers", {})
    if not isinstance(headers, Mapping):
        expected = "an object of names and texts"
        raise InvalidInputError(where=f"{where}: extra.headers", expected=expected, seen=type(headers).__name__)
    for name, value in headers.items():
        if not isinstance(value, str):
            place = f"{where}: extra.headers.{printable(name, limit=40)}"
            raise InvalidInputError(where=place, expected="text", seen=type(value).__name__)
    return tuple((str(name), str(value)) for name, value in headers.items())


def _basic_authentication(connection: ConnectionFields) -> tuple[tuple[str, str], ...]:
    if not connection.login:
        return ()
    token = base64.b64encode(f"{connection.login}:{connection.password or ''}".encode()).decode("ascii")
    return (("Authorization", f"Basic {token}"),)


def _tls_context(ca_file: str, *, where: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        seen = error.strerror or type(error).__name__
        raise InvalidInputError(where=f"{where}: extra.ca_file", expected="a PEM file", seen=printable(seen)) from error
