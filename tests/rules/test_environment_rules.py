"""The fine points of the rules about environments, MASQ106 to MASQ122, and about targets that are missing."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.rules import Severity
from tests.rules.linting import COMPOSER_1, COMPOSER_2, COMPOSER_3, codes, environment, findings

SUBNETWORK = "projects/p/regions/r/subnetworks/s"
_IN_REGION = "regions/us-central1/subnetworks/s"
ATTACHMENT = "projects/p/regions/r/networkAttachments/a"
EXAMPLE = "projects/example-project/locations/us-central1/environments/example-environment"
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
        (COMPOSER_2, {"useIpAliases": True}, True, [Severity.ERROR]),
        (COMPOSER_2, {"useIpAliases": False}, True, []),
        (COMPOSER_3, {"use_ip_aliases": True}, False, [Severity.WARNING]),
        (COMPOSER_3, {"use_ip_aliases": False}, False, []),
        ("composer-latest-airflow-2", {"useIpAliases": True}, True, []),
    ],
)
def test_ip_aliases_belong_to_composer_1(
    image: str, aliases: dict[str, bool], *, flag: bool, severities: list[Severity]
) -> None:
    """On Composer 1 the agent needs them, Composer 2 refuses the field, and without a generation it is not judged."""
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
    ("networking_type", "is_private", "count"),
    [
        ("PUBLIC", True, 1),
        ("PRIVATE", False, 1),
        ("PUBLIC", False, 0),
        ("PRIVATE", True, 0),
        ("PRIVATE", None, 0),
        ("NETWORKING_TYPE_UNSPECIFIED", True, 0),
    ],
)
def test_both_fields_for_private_environments_agree(networking_type: str, is_private: object, count: int) -> None:
    """The newer and the older field are a warning where they disagree."""
    private = {"networkingType": networking_type, "enablePrivateEnvironment": is_private}
    found = findings(environment(privateEnvironmentConfig=private), "MASQ110")
    assert [finding.severity for finding in found] == [Severity.WARNING] * count


@pytest.mark.parametrize(
    ("image", "project", "severities"),
    [
        (COMPOSER_3, "another-project", [Severity.ERROR]),
        (COMPOSER_3, "example-project", []),
        (COMPOSER_3, "123456", []),
        (COMPOSER_2, "another-project", []),
    ],
)
def test_a_network_attachment_is_of_the_environments_project(
    image: str, project: str, severities: list[Severity]
) -> None:
    """The service refuses an attachment of another project; a project's number may be that of its id."""
    node_config = {"composerNetworkAttachment": f"projects/{project}/regions/us-central1/networkAttachments/composer"}
    plan = environment(image, nodeConfig=node_config)
    plan["environment"]["name"] = "projects/example-project/locations/us-central1/environments/example-environment"
    assert [finding.severity for finding in findings(plan, "MASQ111")] == severities
    plan["environment"].pop("name")
    assert findings(plan, "MASQ111") == []


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
    """An attachment may be given alone, and a subnetwork may not."""
    assert codes(environment(COMPOSER_3, nodeConfig=node_config)) & {"MASQ111", "MASQ112"} == found


@pytest.mark.parametrize(
    ("image", "name", "attachment", "count"),
    [
        (COMPOSER_3, EXAMPLE, "projects/example-host/regions/us-central1/networkAttachments/a", 1),
        (COMPOSER_3, EXAMPLE, "//compute.googleapis.com/projects/example-host/regions/r/networkAttachments/a", 1),
        (COMPOSER_3, EXAMPLE, "projects/example-project/regions/us-central1/networkAttachments/a", 0),
        (COMPOSER_3, EXAMPLE, "a", 0),
        (COMPOSER_3, "no-name", "projects/example-host/regions/us-central1/networkAttachments/a", 0),
        (COMPOSER_2, EXAMPLE, "projects/example-host/regions/us-central1/networkAttachments/a", 0),
    ],
)
def test_an_attachment_belongs_to_the_environments_project(image: str, name: str, attachment: str, count: int) -> None:
    """Composer 3 does not take the attachment of another project; where the project is not known, nothing is said."""
    plan = environment(image, nodeConfig={"composerNetworkAttachment": attachment})
    plan["environment"]["name"] = name
    found = findings(plan, "MASQ111")
    assert [finding.severity for finding in found] == [Severity.ERROR] * count


