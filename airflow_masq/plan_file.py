"""Files that commands and operators are given: read whole within bounds, or refused in one line.

An operator's plan is read on the worker, in ``execute``, never while a DAG file is parsed.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan import Plan, load_plan, plan_from_mapping
from airflow_masq.text import describe, printable

STANDARD_INPUT: Final = "-"

# A ConfigMap can hold 1 MiB [source: k8s-config-map-size]. A plan must be smaller still, which ``load_plan`` checks.
_MOST_BYTES: Final = 1024 * 1024
_LONGEST_NAME_SHOWN: Final = 1_000
_LINE_END: Final = b"\n"


def read_plan(plan: str | Mapping[str, Any]) -> Plan:
    """Read the plan that an operator is given: the path of a file on this worker, or the plan as a mapping.

    :raises InvalidInputError: the file cannot be read, or it is not a plan.
    """
    if isinstance(plan, Mapping):
        return plan_from_mapping(plan, source="plan")
    if not isinstance(plan, str):
        raise InvalidInputError(where="plan", expected="a path or a mapping", seen=describe(plan))
    if not plan:
        raise InvalidInputError(where="plan", expected="a path or a mapping", seen="an empty text")
    path = printable(plan, limit=_LONGEST_NAME_SHOWN)
    text = _read_text(Path(plan), where=f"plan: {path}", expected="a readable file on this worker")
    return load_plan(text, source=path)


def read_plan_file(name: str) -> Plan:
    """Read the plan that a command is given.

    :param name: the file's path, or ``-`` for standard input.
    :raises InvalidInputError: the file cannot be read, or it is not a plan.
    """
    return load_plan(read_text_file(name), source=show_name(name))


def read_text_file(name: str) -> str:
    """Read a file that a command is given; line ends stay as they are.

    :param name: the file's path, or ``-`` for standard input.
    :raises InvalidInputError: the file cannot be read, has more than 1 MiB, or is not UTF-8.
    """
    path = None if name == STANDARD_INPUT else Path(name)
    return _read_text(path, where=show_name(name), expected="a readable file")


def show_name(name: str) -> str:
    """Name a file in output, in one printable line."""
    return "<stdin>" if name == STANDARD_INPUT else printable(name, limit=_LONGEST_NAME_SHOWN)


def _read_text(path: Path | None, *, where: str, expected: str) -> str:
    try:
        content = _read_bytes(path)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else None
        seen = printable(reason or str(error))
        raise InvalidInputError(where=where, expected=expected, seen=seen) from error
    if len(content) > _MOST_BYTES:
        raise InvalidInputError(where=where, expected=f"at most {_MOST_BYTES} bytes", seen="more")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        place = f"{where}:{1 + content.count(_LINE_END, 0, error.start)}"
        seen = f"the byte 0x{content[error.start]:02x}"
        raise InvalidInputError(where=place, expected="UTF-8 text", seen=seen) from error


def _read_bytes(path: Path | None) -> bytes:
    """Read a file, or standard input for ``None``, but no more than is needed to see that it is too large."""
    if path is not None:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    if sys.stdin is None:  # Python sets it to None where the descriptor was closed before the start
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer.read(_MOST_BYTES + 1)
