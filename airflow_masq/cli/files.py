"""Files that commands are given: read whole within bounds, or refused in one line; it must not interpret them."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan import Plan, load_plan
from airflow_masq.text import printable

STANDARD_INPUT: Final = "-"

# A ConfigMap can hold 1 MiB (https://kubernetes.io/docs/concepts/configuration/configmap/, read 2026-11-22); a plan may
# be smaller, and says so itself.
_LARGEST_FILE_BYTES: Final = 1024 * 1024
_NAME_CHARACTERS: Final = 1_000
_LINE_END: Final = b"\n"


def read_plan(name: str) -> Plan:
    """Read the plan that a command is given.

    :param name: the file's path, or ``-`` for standard input.
    :return: the plan.
    :raises InvalidInputError: when it cannot be read, or is no plan.
    """
    return load_plan(read_text(name), source=shown_name(name))


def read_text(name: str) -> str:
    """Read a file that a command is given.

    :param name: its path, or ``-`` for standard input.
    :return: its text, line ends as they are.
    :raises InvalidInputError: when it cannot be read, has more than 1 MiB, or is no UTF-8.
    """
    where = shown_name(name)
    try:
        content = _read_bytes(name)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else None
        raise InvalidInputError(where=where, expected="a readable file", seen=reason or str(error)) from None
    if len(content) > _LARGEST_FILE_BYTES:
        raise InvalidInputError(where=where, expected=f"at most {_LARGEST_FILE_BYTES} bytes", seen="more")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        place = f"{where}:{1 + content.count(_LINE_END, 0, error.start)}"
        seen = f"the byte 0x{content[error.start]:02x}"
        raise InvalidInputError(where=place, expected="UTF-8 text", seen=seen) from None


def shown_name(name: str) -> str:
    """Name a file in output.

    :param name: its path, or ``-`` for standard input.
    :return: one printable line.
    """
    return "<stdin>" if name == STANDARD_INPUT else printable(name, limit=_NAME_CHARACTERS)


def _read_bytes(name: str) -> bytes:
    if name == STANDARD_INPUT:
        if sys.stdin is None:  # Python's word for a descriptor that was closed before it started
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return sys.stdin.buffer.read(_LARGEST_FILE_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(_LARGEST_FILE_BYTES + 1)
