"""Which of our errors Airflow may retry."""

from __future__ import annotations

import logging
import traceback

import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import InvalidInputError, SourceIpCheckFailedError
from airflow_masq.operators.error_mapping import translate_errors

pytestmark = pytest.mark.airflow


def test_a_final_error_is_not_retried() -> None:
    """A wrong plan fails the task at once."""
    with pytest.raises(AirflowFailException, match="expected a, saw b") as raised, translate_errors():
        raise InvalidInputError(where="plan", expected="a", seen="b")
    assert raised.value.__cause__ is None


def test_an_expected_failure_is_one_message(caplog: pytest.LogCaptureFixture) -> None:
    """The traceback that Airflow logs shows one error; the chain behind it is there at level debug."""
    caplog.set_level(logging.DEBUG, logger="airflow_masq.operators.error_mapping")
    error = InvalidInputError(where="plan", expected="a", seen="b")
    error.__cause__ = OSError("the first cause")
    with pytest.raises(AirflowFailException) as raised, translate_errors():
        raise error
    shown = "".join(traceback.format_exception(raised.value))
    assert shown.count("Traceback (most recent call last)") == 1
    assert "the first cause" not in shown
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert "the first cause" in caplog.text


def test_an_error_that_may_pass_is_retried() -> None:
    """A wrong address in a Pod's first seconds leaves Airflow its retries."""
    with pytest.raises(AirflowException, match="1 FAIL") as raised, translate_errors():
        raise SourceIpCheckFailedError("1 FAIL")
    assert not isinstance(raised.value, AirflowFailException)


def test_a_programming_error_keeps_its_name() -> None:
    """An error that is not ours passes unchanged."""
    with pytest.raises(ZeroDivisionError), translate_errors():
        _ = 1 // 0
