"""The border where our errors become Airflow's; it must decide nothing but whether Airflow may retry."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import FinalError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def errors_for_airflow() -> Iterator[None]:
    """Turn our errors, raised inside, into those that Airflow acts upon.

    :raises AirflowFailException: for a ``FinalError``: Airflow does not retry.
    :raises AirflowException: for a ``TryAgainError``: Airflow retries where the task has retries left.
    """
    try:
        yield
    except FinalError as error:
        raise AirflowFailException(str(error)) from error
    except TryAgainError as error:
        raise AirflowException(str(error)) from error
