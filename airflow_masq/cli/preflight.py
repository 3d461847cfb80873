"""``airflow-masq preflight PLAN``: asks Google Cloud what a person would look up before a creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.google_options import add_caller_arguments, find_caller
from airflow_masq.cli.options import make_number_type
from airflow_masq.cli.output import Colour, get_line_width, paint, print_json, print_lines, print_remark, wrap
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError
from airflow_masq.plan_file import read_plan_file, require_own_network

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from airflow_masq.preflight.asking import Clients
    from airflow_masq.preflight.report import PreflightReport

EXIT_CODES: Final = {
    0: "nothing is an error and everything was answered; there may be warnings",
    1: "a check or a rule found an error",
    2: "wrong usage, or a plan that cannot be read, names no environment or is of Composer 3",
    3: "something is unknown, and nothing is an error; or there are no credentials",
}

_UNKNOWN: Final = 3
_COLOURS: Final = {
    "error": Colour.BAD,
    "warning": Colour.DOUBTFUL,
    "unknown": Colour.DOUBTFUL,
    "info": Colour.QUIET,
    "ok": Colour.GOOD,
}
_HELP: Final = """\
Asks for the environment that PLAN describes, all at once and within one time limit; it changes nothing.

  MASQ501  is the image offered, and when does its support end       Composer
  MASQ502  do the subnetwork and its ranges exist, and what are they Compute, in the host project
  MASQ503  may the caller create and watch an environment            Resource Manager
  MASQ504  does the service account exist, may the caller act as it  IAM
  MASQ505  have the accounts their roles in the project              Resource Manager, IAM
  MASQ506  and in the host project of a Shared VPC                   Resource Manager, Compute
  MASQ507  what is left of the region's quotas                       Compute
  MASQ508  how full are the ranges of nodes and Pods                 Compute
  MASQ509  which Cloud NAT gateways, with which addresses            Compute
  MASQ510  has an environment the name already                       Composer

The numbers found complete the plan, and all rules of lint judge it again. Then come the predicted source addresses of
the plan's targets, and the addresses to allowlist: what firewalls of others have to let in.

What may not be read is "unknown", with the role that shows it. Credentials are Application Default Credentials
(gcloud auth application-default login, or the machine's own).
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = f"{parser.description}\n\n{_HELP}"
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    parser.add_argument(
        "--time-limit",
        type=make_number_type(float, least=1, most=300),
        default=10.0,
        metavar="SECONDS",
        help="the time limit for everything, 1 to 300; default: 10",
    )
    add_caller_arguments(parser, apis=("composer", "compute", "iam"))
    parser.set_defaults(project=None)


def run(arguments: Namespace) -> int:
    """Return 1 if something is an error, else 3 if something is unknown, else 0.

    :raises InvalidInputError: the plan or an endpoint is not usable.
    """
    plan = read_plan_file(arguments.plan)
    require_own_network(plan, name=arguments.plan)

    from airflow_masq.preflight.asking import ask_questions  # noqa: PLC0415 - Google's libraries take a second
    from airflow_masq.preflight.report import make_report  # noqa: PLC0415 - as above
    from airflow_masq.preflight.subject import Subject  # noqa: PLC0415 - as above

    subject = Subject.read(plan.environment)
    refused: list[CloudRefusedError | CloudUnavailableError] = []

    def connect() -> Clients:
        try:
            return _connect(arguments)
        except (CloudRefusedError, CloudUnavailableError) as error:  # no credentials: the reason of every answer
            refused.append(error)
            raise

    answers = ask_questions(
        subject,
        make_clients=connect,
        looks_for_environment=True,
        timeout_seconds=arguments.time_limit,
    )
    if refused:
        print_remark(str(refused[0]))
        return _UNKNOWN
    report = make_report(subject, plan=plan, answers=answers)
    if arguments.format == "json":
        print_json(report.as_json())
    else:
        print_lines(*_write(report))
    if report.has_errors:
        return 1
    return _UNKNOWN if report.has_unknowns else 0


def _connect(arguments: Namespace) -> Clients:
    from airflow_masq.preflight.connecting import connect  # noqa: PLC0415 - Google's libraries take a second

    return connect(
        find_caller(arguments).credentials,
        composer_endpoint=arguments.composer_endpoint,
        compute_endpoint=arguments.compute_endpoint,
        iam_endpoint=arguments.iam_endpoint,
        api_timeout_seconds=arguments.time_limit,
    )


def _write(report: PreflightReport) -> Iterator[str]:
    from airflow_masq.preflight.table import write_lines  # noqa: PLC0415 - as above

    yield from write_lines(
        report, width=get_line_width(), paint=lambda text, severity: paint(text, colour=_COLOURS[severity])
    )
    codes = list(dict.fromkeys(row.code for row in report.rows if row.severity in {"error", "warning", "unknown"}))
    if codes:
        yield wrap(f"Next: airflow-masq rule {codes[0]} says why and how to fix it; the same for the others.")
    else:
        yield "Next: create the environment, then airflow-masq check asks its targets' observers."
