"""Reads what an operator was given as its plan, on the worker; it must not be called while a DAG file is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import Plan, load_plan, plan_from_mapping
from airflow_masq.plan.yaml_document import LARGEST_TEXT_CHARACTERS
from airflow_masq.text import describe, printable

_ARGUMENT = "plan"
_LONGEST_PATH_SHOWN = 200


def read_plan(plan: str | Mapping[str, Any]) -> Plan:
    """Read a plan from a file on this worker, or from a mapping.

    :param plan: the file's path, or the plan itself.
    :return: the plan.
    :raises PlanError: when the file cannot be read, or is no plan.
    """
    if isinstance(plan, Mapping):
        return plan_from_mapping(plan, source=_ARGUMENT)
    if not isinstance(plan, str):
        raise _refused(expected="a path or a mapping", seen=describe(plan))
    if not plan:
        raise _refused(expected="a path or a mapping", seen="an empty text")
    path = printable(plan, limit=_LONGEST_PATH_SHOWN)
    try:
        with Path(plan).open(encoding="utf-8") as file:
            text = file.read(LARGEST_TEXT_CHARACTERS + 1)  # one more than a plan may have, so that it is refused
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path with a null character
        reason = printable(str(error.strerror if isinstance(error, OSError) else error))
        expected = "the path of a readable plan file on this worker"
        raise _refused(expected=expected, seen=f"{path} ({reason})") from error
    return load_plan(text, source=path)


def _refused(*, expected: str, seen: str) -> PlanError:
    return PlanError(source=_ARGUMENT, line=None, where="", expected=expected, seen=seen)
