"""The request of the HTTP probe: it asks for a fresh answer over a connection that ends with it.

It names no address, unless a canary is wanted: an address that no host has [source: rfc-5737-documentation,
rfc-3849-documentation], in the headers that proxies put their client's address in. An observer that then names it
repeats what it is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.ranges import IPV4
from airflow_masq.observation.observation import Failure
from airflow_masq.probes.exchange import ProbeError

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

NONCE_PARAMETER: Final = "airflow-masq-nonce"

_NONCE_BITS: Final = 64
CANARY_BLOCKS: Final = (IPNetwork("192.0.2.0/24"), IPNetwork("198.51.100.0/24"), IPNetwork("2001:db8::/32"))
"""Blocks for documentation; no host has an address of them."""

_CLIENT_HEADERS: Final = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP")

# Names and values of headers [source: rfc-9110-fields].
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# What decides where the request goes and where it ends is the probe's own.
_OWN_HEADERS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def write_request(path: str, *, authority: str, headers: Sequence[tuple[str, str]], nonce: str | None) -> bytes:
    """Write a request.

    :param path: with its query.
    :param authority: the host and port.
    :param headers: further ones.
    :param nonce: a number for the query; ``None`` for none.
    :raises ProbeError: when a header cannot be sent; the message does not show it.
    """
    if nonce is not None:
        path = f"{path}{'&' if '?' in path else '?'}{NONCE_PARAMETER}={nonce}"
    for name, value in headers:
        is_well_formed = _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)
        if not is_well_formed or name.lower() in _OWN_HEADERS:
            expected = "header names and values as RFC 9110 section 5 has them, and none of Host, Connection, "
            detail = f"expected {expected}Content-Length and Transfer-Encoding, saw others"
            raise ProbeError(Failure.UNUSABLE_TARGET, detail)
    further = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return (
        f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: airflow-masq\r\n"
        "Accept: text/plain, application/json;q=0.9\r\nAccept-Encoding: identity\r\n"
        f"Cache-Control: no-store\r\nConnection: close\r\n{further}\r\n"
    ).encode("latin-1")


def choose_nonce(randomness: random.Random) -> str:
    """Choose a number that no cache can know."""
    return f"{randomness.getrandbits(_NONCE_BITS):016x}"


def choose_canary(observed: IPAddress, *, randomness: random.Random) -> IPAddress:
    """Choose an address that no host has, of the kind that was observed, and another one."""
    while True:
        block = randomness.choice([block for block in CANARY_BLOCKS if block.version == observed.version])
        canary = IPAddress(randomness.randint(block.first + 1, block.last - 1), block.version)
        if canary != observed:
            return canary


def write_canary(canary: IPAddress) -> tuple[tuple[str, str], ...]:
    """Write the headers that name a canary as the client [source: rfc-7239-forwarded, single-ip-headers]."""
    node = str(canary) if canary.version == IPV4 else f'"[{canary}]"'
    return (*[(name, str(canary)) for name in _CLIENT_HEADERS], ("Forwarded", f"for={node}"))
