"""An observer's URL, read strictly and without input or output.

Resolvers read ``http://010.0.0.1`` or ``http://0x0a.1`` as addresses that the author did not mean (inet_aton's forms),
and ``urlsplit`` silently drops line breaks and other text. All of these are refused here before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

from netaddr import INET_PTON, AddrFormatError, IPAddress

from airflow_masq.observation.observation import LONGEST_URL_CHARACTERS
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")
# Host names [source: rfc-1123-host-names], with the underscore that private zones use.
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\.?\Z)[0-9A-Za-z_](?:[-0-9A-Za-z_]{0,62})(?:\.[0-9A-Za-z_][-0-9A-Za-z_]{0,62})*\.?"
)
# Where the last label is a number, resolvers take the whole for an IPv4 address [source: whatwg-numeric-host].
_ENDS_IN_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")
# A URL's parts [source: rfc-3986-characters]. The standard library's urlsplit lets pass what it cannot read, such as
# text between a bracket and the port.
_PARTS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?P<place>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?"
)
_PLACE: Final = re.compile(r"(?:\[(?P<bracketed>[^][]*:[^][]*)\]|(?P<name>[^][:]*))(?::(?P<port>.*))?")
_PORT: Final = re.compile("0*[0-9]{1,5}")
_LARGEST_PORT: Final = 65_535


@dataclass(frozen=True, kw_only=True)
class ObserverUrl:
    """Where an observer is, and what to ask of it.

    :param text: the URL, which may be shown: it holds no credentials.
    :param scheme: in lower case.
    :param host: a name or an address, without brackets.
    :param port: the URL's, else the scheme's own.
    :param path: path and query, at least ``/`` [source: rfc-9112-request-target]; a fragment is dropped.
    :param authority: host and port, the scheme's own port left out, as HTTP's ``Host`` has them
        [source: rfc-9110-host].
    """

    text: str
    scheme: str
    host: str
    port: int
    path: str
    authority: str

    @classmethod
    def parse(cls, text: str, *, default_ports: Mapping[str, int]) -> Self:
        """Read a URL.

        :param default_ports: the schemes that are understood, each with its own port.
        :raises ValueError: when it is not understood, or holds credentials; the message shows none.
        """
        if len(text) > LONGEST_URL_CHARACTERS or not _VISIBLE_ASCII.fullmatch(text):
            most = f"at most {LONGEST_URL_CHARACTERS} visible ASCII characters"
            raise ValueError(f"expected a URL of {most}, other names written as xn--…")
        parts = _PARTS.fullmatch(text)
        scheme = "" if parts is None else parts["scheme"].lower()
        if parts is None or scheme not in default_ports:
            seen = escape(scheme, limit=40) or "none"
            raise ValueError(f"expected {' or '.join(default_ports)}, saw {seen}")
        place = parts["place"] or ""
        if "@" in place:
            raise ValueError("expected a URL without credentials; name a connection instead (airflow://CONN_ID)")
        address = _PLACE.fullmatch(place)
        if address is None:
            raise ValueError("expected an IPv6 address in brackets, and nothing but a port behind it")
        host = _read_host(address["bracketed"] or address["name"], is_bracketed=bool(address["bracketed"]))
        default_port = default_ports[scheme]
        port = _read_port(address["port"]) if address["port"] else default_port
        shown_host = f"[{host}]" if ":" in host else host
        query = parts["query"]
        return cls(
            text=text,
            scheme=scheme,
            host=host,
            port=port,
            path=(parts["path"] or "/") + (f"?{query}" if query else ""),
            authority=shown_host if port == default_port else f"{shown_host}:{port}",
        )


@lru_cache(maxsize=1024)  # many targets stand behind few hosts
def _read_host(host: str, *, is_bracketed: bool) -> str:
    if is_bracketed or _ENDS_IN_A_NUMBER.fullmatch(host):
        try:
            return str(IPAddress(host, flags=INET_PTON))
        except (AddrFormatError, ValueError):
            raise ValueError(f"expected an IP address, saw {escape(host, limit=60)}") from None
    if not _HOST_NAME.fullmatch(host):
        raise ValueError(f"expected a host name, saw {escape(host, limit=60) or 'none'}")
    return host


def _read_port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= _LARGEST_PORT:
        raise ValueError(f"expected a port from 1 to {_LARGEST_PORT}")
    return int(text)


def hide_credentials(url: str) -> str:
    """Show a URL that was refused, in one printable line, without the text before an ``@`` anywhere in it."""
    return escape(re.sub(r"//.*@", "//***@", url, flags=re.DOTALL), limit=LONGEST_URL_CHARACTERS)
