"""``airflow-masq describe ENVIRONMENT``: writes a live environment as a plan, with the facts of its network."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.google_options import add_google_arguments, find_caller, name_environment
from airflow_masq.cli.output import print_form, print_remark
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError, InvalidInputError
from airflow_masq.text import escape

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from airflow_masq.facts.network_facts import NetworkFacts

EXIT_CODES: Final = {
    0: "all facts are known",
    2: "wrong usage, or a file that exists already",
    3: "the environment cannot be read, or a fact is not known; then the plan is written without it",
}

NOT_CARRIED_OUT: Final = 3

_NEW_FILE: Final = "a new file, or --force"
_NEEDS: Final = """\
Reads the environment (Composer), its cluster (GKE), its subnetworks and its Cloud NAT (Compute) with about six
requests, and changes nothing. The output is a plan for lint, explain and check. Its comments say where each value
came from.

The credentials are Application Default Credentials (gcloud auth application-default login, or the machine's own). They
need at least:
  roles/composer.user            in the environment's project: the environment
  roles/container.clusterViewer  in the environment's project: GKE versions, Pod and Service ranges, Pods per node
  roles/compute.networkViewer    in the network's project (Shared VPC: the host project): node ranges, Cloud NAT
What may not be read is named at the top of the plan, with the role that would show it.

Example: airflow-masq describe my-environment --location us-central1 --output plan.yaml
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = f"{parser.description}\n\n{_NEEDS}"
    parser.add_argument(
        "environment",
        metavar="ENVIRONMENT",
        help="projects/P/locations/L/environments/E, or the ID alone with --location",
    )
    parser.add_argument("--project", metavar="P", help="the project of an ID; default: that of the credentials")
    parser.add_argument("--location", metavar="L", help="the region of an ID, such as us-central1")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there; default: standard output")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    add_google_arguments(parser)


def run(arguments: Namespace) -> int:
    """Return 0 if all facts are known, 3 if one is not or nothing can be read.

    :raises InvalidInputError: the environment's name or an endpoint is not usable, or the file exists.
    """
    output = None if arguments.output is None else Path(arguments.output)
    if output is not None and output.exists() and not arguments.force:
        raise InvalidInputError(
            where=f"--output {escape(arguments.output)}", expected=_NEW_FILE, seen="one that exists"
        )
    try:
        facts = _gather(arguments)
    except (CloudRefusedError, CloudUnavailableError) as error:
        print_remark(str(error))
        return NOT_CARRIED_OUT
    text = _write(facts, as_json=arguments.format == "json")
    if output is None:
        print_form(text)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            print_remark(f"{escape(arguments.output)}: cannot be written: {error.strerror or error}")
            return NOT_CARRIED_OUT
        for gap in facts.gaps:
            print_remark(f"not known: {escape(str(gap), limit=400)}")
    return NOT_CARRIED_OUT if facts.gaps else 0


def _gather(arguments: Namespace) -> NetworkFacts:
    """Read the environment and its network; Google's libraries are imported here, which takes a second."""
    from airflow_masq.clients.composer import ComposerClient  # noqa: PLC0415 - the help must appear at once
    from airflow_masq.clients.network import open_network_clients  # noqa: PLC0415 - as above
    from airflow_masq.provisioning.network_facts import Gathering, read_patiently  # noqa: PLC0415 - as above

    caller = find_caller(arguments)
    name = name_environment(arguments.environment, project=caller.project, location=arguments.location)
    with (
        ComposerClient(
            caller.credentials, endpoint=arguments.composer_endpoint, api_timeout_seconds=arguments.api_timeout
        ) as composer,
        open_network_clients(
            caller.credentials,
            composer_endpoint=arguments.composer_endpoint,
            gke_endpoint=arguments.gke_endpoint,
            compute_endpoint=arguments.compute_endpoint,
            api_timeout_seconds=arguments.api_timeout,
        ) as (gke, compute),
    ):
        environment = read_patiently(lambda: composer.get(name), pause=_pause)
        return Gathering(name=name, environment=environment, gke=gke, compute=compute, pause=_pause).run()


def _pause(failures: int) -> None:
    time.sleep(2 ** (failures - 1) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


def _write(facts: NetworkFacts, *, as_json: bool) -> str:
    from airflow_masq.facts.plan_text import make_plan, write_plan  # noqa: PLC0415 - the help must appear at once

    read_at = datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if not as_json:
        return write_plan(facts, read_at=read_at)
    document = {"name": str(facts.name), "read_at": read_at, "plan": make_plan(facts), "facts": facts.as_json()}
    return f"{json.dumps(document, indent=2)}\n"
