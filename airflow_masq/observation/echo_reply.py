"""What an HTTP observer answers, read as one address; anything that leaves room for doubt is refused.

Observers in use answer in a few formats [source: observed-echo-replies]: a plain address (nginx ``return 200
$remote_addr``, haproxy ``lf-string "%[src]"``, ipify), ``IP:port`` or ``[v6]:port`` (Kubernetes agnhost ``/clientip``),
a ``RemoteAddr: IP:port`` line (traefik/whoami), ``key=value`` lines with ``ip=`` (Cloudflare ``/cdn-cgi/trace``), and
JSON objects with one of a few keys (httpbin ``origin``, ipify and ipinfo ``ip``, cilium json-mock ``client-ip``, whoami
``/api`` ``remoteAddr``).

A list of addresses comes from ``X-Forwarded-For``. The sender may have forged any of them, so none is taken
[source: observed-forwarded-for]. An IPv6 address with its port but without brackets looks like an
address and is read as one.
"""

from __future__ import annotations

import itertools
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from netaddr import INET_PTON, AddrFormatError, IPAddress

from airflow_masq.network.ranges import unmap
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_REPLY_BYTES: Final = 64 * 1024

# Keys by how much they say: whoami's `ip` lists the server's own addresses beside the client's `remoteAddr`.
_PEER_KEYS: Final = frozenset(
    {
        "remoteaddr",
        "remoteaddress",  # Node's name of it [source: node-remote-address]
        "remoteip",
        "clientip",
        "clientaddr",
        "clientaddress",
        "clienthost",  # FastAPI's own example [source: fastapi-client-host]
        "sourceip",
        "sourceaddress",
    }
)
_CLAIM_KEYS: Final = frozenset({"origin", "ip", "ipaddr", "ipaddress", "address"})
# Sections that tell of the client, such as `host.ip` [source: ealen-echo-server] and `data.ip`. `server.ip` is none.
_CLIENT_SECTIONS: Final = frozenset({"client", "connection", "data", "host", "peer", "remote", "source"})
# How observers say that they could not tell: ip-api.com's {"status": "fail"}, ipwhois' {"success": false}, and the
# status of an error in the body of a reply whose own status is 200.
_ERROR_KEYS: Final = frozenset({"err", "error", "errors", "errorcode", "errormessage", "exception", "fault"})
_SUCCESS_KEYS: Final = frozenset({"ok", "success"})
_STATUS_KEYS: Final = frozenset({"code", "status", "statuscode"})
_FALSE_WORDS: Final = frozenset({"", "0", "false", "no", "none", "null"})
_FAILED_STATUSES: Final = frozenset({"error", "fail", "failed", "failure"})
_ERROR_STATUS: Final = re.compile("[45][0-9][0-9]")

_BLANKS: Final = " \t\r\n"
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_IPV4_AND_PORT: Final = re.compile(r"(?P<address>[0-9.]{7,15}):(?P<port>[1-9][0-9]{0,4})")
_IPV6_AND_PORT: Final = re.compile(r"\[(?P<address>[0-9A-Fa-f:.]{2,45})\](?::(?P<port>[1-9][0-9]{0,4}))?")
_LARGEST_PORT: Final = 65_535
_BROADCAST: Final = IPAddress("255.255.255.255")
# Kubernetes' source-IP server says client_address=, indented by a tab since 1.10 [source: echoserver-client-address];
# fortio ends its first line with the client [source: fortio-debug-line].
_LABELLED_LINE: Final = re.compile(
    r"(?:RemoteAddr: |ip=|\t?client_address=|\S+ version .* - request from )(?P<address>.*)"
)
# Where the request that the sender chose begins.
_REQUEST_BEGINS: Final = re.compile(r"[A-Z]+ \S+ HTTP/[0-9.]+|HEADERS RECEIVED:|(?i:request headers|headers):")


class ReplyError(ValueError):
    """A reply does not hold one address.

    :param seen: what the reply is instead, in our words.
    :param reply: what came; ``quote`` keeps its beginning, capped and escaped.
    :param expected: what belongs there.
    """

    def __init__(self, *, seen: str, reply: str | bytes = "", expected: str = "one IP address") -> None:
        self.expected = expected
        self.seen = seen
        self.excerpt = escape(reply)
        super().__init__(f"expected {expected}, saw {seen}" + (f': "{self.excerpt}"' if reply else ""))


class AmbiguousReplyError(ReplyError):
    """A reply holds several addresses, and nothing says which is the sender's."""


def parse_echo_reply(body: bytes, *, may_be_cut: bool = False) -> IPAddress:
    """Read the one address that an observer's reply names.

    :param body: the whole body of the reply, without transfer or content codings.
    :param may_be_cut: whether nothing but the end of the connection says that this is all of it. A text must then show
        its own end, by a line's end, a port or JSON's brackets, since 10.0.0.1 may be
        the beginning of 10.0.0.12 [source: rfc-9112-incomplete].
    :return: the address; an IPv4-mapped IPv6 address [source: rfc-4291-mapped] as the IPv4 address in it.
    :raises AmbiguousReplyError: when several addresses are named.
    :raises ReplyError: when anything other than one unicast address is named.
    """
    if len(body) > MAX_REPLY_BYTES:
        raise ReplyError(seen=f"{len(body)} bytes, more than {MAX_REPLY_BYTES}", reply=body)
    try:
        text = body.decode("utf-8").strip(_BLANKS)
    except UnicodeDecodeError:
        raise ReplyError(seen="bytes that are not UTF-8 text", reply=body) from None
    if not text:
        raise ReplyError(seen="an empty reply")
    if text.startswith("<"):
        raise ReplyError(seen="an HTML or XML page (a login page or a proxy's?)", reply=text)
    if text[0] in '{["':
        return _read_json(text)
    if may_be_cut and not body.endswith(b"\n") and not _read_port(text):
        expected = "one IP address, and a Content-Length or a line's end behind it"
        raise ReplyError(expected=expected, seen="text that may have been cut off", reply=text)
    if "\n" in text or "\r" in text:
        return _read_lines(text)
    return _read_address(text)