def test_an_attachment_makes_the_missing_network_no_matter() -> None:
    """A network attachment overrides a lone subnetwork, so no finding asks for its network."""
    node_config = {"composerNetworkAttachment": ATTACHMENT, "subnetwork": SUBNETWORK}
    assert codes(environment(COMPOSER_3, nodeConfig=node_config)) & {"MASQ111", "MASQ112"} == {"MASQ111"}


@pytest.mark.parametrize("node_config", [{}, {"enableIpMasqAgent": False}])
def test_composer_3_is_not_asked_for_the_agent(node_config: dict[str, bool]) -> None:
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
    image = COMPOSER_1 if field == "webServerIpv4CidrBlock" else COMPOSER_2
    (finding,) = findings(environment(image, privateEnvironmentConfig=PRIVATE_FIELDS[field]), "MASQ109")
    assert finding.where.endswith(field)
    private = {**PRIVATE_FIELDS[field], "enablePrivateEnvironment": True}
    assert not findings(environment(image, privateEnvironmentConfig=private), "MASQ109")


@pytest.mark.parametrize(
    ("image", "node_config", "is_found"),
    [
        (COMPOSER_2, {}, True),
        (COMPOSER_2, {"serviceAccount": ""}, True),
        (COMPOSER_3, {}, True),
        (None, {}, True),
        (COMPOSER_1, {}, False),
        (COMPOSER_2, {"serviceAccount": "sa@p.iam.gserviceaccount.com"}, False),
    ],
)
def test_a_service_account_is_demanded(image: str | None, node_config: dict[str, str], *, is_found: bool) -> None:
    """Every environment but one of Composer 1 needs an explicit service account."""
    software = {} if image is None else {"imageVersion": image}
    plan = {"environment": {"config": {"softwareConfig": software, "nodeConfig": node_config}}}
    assert ("MASQ115" in codes(plan)) is is_found


@pytest.mark.parametrize(
    ("image", "config", "severity"),
    [
        (COMPOSER_2, {"nodeCount": 3}, Severity.ERROR),
        (COMPOSER_2, {"nodeConfig": {"location": "z"}}, Severity.ERROR),
        (COMPOSER_2, {"nodeConfig": {"machineType": "n1"}}, Severity.ERROR),
        (COMPOSER_2, {"nodeConfig": {"diskSizeGb": 30}}, Severity.WARNING),
        (COMPOSER_2, {"nodeConfig": {"oauthScopes": ["s"]}}, Severity.WARNING),
        (COMPOSER_3, {"nodeConfig": {"machineType": "n1"}}, Severity.WARNING),
        (COMPOSER_3, {"privateEnvironmentConfig": {"privateClusterConfig": {"a": 1}}}, Severity.ERROR),
        (COMPOSER_3, {"privateEnvironmentConfig": {"privateClusterConfig": {"a": False}}}, Severity.WARNING),
    ],
)
def test_a_field_is_an_error_where_the_service_was_seen_to_refuse_it(
    image: str, config: dict[str, Any], severity: Severity
) -> None:
    """Where an answer of the service is known, the finding quotes it; elsewhere it is a warning."""
    (finding,) = findings(environment(image, **config), "MASQ108")
    assert (finding.severity, "The service refuses it" in finding.message) == (severity, severity is Severity.ERROR)


def _named(name: str, **node_config: object) -> dict[str, Any]:
    plan = environment(nodeConfig=node_config)
    plan["environment"]["name"] = name
    return plan


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("asia", "asia is a multi-region, and an environment needs one region. Use one such as asia-east1."),
        ("eu", "such as europe-central2."),
        ("europe-west-1", "Did you mean europe-west1?"),
        (
            "moon",
            "moon is not among the regions that are known to offer Composer. Correct it, or ignore this if Google",
        ),
    ],
)
def test_an_unknown_region_is_a_warning(location: str, words: str) -> None:
    """A multi-region is named as one, and a misspelt region gets the nearest; a known one has no finding."""
    (finding,) = findings(_named(f"projects/p/locations/{location}/environments/e"), "MASQ117")
    assert (finding.severity, words in finding.message) == (Severity.WARNING, True)
    assert not findings(_named("projects/p/locations/europe-west4/environments/e"), "MASQ117")


_URL = "https://www.googleapis.com/compute/v1/"


