"""``airflow-masq audit PROJECT…``: which environments are masqueraded, which must be re-created, what has changed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from airflow_masq.audit.codec import decode_earlier_audit, encode_audit, write_environment
from airflow_masq.audit.table import WORDS, render_audit
from airflow_masq.cli.command_line import NOT_CARRIED_OUT
from airflow_masq.cli.google_options import add_google_arguments, find_caller
from airflow_masq.cli.options import make_number_type
from airflow_masq.cli.output import get_line_width, print_form, print_json, print_lines, print_remark, show_progress
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError
from airflow_masq.plan_file import read_json_file, read_plan_file, show_name
from airflow_masq.renderings.escaping import escape_cell
from airflow_masq.rules import Severity

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from airflow_masq.audit.audit import Audit
    from airflow_masq.audit.drift import EarlierAudit
    from airflow_masq.clients.gke import GkeClient

EXIT_CODES: Final = {
    0: "everything was asked, and no finding or drift is an error; environments may lack the agent",
    1: "a finding or a drift is an error, such as a planned environment without the agent",
    2: "wrong usage, or a plan or an earlier audit that cannot be read",
    3: "something could not be asked or judged, and nothing that was is an error",
}
FORMATS: Final = ("csv",)

_DESCRIPTION: Final = """\
An environment must be re-created if it lacks the agent, which can be enabled only at creation. It never can be
masqueraded if it is Composer 3 or of a version that has ended. The audit reads only, and lists each environment's
findings.

