"""``airflow-masq render PLAN --as FORM``: writes a plan in the form of another tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.cli.output import print_form
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.plan_file import read_plan_file, show_name
from airflow_masq.renderings import RENDERINGS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    parser.add_argument("--as", dest="form", required=True, choices=tuple(RENDERINGS), help="the form to write")


def run(arguments: Namespace) -> int:
    """Write only the form and ignore ``--format``, since the form is for another program or reader.

    :raises InvalidInputError: the plan cannot be read.
    :raises InexpressibleError: the form cannot express the plan; the place begins with the file and the line.
    """
    plan = read_plan_file(arguments.plan)
    try:
        text = RENDERINGS[arguments.form](plan)
    except InexpressibleError as error:
        where = f"{show_name(arguments.plan)}:{plan.line_of(error.where) or 1}: {error.where}"
        raise InexpressibleError(form=error.form, where=where, reason=error.reason) from None
    print_form(text)
    return 0
