"""The Compute API: subnetworks, routers with Cloud NAT, and quotas, to read only.

It does not use google-cloud-compute: importing that takes 5 s and 110 MB, more than everything else that a worker or
the command line loads for these few requests [source: observed-compute-import, compute-rest-reference]. The tests hold
the emulated API to that library.

One method is one request with one time limit, and one for each further page of a list. Waiting, retrying and deciding
belong to the caller; errors are translated in ``google_errors``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS, Client
from airflow_masq.clients.pages import read_pages
from airflow_masq.clients.rest import RestClient
from airflow_masq.facts import (
    IamPolicy,
    NatStatus,
    Quota,
    RegionalName,
    Router,
    Subnetwork,
    Utilization,
    read_quotas,
    read_utilizations,
)
from airflow_masq.facts.nat import read_nat_statuses
from airflow_masq.facts.rest import find_items, find_text

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_GOOGLES: Final = "https://compute.googleapis.com"


class ComputeClient(Client):
    """A client of one Compute endpoint; it can be used by several threads. Close it, or use it in a ``with`` block.

    A caller needs ``roles/compute.networkViewer`` in the project that owns the network: for a Shared VPC the host
    project.

    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param endpoint: a URL that ``parse_endpoint`` accepts. ``None`` means Google's public endpoint.
    :param api_timeout_seconds: the time limit of one request (default 60).
    :raises InvalidInputError: the endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        endpoint: str | None = None,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._rest = RestClient(
            credentials,
            googles=_GOOGLES,
            endpoint=endpoint,
            where="compute_endpoint",
            api_timeout_seconds=api_timeout_seconds,
        )

    def get_subnetwork(self, name: RegionalName) -> Subnetwork:
        """Read a subnetwork.

        :param name: of kind ``subnetworks``; for a Shared VPC in the host project.
        :raises CloudRefusedError: the API refused the call; its ``status`` is ``NOT_FOUND`` where there is none.
        :raises CloudUnavailableError: no answer.
        """
        return Subnetwork.read(self._get(str(name)), name=name)

    def get_utilization(self, name: RegionalName) -> tuple[Utilization, ...]:
        """Read how full the IPv4 ranges of a subnetwork are; one that does not tell is left out.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return read_utilizations(self._get(str(name), views="WITH_UTILIZATION"))

    def get_subnetwork_policy(self, name: RegionalName) -> IamPolicy:
        """Read who has which role on a subnetwork.

        :raises CloudRefusedError: the API refused the call; it needs ``compute.subnetworks.getIamPolicy``.
        :raises CloudUnavailableError: no answer.
        """
        return IamPolicy.read(self._get(f"{name}/getIamPolicy", optionsRequestedPolicyVersion="3"))

    def list_routers(self, project: str, *, region: str) -> tuple[Router, ...]:
        """Read the routers of a region, with their Cloud NAT gateways.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        path = f"projects/{project}/regions/{region}/routers"

        def ask(token: str) -> tuple[dict[str, Any], str]:
            page = self._get(path, pageToken=token)
            return page, find_text(page, "nextPageToken")

        names = partial(RegionalName, project=project, region=region, kind="routers")
        return tuple(
            Router.read(item, name=names(resource_id=find_text(item, "name")))
            for page in read_pages(ask, action=f"reading {path}")
            for item in find_items(page, "items")
        )

    def get_nat_statuses(self, router: RegionalName) -> tuple[NatStatus, ...]:
        """Read which addresses a router's gateways use now (``routers.getRouterStatus``).

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return read_nat_statuses(self._get(f"{router}/getRouterStatus"))

    def get_quotas(self, project: str, *, region: str) -> dict[str, Quota]:
        """Read a region's quotas in a project, by metric, for example ``CPUS``.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return read_quotas(self._get(f"projects/{project}/regions/{region}"))

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._rest.close()

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        return self._rest.get(f"compute/v1/{path}", action=f"reading {path}", **query)
