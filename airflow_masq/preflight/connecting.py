"""The clients that a preflight asks, and which endpoints they ask where none is set.

Beside an emulated Composer API nothing may leave the machine, so an API without an endpoint of its own is not asked.
Beside Google's own, or a private endpoint, Google's are asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.clients.compute import ComputeClient
from airflow_masq.clients.endpoint import is_emulator
from airflow_masq.clients.identity import IdentityClient
from airflow_masq.preflight.asking import Clients

if TYPE_CHECKING:
    from google.auth.credentials import Credentials


def connect(
    credentials: Credentials | None,
    *,
    composer_endpoint: str | None = None,
    compute_endpoint: str | None = None,
    iam_endpoint: str | None = None,
    api_timeout_seconds: float,
) -> Clients:
    """Make the clients; the caller closes them.

    :param credentials: Google credentials; ``None`` means Google's application default credentials.
    :raises InvalidInputError: an endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """
    is_emulated = is_emulator(composer_endpoint)
    seconds = api_timeout_seconds
    return Clients(
        composer=ComposerClient(credentials, endpoint=composer_endpoint, api_timeout_seconds=seconds),
        compute=ComputeClient(credentials, endpoint=compute_endpoint, api_timeout_seconds=seconds)
        if compute_endpoint or not is_emulated
        else None,
        identity=IdentityClient(credentials, endpoint=iam_endpoint, api_timeout_seconds=seconds)
        if iam_endpoint or not is_emulated
        else None,
    )
