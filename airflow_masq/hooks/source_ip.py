"""Airflow's way to observers: connections in, observations out.

Probes leave with the address of the Pod that they run in, so the hook must never be handed to the triggerer, which is
another Pod. Every attempt is kept as its own observation; the hook judges nothing. The values of a connection may be
secret: messages contain only its scheme, host and port.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self, TypeAlias

from airflow_masq.airflow_compat import AirflowNotFoundException, BaseHook
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.get_provider_info import CONNECTION_FIELDS, CONNECTION_FORM
from airflow_masq.hooks.asking_process import describe_asker
from airflow_masq.observation.observation import Canary, Observation, choose_deciding
from airflow_masq.probes import DEFAULT_CONCURRENCY, DEFAULT_RATE_PER_SECOND, Session, make_tls_context, probe
from airflow_masq.probes.surroundings import read_surroundings
from airflow_masq.reading import Place
from airflow_masq.text import escape

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from airflow_masq.plan import Target

_Ask: TypeAlias = Callable[..., Awaitable[tuple[Observation, ...]]]

_CONNECTION_SCHEME: Final = "airflow://"
_NAT_PORTS: Final = 64
_EXTRA_KEYS: Final = ("path", "headers", "ca_file")
_FORM_PREFIX: Final = "extra__source_ip_observer__"


class SourceIpHook(BaseHook):
    """Asks observers which source address they see.

    :param source_ip_observer_conn_id: the connection that ``airflow://`` without a name means; default
        ``source_ip_observer_default``.
    """

    conn_name_attr: ClassVar[str] = "source_ip_observer_conn_id"
    default_conn_name: ClassVar[str] = "source_ip_observer_default"
    conn_type: ClassVar[str] = "source_ip_observer"
    hook_name: ClassVar[str] = "Source IP observer"

    def __init__(self, source_ip_observer_conn_id: str | None = None) -> None:
        super().__init__()
        self.source_ip_observer_conn_id = source_ip_observer_conn_id or self.default_conn_name

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Give the form's fields to Airflow before 3.2; later ones read ``conn-fields`` of ``get_provider_info``."""
        # Not installed with every Airflow 3, which does not call this, so type checkers must not look for them.
        appbuilder, forms = import_module("flask_appbuilder.fieldwidgets"), import_module("wtforms")
        validators, babel = import_module("wtforms.validators"), import_module("flask_babel")
        widgets = {}
        for name, described in CONNECTION_FIELDS.items():
            is_secret = described["schema"].get("format") == "password"
            make_field = forms.PasswordField if is_secret else forms.StringField
            widgets[name] = make_field(
                babel.lazy_gettext(described["label"]),
                widget=appbuilder.BS3PasswordFieldWidget() if is_secret else appbuilder.BS3TextFieldWidget(),
                validators=[validators.Optional()],
                description=described["description"],
            )
        return widgets

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Describe the connection form to Airflow before 3.2."""
        return {name.replace("-", "_"): value for name, value in CONNECTION_FORM.items()}

    def observe(
        self,
        observe_url: str = _CONNECTION_SCHEME,
        *,
        timeout_seconds: float = 5.0,
        attempts: int = 3,
        wait_seconds: float = 1.0,
        nonce: bool = True,
        canary: bool = True,
    ) -> tuple[Observation, ...]:
        """Ask one observer, at every address that its name has.

        :param observe_url: ``http://``, ``https://`` or ``airflow://CONN_ID``; default this hook's own connection.
        :param timeout_seconds: for one attempt, default 5.
        :param attempts: the most attempts at each address, default 3; only failures that may pass are tried again.
        :param wait_seconds: between attempts, default 1.
        :param nonce: whether each request carries a number that no cache can know, in its query; default ``True``.
        :param canary: whether an answer is tested by a second request with an invented client address; default
            ``True``.
        :return: one observation for each attempt at each address.
        """
        return _ask_alone(
            self._prepare(observe_url),
            timeout_seconds=timeout_seconds,
            attempts=attempts,
            wait_seconds=wait_seconds,
            nonce=nonce,
            canary=canary,
        )

    def observe_all(
        self,
        targets: Sequence[Target],
        *,
        timeout_seconds: float = 5.0,
        attempts: int = 3,
        wait_seconds: float = 1.0,
        concurrency: int = DEFAULT_CONCURRENCY,
        rate_per_second: float | None = DEFAULT_RATE_PER_SECOND,
    ) -> dict[str, tuple[Observation, ...]]:
        """Ask the observers of several targets, several at once, each at every address that its name has.

        :param targets: the targets, their names unique.
        :param timeout_seconds: for one attempt, default 5.
        :param attempts: the most attempts at each address, default 3; only failures that may pass are tried again.
        :param wait_seconds: between attempts, default 1.
        :param concurrency: how many connections there may be at once, default 16; fewer where the process may not open
            so many files.
        :param rate_per_second: how many connections may begin in a second, after a first burst of ``concurrency``;
            default 100; ``None`` for no limit.
        :return: the observations by the targets' names.
        """
        # Connections are read first: Airflow's own way to them must not be called inside an event loop. Targets that
        # name the same one share it, and its TLS settings.
        prepared = {url: self._prepare(url) for url in {target.observe: None for target in targets}}
        self._warn_of_many_connections(targets)

        async def ask_all() -> list[tuple[Observation, ...]]:
            async with Session(concurrency=concurrency, rate_per_second=rate_per_second) as session:
                asks = (
                    prepared[target.observe](
                        session=session,
                        timeout_seconds=timeout_seconds,
                        attempts=attempts,
                        wait_seconds=wait_seconds,
                        nonce=target.nonce,
                        canary=target.canary,
                    )
                    for target in targets
                )
                return await asyncio.gather(*asks)

        return dict(zip((target.name for target in targets), asyncio.run(ask_all()), strict=True))

    def _warn_of_many_connections(self, targets: Sequence[Target]) -> None:
        """Warn where the check itself could use up the ports that Cloud NAT gives a node [source: cloud-nat-ports]."""
        connections: Counter[str] = Counter()
        for target in targets:
            if target.host is not None and (target.address is None or target.address.is_global()):
                connections[f"{target.host} port {target.port}"] += 2 if target.canary else 1
        for destination, number in connections.items():
            if number > _NAT_PORTS:
                self.log.warning(
                    "The check makes %d connections to %s. If Cloud NAT translates them, a node has %d ports for one "
                    "destination by default, so some may get no answer: name that observer in fewer targets.",
                    number,
                    destination,
                    _NAT_PORTS,
                )

    def test_connection(self) -> tuple[bool, str]:
        """Ask this hook's own observer once, for the button in Airflow's connection form.

        :return: whether it answered at every address of its name with an address that may be the caller's own; and what
            it answered, and from where it was asked.
        """
        # Airflow tests under an invented connection id, so a message does not name it.
        ask = self._prepare(_CONNECTION_SCHEME, where="this connection")
        observations = _ask_alone(ask, timeout_seconds=5.0, attempts=1, wait_seconds=0.0, nonce=True, canary=True)
        deciding = choose_deciding(observations)
        local_address = None if deciding is None else deciding.local_address
        asker = describe_asker(read_surroundings(), local_address=local_address)
        answers = [describe_answer(each) for each in observations]
        return all(map(_is_plain, observations)), " ".join([*dict.fromkeys(answers), asker])

    def _prepare(self, observe_url: str, *, where: str | None = None) -> _Ask:
        """Read the connection that a URL names; one that cannot be used fails its targets and no others.

        :return: asks the observer; it takes what ``probe`` takes of a caller.
        """
        if not observe_url.startswith(_CONNECTION_SCHEME):
            return partial(probe, observe_url)
        conn_id = observe_url.removeprefix(_CONNECTION_SCHEME) or self.source_ip_observer_conn_id
        shown_as = f"{_CONNECTION_SCHEME}{escape(conn_id, limit=250)}"
        where = where or f"connection {escape(conn_id, limit=60)}"
        try:
            observer = ObserverConnection.read(self.get_connection(conn_id), where=where)
        except InvalidInputError as error:
            return _explain(shown_as, problem=str(error))
        except Exception as error:  # noqa: BLE001 - secrets backends can raise anything
            # The error may quote the connection, so only its type is named. Airflow 3.3.2 calls a connection that it
            # cannot read "not defined", too.
            is_missing = isinstance(error, AirflowNotFoundException)
            seen = "none" if is_missing else f"{type(error).__name__} while reading it"
            return _explain(shown_as, problem=f"{where}: expected one that is defined and well-formed, saw {seen}")

        async def ask(**settings: Any) -> tuple[Observation, ...]:  # noqa: ANN401 - probe's own
            # Not a partial, whose repr would show the URL and the headers.
            return await probe(
                observer.url,
                headers=observer.headers,
                tls_context=observer.tls_context,
                shown_as=shown_as,
                **settings,
            )

        return ask


def describe_answer(observation: Observation) -> str:
    """Say in a sentence or two what one attempt saw, or why it saw nothing."""
    if observation.observed is None:
        return f"No source address was seen: {observation.detail.rstrip('.')} ({observation.failure})."
    if observation.intermediaries:
        return (
            f"The observer answered with {observation.observed}, but the reply shows something in between "
            f"({'; '.join(observation.intermediaries)}), so this may be the address of a proxy. Name an address that "
            "leads to the observer itself, without a proxy, a load balancer or a cache."
        )
    if observation.canary is Canary.REPEATED:
        return (
            f"The observer answered with {observation.observed}, but it repeats an invented address that the request "
            "names in a header, so a proxy on the way could make it say anything. Let it answer with the peer address "
            "of its socket."
        )
    return f"The observer sees {observation.observed}."


def _ask_alone(
    ask: _Ask, *, timeout_seconds: float, attempts: int, wait_seconds: float, nonce: bool, canary: bool
) -> tuple[Observation, ...]:
    """Ask one observer in an event loop of its own."""

    async def ask_once() -> tuple[Observation, ...]:
        async with Session() as session:
            return await ask(
                session=session,
                timeout_seconds=timeout_seconds,
                attempts=attempts,
                wait_seconds=wait_seconds,
                nonce=nonce,
                canary=canary,
            )

    return asyncio.run(ask_once())


def _is_plain(observation: Observation) -> bool:
    is_told = bool(observation.intermediaries) or observation.canary is Canary.REPEATED
    return observation.observed is not None and not is_told


def _explain(shown_as: str, *, problem: str) -> _Ask:
    """Make what stands for asking an observer that cannot be asked: it gives the reason."""

    async def ask(*, session: Session, **_settings: Any) -> tuple[Observation, ...]:  # noqa: ANN401 - probe's own
        return (Observation.from_unusable_target(shown_as, detail=problem, started_at=session.now()),)

    return ask


class _ConnectionFields(Protocol):
    """What is read of a connection; Airflow 2 and 3 have different classes with these names."""

    host: str | None
    schema: str | None
    port: int | None
    login: str | None
    password: str | None
    extra: str | None

    @property
    def extra_dejson(self) -> object:
        """The extra field, read as JSON, with its secrets masked in logs; empty where it is no JSON."""


@dataclass(frozen=True, kw_only=True)
class ObserverConnection:
    """An Airflow connection of type ``source_ip_observer``.

    :param url: the observer; its path may be a secret.
    :param headers: request headers; they may hold credentials.
    :param tls_context: verifies the observer's certificate; ``None`` for Python's default.
    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    tls_context: ssl.SSLContext | None = field(repr=False)

    @classmethod
    def read(cls, connection: _ConnectionFields, *, where: str) -> Self:
        """Read a connection.

        Its scheme is ``http`` unless it says ``https``; login and password become Basic authentication
        [source: rfc-7617-basic]; the extra field may hold ``path`` (default ``/``), ``headers`` (an object, or its JSON
        text) and ``ca_file`` (a path on the worker); each may be null or empty, as a form leaves it.

        :param where: the connection's name, for messages.
        :raises InvalidInputError: when it does not describe an observer.
        """
        extra = _read_extra(connection, where=where)
        scheme = connection.schema or "http"
        if scheme not in {"http", "https"}:
            # In a connection's URI the path stands for the scheme, so a path written there is seen here.
            expected = "http or https (a path goes into the extra's field path)"
            raise Place(where=f"{where}: schema", value=scheme, is_secret=True).make_error(expected, seen="other text")
        host = connection.host or ""
        if not host or any(character in host for character in "/@?#"):
            place = Place(where=f"{where}: host", value=host, is_secret=True)
            expected = "a host name or address alone; the scheme and the path have fields of their own"
            raise place.make_error(expected, seen="other text" if host else "none")
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        port = f":{connection.port}" if connection.port else ""
        path = extra["path"].read_text(may_be_empty=True) or "/" if "path" in extra else "/"
        if not path.startswith("/"):
            raise extra["path"].make_error("a path that begins with /", seen="other text")
        headers = []
        if connection.login:
            token = base64.b64encode(f"{connection.login}:{connection.password or ''}".encode()).decode("ascii")
            headers.append(("Authorization", f"Basic {token}"))
        given = _read_headers(extra["headers"]) if "headers" in extra else {}
        headers += [(name, value.read_text(may_be_empty=True)) for name, value in given.items()]
        return cls(
            url=f"{scheme}://{host}{port}{path}",
            headers=tuple(headers),
            tls_context=_load_tls_context(extra["ca_file"]) if "ca_file" in extra else None,
        )


