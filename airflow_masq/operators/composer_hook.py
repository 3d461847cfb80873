"""How a task that asks Google's APIs makes its hook, from the arguments that all such operators have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from airflow_masq.operators.settings import read_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.hooks.composer import ComposerHook


class _CloudTask(Protocol):
    gcp_conn_id: str
    impersonation_chain: str | Sequence[str] | None
    api_timeout_seconds: float | str


def make_composer_hook(task: _CloudTask) -> ComposerHook:
    """Make the hook of a task's connection.

    :raises InvalidInputError: the time limit is no number within its bounds, or the connection cannot be read.
    """
    from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's libraries take seconds

    return ComposerHook(
        gcp_conn_id=task.gcp_conn_id,
        impersonation_chain=task.impersonation_chain,
        api_timeout_seconds=read_seconds(task.api_timeout_seconds, where="api_timeout_seconds"),
    )
