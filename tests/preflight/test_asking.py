"""All questions are asked at once, and what has no answer at the time limit is told so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials

from airflow_masq.exceptions import CloudRefusedError, InvalidInputError
from airflow_masq.facts.silence import Silence
from airflow_masq.preflight.answers import Unanswered
from airflow_masq.preflight.asking import Clients, ask_questions, list_questions
from airflow_masq.preflight.check import Standing
from airflow_masq.preflight.connecting import connect
from airflow_masq.preflight.report import make_report
from airflow_masq.preflight.subject import Subject
from tests.preflight.scene import find, look, make_clients, make_plan, prepare

if TYPE_CHECKING:
    from tests.emulated_cloud import EmulatedCloud

METHODS = (
    "GetEnvironment",
    "ListImageVersions",
    "projects.testIamPermissions",
    "projects.get",
    "projects.getIamPolicy",
    "serviceAccounts.get",
    "serviceAccounts.testIamPermissions",
    "serviceAccounts.getIamPolicy",
    "subnetworks.get",
    "subnetworks.getIamPolicy",
    "routers.list",
    "regions.get",
)


@pytest.fixture
def subject() -> Subject:
    """Give what the usual plan names."""
    return Subject.read(make_plan().environment)


def test_a_silent_api_costs_its_own_answers_alone(cloud: EmulatedCloud) -> None:
    """With one call without an answer, the others are told, and the time limit for all ends the preflight."""
    prepare(cloud)
    cloud.faults.stall_next("regions.get", 60)
    report = look(cloud, timeout_seconds=0.5)
    rows = [result for result in report.results if result.severity is not Standing.OK]
    assert [row.code for row in rows] == ["MASQ507"]
    assert "unknown: no answer within 0.5 s; try again." in rows[0].message


def test_where_everything_is_silent_everything_is_unknown(cloud: EmulatedCloud) -> None:
    """With no answer at all each check says so, and nothing is claimed."""
    prepare(cloud)
    for method in METHODS:
        for _ in range(3):
            cloud.faults.stall_next(method, 60)
    report = look(cloud, timeout_seconds=0.3)
    assert {result.severity for result in report.results} == {Standing.UNKNOWN}
    assert {result.code for result in report.results} == {f"MASQ{number}" for number in range(501, 511)}
    assert not report.has_errors


def test_no_thread_holds_the_process(cloud: EmulatedCloud) -> None:
    """The threads of calls that hang are daemons, so that a task can end."""
    prepare(cloud)
    cloud.faults.stall_next("projects.get", 60)
    look(cloud, timeout_seconds=0.3)
    left = [thread for thread in threading.enumerate() if thread.name == "preflight"]
    assert left
    assert all(thread.daemon for thread in left)


def test_credentials_that_take_too_long_are_within_the_time_limit(subject: Subject) -> None:
    """Finding credentials may hang; then nothing is known after the time limit."""
    hang = threading.Event()

    def make() -> Clients:
        hang.wait(60)
        raise AssertionError

    answers = ask_questions(subject, make_clients=make, looks_for_environment=True, timeout_seconds=0.1)
    hang.set()
    assert isinstance(answers.images.answer, Unanswered)
    assert answers.images.answer.silence is Silence.LATE


def test_without_credentials_everything_is_unknown(subject: Subject) -> None:
    """Refused credentials are the reason of every row, with Google's words."""

    def make() -> Clients:
        raise CloudRefusedError("finding credentials: UNAUTHENTICATED: none", status="UNAUTHENTICATED")

    answers = ask_questions(subject, make_clients=make, looks_for_environment=True, timeout_seconds=5)
    report = make_report(subject, plan=make_plan(), answers=answers)
    assert all("UNAUTHENTICATED: finding credentials" in row.message for row in report.results)


