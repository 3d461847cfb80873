"""The Environments service, called by Google's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from google.api_core import exceptions as google_errors
from google.cloud.orchestration.airflow.service_v1.types import Environment, EnvironmentConfig

from lab.cloud import COMPOSER, Clock, ComposerEmulator, Hooks

if TYPE_CHECKING:
    from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient

    from tests.lab.cloud.gate import Connect, Gate, MakeEnvironment

_State = Environment.State


async def test_created_environment_runs_with_the_agent(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """An environment created with the agent is RUNNING with the agent."""
    await client.create_environment(parent=parent, environment=make_environment(enable_ip_masq_agent=True))
    await emulator.settle()
    found = await client.get_environment(name=f"{parent}/environments/example-environment")
    assert found.state == _State.RUNNING
    assert found.config.node_config.enable_ip_masq_agent


async def test_created_environment_runs_without_the_agent(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """An environment created without the agent is RUNNING without it."""
    await client.create_environment(parent=parent, environment=make_environment())
    await emulator.settle()
    found = await client.get_environment(name=f"{parent}/environments/example-environment")
    assert found.state == _State.RUNNING
    assert not found.config.node_config.enable_ip_masq_agent


async def test_service_fills_its_own_fields(connect: Connect, parent: str, make_environment: MakeEnvironment) -> None:
    """A running environment has the cluster, bucket and addresses that the service fills."""
    clock = Clock(new_uuid=lambda: UUID("1a2b3c4d-0000-4000-8000-000000000000"))
    async with ComposerEmulator(clock=clock) as emulator:
        client = connect(emulator)
        await client.create_environment(parent=parent, environment=make_environment())
        await emulator.settle()
        found = await client.get_environment(name=f"{parent}/environments/example-environment")
    stem = "us-central1-example-environment-1a2b3c4d"
    assert found.uuid == "1a2b3c4d-0000-4000-8000-000000000000"
    assert found.config.gke_cluster == f"{parent}/clusters/{stem}-gke"
    assert found.config.dag_gcs_prefix == f"gs://{stem}-bucket/dags"
    assert found.storage_config.bucket == f"{stem}-bucket"
    assert found.config.airflow_uri == (
        "https://1a2b3c4d000040008000000000000000-dot-us-central1.composer.googleusercontent.com"
    )
    assert found.config.node_config.network == "projects/example-project/global/networks/default"
    assert found.config.environment_size == EnvironmentConfig.EnvironmentSize.ENVIRONMENT_SIZE_SMALL
    message = Environment.pb(found)
    assert 0 < message.create_time.ToNanoseconds() <= message.update_time.ToNanoseconds()


async def test_a_public_environment_shows_the_defaults_of_the_service(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """GET of a public environment has the fields that a recorded one has, and what was asked for stays."""
    pods = {"cluster_ipv4_cidr_block": "192.168.0.0/16"}
    environment = make_environment(ip_allocation_policy=pods)
    await client.create_environment(parent=parent, environment=environment)
    await emulator.settle()
    found = (await client.get_environment(name=environment.name)).config
    private, node = found.private_environment_config, found.node_config
    assert "private_cluster_config" in private
    assert not private.private_cluster_config.master_ipv4_cidr_block
    assert private.cloud_sql_ipv4_cidr_block == "10.0.0.0/12"
    assert private.cloud_composer_network_ipv4_cidr_block == "172.31.245.0/24"
    assert node.ip_allocation_policy.use_ip_aliases
    assert node.ip_allocation_policy.cluster_ipv4_cidr_block == "192.168.0.0/16"
    assert node.ip_allocation_policy.services_ipv4_cidr_block == "10.8.0.0/22"
    assert node.machine_type.endswith("/us-central1-a/machineTypes/n1-standard-1")
    assert node.disk_size_gb == 100
    assert found.workloads_config.worker.max_count == 3


async def test_a_private_environment_shows_its_regions_block_for_the_master(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """A private environment without a block for the GKE master has its region's, and a named Pod range stays a name."""
    environment = make_environment(ip_allocation_policy={"cluster_secondary_range_name": "pods"})
    environment.config.private_environment_config.enable_private_environment = True
    await client.create_environment(parent=parent, environment=environment)
    await emulator.settle()
    found = (await client.get_environment(name=environment.name)).config
    assert found.private_environment_config.private_cluster_config.master_ipv4_cidr_block == "172.16.20.0/23"
    assert found.node_config.ip_allocation_policy.cluster_secondary_range_name == "pods"


async def test_environment_is_creating_until_its_creation_ends(
    gated_emulator: ComposerEmulator, gate: Gate, connect: Connect, parent: str, make_environment: MakeEnvironment
) -> None:
    """During a creation the environment is CREATING and has no cluster."""
    client = connect(gated_emulator)
    await client.create_environment(parent=parent, environment=make_environment())
    found = await client.get_environment(name=f"{parent}/environments/example-environment")
    assert found.state == _State.CREATING
    assert not found.config.gke_cluster
    gate.open()
    await gated_emulator.settle()
    found = await client.get_environment(name=found.name)
    assert found.state == _State.RUNNING
    assert found.config.gke_cluster


async def test_taken_name_is_refused_in_every_state(
    gated_emulator: ComposerEmulator, gate: Gate, connect: Connect, parent: str, make_environment: MakeEnvironment
) -> None:
    """A second creation of the same name is refused, during the first and afterwards."""
    client = connect(gated_emulator)
    await client.create_environment(parent=parent, environment=make_environment())
    with pytest.raises(google_errors.AlreadyExists):
        await client.create_environment(parent=parent, environment=make_environment())
    gate.open()
    await gated_emulator.settle()
    with pytest.raises(google_errors.AlreadyExists):
        await client.create_environment(parent=parent, environment=make_environment())


