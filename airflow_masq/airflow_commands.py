"""The command line as part of Airflow's own: ``airflow masq lint PLAN`` runs ``airflow-masq lint PLAN``.

Airflow 3.2 and later load it through the provider info; earlier versions do not. The arguments after ``masq`` are
passed on unchanged, so no argument is declared twice, and other ``airflow`` commands do not import these modules.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from airflow.cli.cli_config import ActionCommand, Arg

from airflow_masq.cli import main
from airflow_masq.cli.command_line import COMMANDS

if TYPE_CHECKING:
    from airflow.cli.cli_config import CLICommand


def list_airflow_commands() -> list[CLICommand]:
    """Make Airflow's command ``masq``."""
    words = Arg(  # type: ignore[no-untyped-call] # Airflow declares no types here
        ("words",), nargs=argparse.REMAINDER, metavar="COMMAND ...", help=f"one of {', '.join(COMMANDS)}"
    )
    return [
        ActionCommand(
            name="masq",
            help="Check plans of IP-masquerading Composer environments",
            description="The same as the program airflow-masq; see airflow masq COMMAND --help.",
            func=_run,
            args=(words,),
        )
    ]


def _run(arguments: argparse.Namespace) -> None:
    raise SystemExit(main(arguments.words))
