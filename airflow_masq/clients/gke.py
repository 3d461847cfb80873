"""The GKE API: read a cluster, list a project's clusters.

One method is one call with one time limit; Google's own retries are off. Waiting, retrying and deciding belong to the
caller; errors are translated in ``google_errors``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.cloud.container_v1 import ClusterManagerClient
from google.cloud.container_v1.services.cluster_manager.transports import ClusterManagerGrpcTransport
from google.cloud.container_v1.types import Cluster as ClusterMessage
from google.protobuf import json_format

from airflow_masq.clients.channel import make_grpc_client
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS, Client
from airflow_masq.clients.google_errors import translate_google_errors
from airflow_masq.facts import Cluster, ClusterName

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

ANY_LOCATION = "-"
"""All regions and zones, for ``GkeClient.list_clusters``."""


@dataclass(frozen=True, kw_only=True)
class ClusterList:
    """A project's clusters.

    :param missing_zones: what could not be asked, so that clusters there may be missing.
    """

    clusters: tuple[Cluster, ...]
    missing_zones: tuple[str, ...]


class GkeClient(Client):
    """A client of one GKE endpoint; it can be used by several threads. Close it, or use it in a ``with`` block.

    The parameters are those of ``ComposerClient``. A caller needs ``roles/container.clusterViewer``.

    :raises InvalidInputError: the endpoint is not usable.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        endpoint: str | None = None,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._api_timeout_seconds = api_timeout_seconds
        self._client = make_grpc_client(
            ClusterManagerClient,
            transport=ClusterManagerGrpcTransport,
            api="GKE",
            credentials=credentials,
            endpoint=endpoint,
        )

    def get_cluster(self, name: ClusterName) -> Cluster:
        """Read a cluster.

        :raises CloudRefusedError: the API refused the call; its ``status`` is ``NOT_FOUND`` where there is none.
        :raises CloudUnavailableError: no answer.
        """
        with translate_google_errors(f"reading {name}", names_environment=False):
            answer = self._client.get_cluster(name=str(name), retry=None, timeout=self._api_timeout_seconds)
        return _read(answer, name=name)

    def list_clusters(self, project: str, *, location: str = ANY_LOCATION) -> ClusterList:
        """Read a project's clusters, in the API's order.

        :param location: a region or zone; all of them by default.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        parent = f"projects/{project}/locations/{location}"
        with translate_google_errors(f"listing the clusters of {parent}", names_environment=False):
            answer = self._client.list_clusters(parent=parent, retry=None, timeout=self._api_timeout_seconds)
        return ClusterList(
            clusters=tuple(
                _read(each, name=ClusterName(project=project, location=each.location, cluster_id=each.name))
                for each in answer.clusters
            ),
            missing_zones=tuple(answer.missing_zones),
        )

    def close(self) -> None:
        """Close the connection; the client cannot be used any more."""
        self._client.transport.close()  # type: ignore[no-untyped-call] # Google's client is partly untyped


def _read(message: ClusterMessage, *, name: ClusterName) -> Cluster:
    return Cluster.read(json_format.MessageToDict(ClusterMessage.pb(message)), name=name)
