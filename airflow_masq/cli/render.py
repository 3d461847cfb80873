"""``airflow-masq render PLAN --as FORM``: writes a plan in the form of another tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.output import print_form, print_remark
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.plan_file import read_plan_file, show_name
from airflow_masq.renderings import RENDERINGS, gcloud, rest, terraform

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


_FORMS_OF_THE_ENVIRONMENT: Final = frozenset({rest.FORM, gcloud.FORM, terraform.FORM})
_NO_SERVICE_ACCOUNT: Final = (
    "The service demands an explicit service account, which this plan lacks: set nodeConfig.serviceAccount (MASQ115)."
)


EXIT_CODES: Final = {
    0: "the form is written; run lint to check the plan itself",
    2: "wrong usage, a plan that cannot be read, or one that the form cannot express",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    parser.add_argument("--as", dest="form", required=True, choices=tuple(RENDERINGS), help="the form to write")


def run(arguments: Namespace) -> int:
    """Write only the form and ignore ``--format``, since the form is for another program or reader.

    A form of the environment says where the service account is missing: in a comment, or for JSON on standard error.

    :raises InvalidInputError: the plan cannot be read.
    :raises InexpressibleError: the form cannot express the plan; the place begins with the file and the line.
    """
    plan = read_plan_file(arguments.plan)
    try:
        text = RENDERINGS[arguments.form](plan)
    except InexpressibleError as error:
        where = f"{show_name(arguments.plan)}:{plan.find_line(error.where) or 1}: {error.where}"
        raise InexpressibleError(form=error.form, where=where, reason=error.reason) from None
    # Google's own examples of the agent have no service account. They are written anyway.
    if arguments.form in _FORMS_OF_THE_ENVIRONMENT and plan.environment.lacks_service_account:
        if arguments.form == rest.FORM:  # JSON has no comments
            print_remark(_NO_SERVICE_ACCOUNT)
        else:
            text = f"# {_NO_SERVICE_ACCOUNT}\n{text}"
    print_form(text)
    return 0
