"""``airflow-masq check PLAN``: asks a plan's observers from this machine, and judges what they saw."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.asking import add_asking_arguments, ask_observers
from airflow_masq.cli.output import get_line_width, print_form, print_json, print_lines
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.observation.vantage import COMPOSER_ENVIRONMENT_VARIABLE
from airflow_masq.plan_file import read_plan_file
from airflow_masq.probes.surroundings import read_surroundings
from airflow_masq.text import escape
from airflow_masq.verdict import Outcome, encode_report, judge_targets, render_table
from airflow_masq.verdict.junit import render_junit
from airflow_masq.verdict.prometheus import render_prometheus

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from airflow_masq.plan import Plan

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
    judge = partial(
        judge_targets,
        plan.targets,
        surroundings=read_surroundings(),
        plan=plan,
        environment=_name_environment(plan),
    )
    names = [target.name for target in plan.targets]
    observations = dict(zip(names, ask_observers(plan.targets, arguments), strict=True))
    report = judge(observations)
    wrong = {verdict.target for verdict in report.verdicts if verdict.outcome is Outcome.FAIL}
    if wrong and arguments.attempts > 1:  # the first seconds of a Pod may show a wrong address
        time.sleep(_WAIT_SECONDS)
        targets = [target for target in plan.targets if target.name in wrong]
        for target, again in zip(targets, ask_observers(targets, arguments), strict=True):
            observations[target.name] += again
        report = judge(observations)
    if arguments.format == "json":
        print_json(encode_report(report))
    elif arguments.format == "junit":
        print_form(render_junit([report]))
    elif arguments.format == "prometheus":
        print_form(render_prometheus([report]))
    else:
        print_lines(render_table(report, width=get_line_width()))
    return _EXIT_OF_OUTCOME[report.outcome]


def _name_environment(plan: Plan) -> str:
    """Name the environment as Composer does on its components, else as the plan does."""
    named = os.environ.get(COMPOSER_ENVIRONMENT_VARIABLE) or (plan.environment.name or "").rpartition("/")[2]
    return escape(named, limit=250) or "unknown"
