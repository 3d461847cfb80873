"""The endpoint of an API: Google's own, a private one over TLS, or an emulator on this machine.

Credentials and requests must never leave the machine in plain text, so a plaintext endpoint is accepted only on a
loopback address.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from netaddr import AddrFormatError, IPAddress

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import escape

EXPECTED = "https://HOST[:PORT], or http://127.0.0.1:PORT for an emulator on this machine"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One host and port, with or without TLS.

    :param target: ``host:port`` as gRPC takes it; an IPv6 address is in brackets.
    :param plaintext: no TLS and no credentials; only ever a loopback address.
    """

    target: str
    plaintext: bool


def parse_endpoint(text: str, *, where: str = "composer_endpoint") -> Endpoint:
    """Parse an endpoint's URL.

    :param text: ``https://HOST[:PORT]`` (port 443 by default) or ``http://LOOPBACK:PORT``. ``localhost`` means
        127.0.0.1 and is not looked up.
    :param where: the setting's name, for the message.
    :raises InvalidInputError: the URL has another form, or is in plain text and not on a loopback address.
    """
    # A URL may hold a password before the @, so only the rest of it is shown.
    refusal = InvalidInputError(where=where, expected=EXPECTED, seen=escape(text.rsplit("@", maxsplit=1)[-1]))
    try:
        url = urlsplit(text.strip())
        port = url.port
    except ValueError as error:
        raise refusal from error
    host = "127.0.0.1" if url.hostname == "localhost" else url.hostname
    has_more = url.username is not None or url.path not in {"", "/"} or url.query or url.fragment
    if url.scheme not in {"http", "https"} or host is None or has_more:
        raise refusal
    plaintext = url.scheme == "http"
    if plaintext and (port is None or not is_loopback(host)):
        raise refusal
    bracketed = f"[{host}]" if ":" in host else host
    return Endpoint(target=f"{bracketed}:{port or 443}", plaintext=plaintext)


def is_emulator(text: str | None, *, where: str = "composer_endpoint") -> bool:
    """Say whether an endpoint is an emulator's, which needs no credentials and beside which nothing leaves the machine.

    Each endpoint in plain text is one.

    :param text: as ``parse_endpoint`` takes it; ``None`` or empty for Google's own.
    :param where: the setting's name, for the message.
    :raises InvalidInputError: the URL has another form, or is in plain text and not on a loopback address.
    """
    return parse_endpoint(text, where=where).plaintext if text else False


def is_loopback(host: str) -> bool:
    """Say whether a host is an address on this machine; a name is none."""
    try:
        return IPAddress(host).is_loopback()
    except AddrFormatError:
        return False
