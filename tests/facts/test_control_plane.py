"""Where a cluster's API server is, and which of its endpoints is chosen."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts import ControlPlane, EndpointChoice

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
CLUSTER: dict[str, Any] = {
    "endpoint": "203.0.113.9",
    "masterAuth": {"clusterCaCertificate": base64.b64encode(PEM.encode()).decode()},
    "privateClusterConfig": {"privateEndpoint": "10.0.0.2"},
    "controlPlaneEndpointsConfig": {
        "dnsEndpointConfig": {"endpoint": "gke-abc-1.us-central1.gke.goog", "allowExternalTraffic": True}
    },
}


def test_the_endpoints_are_read() -> None:
    """The addresses, the name and the authority are read from GKE's resource."""
    assert ControlPlane.read(CLUSTER) == ControlPlane(
        endpoint="203.0.113.9",
        private_endpoint="10.0.0.2",
        dns_endpoint="gke-abc-1.us-central1.gke.goog",
        dns_is_open=True,
        authority=PEM,
    )
    newer = {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"privateEndpoint": "10.0.0.3"}}}
    assert ControlPlane.read(CLUSTER | newer).private_endpoint == "10.0.0.3"
    assert ControlPlane.read({"masterAuth": {"clusterCaCertificate": "no base64!"}, "endpoint": 5}) == ControlPlane()
    broken = CLUSTER["masterAuth"]["clusterCaCertificate"].replace("LS0t", "L!S0t")
    assert ControlPlane.read({"masterAuth": {"clusterCaCertificate": broken}}).authority == ""


@pytest.mark.parametrize(
    ("choice", "changes", "url", "authority"),
    [
        (EndpointChoice.AUTO, {}, "https://gke-abc-1.us-central1.gke.goog", None),
        (EndpointChoice.AUTO, {"dns_is_open": False}, "https://203.0.113.9", PEM),
        (EndpointChoice.AUTO, {"dns_endpoint": ""}, "https://203.0.113.9", PEM),
        (EndpointChoice.DNS, {"dns_is_open": False}, "https://gke-abc-1.us-central1.gke.goog", None),
        (EndpointChoice.PRIVATE, {}, "https://10.0.0.2", PEM),
        (EndpointChoice.PUBLIC, {"authority": ""}, "https://203.0.113.9", None),
    ],
)
def test_one_is_chosen(choice: EndpointChoice, changes: dict[str, Any], url: str, authority: str | None) -> None:
    """Names are vouched for by the public authorities, addresses by the cluster's own."""
    known: dict[str, Any] = {
        "endpoint": "203.0.113.9",
        "private_endpoint": "10.0.0.2",
        "dns_is_open": True,
        "authority": PEM,
    }
    known["dns_endpoint"] = "gke-abc-1.us-central1.gke.goog"
    assert ControlPlane(**known | changes).choose(choice, where="endpoint") == (url, authority)


def test_one_that_is_not_there_is_refused() -> None:
    """The error names the endpoints that the cluster has."""
    with pytest.raises(
        InvalidInputError, match=r"endpoint: expected an endpoint that the cluster has \(public\), saw dns"
    ):
        ControlPlane(endpoint="203.0.113.9").choose(EndpointChoice.DNS, where="endpoint")
    with pytest.raises(InvalidInputError, match=r"\(none\), saw auto"):
        ControlPlane().choose(EndpointChoice.AUTO, where="endpoint")
