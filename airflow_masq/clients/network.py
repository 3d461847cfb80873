"""The two clients that tell of networks, beside a client of Composer: which endpoints they ask where none is set.

Beside an emulated Composer API nothing may leave the machine: GKE is asked where Composer is, since the emulator serves
both, and Compute is not asked. Beside Google's own, or a private endpoint, Google's are asked.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.clients.compute import ComputeClient
from airflow_masq.clients.endpoint import is_emulator
from airflow_masq.clients.gke import GkeClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.auth.credentials import Credentials


@contextmanager
def open_network_clients(
    credentials: Credentials | None,
    *,
    composer_endpoint: str | None,
    gke_endpoint: str | None = None,
    compute_endpoint: str | None = None,
    api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
) -> Iterator[tuple[GkeClient, ComputeClient | None]]:
    """Open the clients, and close them at the end of the block.

    :param composer_endpoint: the endpoint that the client of Composer has; ``None`` for Google's.
    :return: the clients; the second is ``None`` where Compute is not asked.
    :raises InvalidInputError: an endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """
    is_emulated = is_emulator(composer_endpoint)
    with ExitStack() as stack:
        gke_endpoint = gke_endpoint or (composer_endpoint if is_emulated else None)
        gke = GkeClient(credentials, endpoint=gke_endpoint, api_timeout_seconds=api_timeout_seconds)
        stack.enter_context(gke)
        compute = None
        if compute_endpoint or not is_emulated:
            compute = ComputeClient(
                credentials, endpoint=compute_endpoint or None, api_timeout_seconds=api_timeout_seconds
            )
            stack.enter_context(compute)
        yield gke, compute