@pytest.mark.parametrize(
    ("network", "subnetwork", "found"),
    [
        ("projects/h/global/networks/n", "projects/h/regions/us-central1/subnetworks/s", []),
        ("", "", []),
        (
            "default",
            "",
            [("network", Severity.WARNING, "projects/p/global/networks/default, with the host project if")],
        ),
        ("projects/h/global/networks/n", "s", [("subnetwork", Severity.WARNING, f"projects/h/{_IN_REGION}.")]),
        (
            "default",
            "projects/h/regions/us-central1/subnetworks/s",
            [("network", Severity.WARNING, "Write projects/h/global/networks/default.")],
        ),
        ("global/networks/n", "", [("network", Severity.WARNING, "projects/p/global/networks/n, with the host")]),
        ("projects/h/global/networks/n", _IN_REGION, [("subnetwork", Severity.WARNING, f"projects/h/{_IN_REGION}.")]),
        (
            "projects/h/global/networks/n",
            "regions/europe-west1/subnetworks/s",
            [("subnetwork", Severity.WARNING, "Write projects/h/regions/europe-west1/subnetworks/s.")],
        ),
        (
            "projects/h/global/networks/",
            "//compute.googleapis.com/projects/other/regions/us-central1/subnetworks/s",
            [
                ("network", Severity.ERROR, "Write projects/other/global/networks/NETWORK."),
                ("subnetwork", Severity.WARNING, f"Write projects/other/{_IN_REGION}."),
            ],
        ),
        (
            f"{_URL}projects/h/global/networks/n",
            f"{_URL}projects/h/{_IN_REGION}",
            [
                ("network", Severity.INFO, "Write projects/h/global/networks/n."),
                ("subnetwork", Severity.INFO, f"Write projects/h/{_IN_REGION}."),
            ],
        ),
        (
            "projects/h/regions/us-central1/networks/n",
            "projects/h/subnetworks/s",
            [
                ("network", Severity.ERROR, "names no network. Write projects/p/global/networks/n, with"),
                ("subnetwork", Severity.ERROR, f"names no subnetwork. Write projects/p/{_IN_REGION}, with"),
            ],
        ),
    ],
)
def test_networks_are_written_with_their_full_names(
    network: str, subnetwork: str, found: list[tuple[str, Severity, str]]
) -> None:
    """What the reference does not ask for is told with the full name, in the host project where that is known."""
    plan = _named("projects/p/locations/us-central1/environments/e", network=network, subnetwork=subnetwork)
    told = [(each.where.rpartition(".")[2], each.severity, each.message) for each in findings(plan, "MASQ128")]
    assert [(field, severity) for field, severity, _ in told] == [(field, severity) for field, severity, _ in found]
    for (_, _, message), (_, _, words) in zip(told, found, strict=True):
        assert words in message


def test_without_a_name_the_parts_of_a_networks_name_are_placeholders() -> None:
    """Where the plan does not say whose environment it is, the example has no project or region."""
    (finding,) = findings(environment(nodeConfig={"network": "n"}), "MASQ128")
    assert "Write projects/PROJECT/global/networks/n, with" in finding.message


@pytest.mark.parametrize(
    ("subnetwork", "is_found"),
    [
        ("projects/p/regions/us-east1/subnetworks/s", True),
        ("https://www.googleapis.com/compute/v1/projects/p/regions/us-east1/subnetworks/s", True),
        ("projects/p/regions/us-central1/subnetworks/s", False),
        ("s", False),
        ("", False),
    ],
)
def test_a_subnetwork_lies_in_the_environments_region(subnetwork: str, *, is_found: bool) -> None:
    """Another region is found in both forms of the name; a bare name, or an environment without one, is not judged."""
    plan = _named("projects/p/locations/us-central1/environments/e", network="n", subnetwork=subnetwork)
    assert ("MASQ118" in codes(plan)) is is_found
    assert "MASQ118" not in codes(environment(nodeConfig={"network": "n", "subnetwork": subnetwork}))


@pytest.mark.parametrize("image", [COMPOSER_1, COMPOSER_2, COMPOSER_3])
def test_high_resilience_needs_a_private_environment_on_composer_2(image: str) -> None:
    """Only Composer 2 was seen to refuse it."""
    plan = environment(image, resilienceMode="HIGH_RESILIENCE")
    assert ("MASQ119" in codes(plan)) is (image == COMPOSER_2)


