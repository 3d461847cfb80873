"""The HTTP probe: one GET by h11, and the address that the observer's reply names.

Proxies from the environment are not asked and redirects are not followed, since both would show another host's
address. The request asks for the connection to be closed, and the reply is read to its end or refused, since half an
address is not an address. Without TLS, a body whose length is not given ends with the connection, so its end looks like
a cut [source: rfc-9112-incomplete]. TLS marks its own end.

An observation contains no credentials, and no text in which a server may echo them.
"""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11

from airflow_masq.observation.echo_reply import MAX_REPLY_BYTES, AmbiguousReplyError, ReplyError, parse_echo_reply
from airflow_masq.observation.intermediaries import find_intermediaries
from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.probes.attempt import Answer, OpenSocket, ProbeError, Resolve, make_attempt, resolve_by_system
from airflow_masq.probes.channel import Channel, PlainChannel, TlsChannel
from airflow_masq.probes.observer_url import ObserverUrl
from airflow_masq.text import printable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from netaddr import IPAddress

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MOST_HEADER_BYTES: Final = 16 * 1024
# Everything that may come in, transfer coding and interim responses included.
_MOST_RECEIVED_BYTES: Final = 2 * (MAX_REPLY_BYTES + _MOST_HEADER_BYTES)

# Other 2xx do not promise that the body is what was asked for: 206 holds a part of it [source: rfc-9110-success].
_WHOLE_REPLIES: Final = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})


async def probe_http(
    url: str,
    *,
    timeout_seconds: float,
    open_socket: OpenSocket,
    now: Callable[[], datetime],
    headers: Sequence[tuple[str, str]] = (),
    resolve: Resolve = resolve_by_system,
    tls_context: ssl.SSLContext | None = None,
    shown_as: str | None = None,
) -> Observation:
    """Ask an HTTP observer once for the source address it sees.

    :param url: ``http://`` or ``https://``, without credentials.
    :param timeout_seconds: the longest the whole attempt may take, name resolution included.
    :param open_socket: opens the one socket of the attempt.
    :param now: the clock, with its time zone.
    :param headers: further request headers, which may hold credentials: where there are any, nothing that the server
        sent is quoted, since it might echo them.
    :param resolve: gives the first address of the host; default the system's resolver.
    :param tls_context: verifies the server's certificate; default Python's own, with the system's authorities.
    :param shown_as: one printable line that the observation names instead of the URL, whose path is then taken for a
        secret, so that nothing that the server sent is quoted either; default ``None``, the URL.
    :return: what was seen, or why nothing was.
    :raises ValueError: when ``timeout_seconds`` is not above 0.
    """

    async def ask(observer: ObserverUrl, connection: socket.socket) -> Answer:
        channel: Channel = PlainChannel(connection)
        if observer.scheme == "https":
            context = tls_context or ssl.create_default_context()
            channel = tls = TlsChannel(channel, context=context, host=observer.host)
            await tls.shake_hands()
        response, body = await _exchange(channel, observer, headers=headers)
        may_quote = not headers and shown_as is None
        address = _read_address(response, body, may_quote=may_quote)
        response_headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
        traces = find_intermediaries(body, response_headers=response_headers, sent_headers=headers, may_quote=may_quote)
        if (
            response.status_code == HTTPStatus.NON_AUTHORITATIVE_INFORMATION
        ):  # a proxy changed it [source: rfc-9110-203]
            traces = ("HTTP 203", *traces)
        return Answer(address=address, intermediaries=traces)

    return await make_attempt(
        url,
        ask,
        default_ports=_DEFAULT_PORTS,
        timeout_seconds=timeout_seconds,
        open_socket=open_socket,
        now=now,
        resolve=resolve,
        shown_as=shown_as,
    )