It asks every region, several at once, and all pages of each. What could not be asked, such as a region that gives no
answer or a project without the permission composer.environments.list, is a row of its own, and the exit code is not 0.
The credentials are Application Default Credentials (gcloud auth application-default login, or the machine's own). They
need at least, in each project:
  composer.environments.list        such as in roles/composer.user: the environments
  container.clusters.list           such as in roles/container.clusterViewer, with --facts or --policies
  container.thirdPartyObjects.list  or what the cluster's RBAC grants, with --policies, and a way to the API servers

  airflow-masq audit my-project                                       all regions that offer Composer
  airflow-masq audit a-project b-project --region us-central1         two projects, one region
  airflow-masq audit my-project --plan plan.yaml                      and where environments differ from their plans
  airflow-masq audit my-project --format json > today.json            keep it, and compare the next one with it:
  airflow-masq audit my-project --previous last-week.json             what is new, gone, re-created or changed since
"""

_CSV_COLUMNS: Final = (
    "masquerading",
    "project",
    "region",
    "environment_id",
    "state",
    "image_version",
    "composer_version",
    "airflow_version",
    "enable_ip_masq_agent",
    "pod_range",
    "service_range",
    "errors",
    "warnings",
    "codes",
    "reason",
    "problems",
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = f"{parser.description}\n\n{_DESCRIPTION}"
    parser.add_argument("projects", metavar="PROJECT", nargs="+", help="a project's id or number")
    parser.add_argument(
        "--region",
        metavar="REGION",
        action="append",
        default=[],
        dest="regions",
        help="ask this region alone; may be given several times; default: all that offer Composer",
    )
    parser.add_argument(
        "--plan",
        metavar="PLAN",
        action="append",
        default=[],
        dest="plans",
        help="compare an environment with its plan file, which names it; may be given several times",
    )
    parser.add_argument("--previous", metavar="FILE", help="compare with an earlier audit, written by --format json")
    parser.add_argument(
        "--facts", action="store_true", help="read each cluster's versions and ranges from GKE, one request a project"
    )
    parser.add_argument(
        "--policies",
        action="store_true",
        help="read each cluster's EgressNATPolicy from its API server, for drift; includes --facts",
    )
    parser.add_argument(
        "--cluster-endpoint",
        choices=("auto", "dns", "private", "public"),
        default="auto",
        help="which endpoint of the clusters' API servers to ask; default: auto, the DNS-based one where it is open",
    )
    _add_limits(parser)
    add_google_arguments(parser, apis=("composer", "gke"))
    parser.set_defaults(project=None)


def _add_limits(parser: ArgumentParser) -> None:
    """Declare how much is asked at once, and for how long."""
    parser.add_argument(
        "--concurrency",
        type=make_number_type(int, least=1, most=64),
        default=8,
        metavar="N",
        help="how many regions are asked at once, 1 to 64; default: 8",
    )
    parser.add_argument(
        "--tolerance",
        type=make_number_type(float, least=0, most=3600),
        default=60.0,
        metavar="SECONDS",
        help="how long a project's calls without an answer are repeated, 0 to 3600; default: 60",
    )
    parser.add_argument(
        "--time-limit",
        type=make_number_type(float, least=0.1, most=86_400),
        default=900.0,
        metavar="SECONDS",
        help="when the audit ends with what it has, 0.1 to 86400; default: 900",
    )


def run(arguments: Namespace) -> int:
    """Return 1 if a finding or a drift is an error, else 3 if something could not be asked or judged, else 0.

    :raises InvalidInputError: an argument, a plan or the earlier audit cannot be read.
    """
    earlier = None
    if arguments.previous is not None:
        earlier = decode_earlier_audit(read_json_file(arguments.previous), where=show_name(arguments.previous))
    try:
        audit = _audit(arguments, earlier=earlier)
    except (CloudRefusedError, CloudUnavailableError) as error:  # no client could be made: no credentials
        print_remark(str(error))
        return NOT_CARRIED_OUT
    finally:
        show_progress("")
    if arguments.format == "json":
        print_json(encode_audit(audit))
    elif arguments.format == "csv":
        print_form(_render_csv(audit))
    else:
        print_lines(render_audit(audit, width=get_line_width()))
    if audit.severities[Severity.ERROR]:
        return 1
    return 0 if audit.is_complete else NOT_CARRIED_OUT


def _audit(arguments: Namespace, *, earlier: EarlierAudit | None) -> Audit:
    """Ask; Google's libraries are imported here, which takes seconds."""
    import asyncio  # noqa: PLC0415 - the help must appear at once

    from airflow_masq.clients.composer import AsyncComposerClient  # noqa: PLC0415 - as above
    from airflow_masq.clients.network import open_network_clients  # noqa: PLC0415 - as above
    from airflow_masq.facts.control_plane import EndpointChoice  # noqa: PLC0415 - as above
    from airflow_masq.fleet import FleetLimits, audit_fleet, list_places, make_readers  # noqa: PLC0415 - as above

    plans = [read_plan_file(name) for name in arguments.plans]
    list_places(arguments.projects, regions=arguments.regions)  # wrong usage is told before credentials are looked for
    limits = FleetLimits(
        concurrency=arguments.concurrency,
        tolerance_seconds=arguments.tolerance,
        time_limit_seconds=arguments.time_limit,
    )
    caller = find_caller(arguments)

    async def audit(gke: GkeClient) -> Audit:
        client = AsyncComposerClient(
            caller.credentials, endpoint=arguments.composer_endpoint, api_timeout_seconds=arguments.api_timeout
        )
        readers = make_readers(
            gke,
            credentials=caller.credentials,
            facts=arguments.facts,
            policies=arguments.policies,
            choice=EndpointChoice(arguments.cluster_endpoint),
            is_emulated=caller.is_emulated,
            api_timeout_seconds=arguments.api_timeout,
        )
        async with client:
            return await audit_fleet(
                client,
                projects=arguments.projects,
                regions=arguments.regions,
                plans=plans,
                earlier=earlier,
                began=datetime.now(tz=UTC),
                limits=limits,
                readers=readers,
                progress=lambda done, every: show_progress(f"asked {done} of {every} regions"),
            )

    with open_network_clients(
        caller.credentials,
        composer_endpoint=arguments.composer_endpoint,
        gke_endpoint=arguments.gke_endpoint,
        api_timeout_seconds=arguments.api_timeout,
    ) as (gke, _):
        return asyncio.run(audit(gke))


def _render_csv(audit: Audit) -> str:
    """Write a row for each environment and each region that could not be asked."""
    rows: list[dict[str, object]] = [
        {
            "masquerading": "not asked",
            "project": each.project,
            "region": region,
            "problems": f"{each.status}: {each.problem}. Next: {each.next_step}",
        }
        for each in audit.not_asked
        for region in each.regions
    ]
    for environment in audit.environments:
        severities = [finding.severity for finding in environment.findings]
        rows.append(
            {
                **write_environment(environment),
                "masquerading": WORDS[environment.standing.masquerading],
                "errors": severities.count(Severity.ERROR),
                "warnings": severities.count(Severity.WARNING),
                "problems": "; ".join(environment.problems),
                "codes": " ".join(dict.fromkeys(finding.code for finding in environment.findings)),
            }
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    writer.writerows([escape_cell(str(row.get(column, ""))) for column in _CSV_COLUMNS] for row in rows)
    return text.getvalue()
