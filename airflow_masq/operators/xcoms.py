"""How a task pushes an XCom beside what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import Context


def push_xcom(context: Context, *, key: str, value: object) -> None:
    """Push an XCom; nothing happens where a test or a script executes the operator by hand."""
    if "ti" in context:
        context["ti"].xcom_push(key=key, value=value)
