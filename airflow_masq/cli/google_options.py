"""What commands that ask Google's APIs share: whose credentials, which endpoints, how an environment is named."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.options import make_number_type
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS, LONGEST_SECONDS, SHORTEST_SECONDS
from airflow_masq.environment import EnvironmentName
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import quote

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from google.auth.credentials import Credentials


_DEFAULTS: Final = {
    "composer": "Google's",
    "gke": "Google's, or beside an emulator that of Composer",
    "compute": "Google's, or beside an emulator none",
    "iam": "Google's, or beside an emulator none",
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, and where.

    :param credentials: ``None`` beside an emulator, which needs none.
    :param project: the project of an environment that is named by its ID; ``None`` where nothing tells it.
    """

    credentials: Credentials | None
    project: str | None
    is_emulated: bool = False


def add_google_arguments(parser: ArgumentParser, *, apis: Sequence[str] = ("composer", "gke", "compute")) -> None:
    """Declare credentials, endpoints and the time limit of a call.

    :param apis: those that the command asks.
    """
    add_caller_arguments(parser, apis=apis)
    parser.add_argument(
        "--api-timeout",
        type=make_number_type(float, least=SHORTEST_SECONDS, most=LONGEST_SECONDS),
        default=DEFAULT_API_TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"the time limit of one API call, {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g}; default: "
        f"{DEFAULT_API_TIMEOUT_SECONDS:g}",
    )


def add_caller_arguments(parser: ArgumentParser, *, apis: Sequence[str]) -> None:
    """Declare credentials, and the endpoints of APIs, whose defaults are in the environment's variables.

    :param apis: some of ``_DEFAULTS``.
    """
    parser.add_argument(
        "--impersonate-service-account",
        metavar="EMAIL[,EMAIL…]",
        help="the service account to act as, the last one of a chain, as in gcloud; default: none",
    )
    for api in apis:
        parser.add_argument(
            f"--{api}-endpoint",
            metavar="URL",
            default=os.environ.get(f"AIRFLOW_MASQ_{api.upper()}_ENDPOINT") or None,
            help=f"https://HOST, or http://127.0.0.1:PORT of an emulator; default: AIRFLOW_MASQ_{api.upper()}_ENDPOINT "
            f"of the environment, else {_DEFAULTS[api]}",
        )


def find_caller(arguments: Namespace) -> Caller:
    """Find the credentials of a command; Google's libraries are imported here, which takes a second.

    :raises InvalidInputError: an endpoint is not usable.
    :raises CloudRefusedError: there are no credentials.
    :raises CloudUnavailableError: the metadata server did not answer.
    """
    from airflow_masq.clients.credentials import load_credentials  # noqa: PLC0415 - the help must appear at once
    from airflow_masq.clients.endpoint import is_emulator  # noqa: PLC0415 - as above

    urls = {api: getattr(arguments, f"{api}_endpoint", None) for api in _DEFAULTS}
    emulated = {api for api, url in urls.items() if is_emulator(url, where=f"--{api}-endpoint")}
    if "composer" in emulated:
        return Caller(credentials=None, project=arguments.project, is_emulated=True)
    credentials, project = load_credentials(impersonate=arguments.impersonate_service_account)
    return Caller(credentials=credentials, project=arguments.project or project)


def name_environment(text: str, *, project: str | None, location: str | None) -> EnvironmentName:
    """Read an environment's full name, or its ID beside a project and a location.

    :raises InvalidInputError: another form, or an ID without a project or a location.
    """
    if "/" in text:
        return EnvironmentName.parse(text, where="ENVIRONMENT")
    for option, value in (("--project", project), ("--location", location)):
        if not value:
            raise InvalidInputError(where=option, expected=f"it beside the ID {quote(text)}", seen="none")
    return EnvironmentName.parse(f"projects/{project}/locations/{location}/environments/{text}", where="ENVIRONMENT")
