"""What an HTTP observer answers, read as one address; it must refuse whatever leaves room for doubt, never guess.

Observers in use answer in a handful of shapes (each was run or read on 2026-11-22): a plain address (nginx ``return 200
$remote_addr``, haproxy ``lf-string "%[src]"``, ipify), ``IP:port`` or ``[v6]:port`` (Kubernetes agnhost ``/clientip``),
a ``RemoteAddr: IP:port`` line (traefik/whoami), ``key=value`` lines with ``ip=`` (Cloudflare ``/cdn-cgi/trace``), and
JSON objects with one of a few keys (httpbin ``origin``, ipify and ipinfo ``ip``, cilium json-mock ``client-ip``,
whoami ``/api`` ``remoteAddr``).

A list of addresses is what an observer makes of ``X-Forwarded-For``: any sender may have put the first one there, so
none of them is taken. An IPv6 address with its port but without brackets cannot be told from an address and is read as
one.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING

from netaddr import INET_PTON, AddrFormatError, IPAddress

from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_REPLY_BYTES = 64 * 1024
"""The longest reply that is looked at."""

# Keys by how much they say: whoami's `ip` lists the server's own addresses beside the client's `remoteAddr`.
_PEER_KEYS = frozenset(
    {"remoteaddr", "remoteip", "clientip", "clientaddr", "clientaddress", "sourceip", "sourceaddress"}
)
_CLAIM_KEYS = frozenset({"origin", "ip", "ipaddress", "address"})

_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_IPV4_AND_PORT = re.compile(r"(?P<address>[0-9.]{7,15}):(?P<port>[1-9][0-9]{0,4})")
_IPV6_AND_PORT = re.compile(r"\[(?P<address>[0-9A-Fa-f:.]{2,45})\](?::(?P<port>[1-9][0-9]{0,4}))?")
_REQUEST_LINE = re.compile(r"[A-Z]+ \S+ HTTP/[0-9.]+")
_LABELLED_LINE = re.compile(r"(?:RemoteAddr: |ip=)(?P<address>.*)")
_LARGEST_PORT = 65_535


class ReplyError(ValueError):
    """A reply does not hold one address.

    :param expected: what belongs there.
    :param seen: what the reply is instead, in our words.
    :param excerpt: the beginning of what came, capped and escaped.
    """

    def __init__(self, *, expected: str = "one IP address", seen: str, excerpt: str = "") -> None:
        super().__init__(f"expected {expected}, saw {seen}" + (f': "{excerpt}"' if excerpt else ""))
        self.expected = expected
        self.seen = seen
        self.excerpt = excerpt


class AmbiguousReplyError(ReplyError):
    """A reply holds several addresses, and nothing says which is the sender's."""


def parse_echo_reply(body: bytes) -> IPAddress:
    """Read the one address that an observer's reply names.

    :param body: the whole body of the reply, without transfer or content codings.
    :return: the address; an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) as the IPv4 address it stands for.
    :raises AmbiguousReplyError: when several addresses are named.
    :raises ReplyError: when anything else than one unicast address is.
    """
    if len(body) > MAX_REPLY_BYTES:
        raise ReplyError(seen=f"{len(body)} bytes, more than {MAX_REPLY_BYTES}", excerpt=printable(body))
    try:
        text = body.decode("utf-8").strip(" \t\r\n")
    except UnicodeDecodeError:
        raise ReplyError(seen="bytes that are no UTF-8 text", excerpt=printable(body)) from None
    if not text:
        raise ReplyError(seen="an empty reply")
    if text.startswith("<"):
        raise ReplyError(seen="an HTML or XML page (a login page or a proxy's?)", excerpt=printable(text))
    if text[0] in '{["':
        return _from_json(text)
    if "\n" in text or "\r" in text:
        return _from_lines(text)
    return _address(text)


