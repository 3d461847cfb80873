"""Asks all questions about an environment at once, in threads, within one time limit for all.

A question that hangs holds its own thread only, and no thread holds the process: what has no answer at the time limit
is told so, and the rest is judged. Finding credentials counts, too.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.exceptions import AirflowMasqError, CloudRefusedError, CloudUnavailableError
from airflow_masq.facts.silence import Silence, find_silence
from airflow_masq.preflight.answers import Answers, Asked, Gateway, Unanswered
from airflow_masq.preflight.checks.masq503_permissions import NEEDS
from airflow_masq.preflight.roles import ACT_AS_PERMISSION
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_masq.clients.composer import ComposerClient
    from airflow_masq.clients.compute import ComputeClient
    from airflow_masq.clients.identity import IdentityClient
    from airflow_masq.preflight.subject import Subject

DEFAULT_TIMEOUT_SECONDS: Final = 10.0
"""How long a preflight takes at most."""

_LONGEST_REASON: Final = 300


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The clients that a preflight asks; ``None`` where the endpoint of an API is not known."""

    composer: ComposerClient | None
    compute: ComputeClient | None
    identity: IdentityClient | None

    def close(self) -> None:
        """Close all connections, also those on which a question still waits."""
        for client in (self.composer, self.compute, self.identity):
            if client is not None:
                client.close()


@dataclass(frozen=True)
class Question:
    """One question, a row in the table.

    :param name: of the field in ``Answers``.
    :param api: of the field in ``Clients``.
    :param what: the call, as Google's reference names it, and its resource.
    :param ask: asks with that client.
    """

    name: str
    api: str
    what: str
    ask: Callable[[Any], object]


