"""Requests for new environments that the service refuses, each with a similar one that it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.orchestration.airflow.service_v1.types import CreateEnvironmentRequest, Environment

from lab.cloud import ComposerEmulator
from lab.cloud.errors import ApiError
from lab.cloud.images import CREATABLE_IMAGES
from lab.cloud.server import DEFAULT_NODE_RANGES
from lab.cloud.validation import accept_new_environment

if TYPE_CHECKING:
    from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient

    from tests.lab.cloud.gate import Connect, MakeEnvironment

PARENT = "projects/example-project/locations/us-central1"


def _accept(config: dict[str, object], *, name: str = f"{PARENT}/environments/e", parent: str = PARENT) -> Environment:
    request = CreateEnvironmentRequest(parent=parent, environment={"name": name, "config": config})
    return accept_new_environment(request, creatable_images=CREATABLE_IMAGES, node_ranges=DEFAULT_NODE_RANGES)


def _make_config(private: dict[str, object] | None = None, **policy: str) -> dict[str, object]:
    return {
        "node_config": {"ip_allocation_policy": policy},
        "private_environment_config": {"enable_private_environment": True} | (private or {}),
    }


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
        "\t1) Unsupported image version for new environment: 'composer-2.4.2-airflow-2.9.3'. "
        f"Currently suggested new environment image versions are: [{', '.join(CREATABLE_IMAGES)}]."
    )


async def test_range_of_the_subnetwork_decides_what_overlaps(
    connect: Connect, parent: str, make_environment: MakeEnvironment
) -> None:
    """A Pod range inside the subnetwork's range is refused; in another subnetwork the same range is accepted."""
    subnetwork = "projects/example-project/regions/us-central1/subnetworks/lab"
    pods = {"cluster_ipv4_cidr_block": "10.128.0.0/21"}
    async with ComposerEmulator(node_ranges={"": "10.128.0.0/20", subnetwork: "10.0.0.0/24"}) as emulator:
        client = connect(emulator)
        with pytest.raises(InvalidArgument, match=r"Nodes range 10\.128\.0\.0/20 overlaps Pods range 10\.128\.0\.0/21"):
            await client.create_environment(parent=parent, environment=make_environment(ip_allocation_policy=pods))
        inside = make_environment(ip_allocation_policy=pods, subnetwork=subnetwork)
        operation = await client.create_environment(parent=parent, environment=inside)
        assert operation.operation.name


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            _make_config(cluster_ipv4_cidr_block="100.128.0.0/16"),
            "CIDR range 100.128.0.0/16 is not within allowed ranges",
        ),
        (_make_config(services_ipv4_cidr_block="8.8.8.0/24"), "CIDR range 8.8.8.0/24 is not within allowed ranges"),
        (_make_config(cluster_ipv4_cidr_block="172.16.0.0/12"), "overlaps the reserved range 172.17.0.0/16"),
        (_make_config(cluster_ipv4_cidr_block="10.0.0.1/16"), "'10.0.0.1/16' is not a valid CIDR range"),
        (_make_config(cluster_ipv4_cidr_block="10.0.0.0"), "'10.0.0.0' is not a valid CIDR range"),
        (_make_config(cluster_ipv4_cidr_block="/33"), "'/33' is not a valid CIDR range"),
        (_make_config(services_ipv4_cidr_block="fd00::/48"), "'fd00::/48' is not a valid CIDR range"),
        (
            _make_config(cluster_ipv4_cidr_block="10.0.0.0/16", services_ipv4_cidr_block="10.0.8.0/22"),
            "Pods range 10.0.0.0/16 overlaps Services range 10.0.8.0/22",
        ),
        (
            _make_config({"cloud_sql_ipv4_cidr_block": "10.0.1.0/24"}, cluster_ipv4_cidr_block="10.0.0.0/16"),
            "Pods range 10.0.0.0/16 overlaps Cloud SQL range 10.0.1.0/24",
        ),
        (
            {"private_environment_config": {"networking_config": {"connection_type": 1}}},
            "You cannot set networking connection type in public IP environment",
        ),
        (
            {
                "software_config": {"image_version": "composer-3-airflow-2"},
                "node_config": {"enable_ip_masq_agent": True},
            },
            "'config.node_config.enable_ip_masq_agent' is not supported",
        ),
    ],
)
def test_impossible_configuration_is_refused(config: dict[str, object], words: str) -> None:
    """A configuration that cannot be built is refused with the reason."""
    with pytest.raises(ApiError) as refused:
        _accept(config)
    assert refused.value.message.startswith("Found 1 problem:\n\t1) ")
    assert words in refused.value.message


