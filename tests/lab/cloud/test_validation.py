"""Requests for new environments that the service refuses, each with a similar one that it accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.orchestration.airflow.service_v1.types import CreateEnvironmentRequest, Environment

from lab.cloud import ComposerEmulator
from lab.cloud.errors import ApiError
from lab.cloud.images import CREATABLE_IMAGES, resolve_image
from lab.cloud.names import Parent
from lab.cloud.regions import REGIONS
from lab.cloud.server import DEFAULT_NODE_RANGES, DEFAULT_SECONDARY_RANGES
from lab.cloud.validation import REFUSALS, Submission, Surroundings, accept_new_environment
from tests.lab.cloud.acceptance import COMPOSER_NETWORKS, PRIVATE_PSC_PUPI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient

    from tests.lab.cloud.gate import Connect, MakeEnvironment

COMPOSER_2 = "composer-2.17.9-airflow-2.11.1"
COMPOSER_3 = "composer-3-airflow-2.11.1-build.14"
ACCOUNT = "composer@example-project.iam.gserviceaccount.com"
SUGGESTED = f"Currently suggested new environment image versions are: [{', '.join(CREATABLE_IMAGES)}]."
SURROUNDINGS = Surroundings(
    creatable_images=CREATABLE_IMAGES, node_ranges=DEFAULT_NODE_RANGES, secondary_ranges=DEFAULT_SECONDARY_RANGES
)
PRIVATE: dict[str, object] = {"privateEnvironmentConfig.enablePrivateEnvironment": True}
IMAGE, NODE, POLICY = "softwareConfig.imageVersion", "nodeConfig", "nodeConfig.ipAllocationPolicy"
PRIVATE_CONFIG = "privateEnvironmentConfig"
MASTER = f"{PRIVATE_CONFIG}.privateClusterConfig.masterIpv4CidrBlock"
PUPI: dict[str, object] = {f"{PRIVATE_CONFIG}.enablePrivatelyUsedPublicIps": True}
ON_3: dict[str, object] = {IMAGE: COMPOSER_3}
NETWORK, SUBNETWORK, ATTACHMENT = (f"{NODE}.{name}" for name in ("network", "subnetwork", "composerNetworkAttachment"))
ATTACHMENT_REFUSED = (
    "Network Attachment ('projects/example-host/regions/us-central1/networkAttachments/composer') does not belong to "
    "Composer project ('example-project')."
)
DOCKER_REFUSED = (
    "The IP range 172.17.0.0/16 is reserved for the Docker bridge network. GKE master CIDR block must not overlap with "
    "it"
)
COMPOSER_1_REFUSED = (
    "Cloud Composer 1 is not supported in the selected region 'us-central1'. Based on your input: "
    "'composer-1-airflow-2.3' you want to create Composer 1 environment. "
)
NOT_FROM_2 = "is not supported for Cloud Composer environments in versions 2.0.0 and newer"


def _make_config(fields: Mapping[str, object]) -> dict[str, Any]:
    """Nest fields that are given by dotted paths, with a current image and a service account if they name none."""
    config: dict[str, Any] = {}
    for path, value in {IMAGE: COMPOSER_2, f"{NODE}.serviceAccount": ACCOUNT, **fields}.items():
        *around, name = path.split(".")
        place = config
        for each in around:
            place = place.setdefault(each, {})
        place[name] = value
    return config


def _accept(
    fields: Mapping[str, object] | None = None,
    *,
    location: str = "us-central1",
    environment_id: str = "e",
    parent: str | None = None,
) -> Environment:
    parent_in_name = f"projects/example-project/locations/{location}"
    resource = {"name": f"{parent_in_name}/environments/{environment_id}", "config": _make_config(fields or {})}
    environment = Environment.from_json(json.dumps(resource))
    request = CreateEnvironmentRequest(parent=parent_in_name if parent is None else parent, environment=environment)
    return accept_new_environment(request, surroundings=SURROUNDINGS)


def _submit(fields: Mapping[str, object], *, location: str = "us-central1") -> Submission:
    environment = Environment.from_json(json.dumps({"config": _make_config(fields)}))
    image = resolve_image(environment.config.software_config.image_version, creatable=CREATABLE_IMAGES)
    parent = Parent(project="example-project", location=location)
    return Submission(parent=parent, config=environment.config, image=image, surroundings=SURROUNDINGS)


def _subnetwork(region: str) -> dict[str, object]:
    return {SUBNETWORK: f"projects/example-project/regions/{region}/subnetworks/s"}


def _attachment(project: str) -> dict[str, object]:
    name = f"projects/{project}/regions/us-central1/networkAttachments/composer"
    return ON_3 | {ATTACHMENT: name}


def _window(recurrence: str) -> dict[str, str]:
    return {"startTime": "2026-01-01T01:00:00Z", "endTime": "2026-01-01T07:00:00Z", "recurrence": recurrence}


async def test_refusal_reaches_the_client_in_the_words_of_the_service(
    client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """An image that is no longer creatable is refused with a list of those that are, in Google's words."""
    environment = make_environment()
    environment.config.software_config.image_version = "composer-2.4.2-airflow-2.9.3"
    with pytest.raises(InvalidArgument) as refused:
        await client.create_environment(parent=parent, environment=environment)
    assert refused.value.message == (
        "Found 1 problem:\n"
        "\t1) Unsupported image version for new environment: 'composer-2.4.2-airflow-2.9.3'. " + SUGGESTED
    )


