"""Google's errors arrive as this project's: those that pass by themselves apart from those that do not."""

from __future__ import annotations

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from airflow_masq.clients.google_errors import read_status, translate_google_errors
from airflow_masq.exceptions import (
    AirflowMasqError,
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentAlreadyExistsError,
    EnvironmentNotFoundError,
)


def made(kind: type[Exception], *words: str, **details: object) -> Exception:
    """Make one of Google's errors, whose constructors are untyped."""
    return kind(*(words or ("m",)), **details)


def mapped(error: Exception) -> AirflowMasqError:
    """Raise an error inside the border and give what comes out of it."""
    with pytest.raises(AirflowMasqError) as caught, translate_google_errors("creating x"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        made(api.ServiceUnavailable),
        made(api.DeadlineExceeded),
        made(api.ResourceExhausted),
        made(api.InternalServerError),
        made(api.Unknown),
        made(api.Aborted),
        made(api.Cancelled),
        made(api.RetryError, "m", cause=None),
        made(auth.TransportError),
        made(auth.RefreshError, "m", retryable=True),
    ],
)
def test_trouble_that_passes_may_be_retried(error: Exception) -> None:
    """An API that is away, slow or overloaded is worth another try."""
    outcome = mapped(error)
    assert type(outcome) is CloudUnavailableError
    assert str(outcome).startswith("creating x: ")


@pytest.mark.parametrize(
    ("error", "expected", "status"),
    [
        (made(api.NotFound), EnvironmentNotFoundError, "NOT_FOUND"),
        (made(api.AlreadyExists), EnvironmentAlreadyExistsError, "ALREADY_EXISTS"),
        (made(api.InvalidArgument), CloudRefusedError, "INVALID_ARGUMENT"),
        (made(api.PermissionDenied), CloudRefusedError, "PERMISSION_DENIED"),
        (made(api.FailedPrecondition), CloudRefusedError, "FAILED_PRECONDITION"),
        (made(api.Unauthenticated), CloudRefusedError, "UNAUTHENTICATED"),
        (made(auth.DefaultCredentialsError), CloudRefusedError, "UNAUTHENTICATED"),
        (made(auth.RefreshError), CloudRefusedError, "UNAUTHENTICATED"),
    ],
)
def test_a_refusal_is_final(error: Exception, expected: type[CloudRefusedError], status: str) -> None:
    """What the API will refuse again is not retried, and its status can be read."""
    outcome = mapped(error)
    assert type(outcome) is expected
    assert isinstance(outcome, CloudRefusedError)
    assert outcome.status == status


def test_the_message_has_what_was_asked_googles_words_and_the_next_step() -> None:
    """One line says what was asked, what Google answered and what to do."""
    assert str(mapped(made(api.PermissionDenied, "no\x1b[31m way"))) == (
        "creating x: PERMISSION_DENIED: no\\x1b[31m way; grant the caller the missing permission, or check the project"
    )


def test_long_answers_are_capped() -> None:
    """A page of HTML from a proxy does not fill the task's log."""
    assert len(str(mapped(made(api.InvalidArgument, "x" * 100_000)))) < 1_200


def test_our_own_errors_and_bugs_pass_unchanged() -> None:
    """The border maps Google's errors only; a bug stays visible as what it is."""
    with pytest.raises(ZeroDivisionError), translate_google_errors("creating x"):
        raise ZeroDivisionError


def test_an_error_without_a_grpc_status_is_named_by_its_http_status() -> None:
    """An answer over HTTP has a canonical name as well, and a proxy's trouble passes."""
    for kind, name in (
        (api.BadGateway, "UNAVAILABLE"),
        (api.Forbidden, "PERMISSION_DENIED"),
        (api.GoogleAPICallError, "UNKNOWN"),
    ):
        error = made(kind)
        assert isinstance(error, api.GoogleAPICallError)
        assert read_status(error) == name


@pytest.mark.parametrize(
    "words", ["CLIENT: Received message larger than max (5 vs. 4)", "Sent message larger than max (5 vs. 4)"]
)
def test_a_message_above_grpcs_limit_is_a_refusal(words: str) -> None:
    """A used-up quota may come back, but a message does not become smaller by trying again."""
    outcome = mapped(made(api.ResourceExhausted, words))
    assert type(outcome) is CloudRefusedError
    assert "trying again" not in str(outcome)
    assert type(mapped(made(api.ResourceExhausted, "quota"))) is CloudUnavailableError
