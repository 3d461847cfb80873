"""An HTTP reply, read strictly and without input or output: httptools reads it, and this refuses what leaves doubt.

A reply whose end can be told in two ways, or which more bytes follow, may be another's: of a request before this one,
or of a proxy that was confused [source: rfc-9112-smuggling]. The library's releases differ in what they let pass, so
what decides about the end is checked here: the version, one kind of length, and the number of bytes behind the header.
"""

from __future__ import annotations

from typing import Final

import httptools

from airflow_masq.observation.echo_reply import MAX_REPLY_BYTES
from airflow_masq.observation.observation import Failure
from airflow_masq.probes.exchange import ProbeError

_MOST_HEADER_BYTES: Final = 16 * 1024
_MOST_OTHER_HEADERS: Final = 500
_FIRST_FINAL_STATUS: Final = 200
_WITHOUT_BODY: Final = frozenset({204, 304})
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_PROTOCOL: Final = b"HTTP/"  # the library reads RTSP's and ICE's replies, too
_HEADER_END: Final = b"\r\n\r\n"
INCOMPLETE: Final = "the answer is not a complete HTTP/1.1 reply"
"""What is said of a reply that was cut or is not HTTP."""

_TWO_ENDS: Final = "the reply has both a Content-Length and a Transfer-Encoding, so its end is in doubt"


class HttpReply:
    """One reply, as far as it has come; ``receive`` and ``end`` take it in.

    :ivar status: ``None`` before the whole header came.
    :ivar headers: the names in lower case.
    :ivar other_headers: those of interim replies and of the end of a chunked body, which decide nothing.
    """

    __slots__ = (
        "_doubt", "_header_end", "_is_chunked", "_length", "_parser", "_received", "body", "headers", "is_complete",
        "is_ended_by_connection", "other_headers", "reason", "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self.status: int | None = None
        self.reason = b""
        self.headers: list[tuple[str, str]] = []
        self.other_headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.is_complete = False
        self.is_ended_by_connection = False
        self._parser = httptools.HttpResponseParser(self)
        self._received = bytearray()
        self._header_end = 0
        self._length: int | None = None
        self._is_chunked = False
        self._doubt = ""

    def receive(self, data: bytes) -> None:
        """Take some bytes.

        :raises ProbeError: when they are not a reply, or no reply that can be trusted.
        """
        if self.is_complete:
            raise _SURPLUS
        self._received += data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._doubt and not self.is_complete:
                raise ProbeError(Failure.NOT_HTTP, self._describe(error)) from error
        if self._doubt:
            raise ProbeError(Failure.NOT_HTTP, self._doubt)
        header_bytes = len(self._received) if self.status is None else self._header_end
        if header_bytes > _MOST_HEADER_BYTES:
            raise ProbeError(Failure.TOO_LARGE, f"the reply's header has more than {_MOST_HEADER_BYTES} bytes")
        if len(self.other_headers) > _MOST_OTHER_HEADERS:
            raise ProbeError(Failure.TOO_LARGE, f"more than {_MOST_OTHER_HEADERS} headers came beside the reply's own")
        if len(self.body) > MAX_REPLY_BYTES or (self._length or 0) > MAX_REPLY_BYTES:
            raise ProbeError(Failure.TOO_LARGE, f"the reply has more than {MAX_REPLY_BYTES} bytes")
        if self._has_surplus():
            raise _SURPLUS

    def end(self) -> None:
        """Take the end of the connection.

        :raises ProbeError: when the reply is not complete.
        """
        if self.is_complete:
            return
        if not self._received:
            raise ProbeError(Failure.NOT_HTTP, "the server ended the connection without a reply")
        if self.status is None or self._length is not None or self._is_chunked:
            raise ProbeError(Failure.NOT_HTTP, INCOMPLETE)
        self.is_complete = self.is_ended_by_connection = True

    def get_all(self, name: str) -> list[str]:
        """Give the values of a header, whose name is in lower case."""
        return [value for each, value in self.headers if each == name]

    # What httptools calls, by these names.

    def on_status(self, reason: bytes) -> None:
        """Take the status line's words, or a part of them."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, of the end of a chunked body too."""
        headers = self.headers if self.status is None else self.other_headers
        headers.append((name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")))

    def on_headers_complete(self) -> None:
        """Take the end of a header; that of an interim reply is none yet."""
        if self.status is not None:
            return  # of a second reply, which is surplus
        if not self._received.startswith(_PROTOCOL, self._header_end):
            self._doubt = INCOMPLETE
        self._header_end = self._received.find(_HEADER_END, self._header_end) + len(_HEADER_END)
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            self.other_headers += self.headers
            self.reason, self.headers = b"", []
            return
        self.status = status
        lengths, codings = self.get_all("content-length"), self.get_all("transfer-encoding")
        if lengths and codings:
            self._doubt = _TWO_ENDS
        elif self._parser.get_http_version() not in _VERSIONS:
            self._doubt = INCOMPLETE
        elif codings:
            self._is_chunked = [coding.lower() for coding in codings] == ["chunked"]
            if not self._is_chunked or self._parser.get_http_version() != "1.1":
                self._doubt = "the reply has a Transfer-Encoding other than chunked, so its end is in doubt"
        elif lengths:
            # The library has refused what is no number, and a second one.
            self._length = int(lengths[0])
        if status in _WITHOUT_BODY:  # which have no body, whatever they say
            self._length = 0
        self.is_complete = self._length == 0

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if not self.is_complete:
            self.body += data

    def on_message_complete(self) -> None:
        """Take the end of a reply: that of an interim one is none."""
        if self.status is not None:
            self.is_complete = True

    def on_message_begin(self) -> None:
        """Take the beginning of a reply, of which there must be one only."""
        if self.is_complete:
            self._doubt = str(_SURPLUS)

    def _has_surplus(self) -> bool:
        """Whether bytes behind the reply's own end have come, as far as a length or the last chunk tells it."""
        if not self.is_complete:
            return False
        if self._is_chunked:
            return not self._received.endswith(_HEADER_END)
        return len(self._received) > self._header_end + (self._length or 0)

    def _describe(self, error: httptools.HttpParserError) -> str:
        words = str(error)
        if "Content-Length" in words and "Transfer-Encoding" in words:
            return _TWO_ENDS
        return INCOMPLETE


_SURPLUS: Final = ProbeError(Failure.NOT_HTTP, "more bytes came after the end of the reply")