DESCRIBED: dict[str, Any] = {
    "nodeConfig": {
        "diskSizeGb": 100,
        "ipAllocationPolicy": {"useIpAliases": True, "clusterIpv4CidrBlock": "10.4.0.0/17"},
    },
    "privateEnvironmentConfig": {"cloudSqlIpv4CidrBlock": "10.0.0.0/12", "privateClusterConfig": {}},
}


def test_defaults_in_googles_own_description_are_no_errors() -> None:
    """The same fields are errors in a request and one remark in a description."""
    request = environment(**DESCRIBED)
    assert {"MASQ107", "MASQ108", "MASQ109", "MASQ201"} <= codes(request)
    request["environment"]["state"] = "RUNNING"
    assert codes(request) & {"MASQ107", "MASQ108", "MASQ109", "MASQ120", "MASQ201"} == {"MASQ120"}


@pytest.mark.parametrize("image", [COMPOSER_1, COMPOSER_2, None])
def test_a_description_without_defaults_has_no_remark(image: str | None) -> None:
    """Nothing was skipped where no unused field is there, or where the generation is not known."""
    plan = environment(image)
    plan["environment"]["state"] = "RUNNING"
    assert "MASQ120" not in codes(plan)


@pytest.mark.parametrize(
    ("private", "is_found"),
    [
        ({}, True),
        ({"networkingConfig": {"connectionType": "VPC_PEERING"}}, True),
        ({"networkingConfig": {"connectionType": "PRIVATE_SERVICE_CONNECT"}}, False),
        ({"cloudComposerConnectionSubnetwork": SUBNETWORK}, False),
    ],
)
def test_the_cloud_sql_pool_counts_for_peering_only(private: dict[str, Any], *, is_found: bool) -> None:
    """Over Private Service Connect no Cloud SQL range is used, so it overlaps nothing."""
    plan = environment(
        nodeConfig={"ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.4.0.0/17"}},
        privateEnvironmentConfig={"enablePrivateEnvironment": True, "cloudSqlIpv4CidrBlock": "10.0.0.0/12", **private},
    )
    assert ("MASQ201" in codes(plan)) is is_found


@pytest.mark.parametrize(
    ("image", "worker", "is_found"),
    [
        (COMPOSER_2, {"cpu": 2, "memoryGb": 16}, True),
        (COMPOSER_2, {"cpu": 2, "memoryGb": 1.5}, True),
        (COMPOSER_2, {"cpu": 2, "memoryGb": 13}, False),
        (COMPOSER_2, {"cpu": 2, "memoryGb": 2}, False),
        (COMPOSER_2, {"cpu": 0, "memoryGb": 2}, False),
        (COMPOSER_2, {"memoryGb": 16}, False),
        (COMPOSER_2, {"cpu": 2}, False),
        (COMPOSER_3, {"cpu": 2, "memoryGb": 16}, False),
    ],
)
def test_a_workers_memory_fits_its_cpus(image: str, worker: dict[str, float], *, is_found: bool) -> None:
    """From 1 to 6.5 GB for each vCPU fit; what is not set, or of another generation, is not judged."""
    assert ("MASQ121" in codes(environment(image, workloadsConfig={"worker": worker}))) is is_found


def test_fifty_authorised_networks_are_enough() -> None:
    """The fifty-first is found."""
    blocks = [{"cidrBlock": f"10.{number}.0.0/16"} for number in range(51)]
    assert "MASQ122" in codes(environment(masterAuthorizedNetworksConfig={"enabled": True, "cidrBlocks": blocks}))
    assert "MASQ122" not in codes(
        environment(masterAuthorizedNetworksConfig={"enabled": True, "cidrBlocks": blocks[:50]})
    )


@pytest.mark.parametrize(
    "plan",
    [environment(), {"network": {"node_ranges": ["10.128.0.0/20"]}}, {"network": {"pod_ranges": ["10.4.0.0/17"]}}],
)
def test_a_plan_without_targets_is_told(plan: dict[str, Any]) -> None:
    """Without targets the check has nothing to ask; a plan with one, or of a policy alone, has no such remark."""
    assert [finding.severity for finding in findings(plan, "MASQ319")] == [Severity.INFO]
    assert not findings({**plan, "targets": [{"name": "erp", "observe": "http://172.20.0.10/"}]}, "MASQ319")
    assert not findings({"policy": "composer"}, "MASQ319")
