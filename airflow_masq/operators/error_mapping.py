"""The one place where this project's errors become Airflow's, which retries one of their two families."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import FinalError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate this project's errors, raised inside the block.

    :raises AirflowFailException: for a ``FinalError``; Airflow does not retry.
    :raises AirflowException: for a ``TryAgainError``; Airflow retries while the task has retries left.
    """
    try:
        yield
    except FinalError as error:
        raise AirflowFailException(str(error)) from error
    except TryAgainError as error:
        raise AirflowException(str(error)) from error
