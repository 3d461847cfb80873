"""What stands before the commands: the version, the help that teaches, the way to a command.

A command has a file of its own beside this one, which is imported only when that command is asked for: one line here
costs nothing at the start of the others. Nothing here may import Airflow or Google's libraries, which take seconds.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final

from airflow_masq import __version__
from airflow_masq.exceptions import FinalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from _typeshed import SupportsWrite

WRONG_USAGE = 2
"""The exit code that argparse uses, too; also that of an unreadable plan."""

NOT_CARRIED_OUT = 3
"""The exit code where a command's output could not be written, which says nothing about the plan."""

_NOBODY_READS: Final = 1
_INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells have it

COMMANDS: Final = {
    "lint": "say what is wrong with a plan, before any money is spent",
    "explain": "say which source address a destination will see, and why",
    "render": "write a plan as a command, a resource, a manifest or a firewall request",
    "capacity": "say how many nodes and Pods a plan's ranges hold, and what masquerading saves",
    "agent-config": "say what the IP masquerade agent would make of its config",
}
"""The commands and what they do; ``agent-config`` is in ``agent_config.py``, with ``add_arguments`` and ``run``."""

DESCRIPTION = """\
airflow-masq creates Cloud Composer environments whose Pods hide behind their node's address (the IP masquerade agent),
and proves, from inside a worker, which source address the services outside really see.
"""

EPILOG = """\
Where to go:

  See it work      ./scripts/demo, in a checkout: real packets on this machine, no cloud account needed
  Write a plan     README.md, "Write a plan": one YAML file that commands, DAGs and operators take
  Judge it         airflow-masq lint PLAN, then airflow-masq explain PLAN ADDRESS
  Create           the DAG provision_masquerade_environment, or in a DAG of yours
                   airflow_masq.operators.create_environment.CloudComposerCreateMasqueradeEnvironmentOperator
  Check            the DAG check_source_ip, or in a DAG of yours
                   airflow_masq.operators.source_ip_check.SourceIpCheckOperator, then
                   airflow_masq.operators.source_ip_report.SourceIpReportOperator and
                   airflow_masq.operators.source_ip_assert.SourceIpAssertOperator
  Read a code      docs/rules: one page per code (MASQ1xx environment, 2xx ranges, 3xx policy, 4xx observed)

PLAN may be - for standard input. Exit codes: 0 all well, 1 a finding of severity error, 2 wrong usage or an unreadable
plan, 3 could not be carried out, since the output cannot be written. The agent can be switched on only while an
environment is created. Which source address you get, and why, is explained in README.md.
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose help and version must arrive, while of a complaint nobody can read the exit code is enough.

    Argparse itself takes a file that cannot be written for one that was (3.11.7), or complains of it (3.11.2).
    """

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        stream = sys.stderr if file is None else file
        if stream is not None and stream is sys.stdout:
            stream.write(message)
        elif stream is not None:
            with suppress(OSError):
                stream.write(message)


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Describe the command line.

    :param command: the command whose module is imported and whose arguments are declared, default none.
    :return: the parser; its help is laid out by hand and fits 120 columns.
    """
    parser = _Parser(
        prog="airflow-masq",
        description=DESCRIPTION,
        epilog=f"{_listed_commands()}\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", help="one of those below; its own --help says more")
    for name, what_it_does in COMMANDS.items():
        described = f"{what_it_does[0].upper()}{what_it_does[1:]}."
        command_parser = commands.add_parser(name, description=described, allow_abbrev=False)
        if name == command:
            module = _module(name)
            module.add_arguments(command_parser)
            command_parser.add_argument(
                "--format", choices=("text", "json"), default="text", help="for people or for programs; default: text"
            )
            command_parser.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: the words after the program's name; default: the process's own.
    :return: the exit code; without a command that is wrong usage, after the help was printed to standard error.
    :raises SystemExit: when argparse has answered by itself (``--help``, ``--version``, an unknown option).
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _written(words)
    except BrokenPipeError:
        _discard_rest(sys.stdout)
        return _NOBODY_READS
    except OSError as error:  # files that a command is given were read, or refused, where they were opened
        _discard_rest(sys.stdout)
        _complain(f"standard output: cannot be written: {error.strerror or error}")
        return NOT_CARRIED_OUT
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        _settle_complaints()


def _written(words: Sequence[str]) -> int:
    """Answer, and see that the answer arrives, be it argparse's own: it ends with ``SystemExit`` and unwritten help."""
    if sys.stdout is None:  # Python's word for a descriptor that was closed before it started
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        return _answer(words)
    finally:
        sys.stdout.flush()


def _answer(words: Sequence[str]) -> int:
    command = next((word for word in words if word in COMMANDS), None)
    parser = build_parser(command)
    parsed = parser.parse_args(words)
    if command is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks is escaped
    try:
        code: int = parsed.run(parsed)
    except FinalError as error:
        _complain(str(error))
        return WRONG_USAGE
    return code


def _complain(line: str) -> None:
    """Say in one line on standard error what cannot be done; where that is full or closed, the exit code says it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(line, file=sys.stderr)  # noqa: T201 - the command line's complaint


def _settle_complaints() -> None:
    if sys.stderr is not None:
        try:
            sys.stderr.flush()
        except OSError:
            _discard_rest(sys.stderr)


def _discard_rest(stream: TextIO | None) -> None:
    """Send what could not be written nowhere, since Python would try again, and complain, while it ends.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe, read 2026-11-22.

    :param stream: standard output or standard error.
    """
    if stream is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _listed_commands() -> str:
    width = max(map(len, COMMANDS))
    return "\n".join(("Commands:\n", *(f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items()), ""))


def _module(command: str) -> Any:  # noqa: ANN401 - a module, whose functions mypy cannot know
    return import_module(f"{__package__}.{command.replace('-', '_')}")
