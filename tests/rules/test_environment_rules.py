"""The fine points of the rules about environments, MASQ106 to MASQ112."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.rules import Severity
from tests.rules.linting import COMPOSER_1, COMPOSER_2, COMPOSER_3, codes, environment, findings

SUBNETWORK = "projects/p/regions/r/subnetworks/s"
ATTACHMENT = "projects/p/regions/r/networkAttachments/a"
PSC = {"cloudComposerConnectionSubnetwork": SUBNETWORK}
PODS_AND_SERVICES = {"clusterIpv4CidrBlock": "192.168.0.0/16", "servicesSecondaryRangeName": "services"}


@pytest.mark.parametrize(
    ("version", "severities"),
    [
        ("1.22.6-gke.1500", [Severity.ERROR]),
        ("1.23.4-gke.1599", [Severity.ERROR]),
        ("1.23.4", [Severity.WARNING]),
        ("latest", [Severity.WARNING]),
        ("\x1b[31m1.30", [Severity.WARNING]),
        ("1.23.4-gke.1600", []),
        ("1.30.5-gke.1014001", []),
    ],
)
def test_the_version_at_creation_decides(version: str, severities: list[Severity]) -> None:
    """Too old a version is an error, one that tells too little or cannot be read a warning, a later one is fine."""
    found = findings({"cluster": {"initial_version": version}}, "MASQ106")
    assert [finding.severity for finding in found] == severities
    assert all(finding.where == "cluster.initial_version" and finding.message.isprintable() for finding in found)


@pytest.mark.parametrize(
    ("image", "aliases", "flag", "severities"),
    [
        (COMPOSER_1, {}, True, [Severity.ERROR]),
        (COMPOSER_1, {"useIpAliases": False}, True, [Severity.ERROR]),
        (COMPOSER_1, {"useIpAliases": True}, True, []),
        (COMPOSER_1, {}, False, []),
        (COMPOSER_2, {}, True, []),
        (COMPOSER_2, {"useIpAliases": True}, True, [Severity.WARNING]),
        (COMPOSER_3, {"use_ip_aliases": False}, False, [Severity.WARNING]),
        ("composer-latest-airflow-2", {"useIpAliases": True}, True, []),
    ],
)
def test_ip_aliases_belong_to_composer_1(
    image: str, aliases: dict[str, bool], *, flag: bool, severities: list[Severity]
) -> None:
    """On Composer 1 the agent needs them, later the field says nothing, and without a generation it is not judged."""
    plan = environment(image, nodeConfig={"enableIpMasqAgent": flag, "ipAllocationPolicy": aliases})
    assert [finding.severity for finding in findings(plan, "MASQ107")] == severities


@pytest.mark.parametrize(
    ("image", "config", "fields"),
    [
        (COMPOSER_2, {"nodeConfig": {"machineType": "n1", "diskSizeGb": 30}}, {"machineType", "diskSizeGb"}),
        (COMPOSER_2, {"nodeConfig": {"composerNetworkAttachment": ATTACHMENT}}, {"composerNetworkAttachment"}),
        (COMPOSER_2, {"nodeConfig": {"machineType": "", "diskSizeGb": 0}}, set()),
        (COMPOSER_2, {"workloadsConfig": {"scheduler": {"count": 1}}}, set()),
        (COMPOSER_1, {"workloadsConfig": {"scheduler": {"count": 1}}}, {"workloadsConfig"}),
        (COMPOSER_3, {"workloadsConfig": {"dagProcessor": {"count": 1}}}, set()),
        ("composer-latest-airflow-2", {"nodeConfig": {"machineType": "n1"}}, set()),
        (COMPOSER_1, {"nodeConfig": {"ipAllocationPolicy": PODS_AND_SERVICES}}, set()),
        (COMPOSER_2, {"nodeConfig": {"ipAllocationPolicy": PODS_AND_SERVICES}}, set()),
        (COMPOSER_3, {"nodeConfig": {"ipAllocationPolicy": PODS_AND_SERVICES}}, set(PODS_AND_SERVICES)),
        (COMPOSER_2, {"privateEnvironmentConfig": {"cloudSqlIpv4CidrBlock": "10.1.0.0/24"}}, set()),
        (COMPOSER_3, {"privateEnvironmentConfig": {"cloudSqlIpv4CidrBlock": "10.1.0.0/24"}}, {"cloudSqlIpv4CidrBlock"}),
        (COMPOSER_3, {"privateEnvironmentConfig": {"enablePrivateEnvironment": True}}, set()),
        (COMPOSER_1, {"privateEnvironmentConfig": PSC}, set(PSC)),
        (COMPOSER_2, {"privateEnvironmentConfig": PSC}, set()),
    ],
)
def test_fields_belong_to_their_generations(image: str, config: dict[str, Any], fields: set[str]) -> None:
    """A field of an older or newer generation is found; one that is not set, or not judgeable, is not."""
    found = findings(environment(image, **config), "MASQ108")
    assert {finding.where.rpartition(".")[2] for finding in found} == fields


@pytest.mark.parametrize(
    ("private", "fields"),
    [
        ({"cloudSqlIpv4CidrBlock": "10.1.0.0/24"}, ["cloudSqlIpv4CidrBlock"]),
        (
            {"privateClusterConfig": {"enablePrivateEndpoint": True, "masterIpv4CidrBlock": "10.1.0.0/28"}},
            ["enablePrivateEndpoint", "masterIpv4CidrBlock"],
        ),
        ({"networkingConfig": {"connectionType": "VPC_PEERING"}}, ["connectionType"]),
        ({"networkingConfig": {"connectionType": "CONNECTION_TYPE_UNSPECIFIED"}}, []),
        ({"enablePrivatelyUsedPublicIps": False, "privateClusterConfig": {}}, []),
    ],
)
def test_private_fields_need_a_private_environment(private: dict[str, Any], fields: list[str]) -> None:
    """Each such field is found in a public environment; in a private one, unset, or on Composer 3, it is not."""
    found = findings(environment(privateEnvironmentConfig=private), "MASQ109")
    assert [finding.where.rpartition(".")[2] for finding in found] == fields
    made_private = {**private, "enablePrivateEnvironment": True}
    assert not findings(environment(privateEnvironmentConfig=made_private), "MASQ109")
    assert not findings(environment(COMPOSER_3, privateEnvironmentConfig=private), "MASQ109")


@pytest.mark.parametrize(
    ("subnetwork", "connection_type", "count"),
    [
        (SUBNETWORK, "VPC_PEERING", 1),
        (SUBNETWORK, "PRIVATE_SERVICE_CONNECT", 0),
        (SUBNETWORK, None, 0),
        ("", "VPC_PEERING", 0),
    ],
)
def test_private_service_connect_and_peering_exclude_each_other(
    subnetwork: str, connection_type: str | None, count: int
) -> None:
    """Only the two together contradict each other."""
    private = {
        "enablePrivateEnvironment": True,
        "cloudComposerConnectionSubnetwork": subnetwork,
        "networkingConfig": {"connectionType": connection_type},
    }
    assert len(findings(environment(privateEnvironmentConfig=private), "MASQ110")) == count


@pytest.mark.parametrize(
    ("node_config", "found"),
    [
        ({"composerNetworkAttachment": ATTACHMENT, "network": "n", "subnetwork": "s"}, {"MASQ111"}),
        ({"composerNetworkAttachment": ATTACHMENT, "network": "n"}, {"MASQ111"}),
        ({"composerNetworkAttachment": ATTACHMENT}, set()),
        ({"network": "n", "subnetwork": "s"}, set()),
        ({"network": "n"}, set()),
        ({"subnetwork": "s"}, {"MASQ112"}),
    ],
)
def test_a_network_is_named_once_and_whole(node_config: dict[str, str], found: set[str]) -> None:
    """An attachment stands alone, and a subnetwork does not."""
    assert codes(environment(COMPOSER_3, nodeConfig=node_config)) & {"MASQ111", "MASQ112"} == found


def test_an_attachment_makes_the_missing_network_no_matter() -> None:
    """A network attachment overrides a lone subnetwork, so no finding asks for its network."""
    node_config = {"composerNetworkAttachment": ATTACHMENT, "subnetwork": SUBNETWORK}
    assert codes(environment(COMPOSER_3, nodeConfig=node_config)) & {"MASQ111", "MASQ112"} == {"MASQ111"}


@pytest.mark.parametrize("node_config", [{}, {"enableIpMasqAgent": False}])
def test_nobody_asks_composer_3_for_the_agent(node_config: dict[str, bool]) -> None:
    """Where there is no agent, one finding says so, and none says to switch it on."""
    assert codes(environment(COMPOSER_3, nodeConfig=node_config)) & {"MASQ101", "MASQ104"} == {"MASQ101"}


@pytest.mark.parametrize(
    ("plan", "severities"),
    [
        ({}, [Severity.ERROR]),
        (environment(nodeConfig={"enableIpMasqAgent": True}), [Severity.ERROR]),
        (environment(nodeConfig={"enableIpMasqAgent": False}), [Severity.INFO]),
        ({"policy": {"agent_config": ""}}, []),
    ],
)
def test_an_old_cluster_matters_where_the_agent_is_wanted(plan: dict[str, Any], severities: list[Severity]) -> None:
    """Without the flag it is only worth knowing, and a Standard cluster of one's own needs no such version."""
    found = findings({"cluster": {"initial_version": "1.21.5-gke.1300"}, **plan}, "MASQ106")
    assert [finding.severity for finding in found] == severities