async def test_range_of_the_subnetwork_decides_what_overlaps(
    connect: Connect, parent: str, make_environment: MakeEnvironment
) -> None:
    """A Pod range inside the subnetwork's range is refused; in another subnetwork the same range is accepted."""
    subnetwork = "projects/example-project/regions/us-central1/subnetworks/lab"
    pods = {"cluster_ipv4_cidr_block": "10.128.0.0/21"}
    async with ComposerEmulator(node_ranges={"": "10.128.0.0/20", subnetwork: "10.0.0.0/24"}) as emulator:
        client = connect(emulator)
        with pytest.raises(
            InvalidArgument, match=r"Nodes range 10\.128\.0\.0/20 overlaps Cluster range 10\.128\.0\.0/21"
        ):
            await client.create_environment(parent=parent, environment=make_environment(ip_allocation_policy=pods))
        inside = make_environment(ip_allocation_policy=pods, subnetwork=subnetwork)
        operation = await client.create_environment(parent=parent, environment=inside)
        assert operation.operation.name


async def test_secondary_ranges_can_be_given(connect: Connect, parent: str, make_environment: MakeEnvironment) -> None:
    """A named range that is public in one network is private in another; a name that is not known is accepted."""
    pods = {"cluster_secondary_range_name": "mine"}
    async with (
        ComposerEmulator(secondary_ranges={"mine": "100.128.0.0/16"}) as public,
        ComposerEmulator(secondary_ranges={"mine": "100.64.0.0/16"}) as private,
        ComposerEmulator() as unknown,
    ):
        environment = make_environment(ip_allocation_policy=pods)
        with pytest.raises(InvalidArgument, match=r"^400 Cluster CIDR range 100\.128\.0\.0/16 is not within allowed"):
            await connect(public).create_environment(parent=parent, environment=environment)
        for emulator in (private, unknown):
            operation = await connect(emulator).create_environment(parent=parent, environment=environment)
            assert operation.operation.name


