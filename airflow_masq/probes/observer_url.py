"""An observer's URL, read strictly and without input or output.

Resolvers read ``http://010.0.0.1`` or ``http://0x0a.1`` as addresses that the author did not mean (inet_aton's forms),
and ``urlsplit`` silently drops line breaks. Both are refused here before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from netaddr import INET_PTON, AddrFormatError, IPAddress

from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_URL: Final = 2_000
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")
# Host names [source: rfc-1123-host-names], with the underscore that private zones use.
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\.?\Z)[0-9A-Za-z_](?:[-0-9A-Za-z_]{0,62})(?:\.[0-9A-Za-z_][-0-9A-Za-z_]{0,62})*\.?"
)
# Where the last label is a number, resolvers take the whole for an IPv4 address [source: whatwg-numeric-host].
_ENDS_IN_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")
_BAD_BRACKETS: Final = "expected an IPv6 address in brackets, and nothing but a port behind it"


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
        if len(text) > _LONGEST_URL or not _VISIBLE_ASCII.fullmatch(text):
            raise ValueError(
                f"expected a URL of at most {_LONGEST_URL} visible ASCII characters, other names written as xn--…"
            )
        try:
            parts = urlsplit(text)
        except ValueError:
            raise ValueError(_BAD_BRACKETS) from None
        if parts.scheme not in default_ports:
            raise ValueError(f"expected {' or '.join(default_ports)}, saw {escape(parts.scheme, limit=40)}")
        if "@" in parts.netloc:
            raise ValueError("expected a URL without credentials; name a connection instead (airflow://CONN_ID)")
        name = parts.hostname or ""  # in lower case; a message shows it as it was written
        start = parts.netloc.lower().find(name)
        # The library drops what stands between the bracket and the port.
        if "[" in parts.netloc and not re.fullmatch(r"\[[^][]*:[^][]*\](?::.*)?", parts.netloc):
            raise ValueError(_BAD_BRACKETS)
        host = _read_host(parts.netloc[start : start + len(name)], is_bracketed="[" in parts.netloc)
        default_port = default_ports[parts.scheme]
        try:
            port = default_port if parts.port is None else parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise ValueError("expected a port from 1 to 65535")
        shown_host = f"[{host}]" if ":" in host else host
        return cls(
            text=text,
            scheme=parts.scheme,
            host=host,
            port=port,
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
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


def hide_credentials(url: str) -> str:
    """Show a URL that was refused, in one printable line, without the text before an ``@`` anywhere in it."""
    return escape(re.sub(r"//.*@", "//***@", url, flags=re.DOTALL), limit=_LONGEST_URL)
