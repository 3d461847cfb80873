"""The button beside a task that changed a cluster's policy."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.get_provider_info import get_provider_info
from airflow_masq.links import cluster
from airflow_masq.links.cluster import ClusterConsoleLink, make_cluster_url
from airflow_masq.operators.gke_egress_nat_policy import GKEApplyEgressNATPolicyOperator

pytestmark = pytest.mark.airflow

URL = "https://console.cloud.google.com/kubernetes/clusters/details/us-central1/c/details?project=p"


def test_the_operators_link_is_registered() -> None:
    """Airflow shows the link that the provider info names."""
    (link,) = GKEApplyEgressNATPolicyOperator.operator_extra_links
    assert f"{type(link).__module__}.{type(link).__qualname__}" in get_provider_info()["extra-links"]


@pytest.mark.parametrize(("value", "link"), [(URL, URL), (None, ""), ("javascript:alert(1)", ""), (7, "")])
def test_a_link_leads_to_an_https_page_or_nowhere(monkeypatch: pytest.MonkeyPatch, value: object, link: str) -> None:
    """A URL that another task wrote does not run in the user's browser, and one that is missing gives no link."""
    monkeypatch.setattr(cluster, "read_xcom", lambda _ti_key, *, key: {"cluster_url": value}[key])
    operator: Any = None
    assert ClusterConsoleLink().get_link(operator, ti_key=None) == link


def test_a_clusters_page_is_named_safely() -> None:
    """The parts of a name cannot leave their places in the URL."""
    assert make_cluster_url(project="p", location="us-central1", cluster_id="c") == URL
    odd = make_cluster_url(project="p&x=1", location="a/b", cluster_id="c?d")
    assert odd.endswith("/details/a%2Fb/c%3Fd/details?project=p%26x%3D1")