# What is refused, the service's whole answer, and the twin that is accepted.
REFUSED: list[tuple[dict[str, object], str, dict[str, object]]] = [
    ({"nodeCount": 3}, f"Configuring node count {NOT_FROM_2}.", {"environmentSize": "ENVIRONMENT_SIZE_SMALL"}),
    (
        {f"{NODE}.location": "projects/example-project/zones/us-central1-a"},
        f"Configuring node location {NOT_FROM_2}.",
        {"databaseConfig.zone": "us-central1-a"},
    ),
    (
        {f"{NODE}.machineType": "projects/p/zones/us-central1-a/machineTypes/n1-standard-1"},
        f"Configuring node machine type {NOT_FROM_2}. Please use the workloads config instead.",
        {"workloadsConfig.scheduler": {"cpu": 0.5, "memoryGb": 2, "storageGb": 1, "count": 1}},
    ),
    (
        {f"{POLICY}.useIpAliases": True},
        f"Setting useIpAliases {NOT_FROM_2}, as they always use VPC Native (IP Aliases).",
        {f"{POLICY}.useIpAliases": False},
    ),
    (
        PRIVATE | {f"{PRIVATE_CONFIG}.webServerIpv4CidrBlock": "172.31.245.0/24"},
        f"Configuring web server CIDR block {NOT_FROM_2}.",
        PRIVATE | {f"{PRIVATE_CONFIG}.cloudComposerNetworkIpv4CidrBlock": "172.31.245.0/24"},
    ),
    (
        _subnetwork("europe-west1"),
        f"Provided subnetwork [{_subnetwork('europe-west1')[SUBNETWORK]}] must match Composer location [us-central1].",
        _subnetwork("us-central1"),
    ),
    (
        {NETWORK: "projects/p/regions/us-central1/networks/n"},
        "Invalid network name 'projects/p/regions/us-central1/networks/n'.",
        {NETWORK: "projects/p/global/networks/n"},
    ),
    ({NETWORK: "networks/n"}, "Invalid network name 'networks/n'.", {NETWORK: "global/networks/n"}),
    (
        {NETWORK: "projects/p/global/networks/"},
        "Invalid network name 'projects/p/global/networks/'.",
        {NETWORK: "default"},
    ),
    (
        {SUBNETWORK: "projects/p/subnetworks/s"},
        "Invalid subnetwork name 'projects/p/subnetworks/s'.",
        {SUBNETWORK: "default"},
    ),
    (
        {"resilienceMode": "HIGH_RESILIENCE"},
        "In high resilience mode, You can't use public IP networking mode.",
        {"resilienceMode": "HIGH_RESILIENCE"} | PRIVATE,
    ),
    (
        {MASTER: "172.16.20.0/28"},
        "Cannot set private cluster configuration without enabling Private IP Environment.",
        {MASTER: "172.16.20.0/28"} | PRIVATE,
    ),
    (
        {f"{PRIVATE_CONFIG}.privateClusterConfig": {"enablePrivateEndpoint": True}},
        "Cannot set private cluster configuration without enabling Private IP Environment.",
        {f"{PRIVATE_CONFIG}.privateClusterConfig": {}},
    ),
    (
        ON_3 | {f"{PRIVATE_CONFIG}.privateClusterConfig": {"enablePrivateEndpoint": True}},
        "Configuring private cluster is not supported in this version of Cloud Composer.",
        ON_3,
    ),
    (
        {f"{PRIVATE_CONFIG}.networkingConfig.connectionType": "VPC_PEERING"},
        "You cannot set networking connection type in public IP environment.",
        {f"{PRIVATE_CONFIG}.networkingConfig.connectionType": "VPC_PEERING"} | PRIVATE,
    ),
    (
        _attachment("example-host"),
        ATTACHMENT_REFUSED,
        _attachment("example-project"),
    ),
    (
        ON_3 | {f"{NODE}.enableIpMasqAgent": True},
        f"Field 'config.node_config.enable_ip_masq_agent' is not supported in image version '{COMPOSER_3}'.",
        {f"{NODE}.enableIpMasqAgent": True},
    ),
    (
        {IMAGE: "", f"{NODE}.enableIpMasqAgent": True},
        f"Field 'config.node_config.enable_ip_masq_agent' is not supported in image version '{COMPOSER_3}'.",
        {IMAGE: ""},
    ),
    (
        {"workloadsConfig.worker": {"cpu": 2, "memoryGb": 16}},
        "Worker memory must be between 2.00GB and 13.00GB for given vCpu.",
        {"workloadsConfig.worker": {"cpu": 2, "memoryGb": 13}},
    ),
    (
        {"workloadsConfig.triggerer": {"cpu": 1.5, "memoryGb": 3, "count": 1}},
        "You have to specify Triggerer CPUs not larger than 1.00",
        {"workloadsConfig.triggerer": {"cpu": 1, "memoryGb": 3, "count": 1}},
    ),
    (
        {"softwareConfig.envVariables": {"GCS_BUCKET": "b"}},
        "Environment variable 'GCS_BUCKET' cannot be set.",
        {"softwareConfig.envVariables": {"MY_BUCKET": "b"}},
    ),
    (
        {"maintenanceWindow": _window("FREQ=WEEKLY;BYDAY=SU")},
        "The maintenance window period must encompass at least 12 hours per week, each chunk at least 4 hours.",
        {"maintenanceWindow": _window("FREQ=WEEKLY;BYDAY=SA,SU")},
    ),
    (
        {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.1/16"},
        "Cluster: '10.0.0.1/16' is not a valid CIDR range.",
        {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0/16"},
    ),
    (
        {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0"},
        "Cluster: '10.0.0.0' is not a valid CIDR range.",
        {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0/14"},
    ),
    (
        {f"{POLICY}.clusterIpv4CidrBlock": "/33"},
        "Cluster: '/33' is not a valid CIDR range.",
        {f"{POLICY}.clusterIpv4CidrBlock": "/14", f"{POLICY}.servicesIpv4CidrBlock": "/20"},
    ),
    (
        {f"{POLICY}.servicesIpv4CidrBlock": "fd00::/48"},
        "Services: 'fd00::/48' is not a valid CIDR range.",
        {f"{POLICY}.servicesSecondaryRangeName": "services"},
    ),
    (
        PRIVATE | {MASTER: "172.17.50.0/28"},
        DOCKER_REFUSED,
        PRIVATE | {MASTER: "172.18.50.0/28"},
    ),
    (
        {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0/16", f"{POLICY}.servicesIpv4CidrBlock": "10.0.8.0/22"},
        "Cluster range 10.0.0.0/16 overlaps Services range 10.0.8.0/22.",
        {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0/16", f"{POLICY}.servicesIpv4CidrBlock": "10.1.8.0/22"},
    ),
    (
        PRIVATE
        | {f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0/16", f"{PRIVATE_CONFIG}.cloudSqlIpv4CidrBlock": "10.0.1.0/24"},
        "Cluster range 10.0.0.0/16 overlaps Cloud SQL range 10.0.1.0/24.",
        PRIVATE
        | {
            f"{POLICY}.clusterIpv4CidrBlock": "10.0.0.0/16",
            f"{PRIVATE_CONFIG}.cloudSqlIpv4CidrBlock": "10.0.1.0/24",
            f"{PRIVATE_CONFIG}.networkingConfig.connectionType": "PRIVATE_SERVICE_CONNECT",
        },
    ),
]
# The same of sentences that come alone, without a frame.
REFUSED_ALONE: list[tuple[dict[str, object], str, dict[str, object]]] = [
    (
        {f"{NODE}.serviceAccount": ""},
        "Composer environment service account is required to be explicitly specified.",
        {},
    ),
    (
        ON_3 | {f"{NODE}.serviceAccount": ""},
        "Composer environment service account is required to be explicitly specified.",
        ON_3,
    ),
    (
        {f"{POLICY}.clusterIpv4CidrBlock": "100.128.0.0/16"},
        "Cluster CIDR range 100.128.0.0/16 is not within allowed ranges.",
        {f"{POLICY}.clusterIpv4CidrBlock": "100.64.0.0/16"},
    ),
    (
        {f"{POLICY}.clusterSecondaryRangeName": "public-pods"},
        "Cluster CIDR range 100.128.48.0/20 is not within allowed ranges.",
        {f"{POLICY}.clusterSecondaryRangeName": "pods"},
    ),
    (
        PRIVATE | {f"{POLICY}.servicesSecondaryRangeName": "public-services"},
        "Services CIDR range 100.255.48.0/24 is not within allowed ranges.",
        PRIVATE | PUPI | {f"{POLICY}.servicesSecondaryRangeName": "public-services"},
    ),
    (
        PRIVATE | PUPI | {MASTER: "100.200.0.0/28"},
        "GKE master CIDR range 100.200.0.0/28 is not within allowed ranges.",
        PRIVATE | PUPI | {MASTER: "100.100.0.0/28"},
    ),
]


@pytest.mark.parametrize(("fields", "problem", "twin"), REFUSED, ids=[problem[:60] for _, problem, _ in REFUSED])
def test_impossible_configuration_is_refused(fields: dict[str, object], problem: str, twin: dict[str, object]) -> None:
    """A configuration that cannot be built is refused with the reason in a frame, and its twin is accepted."""
    with pytest.raises(ApiError) as refused:
        _accept(fields)
    assert refused.value.message == f"Found 1 problem:\n\t1) {problem}"
    assert _accept(twin).config.node_config.service_account == ACCOUNT


@pytest.mark.parametrize(("fields", "problem", "twin"), REFUSED_ALONE)
def test_some_sentences_come_without_a_frame(fields: dict[str, object], problem: str, twin: dict[str, object]) -> None:
    """A missing service account and a range that is not allowed are the whole answer, also if more is wrong."""
    for more in ({}, {"nodeCount": 3}):
        with pytest.raises(ApiError) as refused:
            _accept(fields | more)
        assert refused.value.message == problem
    assert _accept(twin).config.node_config.service_account == ACCOUNT


def test_every_refusal_is_met() -> None:
    """No row of the emulator's table of refusals is without a request here that meets it."""
    requests: list[Mapping[str, object]] = [fields for fields, _, _ in (*REFUSED, *REFUSED_ALONE)]
    submissions = [_submit(fields) for fields in (*requests, {IMAGE: "composer-2.4.2-airflow-2"})]
    submissions.append(_submit({}, location="asia"))
    for refusal in REFUSALS:
        assert any(list(refusal.find(submission)) for submission in submissions), refusal.find.__name__


@pytest.mark.parametrize("location", ["asia", "us", "us-central1-a", "europe-west-1"])
def test_unexpected_location_is_refused_alone(location: str) -> None:
    """A multi-region, a zone and a misspelt region are no location of an environment."""
    with pytest.raises(ApiError) as refused:
        _accept(location=location)
    assert refused.value.message == f"Unexpected location: {location}"


@pytest.mark.parametrize("location", sorted(REGIONS))
def test_every_region_is_a_location(location: str) -> None:
    """An environment is created in each of Google's regions."""
    assert _accept(location=location).name.split("/")[3] == location


@pytest.mark.parametrize(
    "image",
    ["composer-2.14.1-airflow-2.10.5", "composer-2.4.2-airflow-2", "composer-3-airflow-2.10.5-build.3", "2.17.9"],
)
def test_image_that_is_not_offered_is_refused(image: str) -> None:
    """An image that is not among those that Google suggests is refused, in every generation."""
    with pytest.raises(ApiError) as refused:
        _accept({IMAGE: image})
    problem = f"Unsupported image version for new environment: '{image}'. {SUGGESTED}"
    assert refused.value.message == f"Found 1 problem:\n\t1) {problem}"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("us-central1", COMPOSER_1_REFUSED),
        ("us-west1", "Unsupported image version for new environment: 'composer-1-airflow-2.3'. "),
    ],
)
def test_composer_1_is_refused_with_the_words_for_its_region(location: str, words: str) -> None:
    """Composer 1 ended first in some regions, which have a sentence of their own; it needs no service account there."""
    with pytest.raises(ApiError) as refused:
        _accept({IMAGE: "composer-1-airflow-2.3", f"{NODE}.serviceAccount": ""}, location=location)
    assert refused.value.message == f"Found 1 problem:\n\t1) {words}{SUGGESTED}"


@pytest.mark.parametrize("fields", [{}, PRIVATE, PRIVATE | {f"{POLICY}.clusterIpv4CidrBlock": "172.16.0.0/12"}])
def test_possible_configuration_is_accepted(fields: dict[str, object]) -> None:
    """A plain environment is accepted, and so are Pods on Docker's bridge, of which no refusal is known."""
    assert _accept(fields).name.endswith("/environments/e")


def test_a_public_environment_may_have_the_defaults_of_private_ones() -> None:
    """Blocks that a public environment does not use are neither refused nor compared with the ranges in use."""
    unused = {
        f"{PRIVATE_CONFIG}.cloudSqlIpv4CidrBlock": "10.0.0.0/12",
        f"{PRIVATE_CONFIG}.cloudComposerNetworkIpv4CidrBlock": "172.31.245.0/24",
    }
    taken = _accept({f"{POLICY}.clusterIpv4CidrBlock": "10.4.0.0/17"} | unused)
    assert taken.config.private_environment_config.cloud_sql_ipv4_cidr_block == "10.0.0.0/12"


@pytest.mark.parametrize("resource", [PRIVATE_PSC_PUPI, COMPOSER_NETWORKS], ids=["private", "networks"])
def test_what_google_itself_creates_is_accepted(resource: dict[str, Any]) -> None:
    """The environments that the acceptance tests of Google's Terraform provider create are accepted."""
    parent = resource["name"].rpartition("/environments/")[0]
    environment = Environment.from_json(json.dumps(resource))
    request = CreateEnvironmentRequest(parent=parent, environment=environment)
    taken = accept_new_environment(
        request, surroundings=Surroundings(creatable_images=CREATABLE_IMAGES, node_ranges={"": "10.2.0.0/16"})
    )
    assert taken.config.software_config.image_version == COMPOSER_2


def test_all_problems_are_listed() -> None:
    """A request with several problems is refused with a numbered list of all of them, as in a public report."""
    fields = {
        f"{NODE}.location": "projects/example-project/zones/us-central1-a",
        f"{NODE}.machineType": "projects/example-project/zones/us-central1-a/machineTypes/n1-standard-1",
        f"{POLICY}.useIpAliases": True,
    }
    with pytest.raises(ApiError) as refused:
        _accept(fields)
    lines = refused.value.message.splitlines()
    assert lines[0] == "Found 3 problems:"
    assert [line[:4] for line in lines[1:]] == ["\t1) ", "\t2) ", "\t3) "]


@pytest.mark.parametrize("environment_id", ["a", "a-1", "a" * 64])
def test_well_formed_id_is_accepted(environment_id: str) -> None:
    """An ID of lower-case letters, digits and inner hyphens is accepted, up to 64 characters."""
    assert _accept(environment_id=environment_id).name.endswith(environment_id)


@pytest.mark.parametrize("environment_id", ["", "A", "1a", "a-", "-a", "a_b", "a" * 65, "a\n"])
def test_malformed_id_is_refused(environment_id: str) -> None:
    """An ID of any other form is refused."""
    with pytest.raises(ApiError, match="INVALID_ARGUMENT: Invalid environment"):
        _accept(environment_id=environment_id)


@pytest.mark.parametrize("parent", ["projects/other/locations/us-central1", "projects/p", ""])
def test_name_under_another_parent_is_refused(parent: str) -> None:
    """An environment is created only under the parent in its name."""
    with pytest.raises(ApiError, match="parent"):
        _accept(parent=parent)


def test_request_is_not_changed() -> None:
    """An alias is resolved in a copy, and not in the caller's request."""
    parent = "projects/example-project/locations/us-central1"
    request = CreateEnvironmentRequest(
        parent=parent,
        environment={
            "name": f"{parent}/environments/e",
            "config": {
                "software_config": {"image_version": "composer-2-airflow-2"},
                "node_config": {"service_account": ACCOUNT},
            },
        },
    )
    taken = accept_new_environment(request, surroundings=SURROUNDINGS)
    assert taken.config.software_config.image_version == COMPOSER_2
    assert request.environment.config.software_config.image_version == "composer-2-airflow-2"
