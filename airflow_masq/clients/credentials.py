"""The credentials of the command line: Application Default Credentials, or a service account that they impersonate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import google.auth
from google.auth import impersonated_credentials

from airflow_masq.clients.google_errors import translate_google_errors

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_LIFETIME_SECONDS: Final = 3600


def load_credentials(*, impersonate: str | None = None) -> tuple[Credentials, str | None]:
    """Load credentials and the project that belongs to them, as gcloud and Terraform do.

    :param impersonate: a service account, or a comma-separated chain whose last one is impersonated, as in gcloud's
        ``--impersonate-service-account``.
    :return: the credentials, and the project; ``None`` where the credentials name none.
    :raises CloudRefusedError: there are no credentials, or they cannot be read.
    :raises CloudUnavailableError: the metadata server did not answer.
    """
    with translate_google_errors("finding Application Default Credentials"):
        credentials: Credentials
        credentials, project = google.auth.default(scopes=SCOPES)
        if impersonate:
            *delegates, target = [part.strip() for part in impersonate.split(",")]
            credentials = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call] # google-auth is partly untyped
                source_credentials=credentials,
                target_principal=target,
                delegates=delegates,
                target_scopes=list(SCOPES),
                lifetime=_LIFETIME_SECONDS,
            )
    return credentials, project
