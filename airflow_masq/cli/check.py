"""``airflow-masq check PLAN``: asks a plan's observers from this machine, and judges what they saw."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.asking import add_asking_arguments, ask_observers
from airflow_masq.cli.output import get_line_width, print_form, print_json, print_lines, print_remark
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan_file import read_plan_file
from airflow_masq.probes.surroundings import read_surroundings
from airflow_masq.verdict import Outcome, check_targets, encode_report, name_environment, render_table
from airflow_masq.verdict.junit import render_junit
from airflow_masq.verdict.prometheus import render_prometheus

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

EXIT_CODES: Final = {
    0: "every verdict is a PASS",
    1: "a verdict is a FAIL",
    2: "wrong usage, or a plan that cannot be read or has no target",
    3: "a verdict is an ERROR or INCONCLUSIVE, and none is a FAIL",
}
FORMATS: Final = ("junit", "prometheus")
"""The formats beside text and json."""

_EXIT_OF_OUTCOME: Final = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.ERROR: 3, Outcome.INCONCLUSIVE: 3}
_WAIT_SECONDS: Final = 1.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    add_asking_arguments(parser)


def run(arguments: Namespace) -> int:
    """Return the exit code of the report's outcome.

    :raises InvalidInputError: the plan cannot be read, or has no target.
    """
    plan = read_plan_file(arguments.plan)
    if not plan.targets:
        raise InvalidInputError(where="targets", expected="at least one target", seen="none")
    surroundings = read_surroundings()
    report = check_targets(
        plan.targets,
        observe=lambda targets: dict(
            zip((target.name for target in targets), ask_observers(targets, arguments), strict=True)
        ),
        pause=partial(time.sleep, _WAIT_SECONDS) if arguments.attempts > 1 else None,
        surroundings=surroundings,
        plan=plan,
        environment=name_environment(plan, surroundings=surroundings, warn=print_remark),
    )
    if arguments.format == "json":
        print_json(encode_report(report))
    elif arguments.format == "junit":
        print_form(render_junit([report]))
    elif arguments.format == "prometheus":
        print_form(render_prometheus([report]))
    else:
        print_lines(render_table(report, width=get_line_width()))
    return _EXIT_OF_OUTCOME[report.outcome]
