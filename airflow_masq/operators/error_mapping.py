"""The one place where this project's errors become Airflow's, which retries one of their two families.

A failure that was foreseen is one message in the task's log. The chain of errors behind it, which would show as several
tracebacks, is logged at level debug.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import FinalError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate this project's errors, raised inside the block.

    :raises AirflowFailException: for a ``FinalError``; Airflow does not retry.
    :raises AirflowException: for a ``TryAgainError``; Airflow retries while the task has retries left.
    """
    try:
        yield
    except FinalError as error:
        log.debug("What led to the failure:", exc_info=error)
        raise AirflowFailException(str(error)) from None
    except TryAgainError as error:
        log.debug("What led to the failure:", exc_info=error)
        raise AirflowException(str(error)) from None
