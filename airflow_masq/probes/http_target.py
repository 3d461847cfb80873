"""An HTTP observer's URL, read strictly and without input or output.

Resolvers read ``http://010.0.0.1`` or ``http://0x0a.1`` as addresses nobody meant (inet_aton's forms), and ``urlsplit``
silently drops line breaks: both are refused here before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from netaddr import INET_PTON, AddrFormatError, IPAddress

from airflow_masq.text import printable

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LONGEST_URL: Final = 2_000
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")
# RFC 1123 section 2.1, with the underscore that private zones use.
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\.?\Z)[0-9A-Za-z_](?:[-0-9A-Za-z_]{0,62})(?:\.[0-9A-Za-z_][-0-9A-Za-z_]{0,62})*\.?"
)
# Where the last label is a number, resolvers take the whole for an IPv4 address
# (https://url.spec.whatwg.org/#ends-in-a-number-checker, read 2026-11-22).
_ENDS_IN_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")


@dataclass(frozen=True, kw_only=True)
class HttpTarget:
    """Where a request goes and what it asks for.

    :param url: the URL, as it may be shown.
    :param encrypted: whether the scheme is ``https``.
    :param host: a name or an address, without brackets.
    :param port: the port.
    :param request_target: path and query (RFC 9112 section 3.2.1).
    :param authority: host and port as the ``Host`` header has them (RFC 9110 section 7.2).
    """

    url: str
    encrypted: bool
    host: str
    port: int
    request_target: str
    authority: str


def parse_http_target(url: str) -> HttpTarget:
    """Read an observer's URL.

    :param url: ``http://`` or ``https://``, host, and optionally port, path and query; a fragment is dropped.
    :return: its parts.
    :raises ValueError: when it is anything else, or holds credentials; the message shows none.
    """
    if len(url) > _LONGEST_URL or not _VISIBLE_ASCII.fullmatch(url):
        raise ValueError(f"expected a URL of at most {_LONGEST_URL} visible ASCII characters")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"expected http or https, saw {printable(parts.scheme, limit=40)}")
    if "@" in parts.netloc:
        raise ValueError("expected a URL without credentials; name a connection instead (airflow://CONN_ID)")
    host = _host(parts)
    port = _port(parts)
    path = parts.path or "/"
    shown_host = f"[{host}]" if ":" in host else host
    return HttpTarget(
        url=url,
        encrypted=parts.scheme == "https",
        host=host,
        port=port,
        request_target=f"{path}?{parts.query}" if parts.query else path,
        authority=shown_host if port == _DEFAULT_PORTS[parts.scheme] else f"{shown_host}:{port}",
    )


def without_credentials(url: str) -> str:
    """Show a URL that was refused, without what stands before an ``@`` anywhere in it.

    :param url: the URL.
    :return: one printable line.
    """
    return printable(re.sub(r"//.*@", "//***@", url, flags=re.DOTALL), limit=_LONGEST_URL)


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("expected a port from 1 to 65535")
    return port or _DEFAULT_PORTS[parts.scheme]


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc or _ENDS_IN_A_NUMBER.fullmatch(host):
        try:
            return str(IPAddress(host, flags=INET_PTON))
        except (AddrFormatError, ValueError):
            raise ValueError(f"expected an IP address, saw {printable(host, limit=60)}") from None
    if not _HOST_NAME.fullmatch(host):
        raise ValueError(f"expected a host name, saw {printable(host, limit=60) or 'none'}")
    return host
