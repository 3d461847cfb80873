"""What stands before the commands: the version, the help that teaches, the way to a command.

A command gets a file of its own beside this one. Nothing here may import Airflow or Google's libraries, which take
seconds, or anything that only one command needs.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from airflow_masq import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

WRONG_USAGE = 2
"""The exit code that argparse uses, too."""

DESCRIPTION = """\
airflow-masq creates Cloud Composer environments whose Pods hide behind their node's address (the IP masquerade agent),
and proves, from inside a worker, which source address the services outside really see.
"""

EPILOG = """\
This release works from within Airflow; it adds no commands here yet. Where to go:

  See it work      ./scripts/demo, in a checkout: real packets on this machine, no cloud account needed
  Create           the DAG provision_masquerade_environment, or in a DAG of yours
                   airflow_masq.operators.create_environment.CloudComposerCreateMasqueradeEnvironmentOperator
  Check            the DAG check_source_ip, or in a DAG of yours
                   airflow_masq.operators.source_ip_check.SourceIpCheckOperator, then
                   airflow_masq.operators.source_ip_report.SourceIpReportOperator and
                   airflow_masq.operators.source_ip_assert.SourceIpAssertOperator
  Write a plan     README.md, "Write a plan": one YAML file that the DAGs and the operators take
  Read a verdict   docs/rules: one page per code (MASQ1xx environment, 2xx ranges, 3xx policy, 4xx observed)

The agent can be switched on only while an environment is created. Which source address you get, and why, is explained
in README.md.
"""


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line.

    :return: the parser; its help is laid out by hand and fits 120 columns.
    """
    parser = argparse.ArgumentParser(
        prog="airflow-masq",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: the words after the program's name; default: the process's own.
    :return: the exit code; without a command that is wrong usage, after the help was printed to standard error.
    :raises SystemExit: when argparse has answered by itself (``--help``, ``--version``, an unknown option).
    """
    parser = build_parser()
    parser.parse_args(arguments)
    parser.print_help(sys.stderr)
    return WRONG_USAGE
