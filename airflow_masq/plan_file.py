"""Reads the files that commands and operators receive, up to a size limit, or refuses them with a one-line error.

An operator's plan is read on the worker, in ``execute``, never while a DAG file is parsed.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

from airflow_masq.exceptions import InvalidInputError, PlanError
from airflow_masq.plan import Plan, load_plan, load_plan_from_mapping
from airflow_masq.plan.schema import PLAN_KEYS
from airflow_masq.text import describe, escape, suggest

STANDARD_INPUT: Final = "-"

# A ConfigMap can hold 1 MiB [source: k8s-config-map-size]. A plan must be smaller still, which ``load_plan`` checks.
_MOST_BYTES: Final = 1024 * 1024
_MOST_JSON_BYTES: Final = 16 * 1024 * 1024
_LONGEST_NAME_SHOWN: Final = 1_000
_LINE_END: Final = b"\n"
_MOST_NAMES: Final = 1_000
_CLOSE_ENOUGH: Final = 0.75
_REASONS: Final[dict[int | None, str]] = {
    errno.ENOENT: "no file of that name",
    errno.EISDIR: "a directory",
    errno.EACCES: "a file that this user may not read",
}
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# JSON, one of a plan's keys, or more than one line.
_PLAN_TEXT: Final = re.compile(rf"\s*(?:\{{|(?:{'|'.join(PLAN_KEYS)})\s*:|\S[^\n]*\n\s*\S)")


def read_plan(plan: str | Mapping[str, Any]) -> Plan:
    """Read an operator's plan: a path on this worker, the plan as a mapping, or its YAML or JSON text.

    A text is a path where it begins with ``/`` or is one line that does not begin as a plan does.

    :raises InvalidInputError: the file cannot be read, or it is not a plan.
    """
    if isinstance(plan, Mapping):
        return load_plan_from_mapping(plan, source="plan")
    text, source = _find_plan_text(plan)
    return load_plan(text, source=source)


def read_plan_text(plan: str | Mapping[str, Any]) -> str:
    """Read the text of an operator's plan, for a program elsewhere; it was read as a plan, too.

    :raises InvalidInputError: the file cannot be read, or it is not a plan.
    """
    if isinstance(plan, Mapping):
        load_plan_from_mapping(plan, source="plan")
        return json.dumps(plan)
    text, source = _find_plan_text(plan)
    load_plan(text, source=source)
    return text


def _find_plan_text(plan: str) -> tuple[str, str]:
    """Find the text of a plan that is a path or the text itself, and what to call it in messages."""
    if not isinstance(plan, str):
        raise InvalidInputError(where="plan", expected="a path or a mapping", seen=describe(plan))
    if not plan.strip():
        raise InvalidInputError(where="plan", expected="a path or a mapping", seen="an empty text")
    if not plan.startswith("/") and _PLAN_TEXT.match(plan):
        return plan, "plan"
    plan = plan.strip()
    path = escape(plan, limit=_LONGEST_NAME_SHOWN)
    expected = "a readable file on this worker"
    return _read_text(Path(plan), where=f"plan: {path}", expected=expected, only_regular=True), path


def read_plan_file(name: str) -> Plan:
    """Read a command's plan file.

    :param name: the file's path, or ``-`` for standard input.
    :raises InvalidInputError: the file cannot be read, or it is not a plan.
    """
    return load_plan(read_text_file(name), source=show_name(name))


def require_own_network(plan: Plan, *, name: str) -> None:
    """Refuse a plan of whose nodes and Pods nothing can be said.

    :param name: the plan file's, as for ``read_plan_file``.
    :raises PlanError: its environment is one of Composer 3.
    """
    try:
        plan.environment.require_own_network()
    except InvalidInputError as error:
        line = plan.find_line(error.where)
        source = show_name(name)
        raise PlanError(source=source, line=line, where=error.where, expected=error.expected, seen=error.seen) from None


def read_text_file(name: str, *, most_bytes: int = _MOST_BYTES) -> str:
    """Read a command's input file; line ends are not changed.

    :param name: the file's path, or ``-`` for standard input.
    :param most_bytes: how large it may be, default 1 MiB.
    :raises InvalidInputError: the file cannot be read, is too large, or is not UTF-8.
    """
    if not name:
        raise InvalidInputError(where="''", expected="a readable file", seen="an empty name")
    path = None if name == STANDARD_INPUT else Path(name)
    return _read_text(path, where=show_name(name), expected="a readable file", most_bytes=most_bytes)


def read_json_file(name: str, *, where: str | None = None) -> object:
    """Read a JSON file of at most 16 MiB, such as an earlier audit.

    :param name: the path of a command's file, or ``-`` for standard input; or that of an operator's, if ``where``.
    :param where: the operator's setting, for errors; only a regular file is read then.
    :raises InvalidInputError: the file cannot be read, is too large, or is not JSON.
    """
    shown = show_name(name)
    if where is None:
        text = read_text_file(name, most_bytes=_MOST_JSON_BYTES)
    else:
        shown = f"{where}: {escape(name, limit=_LONGEST_NAME_SHOWN)}"
        expected = "a readable file on this worker"
        text = _read_text(Path(name), where=shown, expected=expected, only_regular=True, most_bytes=_MOST_JSON_BYTES)
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError(where=shown, expected="JSON", seen="something else") from None
    return content


def show_name(name: str) -> str:
    """Name a file in output, in one printable line."""
    return "<stdin>" if name == STANDARD_INPUT else escape(name, limit=_LONGEST_NAME_SHOWN)


def _read_text(
    path: Path | None, *, where: str, expected: str, only_regular: bool = False, most_bytes: int = _MOST_BYTES
) -> str:
    try:
        content = _read_bytes(path, only_regular=only_regular, most_bytes=most_bytes)
    except ValueError as error:
        seen = "a name that no file can have" if isinstance(error, UnicodeError) else "a null character in its name"
        raise InvalidInputError(where=where, expected=expected, seen=seen) from error
    except OSError as error:
        number = error.errno
        seen = _REASONS.get(number) or escape(error.strerror or str(error))
        if number == errno.ENOENT and path is not None:
            seen = "a link to a file that does not exist" if path.is_symlink() else seen + _find_nearest(path)
        raise InvalidInputError(where=where, expected=expected, seen=seen) from error
    if len(content) > most_bytes:
        raise InvalidInputError(where=where, expected=f"at most {most_bytes} bytes", seen="more")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        place = f"{where}:{1 + content.count(_LINE_END, 0, error.start)}"
        seen = f"the byte 0x{content[error.start]:02x}"
        raise InvalidInputError(where=place, expected="UTF-8 text", seen=seen) from error


def _find_nearest(path: Path) -> str:
    """Suggest the file beside a missing one whose name is nearest."""
    with suppress(OSError, ValueError):
        with os.scandir(path.parent) as entries:
            names = [each.name for each in islice(entries, _MOST_NAMES)]
        return suggest(path.name, names, likeness=_CLOSE_ENOUGH)
    return ""


def _read_bytes(path: Path | None, *, only_regular: bool, most_bytes: int) -> bytes:
    """Read a file, or standard input for ``None``, up to one byte more than the limit.

    :param only_regular: refuse a pipe or a device without opening it: opening alone can wait for ever, or do something.
        A command takes a pipe, as shells make one of ``<(…)``.
    """
    if path is not None:
        mode = path.stat().st_mode
        if only_regular and not stat.S_ISREG(mode):
            kind = next((noun for test, noun in _KINDS if test(mode)), "no regular file")
            raise OSError(errno.EINVAL, kind)
        # Not waiting for a writer matters if the file has been replaced by a pipe since.
        flags = os.O_NONBLOCK if only_regular else 0
        with open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags)) as file:
            return file.read(most_bytes + 1)
    if sys.stdin is None:  # Python sets it to None if the descriptor was closed before the start
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer.read(most_bytes + 1)
