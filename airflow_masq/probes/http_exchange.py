"""One HTTP/1.1 request and its reply over a channel, by h11, within bounds; it must follow nothing and keep nothing.

The request asks for the connection to be closed, and the reply is read to its end or refused: half an address is none.
One end cannot be told from a cut: that of a body in plain text whose length is not said and which ends with the
connection (RFC 9112 section 8). Under TLS it can, by TLS's own ending.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11

from airflow_masq.observation.echo_reply import MAX_REPLY_BYTES
from airflow_masq.observation.observation import Failure
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.probes.channel import Channel
    from airflow_masq.probes.http_target import HttpTarget

_MOST_HEADER_BYTES: Final = 16 * 1024
# Everything that may come in, transfer coding and interim responses included.
_MOST_RECEIVED_BYTES: Final = 2 * (MAX_REPLY_BYTES + _MOST_HEADER_BYTES)


class ExchangeError(Exception):
    """The exchange broke down for a reason that has a name.

    :param failure: the reason.
    :param detail: the reason in a few words, without anything that the server sent.
    """

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """A complete reply.

    :param status: the status code.
    :param phrase: the reason phrase, as the server sent it.
    :param location: the ``Location`` header, as the server sent it; empty where there is none.
    :param content_codings: what the body is coded with (RFC 9110 section 8.4), escaped; empty for nothing.
    :param body: the body, without transfer coding.
    """

    status: int
    phrase: bytes
    location: bytes
    content_codings: tuple[str, ...]
    body: bytes


async def exchange(channel: Channel, target: HttpTarget, *, headers: Sequence[tuple[str, str]]) -> HttpReply:
    """Send one GET request and read its reply.

    :param channel: a fresh connection.
    :param target: where it goes.
    :param headers: further headers; they may hold credentials.
    :return: the complete reply.
    :raises ExchangeError: when no complete reply within the bounds comes.
    :raises OSError: when the connection breaks.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    await channel.send(_request(connection, target, headers=headers))
    return await _Reader(channel, connection).reply()


def _request(connection: h11.Connection, target: HttpTarget, *, headers: Sequence[tuple[str, str]]) -> bytes:
    try:
        request = h11.Request(method="GET", target=target.request_target, headers=_headers(target, headers))
        return (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")
    except (h11.LocalProtocolError, UnicodeEncodeError):  # whose texts would show the header, so they are not chained
        detail = "expected header names and values as RFC 9110 section 5 has them, each once, saw others"
        raise ExchangeError(Failure.UNUSABLE_TARGET, detail) from None


def _headers(target: HttpTarget, further: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        ("Host", target.authority),
        ("User-Agent", "airflow-masq"),
        ("Accept", "text/plain, application/json;q=0.9"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *further,
    ]


def _content_codings(response: h11.Response) -> tuple[str, ...]:
    values = b",".join(value for name, value in response.headers if name == b"content-encoding")
    codings = (printable(coding.strip(), limit=40) for coding in values.split(b","))
    return tuple(coding for coding in codings if coding.lower() not in {"", "identity"})


class _Reader:
    """Pulls events out of h11 and bytes out of the channel."""

    def __init__(self, channel: Channel, connection: h11.Connection) -> None:
        self._channel = channel
        self._connection = connection
        self._received_bytes = 0

    async def reply(self) -> HttpReply:
        """Read until the reply is complete.

        :return: the reply.
        :raises ExchangeError: when it does not become complete within the bounds.
        :raises OSError: when the connection breaks.
        """
        status, phrase, location, body = 0, b"", b"", bytearray()
        content_codings: tuple[str, ...] = ()
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status, phrase = event.status_code, event.reason
                location = next((value for name, value in event.headers if name == b"location"), b"")
                content_codings = _content_codings(event)
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                # h11 reports a connection that ends too early as an error; this keeps the loop from spinning if not.
                raise ExchangeError(Failure.NOT_HTTP, "the server ended the connection")
            if len(body) > MAX_REPLY_BYTES:
                raise ExchangeError(Failure.TOO_LARGE, f"the reply has more than {MAX_REPLY_BYTES} bytes")
        return HttpReply(
            status=status, phrase=phrase, location=location, content_codings=content_codings, body=bytes(body)
        )

    async def _event(self) -> object:
        while True:
            try:
                event = self._connection.next_event()
            except h11.RemoteProtocolError as error:
                raise self._mapped(error) from error
            if event is not h11.NEED_DATA:
                return event
            received = await self._channel.receive()
            self._received_bytes += len(received)
            if self._received_bytes > _MOST_RECEIVED_BYTES:
                raise ExchangeError(Failure.TOO_LARGE, f"more than {_MOST_RECEIVED_BYTES} bytes came")
            self._connection.receive_data(received)

    def _mapped(self, error: h11.RemoteProtocolError) -> ExchangeError:
        if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:  # h11's word for headers of any side
            return ExchangeError(Failure.TOO_LARGE, f"the reply's header has more than {_MOST_HEADER_BYTES} bytes")
        if self._received_bytes == 0:
            return ExchangeError(Failure.NOT_HTTP, "the server ended the connection without a reply")
        return ExchangeError(Failure.NOT_HTTP, "the answer is no complete HTTP/1.1 reply")