async def _exchange(
    channel: Channel, observer: ObserverUrl, *, headers: Sequence[tuple[str, str]]
) -> tuple[h11.Response, bytes]:
    """Send the request, and read its reply to the end, within bounds."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    await channel.send(_write_request(connection, observer, headers=headers))
    response: h11.Response | None = None
    body = bytearray()
    received_bytes = 0
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise _name_protocol_error(error, is_silent=received_bytes == 0) from error
        if event is h11.NEED_DATA:
            received = await channel.receive()
            received_bytes += len(received)
            if received_bytes > _MOST_RECEIVED_BYTES:
                raise ProbeError(Failure.TOO_LARGE, f"more than {_MOST_RECEIVED_BYTES} bytes came")
            connection.receive_data(received)
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_REPLY_BYTES:
                raise ProbeError(Failure.TOO_LARGE, f"the reply has more than {MAX_REPLY_BYTES} bytes")
        elif isinstance(event, h11.EndOfMessage) and response is not None:
            return response, bytes(body)
        elif not isinstance(event, h11.InformationalResponse):
            # h11 reports a connection that ends too early as an error; this keeps the loop from spinning if not.
            raise ProbeError(Failure.NOT_HTTP, "the server ended the connection")


def _write_request(connection: h11.Connection, observer: ObserverUrl, *, headers: Sequence[tuple[str, str]]) -> bytes:
    own_headers = [
        ("Host", observer.authority),
        ("User-Agent", "airflow-masq"),
        ("Accept", "text/plain, application/json;q=0.9"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    # h11 holds names and values to their form [source: rfc-9110-fields].
    try:
        request = h11.Request(method="GET", target=observer.path, headers=[*own_headers, *headers])
        return (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")
    except (h11.LocalProtocolError, UnicodeEncodeError):  # whose texts would show the header, so they are not chained
        detail = "expected valid header names and values, each name once (RFC 9110 section 5), saw others"
        raise ProbeError(Failure.UNUSABLE_TARGET, detail) from None


def _name_protocol_error(error: h11.RemoteProtocolError, *, is_silent: bool) -> ProbeError:
    if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:  # h11's word for headers of any side
        return ProbeError(Failure.TOO_LARGE, f"the reply's header has more than {_MOST_HEADER_BYTES} bytes")
    if is_silent:
        return ProbeError(Failure.NOT_HTTP, "the server ended the connection without a reply")
    return ProbeError(Failure.NOT_HTTP, "the answer is not a complete HTTP/1.1 reply")


def _read_address(response: h11.Response, body: bytes, *, may_quote: bool) -> IPAddress:
    def quote(escaped: str, *, after: str) -> str:
        shown = f'"{escaped}"' if may_quote else "(not shown, since it might echo a secret of the request)"
        return f"{after}{shown}" if escaped else ""

    status = response.status_code
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        location = next((value for name, value in response.headers if name == b"location"), b"")
        raise ProbeError(Failure.REDIRECT, f"HTTP {status}{quote(printable(location), after=' to ')}")
    is_partial = bool(body) and status not in _WHOLE_REPLIES
    if status >= HTTPStatus.BAD_REQUEST or is_partial:
        raise ProbeError(Failure.HTTP_STATUS, f"HTTP {status}{quote(printable(response.reason), after=' ')}")
    # A body may be coded in several ways, one after another [source: rfc-9110-content-coding].
    values = b",".join(value for name, value in response.headers if name == b"content-encoding")
    codings = [coding for coding in map(bytes.strip, values.split(b",")) if coding.lower() not in {b"", b"identity"}]
    if codings:
        detail = f"expected a body without content coding, saw one{quote(printable(b', '.join(codings)), after=': ')}"
        raise ProbeError(Failure.NO_ADDRESS, detail)
    try:
        return parse_echo_reply(body)
    except ReplyError as error:
        is_ambiguous = isinstance(error, AmbiguousReplyError)
        failure = Failure.SEVERAL_ADDRESSES if is_ambiguous else Failure.NO_ADDRESS
        detail = f"expected {error.expected}, saw {error.seen}{quote(error.excerpt, after=': ')}"
        raise ProbeError(failure, detail) from error