@pytest.mark.parametrize(
    "config",
    [
        {},
        _make_config(cluster_ipv4_cidr_block="100.64.0.0/16"),
        _make_config({"enable_privately_used_public_ips": True}, services_ipv4_cidr_block="8.8.8.0/24"),
        _make_config(cluster_ipv4_cidr_block="172.16.0.0/16"),
        _make_config(cluster_ipv4_cidr_block="/14", services_ipv4_cidr_block="/20"),
        _make_config(cluster_secondary_range_name="pods", services_secondary_range_name="services"),
        _make_config(cluster_ipv4_cidr_block="10.0.0.0/16", services_ipv4_cidr_block="10.1.8.0/22"),
        {
            "private_environment_config": {
                "enable_private_environment": True,
                "networking_config": {"connection_type": 1},
            }
        },
        {"software_config": {"image_version": "composer-3-airflow-2"}},
        {"node_config": {"enable_ip_masq_agent": True}},
    ],
)
def test_possible_configuration_is_accepted(config: dict[str, object]) -> None:
    """A configuration similar to each refused one is accepted."""
    assert _accept(config).name == f"{PARENT}/environments/e"


def test_all_problems_are_listed() -> None:
    """A request with several problems is refused with a numbered list of all of them."""
    config = _make_config(cluster_ipv4_cidr_block="8.0.0.0/9", services_ipv4_cidr_block="8.8.8.0/24")
    with pytest.raises(ApiError) as refused:
        _accept(config | {"software_config": {"image_version": "composer-1.0.0-airflow-1.9.0"}})
    lines = refused.value.message.splitlines()
    assert lines[0] == "Found 4 problems:"
    assert [line[:4] for line in lines[1:]] == ["\t1) ", "\t2) ", "\t3) ", "\t4) "]


@pytest.mark.parametrize("environment_id", ["a", "a-1", "a" * 64])
def test_well_formed_id_is_accepted(environment_id: str) -> None:
    """An ID of lower-case letters, digits and inner hyphens is accepted, up to 64 characters."""
    assert _accept({}, name=f"{PARENT}/environments/{environment_id}").name.endswith(environment_id)


@pytest.mark.parametrize("environment_id", ["", "A", "1a", "a-", "-a", "a_b", "a" * 65, "a\n"])
def test_malformed_id_is_refused(environment_id: str) -> None:
    """An ID of any other form is refused."""
    with pytest.raises(ApiError, match="INVALID_ARGUMENT: Invalid environment"):
        _accept({}, name=f"{PARENT}/environments/{environment_id}")


@pytest.mark.parametrize("parent", ["projects/other/locations/us-central1", "projects/p", ""])
def test_name_under_another_parent_is_refused(parent: str) -> None:
    """An environment is created only under the parent in its name."""
    with pytest.raises(ApiError, match="parent"):
        _accept({}, parent=parent)


def test_request_is_not_changed() -> None:
    """An alias is resolved in a copy, and not in the caller's request."""
    request = CreateEnvironmentRequest(
        parent=PARENT,
        environment={
            "name": f"{PARENT}/environments/e",
            "config": {"software_config": {"image_version": "composer-2-airflow-2"}},
        },
    )
    taken = accept_new_environment(request, creatable_images=CREATABLE_IMAGES, node_ranges={})
    assert taken.config.software_config.image_version == "composer-2.14.1-airflow-2.10.5"
    assert request.environment.config.software_config.image_version == "composer-2-airflow-2"