def _read_extra(connection: _ConnectionFields, *, where: str) -> dict[str, Place]:
    place = Place(where=f"{where}: extra", value=connection.extra, is_secret=True)
    try:
        json.loads(connection.extra or "{}")  # Airflow takes text that is not JSON for an empty object
    except (ValueError, RecursionError):  # the error holds the text, so it is not chained
        raise place.make_error("a JSON object", seen="text that is not JSON") from None
    # Airflow reads it once more, and so hides its secrets in logs.
    content = connection.extra_dejson
    if isinstance(content, dict):
        # Airflow 2's button sends each field of the form twice, once with the type's prefix
        # [source: airflow-connection-test].
        content = {name.removeprefix(_FORM_PREFIX): value for name, value in content.items()}
    fields = Place(where=place.where, value=content, is_secret=True).read_section(_EXTRA_KEYS)
    return {name: each for name, each in fields.items() if each.value is not None}


def _read_headers(place: Place) -> dict[str, Place]:
    """Read the headers: an object, or the text of one, as the connection form saves it."""
    if isinstance(place.value, str):
        try:
            content = json.loads(place.value.strip() or "{}")
        except (ValueError, RecursionError):  # the error holds the text, so it is not chained
            raise place.make_error("a JSON object", seen="text that is not JSON") from None
        place = replace(place, value=content)
    return place.read_entries()


def _load_tls_context(place: Place) -> ssl.SSLContext | None:
    ca_file = place.read_text(may_be_empty=True)
    if not ca_file:
        return None
    try:
        return make_tls_context(ca_file=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise place.make_error("a PEM file", seen=escape(error.strerror or type(error).__name__)) from error