@pytest.mark.parametrize("state", [_State.CREATING, _State.UPDATING, _State.DELETING])
async def test_busy_environment_is_neither_updated_nor_deleted(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    make_environment: MakeEnvironment,
    state: Environment.State,
) -> None:
    """An environment with a running operation refuses updates and deletion."""
    environment = make_environment(state=state)
    emulator.add_environment(environment)
    with pytest.raises(google_errors.FailedPrecondition, match=state.name):
        await client.delete_environment(name=environment.name)
    with pytest.raises(google_errors.FailedPrecondition, match=state.name):
        await client.update_environment(
            {"name": environment.name, "environment": environment, "update_mask": {"paths": ["labels"]}}
        )


async def test_failed_environment_is_deleted_but_not_updated(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment
) -> None:
    """An environment in ERROR can only be deleted."""
    environment = make_environment(state=_State.ERROR)
    emulator.add_environment(environment)
    with pytest.raises(google_errors.FailedPrecondition, match="ERROR"):
        await client.update_environment(
            {"name": environment.name, "environment": environment, "update_mask": {"paths": ["labels"]}}
        )
    await client.delete_environment(name=environment.name)
    await emulator.settle()
    with pytest.raises(google_errors.NotFound):
        await client.get_environment(name=environment.name)


async def test_unknown_environment_is_not_found(client: EnvironmentsAsyncClient, parent: str) -> None:
    """Every call for an environment that does not exist is answered with NOT_FOUND."""
    name = f"{parent}/environments/nowhere"
    with pytest.raises(google_errors.NotFound):
        await client.get_environment(name=name)
    with pytest.raises(google_errors.NotFound):
        await client.delete_environment(name=name)
    with pytest.raises(google_errors.NotFound):
        await client.update_environment({"name": name, "environment": {}, "update_mask": {"paths": ["labels"]}})


async def test_environment_is_deleting_until_its_deletion_ends(
    connect: Connect, make_environment: MakeEnvironment
) -> None:
    """During a deletion the environment is DELETING; then its hook runs and it is gone."""
    seen: list[str] = []
    states: list[int] = []

    async def on_deleted(environment: Environment) -> None:
        seen.append(environment.name)
        states.append((await client.get_environment(name=environment.name)).state)

    async with ComposerEmulator(hooks=Hooks(on_deleted=on_deleted)) as emulator:
        client = connect(emulator)
        environment = make_environment(state=_State.RUNNING)
        emulator.add_environment(environment)
        await client.delete_environment(name=environment.name)
        await emulator.settle()
        with pytest.raises(google_errors.NotFound):
            await client.get_environment(name=environment.name)
    assert seen == [environment.name]
    assert states == [_State.DELETING]


async def test_list_walks_through_pages_of_one_location(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """A list in small pages contains every environment of the location once, and none of another location."""
    for environment_id in ("delta", "alpha", "echo", "bravo", "charlie"):
        emulator.add_environment(make_environment(environment_id))
    elsewhere = make_environment()
    elsewhere.name = elsewhere.name.replace("us-central1", "us-east1")
    emulator.add_environment(elsewhere)
    pager = await client.list_environments(request={"parent": parent, "page_size": 2})
    pages = [[found.name.rsplit("/", 1)[1] for found in page.environments] async for page in pager.pages]
    assert pages == [["alpha", "bravo"], ["charlie", "delta"], ["echo"]]


@pytest.mark.parametrize(
    "request_fields", [{"page_size": -1}, {"page_token": "%%%"}, {"page_token": "YQ"}, {"parent": "projects/p"}]
)
async def test_list_refuses_invalid_requests(
    client: EnvironmentsAsyncClient, parent: str, request_fields: dict[str, object]
) -> None:
    """A negative page size, an invented token and a malformed parent are INVALID_ARGUMENT."""
    with pytest.raises(google_errors.InvalidArgument):
        await client.list_environments(request={"parent": parent} | request_fields)


@pytest.mark.parametrize("location", ["-", "asia", "us-central2"])
async def test_a_list_takes_one_region(client: EnvironmentsAsyncClient, location: str) -> None:
    """Wildcards, multi-regions and regions without Composer are answered with Google's words."""
    with pytest.raises(google_errors.InvalidArgument, match=f"Unexpected location: {location}$"):
        await client.list_environments(parent=f"projects/example-project/locations/{location}")


async def test_a_project_without_the_api_or_a_role_says_so(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment, parent: str
) -> None:
    """A project whose API is disabled, or that gives the caller no role, answers with Google's words."""
    environment = make_environment(state=_State.RUNNING)
    emulator.add_environment(environment)
    verbs = ("create", "delete", "get", "list", "update")
    emulator.access.deny("example-project", *(f"composer.environments.{verb}" for verb in verbs))
    for call in (
        client.create_environment(parent=parent, environment=make_environment("another")),
        client.delete_environment(name=environment.name),
        client.get_environment(name=environment.name),
        client.list_environments(parent=parent),
        client.update_environment({"name": environment.name, "environment": environment}),
    ):
        with pytest.raises(google_errors.PermissionDenied, match="The caller does not have permission"):
            await call
    emulator.access.disable("example-project", COMPOSER)
    with pytest.raises(google_errors.PermissionDenied, match="Cloud Composer API has not been used in proj") as refused:
        await client.list_environments(parent=parent)
    assert refused.value.reason == "SERVICE_DISABLED"


async def test_unemulated_methods_are_unimplemented(client: EnvironmentsAsyncClient) -> None:
    """Methods that are not emulated answer UNIMPLEMENTED."""
    with pytest.raises(google_errors.MethodNotImplemented):
        await client.execute_airflow_command(request={"environment": "any"})
