"""What one attempt saw, from where: the facts keep their form, and the table of passing failures is complete."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import (
    TRANSIENT_FAILURES,
    Canary,
    Failure,
    Observation,
    choose_deciding,
)

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
SEEN = Observation(
    url="http://observer.example/",
    destination=IPAddress("172.20.0.10"),
    destination_port=80,
    local_address=IPAddress("192.168.0.2"),
    observed=IPAddress("10.128.0.2"),
    failure=None,
    detail="",
    started_at=MORNING,
    duration_seconds=0.1,
)
LOST = dataclasses.replace(SEEN, observed=None, failure=Failure.CONNECT_TIMEOUT, detail="no answer within 5 s")


IS_TRANSIENT = {
    Failure.CONNECT_TIMEOUT: True,
    Failure.REPLY_TIMEOUT: True,
    Failure.NO_ROUTE: True,
    Failure.RESET: True,
    Failure.REFUSED: True,
    Failure.NAME_UNRESOLVED: True,
    Failure.TLS: False,
    Failure.REDIRECT: False,
    Failure.HTTP_STATUS: False,
    Failure.NOT_HTTP: False,
    Failure.NO_ADDRESS: False,
    Failure.SEVERAL_ADDRESSES: False,
    Failure.TOO_LARGE: False,
    Failure.UNUSABLE_TARGET: False,
    Failure.STARVED: True,
    Failure.CRASHED: False,
}


def test_only_what_another_attempt_may_not_meet_is_transient() -> None:
    """A network that is still being set up is tried again, a wrong answer is not; a new failure needs a decision."""
    assert {failure: failure in TRANSIENT_FAILURES for failure in Failure} == IS_TRANSIENT


def test_the_words_of_reports_stay() -> None:
    """Reports hold these words, and another version of the package may read them: none may change."""
    assert " ".join(Canary) == "not-asked ignored repeated other-address unanswered"
    assert " ".join(Failure) == (
        "connect-timeout reply-timeout no-route reset refused name-unresolved tls redirect http-status not-http "
        "no-address several-addresses too-large unusable-target starved crashed"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"failure": Failure.RESET}, "either an address or a failure"),
        ({"observed": None}, "either an address or a failure"),
        ({"started_at": MORNING.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_an_observation_that_contradicts_itself_cannot_be_made(change: dict[str, object], reason: str) -> None:
    """An observation holds either an address or a failure, and its time has a zone."""
    with pytest.raises(ValueError, match=reason):
        dataclasses.replace(SEEN, **change)  # type: ignore[arg-type] # the point of the test


def test_nothing_in_between_is_claimed_by_default() -> None:
    """An observation shows a proxy only where its reply did, and claims no test that was not made."""
    assert (SEEN.intermediaries, SEEN.nonce_sent, SEEN.canary) == ((), False, Canary.NOT_ASKED)


def test_a_target_that_cannot_be_asked_is_an_observation_too() -> None:
    """It names the target and the reason, and claims no address."""
    unusable = Observation.from_unusable_target(
        "airflow://erp", detail="there is no such connection", started_at=MORNING
    )
    assert (unusable.url, unusable.detail, unusable.started_at) == (
        "airflow://erp",
        "there is no such connection",
        MORNING,
    )
    assert unusable.failure is Failure.UNUSABLE_TARGET
    assert (unusable.destination, unusable.destination_port) == (None, None)
    assert (unusable.local_address, unusable.local_port, unusable.duration_seconds) == (None, None, 0.0)


def test_the_last_attempt_with_an_address_decides() -> None:
    """The first seconds of a Pod may show a wrong address, and a failed last attempt hides no address."""
    early = dataclasses.replace(SEEN, observed=IPAddress("192.168.0.2"))
    assert choose_deciding([early, SEEN, LOST]) is SEEN
    last = dataclasses.replace(LOST, failure=Failure.RESET)
    assert choose_deciding([LOST, last]) is last
    assert choose_deciding([]) is None
