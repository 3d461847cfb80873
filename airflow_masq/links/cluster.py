"""A link from a task that changes a cluster's policy to that cluster's page in Google's console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from airflow_masq.airflow_compat import BaseOperatorLink, read_xcom
from airflow_masq.links.environment import check_url

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import BaseOperator

CLUSTER_XCOM_KEY: Final = "cluster_url"
"""The XCom key under which the operator pushes the console's page, as soon as it knows the cluster."""


class ClusterConsoleLink(BaseOperatorLink):
    """The cluster's page in Google Cloud console."""

    name: ClassVar[str] = "Cluster in Google Cloud console"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's signature
        """Return the page's URL, or an empty text before the cluster is known."""
        return check_url(read_xcom(ti_key, key=CLUSTER_XCOM_KEY))


def make_cluster_url(*, project: str, location: str, cluster_id: str) -> str:
    """Link to a cluster's page; the path is that of the google provider's link [source: gke-console-page]."""
    project, location, cluster_id = (quote(part, safe="") for part in (project, location, cluster_id))
    base = "https://console.cloud.google.com/kubernetes/clusters/details"
    return f"{base}/{location}/{cluster_id}/details?project={project}"