def _from_json(text: str) -> IPAddress:
    try:
        reply = json.loads(text, object_pairs_hook=_without_repetition)
    except ReplyError:
        raise
    except (ValueError, RecursionError):  # a number of too many digits is a plain ValueError, depth a RecursionError
        if text.startswith("["):
            return _address(text)
        raise ReplyError(seen="JSON that cannot be read", excerpt=printable(text)) from None
    if isinstance(reply, dict):
        return _from_object(reply, text=text)
    return _address(_one_text(reply, text=text))


def _without_repetition(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise AmbiguousReplyError(seen="a JSON object with one key twice", excerpt=printable(key))
        found[key] = value
    return found


def _from_object(reply: Mapping[str, object], *, text: str) -> IPAddress:
    """Take the peer's key where there is one; among keys of one rank all must name the same address."""
    for keys in (_PEER_KEYS, _CLAIM_KEYS):
        values = [value for key, value in reply.items() if re.sub("[-_]", "", key).lower() in keys]
        addresses = {_address(_one_text(value, text=text)) for value in values}
        if len(addresses) > 1:
            raise AmbiguousReplyError(seen="several addresses", excerpt=printable(text))
        if addresses:
            return addresses.pop()
    raise ReplyError(
        expected="a JSON object with the address under origin, ip, client-ip or remoteAddr",
        seen="none of these keys",
        excerpt=printable(text),
    )


def _one_text(value: object, *, text: str) -> str:
    if isinstance(value, str):
        return value.strip(" \t\r\n")
    if isinstance(value, list):
        raise AmbiguousReplyError(seen="a list", excerpt=printable(text))
    raise ReplyError(seen="JSON without an address in it", excerpt=printable(text))


def _from_lines(text: str) -> IPAddress:
    """Read whoami's ``RemoteAddr:`` line or Cloudflare's ``ip=`` line, which must be there once.

    whoami prints the request after its own lines, headers included, and those are the sender's to choose.
    """
    own_lines = itertools.takewhile(lambda line: not _REQUEST_LINE.fullmatch(line), re.split(r"\r?\n", text))
    found = [match["address"] for line in own_lines if (match := _LABELLED_LINE.fullmatch(line))]
    if len(found) == 1:
        return _address(found[0])
    if found:
        raise AmbiguousReplyError(seen="several lines with an address", excerpt=printable(text))
    raise ReplyError(
        expected='one IP address, or lines of which one is "RemoteAddr: …" or "ip=…"',
        seen="lines without it",
        excerpt=printable(text),
    )


def _address(text: str) -> IPAddress:
    if "," in text or " " in text:
        _refuse_list(text)
    with_port = _IPV4_AND_PORT.fullmatch(text) or _IPV6_AND_PORT.fullmatch(text)
    if with_port is not None:
        port = with_port["port"]
        if port is not None and int(port) > _LARGEST_PORT:
            raise ReplyError(seen="a port above 65535", excerpt=printable(text))
        text = with_port["address"]
    if "%" in text:
        raise ReplyError(seen="an address with a zone, which means nothing elsewhere", excerpt=printable(text))
    if _ADDRESS.fullmatch(text) is None:
        raise ReplyError(seen="other text", excerpt=printable(text))
    return _unicast(text)


def _refuse_list(text: str) -> None:
    """Tell several addresses from a sentence, for the sake of the message."""
    parts = [part for part in re.split(r"[, ]+", text) if part]
    if len(parts) > 1 and all(_ADDRESS.fullmatch(part) and re.search("[.:]", part) for part in parts):
        raise AmbiguousReplyError(seen="several addresses (an X-Forwarded-For chain?)", excerpt=printable(text))


def _unicast(text: str) -> IPAddress:
    try:
        address = IPAddress(text, flags=INET_PTON)
    except (AddrFormatError, ValueError):
        raise ReplyError(seen="no address in its standard form", excerpt=printable(text)) from None
    if address.is_ipv4_mapped():
        address = address.ipv4()
    if address.is_multicast() or int(address) == 0 or address == IPAddress("255.255.255.255"):
        raise ReplyError(seen="an address that no packet comes from", excerpt=printable(text))
    return address