def _read_json(text: str) -> IPAddress:
    """Take the peer's key where there is one, else one in a section; keys of one rank must name the same address."""
    try:
        reply = json.loads(text, object_pairs_hook=_refuse_repeated_keys)
    except ReplyError:
        raise
    except (ValueError, RecursionError):  # a number of too many digits is a plain ValueError, depth a RecursionError
        if text.startswith("["):  # an IPv6 address in brackets
            return _read_address(text)
        raise ReplyError(seen="JSON that cannot be read", reply=text) from None
    if not isinstance(reply, dict):
        return _read_json_value(reply, text=text)
    sections = [value for key, value in reply.items() if key.lower() in _CLIENT_SECTIONS and isinstance(value, dict)]
    if any(map(_tells_an_error, (reply, *sections))):
        raise ReplyError(seen="an error of the observer", reply=text)
    for places in ([reply], sections):
        for keys in (_PEER_KEYS, _CLAIM_KEYS):
            entries = [entry for place in places for entry in place.items()]
            values = [value for key, value in entries if re.sub("[-_]", "", key).lower() in keys]
            addresses = {_read_json_value(value, text=text) for value in values}
            if len(addresses) > 1:
                raise AmbiguousReplyError(seen="several addresses", reply=text)
            if addresses:
                return addresses.pop()
    expected = "a JSON object with the address under origin, ip, client-ip or remoteAddr"
    raise ReplyError(expected=expected, seen="none of these keys", reply=text)


def _tells_an_error(section: Mapping[str, object]) -> bool:
    for name, value in section.items():
        key = re.sub("[-_]", "", name).lower()
        # Not str() of what may be nested deeply.
        text = str(bool(value) if isinstance(value, list | dict) else value).strip(_BLANKS).lower()
        if key in _ERROR_KEYS and text not in _FALSE_WORDS:
            return True
        if key in _SUCCESS_KEYS and text in _FALSE_WORDS:
            return True
        if key in _STATUS_KEYS and (text in _FAILED_STATUSES or _ERROR_STATUS.fullmatch(text)):
            return True
    return False


def _refuse_repeated_keys(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise AmbiguousReplyError(seen="a JSON object with one key twice", reply=key)
        found[key] = value
    return found


def _read_json_value(value: object, *, text: str) -> IPAddress:
    if isinstance(value, str):
        return _read_address(value.strip(_BLANKS))
    if isinstance(value, list):
        raise AmbiguousReplyError(seen="a list", reply=text)
    raise ReplyError(seen="JSON without an address in it", reply=text)


def _read_lines(text: str) -> IPAddress:
    """Read the one line that names the client, such as whoami's ``RemoteAddr:``.

    Echo servers print the request after their own lines. The sender chooses its headers, so they are not read.
    """
    own_lines = list(itertools.takewhile(lambda line: not _REQUEST_BEGINS.fullmatch(line), re.split(r"\r?\n", text)))
    if _tells_an_error(dict(line.split("=", 1) for line in own_lines if "=" in line)):
        raise ReplyError(seen="an error of the observer", reply=text)
    found = [match["address"] for line in own_lines if (match := _LABELLED_LINE.fullmatch(line))]
    if len(found) > 1:
        raise AmbiguousReplyError(seen="several lines with an address", reply=text)
    if not found:
        expected = 'one IP address, or lines of which one is "RemoteAddr: …", "ip=…" or "client_address=…"'
        raise ReplyError(expected=expected, seen="lines without it", reply=text)
    return _read_address(found[0])


def _read_port(text: str) -> re.Match[str] | None:
    return _IPV4_AND_PORT.fullmatch(text) or _IPV6_AND_PORT.fullmatch(text)


def _read_address(text: str) -> IPAddress:
    parts = [part for part in re.split(r"[, ]+", text) if part] if "," in text or " " in text else [text]
    if len(parts) > 1 and all(_ADDRESS.fullmatch(part) and re.search("[.:]", part) for part in parts):
        raise AmbiguousReplyError(seen="several addresses (an X-Forwarded-For chain?)", reply=text)
    bare = text
    with_port = _read_port(text)
    if with_port is not None:
        bare = with_port["address"]
        if int(with_port["port"] or 0) > _LARGEST_PORT:
            raise ReplyError(seen="a port above 65535", reply=text)
    if "%" in bare:
        raise ReplyError(seen="an address with a zone, which means nothing elsewhere", reply=text)
    if not _ADDRESS.fullmatch(bare):
        raise ReplyError(seen="other text", reply=text)
    try:
        address = _parse_standard_form(bare)
    except (AddrFormatError, ValueError):
        raise ReplyError(seen="an address that is not in its standard form", reply=text) from None
    if address.is_multicast() or int(address) == 0 or address == _BROADCAST:
        raise ReplyError(seen="an address that no packet comes from", reply=text)
    return address


@lru_cache(maxsize=1024)  # most observers of a check name the same few addresses
def _parse_standard_form(text: str) -> IPAddress:
    return unmap(IPAddress(text, flags=INET_PTON))