PRIVATE_FIELDS: dict[str, dict[str, Any]] = {
    "cloudComposerConnectionSubnetwork": {"cloudComposerConnectionSubnetwork": "s"},
    "cloudComposerNetworkIpv4CidrBlock": {"cloudComposerNetworkIpv4CidrBlock": "10.1.0.0/24"},
    "cloudSqlIpv4CidrBlock": {"cloudSqlIpv4CidrBlock": "10.1.0.0/24"},
    "enablePrivatelyUsedPublicIps": {"enablePrivatelyUsedPublicIps": True},
    "connectionType": {"networkingConfig": {"connectionType": "VPC_PEERING"}},
    "enablePrivateEndpoint": {"privateClusterConfig": {"enablePrivateEndpoint": True}},
    "masterIpv4CidrBlock": {"privateClusterConfig": {"masterIpv4CidrBlock": "172.16.0.0/28"}},
    "webServerIpv4CidrBlock": {"webServerIpv4CidrBlock": "10.1.0.0/24"},
}


@pytest.mark.parametrize("field", PRIVATE_FIELDS)
def test_each_private_field_needs_a_private_environment(field: str) -> None:
    """Alone it is found in a public environment by its name, and in a private one it is not."""
    (finding,) = findings(environment(privateEnvironmentConfig=PRIVATE_FIELDS[field]), "MASQ109")
    assert finding.where.endswith(field)
    private = {**PRIVATE_FIELDS[field], "enablePrivateEnvironment": True}
    assert not findings(environment(privateEnvironmentConfig=private), "MASQ109")
