"""Where an API is reached: Google's own address, a private endpoint over TLS, or an emulator on this machine.

It exists so that credentials and requests never leave the machine in plain text: a plaintext endpoint is accepted only
on a loopback address. It must not open a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from netaddr import AddrFormatError, IPAddress

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import printable

EXPECTED = "https://HOST[:PORT], or http://127.0.0.1:PORT for an emulator on this machine"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One host and port, with or without TLS.

    :param target: ``host:port`` as gRPC takes it; an IPv6 address stands in brackets.
    :param plaintext: no TLS and no credentials; only ever a loopback address.
    """

    target: str
    plaintext: bool


def parse_endpoint(text: str, *, where: str = "composer_endpoint") -> Endpoint:
    """Read an endpoint's URL.

    :param text: ``https://HOST[:PORT]`` (port 443 by default) or ``http://LOOPBACK:PORT``. ``localhost`` stands for
        127.0.0.1 and is not looked up.
    :param where: the setting's name, for the message.
    :return: the endpoint.
    :raises InvalidInputError: the URL has another shape, or is in plain text and not on a loopback address.
    """
    url, port = _split(text, where=where)
    host = "127.0.0.1" if url.hostname == "localhost" else url.hostname
    if host is None or url.username is not None or url.path not in {"", "/"} or url.query or url.fragment:
        raise _refused(text, where=where)
    plaintext = url.scheme == "http"
    if plaintext and (port is None or not _is_loopback(host)):
        raise _refused(text, where=where)
    bracketed = f"[{host}]" if ":" in host else host
    return Endpoint(target=f"{bracketed}:{port or 443}", plaintext=plaintext)


def _split(text: str, *, where: str) -> tuple[SplitResult, int | None]:
    try:
        url = urlsplit(text.strip())
        port = url.port
    except ValueError as error:
        raise _refused(text, where=where) from error
    if url.scheme not in {"http", "https"}:
        raise _refused(text, where=where)
    return url, port


def _is_loopback(host: str) -> bool:
    try:
        return IPAddress(host).is_loopback()
    except AddrFormatError:
        return False


def _refused(text: str, *, where: str) -> InvalidInputError:
    without_credentials = text.rsplit("@", maxsplit=1)[-1]
    return InvalidInputError(where=where, expected=EXPECTED, seen=printable(without_credentials))
