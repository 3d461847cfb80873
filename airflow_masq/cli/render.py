"""``airflow-masq render PLAN --as FORM``: a plan in the words of another tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.cli.files import read_plan, shown_name
from airflow_masq.cli.output import print_form
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.renderings import RENDERINGS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes.

    :param parser: the command's parser.
    """
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    parser.add_argument("--as", dest="form", required=True, choices=tuple(RENDERINGS), help="what to write")


def run(arguments: Namespace) -> int:
    """Write a plan in another form.

    The output is the form itself, whatever ``--format`` says: it is made for another program or for another reader.

    :param arguments: as ``add_arguments`` declared them.
    :return: 0.
    :raises InvalidInputError: when the plan cannot be read.
    :raises InexpressibleError: when the form cannot express it; its place begins with the file and the line.
    """
    plan = read_plan(arguments.plan)
    try:
        text = RENDERINGS[arguments.form](plan)
    except InexpressibleError as error:
        where = f"{shown_name(arguments.plan)}:{plan.line_of(error.where) or 1}: {error.where}"
        raise InexpressibleError(form=error.form, where=where, reason=error.reason) from None
    print_form(text)
    return 0