def ask_questions(
    subject: Subject,
    *,
    make_clients: Callable[[], Clients],
    looks_for_environment: bool,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> Answers:
    """Ask everything about an environment.

    :param make_clients: makes the clients; it runs in a thread of its own, since it may look for credentials.
    :param looks_for_environment: whether to ask if the environment exists; a task has looked before.
    :param timeout_seconds: the time limit for all (default 10).
    """
    ends = time.monotonic() + timeout_seconds
    questions = tuple(list_questions(subject, looks_for_environment=looks_for_environment))
    clients: Future[Clients] = Future()
    told: SimpleQueue[tuple[str, object]] = SimpleQueue()
    _start(partial(_make, make_clients, into=clients))
    for question in questions:
        _start(partial(_answer, question, clients=clients, into=told))
    answers: dict[str, object] = {}
    while len(answers) < len(questions):
        try:
            name, answer = told.get(timeout=max(ends - time.monotonic(), 0))
        except Empty:
            break
        if isinstance(answer, BaseException):
            raise answer
        answers[name] = answer
    if clients.done() and clients.exception() is None:
        clients.result().close()
    late = Unanswered(silence=Silence.LATE, reason=f"no answer within {timeout_seconds:g} s")
    asked: dict[str, Any] = {
        question.name: Asked(what=question.what, answer=answers.get(question.name, late)) for question in questions
    }
    return Answers(today=datetime.now(tz=UTC).date(), **asked)


def list_questions(subject: Subject, *, looks_for_environment: bool) -> Iterator[Question]:
    """List what is asked about an environment."""
    project, parent, host = f"projects/{subject.project}", subject.name.parent, f"projects/{subject.host_project}"
    region, subnetwork = f"regions/{subject.name.location}", subject.subnetwork
    permissions = [need.permission for need in NEEDS]
    if looks_for_environment:
        name = subject.name
        yield Question("environment", "composer", f"environments.get of {name}", lambda client: client.get(name))
    yield Question(
        "images", "composer", f"ImageVersions.ListImageVersions of {parent}", lambda client: client.list_images(parent)
    )
    yield Question(
        "permissions",
        "identity",
        f"projects.testIamPermissions of {project}",
        lambda client: client.test_project_permissions(subject.project, permissions=permissions),
    )
    yield Question(
        "number", "identity", f"projects.get of {project}", lambda client: client.get_project_number(subject.project)
    )
    yield Question(
        "policy",
        "identity",
        f"projects.getIamPolicy of {project}",
        lambda client: client.get_project_policy(subject.project),
    )
    yield Question(
        "subnetwork", "compute", f"subnetworks.get of {subnetwork}", lambda client: client.get_subnetwork(subnetwork)
    )
    yield Question(
        "utilizations",
        "compute",
        f"subnetworks.get (WITH_UTILIZATION) of {subnetwork}",
        lambda client: client.get_utilization(subnetwork),
    )
    yield Question("gateways", "compute", f"routers.list of {host}/{region}", partial(_find_gateways, subject))
    yield Question(
        "quotas",
        "compute",
        f"regions.get of {project}/{region}",
        lambda client: client.get_quotas(subject.project, region=subject.name.location),
    )
    if subject.has_shared_vpc:
        yield from _list_host_questions(subject)
    if subject.account:
        yield from _list_account_questions(subject)


def _list_host_questions(subject: Subject) -> Iterator[Question]:
    yield Question(
        "host_policy",
        "identity",
        f"projects.getIamPolicy of projects/{subject.host_project}",
        lambda client: client.get_project_policy(subject.host_project),
    )
    yield Question(
        "subnetwork_policy",
        "compute",
        f"subnetworks.getIamPolicy of {subject.subnetwork}",
        lambda client: client.get_subnetwork_policy(subject.subnetwork),
    )


def _list_account_questions(subject: Subject) -> Iterator[Question]:
    account, project = subject.account, subject.account_project
    name = escape(f"projects/{project}/serviceAccounts/{account}", limit=200)
    yield Question(
        "account",
        "identity",
        f"serviceAccounts.get of {name}",
        lambda client: client.get_service_account(account, project=project),
    )
    yield Question(
        "account_permissions",
        "identity",
        f"serviceAccounts.testIamPermissions of {name}",
        lambda client: client.test_service_account_permissions(
            account, project=project, permissions=[ACT_AS_PERMISSION]
        ),
    )
    yield Question(
        "account_policy",
        "identity",
        f"serviceAccounts.getIamPolicy of {name}",
        lambda client: client.get_service_account_policy(account, project=project),
    )


def _find_gateways(subject: Subject, client: ComputeClient) -> tuple[Gateway, ...]:
    """List the public gateways of the environment's network, each with its addresses."""
    gateways = []
    for router in client.list_routers(subject.host_project, region=subject.name.location):
        nats = [each for each in router.gateways if each.is_public]
        if not nats or router.network != subject.network:
            continue
        statuses = {status.name: status for status in client.get_nat_statuses(router.name)}
        gateways += [
            Gateway(router=router.name, network=router.network, gateway=each, status=statuses.get(each.name))
            for each in nats
        ]
    return tuple(gateways)


def _start(target: Callable[[], None]) -> None:
    # Daemons: a thread whose call hangs must not hold the process at its end.
    threading.Thread(target=target, name="preflight", daemon=True).start()


def _make(make_clients: Callable[[], Clients], *, into: Future[Clients]) -> None:
    try:
        into.set_result(make_clients())
    except Exception as error:  # noqa: BLE001 - it is raised where the clients are used
        into.set_exception(error)


def _answer(question: Question, *, clients: Future[Clients], into: SimpleQueue[tuple[str, object]]) -> None:
    try:
        client = getattr(clients.result(), question.api)
        if client is None:
            answer: object = Unanswered(silence=Silence.NOT_ASKED, reason=Silence.NOT_ASKED.value)
        else:
            answer = question.ask(client)
    except AirflowMasqError as error:
        answer = _read_refusal(error)
    except Exception as error:  # noqa: BLE001 - it is raised in the thread that asked
        answer = error
    into.put((question.name, answer))


def _read_refusal(error: AirflowMasqError) -> object:
    """Say why there is no answer; what is wrong with the settings themselves is raised."""
    if not isinstance(error, CloudRefusedError | CloudUnavailableError):
        return error
    words = getattr(error.__cause__, "message", None) or str(error.__cause__ or error)
    reason = f"{error.status}: {escape(str(words), limit=_LONGEST_REASON)}".rstrip(".")
    silence = find_silence(error.status, reason=getattr(error, "reason", ""))
    return Unanswered(silence=silence, reason=reason)
