"""The entry point of ``airflow-masq``: the version, the help, and the dispatch to a command.

Each command has its own file beside this one, which is imported only when that command is run. Nothing here may
import Airflow or Google's libraries, which take seconds.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final, NoReturn

from airflow_masq import __version__
from airflow_masq.exceptions import FinalError
from airflow_masq.text import suggest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from _typeshed import SupportsWrite

WRONG_USAGE = 2
"""The exit code for wrong usage, as in argparse, and for an unreadable plan."""

NOT_CARRIED_OUT = 3
"""The exit code if a command's output cannot be written; it does not depend on the plan."""

_WRONG_COMMAND: Final = re.compile(r"argument COMMAND: invalid choice: '([^']*)'")
_WRONG_ARGUMENTS: Final = "unrecognized arguments: "
_BROKEN_PIPE: Final = 1
_INTERRUPTED: Final = 130  # 128 plus the number of SIGINT, as in shells

COMMANDS: Final = {
    "lint": "find what is wrong with a plan, before any money is spent",
    "preflight": "ask Google Cloud what the creation of a plan's environment would run into",
    "explain": "predict from which source address packets would arrive, and why",
    "render": "write a plan as a command, a resource, a manifest or a firewall request",
    "capacity": "count the nodes and Pods that a plan's ranges hold, and the addresses that masquerading saves",
    "rule": "show what a code such as MASQ309 means and what to do about it, or list all codes",
    "describe": "write a live environment as a plan, with the facts of its cluster, subnetworks and Cloud NAT",
    "probe": "ask observers from this machine which source address they see",
    "check": "ask a plan's observers from this machine, and judge the source addresses that they see",
    "audit": "list every environment of projects: masqueraded, must be re-created, or never can be, and what changed",
    "agent-config": "read a config of the IP masquerade agent as the agent would",
}
"""The commands and their help. A command's module, such as ``agent_config.py``, has ``EXIT_CODES``,
``add_arguments`` and ``run``.
"""

DESCRIPTION = """\
airflow-masq creates Cloud Composer environments whose Pods use their node's address (the IP masquerade agent), and
proves, from inside a worker, which source address external services see.
"""

EPILOG = """\
Where to go:

  See it work      ./scripts/demo, in a checkout: real packets on this machine, no cloud account needed
  Write a plan     README.md, "Write a plan": one YAML file that commands, DAGs and operators take
  Describe one     airflow-masq describe ENVIRONMENT, where there is one already: Google Cloud tells its plan
  Judge it         airflow-masq lint PLAN, then airflow-masq explain PLAN ADDRESS
  Ask the cloud    airflow-masq preflight PLAN: permissions, roles, quotas, room, and addresses to allowlist
  Create           the DAG provision_masquerade_environment, or in a DAG of yours
                   airflow_masq.operators.create_environment.CloudComposerCreateMasqueradeEnvironmentOperator
  Audit            airflow-masq audit PROJECT, or the DAG audit_masquerade_fleet every week, or in a DAG of yours
                   airflow_masq.operators.audit_masquerade.CloudComposerAuditMasqueradeOperator
  Check            the DAG check_source_ip, or in a DAG of yours
                   airflow_masq.operators.source_ip_check.SourceIpCheckOperator, then
                   airflow_masq.operators.source_ip_report.SourceIpReportOperator and
                   airflow_masq.operators.source_ip_assert.SourceIpAssertOperator
  Read a code      airflow-masq rule CODE (MASQ1xx environment, 2xx ranges, 3xx policy, 4xx observed, 5xx preflight)

PLAN may be - for standard input. Exit codes: 0 success, 1 a finding of severity error, a FAIL or a rejected config,
2 wrong usage or an unreadable plan, 3 the output cannot be written, or an ERROR or INCONCLUSIVE and no FAIL.
COMMAND --help has those of COMMAND.
The agent can be enabled only when an environment is created. README.md explains which source address you get, and why.
"""


class _Parser(argparse.ArgumentParser):
    """A parser that raises if its help cannot be written, but not if a usage message cannot: the exit code shows that.

    Argparse itself ignores a file that cannot be written (3.11.7) or raises (3.11.2).
    """

    def error(self, message: str) -> NoReturn:
        """Add the nearest command, or where the options of one are listed, to argparse's own message."""
        wrong = _WRONG_COMMAND.match(message)
        hint = suggest(wrong[1], COMMANDS) if wrong else ""
        if message.startswith(_WRONG_ARGUMENTS):
            hint = " (airflow-masq COMMAND --help lists what a command takes)"
        super().error(f"{message}{hint}")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        stream = sys.stderr if file is None else file
        if stream is not None and stream is sys.stdout:
            stream.write(message)
        elif stream is not None:
            with suppress(OSError):
                stream.write(message)


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; its help is laid out by hand and fits 120 columns.

    :param command: the command whose module is imported and whose arguments are declared (default: none).
    """
    width = max(map(len, COMMANDS))
    listing = "".join(f"  {name.ljust(width)}  {text}\n" for name, text in COMMANDS.items())
    parser = _Parser(
        prog="airflow-masq",
        description=DESCRIPTION,
        epilog=f"Commands:\n\n{listing}\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", help="one of the commands below; each has its own --help")
    for name, text in COMMANDS.items():
        command_parser = commands.add_parser(name, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        if name == command:
            module = import_module(f"{__package__}.{name.replace('-', '_')}")
            module.add_arguments(command_parser)
            unwritable = "the output cannot be written"
            own = module.EXIT_CODES.get(NOT_CARRIED_OUT)
            codes = module.EXIT_CODES | {NOT_CARRIED_OUT: f"{own}; or {unwritable}" if own else unwritable}
            command_parser.epilog = "exit codes:\n" + "".join(f"  {code}  {text}\n" for code, text in codes.items())
            command_parser.formatter_class = argparse.RawDescriptionHelpFormatter
            command_parser.add_argument(
                "--format",
                choices=("text", "json", *getattr(module, "FORMATS", ())),
                default="text",
                help="text for people, the others for programs; default: text",
            )
            command_parser.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: the words after the program's name (default: the process's own).
    :return: the exit code. Without a command the help goes to standard error, and the code is that of wrong usage.
    :raises SystemExit: argparse ends by itself (``--help``, ``--version``, an unknown option).
    """
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # also argparse's help, which ends with SystemExit
    except BrokenPipeError:
        _discard_rest(sys.stdout)
        return _BROKEN_PIPE
    except OSError as error:  # of the output alone: the files that a command reads raise InvalidInputError
        _discard_rest(sys.stdout)
        _complain(f"standard output: cannot be written: {error.strerror or error}")
        return NOT_CARRIED_OUT
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
        except OSError:
            _discard_rest(sys.stderr)


def _run(words: Sequence[str]) -> int:
    if sys.stdout is None:  # Python sets it to None if the descriptor was closed before the start
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    command = next((word for word in words if word in COMMANDS), None)
    parser = build_parser(command)
    parsed = parser.parse_args(words)
    if command is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # escape what the terminal's encoding lacks
    try:
        code: int = parsed.run(parsed)
    except FinalError as error:
        _complain(str(error))
        return WRONG_USAGE
    return code


def _complain(line: str) -> None:
    """Print an error; if standard error is full or closed, only the exit code reports it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(line, file=sys.stderr)  # noqa: T201 - the command line's error message


def _discard_rest(stream: TextIO | None) -> None:
    """Redirect a broken stream to the null device; otherwise Python writes its rest again at exit, and fails.

    Python's manual asks for it [source: python-sigpipe].
    """
    if stream is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