@pytest.mark.parametrize(
    ("endpoints", "asked"),
    [
        ({}, (True, True)),
        ({"composer_endpoint": "https://composer.example.com"}, (True, True)),
        ({"composer_endpoint": "http://127.0.0.1:1"}, (False, False)),
        ({"composer_endpoint": "http://127.0.0.1:1", "compute_endpoint": "http://127.0.0.1:2"}, (True, False)),
        ({"composer_endpoint": "http://127.0.0.1:1", "iam_endpoint": "http://127.0.0.1:2"}, (False, True)),
    ],
)
def test_beside_an_emulator_google_is_not_asked(endpoints: dict[str, str], asked: tuple[bool, bool]) -> None:
    """Beside Google's own API, or a private endpoint, all APIs are asked; beside an emulated one its own alone."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
    clients = connect(credentials, **endpoints, api_timeout_seconds=1)
    try:
        assert (clients.compute is not None, clients.identity is not None) == asked
    finally:
        clients.close()


def test_an_endpoint_that_is_wrong_is_raised(subject: Subject) -> None:
    """A setting that cannot be read is no answer of the cloud."""

    def make() -> Clients:
        return connect(None, composer_endpoint="http://composer.example.com:80", api_timeout_seconds=1)

    with pytest.raises(InvalidInputError, match="composer_endpoint"):
        ask_questions(subject, make_clients=make, looks_for_environment=True, timeout_seconds=5)


def test_a_fault_of_ours_is_raised(subject: Subject) -> None:
    """An error that no API made is not told as an unknown."""

    class Broken:
        def list_images(self, _parent: str) -> None:
            raise ZeroDivisionError

        get = list_images

        def close(self) -> None:
            """Nothing is open."""

    clients = Clients(composer=Broken(), compute=None, identity=None)  # type: ignore[arg-type] # a client that fails
    with pytest.raises(ZeroDivisionError):
        ask_questions(subject, make_clients=lambda: clients, looks_for_environment=True, timeout_seconds=5)


def test_beside_an_emulator_only_its_own_endpoints_are_asked(cloud: EmulatedCloud, subject: Subject) -> None:
    """With an emulated Composer API alone, nothing is sent to Google, and the rest is unknown."""
    answers = ask_questions(
        subject,
        make_clients=lambda: connect(None, composer_endpoint=cloud.endpoint, api_timeout_seconds=5),
        looks_for_environment=True,
        timeout_seconds=5,
    )
    report = make_report(subject, plan=make_plan(), answers=answers)
    assert list(find(report, "MASQ501")) == ["ok"]
    (message,) = find(report, "MASQ507")["unknown"]
    assert message.endswith("set the API's endpoint, too.")


def test_an_api_in_trouble_is_unknown(cloud: EmulatedCloud) -> None:
    """A passing fault is told with Google's words, and is neither an error nor ok."""
    prepare(cloud)
    cloud.faults.fail_next("projects.testIamPermissions", grpc.StatusCode.UNAVAILABLE, "Try again\nlater.")
    (message,) = find(look(cloud), "MASQ503")["unknown"]
    assert (
        message
        == "What the caller may do is unknown: UNAVAILABLE: Try again\\nlater; try again; if it stays so, look at the "
        "status page of Google Cloud."
    )


def test_a_perimeter_is_told_from_a_missing_role(cloud: EmulatedCloud) -> None:
    """A refusal that no role cures does not send the reader to grant one."""
    prepare(cloud)
    denied, reason = grpc.StatusCode.PERMISSION_DENIED, "SECURITY_POLICY_VIOLATED"
    cloud.faults.fail_next("regions.get", denied, "Request is prohibited by organization's policy.", reason=reason)
    (message,) = find(look(cloud), "MASQ507")["unknown"]
    assert message.endswith("no role cures it: check the caller's credentials, or ask who administers the project.")


def test_every_question_asks_something_that_exists(cloud: EmulatedCloud, subject: Subject) -> None:
    """Each question names a call of Google's reference; without a Shared VPC and an account fewer are asked."""
    names = [question.name for question in list_questions(subject, looks_for_environment=True)]
    assert len(names) == len(set(names)) == 14
    alone = make_plan(subnetwork="projects/example-project/regions/us-central1/subnetworks/s")
    own = Subject.read(type(alone.environment)(fields={"name": alone.environment.name, "config": {}}))
    assert len(list(list_questions(own, looks_for_environment=False))) == 8
    make_clients(cloud).close()
