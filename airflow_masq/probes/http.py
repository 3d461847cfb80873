"""The HTTP probe: a GET, and the address that the observer's reply names; then a second one with a canary.

Proxies from the environment are not asked and redirects are not followed, since both would show another host's
address. The reply is read to its end or refused, since half an address is not an address.

The request with the canary withholds its last bytes for a moment. An observer that answers already has not read it, so
its reply is not about this connection.

An observation contains no credentials, and no text in which a server may echo them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from airflow_masq.observation.echo_reply import AmbiguousReplyError, ReplyError, parse_echo_reply
from airflow_masq.observation.intermediaries import MOST_INTERMEDIARIES, find_intermediaries
from airflow_masq.observation.observation import Canary, Failure, Observation
from airflow_masq.probes.attempt import Answer, Question, make_attempt
from airflow_masq.probes.exchange import EARLY_ANSWER, ProbeError
from airflow_masq.probes.http_reply import INCOMPLETE, HttpReply
from airflow_masq.probes.http_request import CANARY_BLOCKS, choose_canary, choose_nonce, write_canary, write_request
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from netaddr import IPAddress

    from airflow_masq.probes.resolver import Resolved
    from airflow_masq.probes.session import Session

# Other 2xx do not promise that the body is what was asked for: 206 holds a part of it [source: rfc-9110-success].
_WHOLE_REPLIES: Final = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
# What a reply of status 200 may be instead of an address; an error page that quotes the canary repeats nothing.
_READ_FAILURES: Final = frozenset({Failure.SEVERAL_ADDRESSES, Failure.NO_ADDRESS})
_WITHHELD_BYTES: Final = 2  # the line end behind the last header's


async def ask_http(question: Question, *, address: Resolved, session: Session) -> tuple[Observation, ...]:
    """Ask an HTTP observer at one of its addresses for the source address it sees.

    :return: what was seen, or why nothing was; two where the request with the canary showed a further address.
    """

    async def ask(converse: Callable[[], HttpConversation]) -> Observation:
        is_encrypted = question.observer.scheme == "https"
        return await make_attempt(question, converse, address=address, is_encrypted=is_encrypted, session=session)

    seen = await ask(partial(HttpConversation, question, session=session))
    if seen.observed is None or not question.canary:
        return (seen,)
    canary = choose_canary(seen.observed, randomness=session.randomness)
    conversation = HttpConversation(question, session=session, canary=canary)
    again = await ask(lambda: conversation)
    if again.detail == EARLY_ANSWER:
        return (again,)
    traces = tuple(dict.fromkeys(seen.intermediaries + again.intermediaries))[:MOST_INTERMEDIARIES]
    if again.observed == seen.observed:
        did = Canary.IGNORED
    elif conversation.repeats_canary(again):
        did = Canary.REPEATED
    else:
        did = Canary.UNANSWERED if again.observed is None else Canary.OTHER_ADDRESS
    seen = replace(seen, intermediaries=traces, canary=did)
    # Where the way there is not always the same, both answers are evidence.
    return (seen, replace(again, canary=did)) if did is Canary.OTHER_ADDRESS else (seen,)


class HttpConversation:
    """One request and its reply.

    :param canary: the invented address to send; ``None`` for none.
    """

    __slots__ = ("_canary", "_headers", "_is_surely_ended", "_nonce", "_question", "_reply")

    def __init__(self, question: Question, *, session: Session, canary: IPAddress | None = None) -> None:
        self._question = question
        self._canary = canary
        self._reply = HttpReply()
        self._is_surely_ended = False
        self._headers = tuple(question.headers)
        if canary is not None:
            own = write_canary(canary)
            names = {name.lower() for name, _ in own}
            self._headers = (*(each for each in question.headers if each[0].lower() not in names), *own)
        self._nonce = choose_nonce(session.randomness) if question.nonce else None

    def begin(self) -> tuple[bytes, bytes]:
        """Write the request; of one with a canary the end is withheld."""
        observer = self._question.observer
        request = write_request(observer.path, authority=observer.authority, headers=self._headers, nonce=self._nonce)
        return (request, b"") if self._canary is None else (request[:-_WITHHELD_BYTES], request[-_WITHHELD_BYTES:])

    @property
    def is_answered(self) -> bool:
        """Whether the reply is complete."""
        return self._reply.is_complete

    def receive(self, data: bytes) -> bytes:
        """Take a part of the reply; there is nothing more to say."""
        self._reply.receive(data)
        return b""

    def end(self, *, is_sure: bool) -> None:
        """Take the end of the connection."""
        self._is_surely_ended = is_sure
        self._reply.end()

    def read_answer(self) -> Answer:
        """Read the address, and the traces of what stood in between, which a failed reply may have too."""
        reply, may_quote = self._reply, self._question.may_quote
        response_headers = reply.headers + reply.other_headers  # a proxy may speak in any of them
        traces = find_intermediaries(
            bytes(reply.body), response_headers=response_headers, sent_headers=self._headers, may_quote=may_quote
        )
        if reply.status == HTTPStatus.NON_AUTHORITATIVE_INFORMATION:  # a proxy changed it [source: rfc-9110-203]
            traces = ("HTTP 203", *traces)
        try:
            return Answer(address=self._read_address(), intermediaries=traces)
        except ProbeError as error:
            return Answer(address=None, error=error, intermediaries=traces)

    def repeats_canary(self, again: Observation) -> bool:
        """Whether the observer named the canary, alone, in a list or other text, or with its last part hidden."""
        canary = self._canary
        if canary is None:
            return False
        if again.observed is None:
            return again.failure in _READ_FAILURES and str(canary).encode() in self._reply.body
        return any(again.observed in block and canary in block for block in CANARY_BLOCKS)

    def _read_address(self) -> IPAddress:
        reply = self._reply
        status = reply.status
        if status is None or not reply.is_complete:  # what ended the conversation says why
            raise ProbeError(Failure.NOT_HTTP, INCOMPLETE)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            location = next(iter(reply.get_all("location")), "")
            raise ProbeError(Failure.REDIRECT, f"HTTP {status}{self._quote(escape(location), after=' to ')}")
        is_partial = bool(reply.body) and status not in _WHOLE_REPLIES
        if status >= HTTPStatus.BAD_REQUEST or is_partial:
            reason = self._quote(escape(reply.reason), after=" ")
            raise ProbeError(Failure.HTTP_STATUS, f"HTTP {status}{reason}")
        # A body may be coded in several ways, one after another [source: rfc-9110-content-coding].
        values = [value.strip(" \t") for given in reply.get_all("content-encoding") for value in given.split(",")]
        if codings := [value for value in values if value.lower() not in {"", "identity"}]:
            coding = self._quote(escape(", ".join(codings)), after=": ")
            raise ProbeError(Failure.NO_ADDRESS, f"expected a body without a content coding, saw one{coding}")
        may_be_cut = reply.is_ended_by_connection and not self._is_surely_ended
        try:
            return parse_echo_reply(bytes(reply.body), may_be_cut=may_be_cut)
        except ReplyError as error:
            is_ambiguous = isinstance(error, AmbiguousReplyError)
            failure = Failure.SEVERAL_ADDRESSES if is_ambiguous else Failure.NO_ADDRESS
            excerpt = self._quote(error.excerpt, after=": ")
            raise ProbeError(failure, f"expected {error.expected}, saw {error.seen}{excerpt}") from error

    def _quote(self, escaped: str, *, after: str) -> str:
        may_quote = self._question.may_quote
        shown = f'"{escaped}"' if may_quote else "(not shown, since it might echo a secret of the request)"
        return f"{after}{shown}" if escaped else ""
