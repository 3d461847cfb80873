"""Each check of a preflight, against the emulated cloud with the real clients: what is right, and each thing wrong."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_masq.preflight.check import Standing
from lab.cloud import COMPOSER, COMPUTE, IAM, RESOURCE_MANAGER, Nat
from tests.emulated_cloud import LOCATION, NAME, PROJECT, SERVICE_ACCOUNT, EmulatedCloud
from tests.preflight.scene import (
    ACCOUNT,
    ADDRESS,
    HOST,
    NETWORK,
    ROUTER,
    SUBNETWORK,
    find,
    look,
    make_plan,
    prepare,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CODES = [f"MASQ{number}" for number in range(501, 511)]


@pytest.fixture
def scene(cloud: EmulatedCloud) -> EmulatedCloud:
    """Give a Shared VPC in which nothing is wrong."""
    prepare(cloud)
    return cloud


def test_where_all_is_well_every_check_says_so(scene: EmulatedCloud) -> None:
    """Every check answers ok, each with what was asked, and the rules have no complaint of the plan with numbers."""
    report = look(scene)
    assert {result.code for result in report.results} == set(CODES)
    assert {result.severity for result in report.results} == {Standing.OK}
    assert all(result.asked and result.where and result.message.endswith(".") for result in report.results)
    assert [finding for finding in report.findings if finding.severity != "info"] == []
    assert not report.has_errors
    assert not report.has_unknowns


def number_of(cloud: EmulatedCloud) -> int:
    """Give the number of the environment's project."""
    return cloud.identities.find_number(PROJECT)


def agent_of(cloud: EmulatedCloud, *, domain: str) -> str:
    """Give the address of a service agent of the environment's project."""
    return f"service-{number_of(cloud)}@{domain}.iam.gserviceaccount.com"


def fill(cloud: EmulatedCloud, *, allocated: int, range_name: str = "") -> None:
    """Allocate addresses of a range."""
    cloud.vpc.allocated[SUBNETWORK, range_name] = allocated


def set_quota(cloud: EmulatedCloud, metric: str, *, limit: float, usage: float) -> None:
    """Set a quota."""
    cloud.vpc.quotas[metric] = (limit, usage)


WRONG: dict[str, tuple[Callable[[EmulatedCloud], object], str, str, str]] = {
    "the account has no role": (
        lambda cloud: cloud.identities.revoke(
            f"projects/{PROJECT}", role="roles/composer.worker", email=SERVICE_ACCOUNT
        ),
        "MASQ505",
        "warning",
        f"({SERVICE_ACCOUNT}) has no roles/composer.worker in project {PROJECT}. Grant it, unless",
    ),
    "the Composer agent has no role": (
        lambda cloud: cloud.identities.revoke(
            f"projects/{PROJECT}",
            role="roles/composer.serviceAgent",
            email=agent_of(cloud, domain="cloudcomposer-accounts"),
        ),
        "MASQ505",
        "warning",
        "has no roles/composer.serviceAgent in project example-project.",
    ),
    "the Composer agent lacks the extension": (
        lambda cloud: cloud.identities.policies.pop(ACCOUNT),
        "MASQ505",
        "warning",
        "has no roles/composer.ServiceAgentV2Ext in project example-project or on the service account.",
    ),
    "the Composer agent has no role in the host project": (
        lambda cloud: cloud.identities.revoke(
            f"projects/{HOST}",
            role="roles/composer.sharedVpcAgent",
            email=agent_of(cloud, domain="cloudcomposer-accounts"),
        ),
        "MASQ506",
        "warning",
        f"has no roles/composer.sharedVpcAgent in project {HOST}.",
    ),
    "the GKE agent may not act in the host project": (
        lambda cloud: cloud.identities.revoke(
            f"projects/{HOST}",
            role="roles/container.hostServiceAgentUser",
            email=agent_of(cloud, domain="container-engine-robot"),
        ),
        "MASQ506",
        "warning",
        f"has no roles/container.hostServiceAgentUser in project {HOST}.",
    ),
    "the Google APIs agent may not use the network": (
        lambda cloud: cloud.identities.revoke(
            f"projects/{HOST}",
            role="roles/compute.networkUser",
            email=f"{number_of(cloud)}@cloudservices.gserviceaccount.com",
        ),
        "MASQ506",
        "warning",
        f"@cloudservices.gserviceaccount.com) has no roles/compute.networkUser in project {HOST} or on the subnetwork.",
    ),
    "the caller may not create": (
        lambda cloud: cloud.access.deny(PROJECT, "composer.environments.create"),
        "MASQ503",
        "error",
        "which it takes to create the environment. Grant it roles/composer.environmentAndStorageObjectAdmin.",
    ),
    "the caller may not read the cluster": (
        lambda cloud: cloud.access.deny(PROJECT, "container.clusters.get"),
        "MASQ503",
        "warning",
        "Grant it roles/container.clusterViewer.",
    ),
    "the caller may not act as the account": (
        lambda cloud: cloud.access.deny(PROJECT, "iam.serviceAccounts.actAs"),
        "MASQ504",
        "error",
        f"The caller may not act as {SERVICE_ACCOUNT}, so the service refuses the creation.",
    ),
    "the account is disabled": (
        lambda cloud: cloud.identities.add_account(SERVICE_ACCOUNT, project=PROJECT, is_disabled=True),
        "MASQ504",
        "error",
        f"The service account {SERVICE_ACCOUNT} is disabled",
    ),
    "the Pod range has another name": (
        lambda cloud: cloud.vpc.add_subnetwork(
            SUBNETWORK,
            ip_cidr_range="10.128.48.0/24",
            secondary_ranges={"pod": "192.168.0.0/20", "services": "10.96.0.0/22"},
            network=NETWORK,
        ),
        "MASQ502",
        "error",
        "The subnetwork has no secondary range pods for Pods. It has: pod, services.",
    ),
    "the subnetwork is of another network": (
        lambda cloud: cloud.vpc.add_subnetwork(
            SUBNETWORK,
            ip_cidr_range="10.128.48.0/24",
            secondary_ranges={"pods": "192.168.0.0/20", "services": "10.96.0.0/22"},
        ),
        "MASQ502",
        "error",
        f"belongs to projects/{HOST}/global/networks/default, and the plan names {NETWORK}.",
    ),
    "the nodes' range is 75 % full": (
        lambda cloud: fill(cloud, allocated=189),
        "MASQ508",
        "warning",
        "189 of 252 (75 %) addresses of the nodes' primary range are allocated, which leaves room for 63 nodes. Plan",
    ),
    "the Pods' range is full": (
        lambda cloud: fill(cloud, allocated=4096 - 63, range_name="pods"),
        "MASQ508",
        "error",
        "addresses of the Pods' secondary range pods are allocated, which leaves room for 0 nodes.",
    ),
    "no processor is left": (
        lambda cloud: set_quota(cloud, "CPUS", limit=24, usage=24),
        "MASQ507",
        "error",
        "The quota CPUS in us-central1, project example-project is used up: 24 of 24 (100 %).",
    ),
    "few processors are left": (
        lambda cloud: set_quota(cloud, "CPUS", limit=24, usage=18),
        "MASQ507",
        "warning",
        "The quota CPUS in us-central1, project example-project is nearly used up: 18 of 24 (75 %).",
    ),
    "no disk is left": (
        lambda cloud: set_quota(cloud, "SSD_TOTAL_GB", limit=500, usage=500),
        "MASQ507",
        "warning",
        "SSD_TOTAL_GB in us-central1, project example-project is nearly used up: 500 of 500 (100 %).",
    ),
    "a quota of nothing": (
        lambda cloud: set_quota(cloud, "INSTANCES", limit=0, usage=0),
        "MASQ507",
        "error",
        "is used up: 0 of 0 (100 %).",
    ),
    "Google allocates the addresses": (
        lambda cloud: cloud.vpc.add_router(ROUTER, network=NETWORK, nats=[Nat(name="nat", allocated=["203.0.113.9"])]),
        "MASQ509",
        "warning",
        "with 203.0.113.9, which Google allocates and can replace.",
    ),
    "the gateway has no address yet": (
        lambda cloud: cloud.vpc.add_router(ROUTER, network=NETWORK, nats=[Nat(name="nat")]),
        "MASQ509",
        "warning",
        "has no address at the time.",
    ),
    "the gateway is of another network": (
        lambda cloud: cloud.vpc.add_router(
            ROUTER, network=f"projects/{HOST}/global/networks/other", nats=[Nat(name="nat", addresses=[ADDRESS])]
        ),
        "MASQ509",
        "warning",
        "covers the subnetwork, so packets of private nodes to the internet are lost.",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_thing_wrong_is_told_by_its_check_alone(scene: EmulatedCloud, what: str) -> None:
    """One thing wrong makes one row, with the sentence that says what to do; all other checks stay ok."""
    break_it, code, severity, sentence = WRONG[what]
    break_it(scene)
    report = look(scene)
    rows = [result for result in report.results if result.severity is not Standing.OK]
    assert [(row.code, str(row.severity)) for row in rows] == [(code, severity)]
    assert sentence in rows[0].message
    assert report.has_errors is (severity == "error")


UNREADABLE = {
    "composer.imageversions.list": (PROJECT, {"MASQ501"}, "roles/composer.user in project example-project"),
    "resourcemanager.projects.get": (PROJECT, {"MASQ505", "MASQ506"}, "roles/browser in project example-project"),
    "resourcemanager.projects.getIamPolicy": (PROJECT, {"MASQ505"}, "roles/iam.securityReviewer in project example"),
    "resourcemanager.projects.getIamPolicy ": (HOST, {"MASQ506"}, "roles/iam.securityReviewer in project host"),
    "iam.serviceAccounts.getIamPolicy": (PROJECT, {"MASQ505"}, "roles/iam.securityReviewer in project example"),
    "iam.serviceAccounts.get": (PROJECT, {"MASQ504"}, "roles/iam.serviceAccountViewer in project example-project"),
    "compute.subnetworks.get": (HOST, {"MASQ502", "MASQ508"}, "roles/compute.networkViewer in project host-project"),
    "compute.subnetworks.getIamPolicy": (HOST, {"MASQ506"}, "roles/iam.securityReviewer in project host-project"),
    "compute.routers.list": (HOST, {"MASQ509"}, "roles/compute.networkViewer in project host-project"),
    "compute.routers.get": (HOST, {"MASQ509"}, "roles/compute.networkViewer in project host-project"),
    "compute.regions.get": (PROJECT, {"MASQ507"}, "roles/compute.viewer in project example-project"),
}


@pytest.mark.parametrize("permission", UNREADABLE)
def test_what_may_not_be_read_is_unknown_with_the_role_that_shows_it(scene: EmulatedCloud, permission: str) -> None:
    """Without a permission to read, its checks are unknown, name a role, and the others stay ok; it is no error."""
    project, codes, role = UNREADABLE[permission]
    scene.access.deny(project, permission.strip())
    report = look(scene)
    rows = [result for result in report.results if result.severity is not Standing.OK]
    assert {row.code for row in rows} == codes
    assert {row.severity for row in rows} == {Standing.UNKNOWN}
    assert all(
        "PERMISSION_DENIED" in row.message and f"; {role}" in row.message and row.message.endswith("would show it.")
        for row in rows
    )
    assert report.has_unknowns
    assert not report.has_errors


@pytest.mark.parametrize(
    ("api", "project", "codes"),
    [
        (RESOURCE_MANAGER, PROJECT, {"MASQ503", "MASQ505", "MASQ506"}),
        (IAM, PROJECT, {"MASQ504", "MASQ505"}),
        (COMPUTE, PROJECT, {"MASQ507"}),
        (COMPUTE, HOST, {"MASQ502", "MASQ506", "MASQ508", "MASQ509"}),
    ],
)
def test_an_api_that_is_not_enabled_is_told(scene: EmulatedCloud, api: object, project: str, codes: set[str]) -> None:
    """What an API that is off would tell is unknown, with the step to enable it, and not with a role."""
    scene.access.disable(project, api)  # type: ignore[arg-type] # one of the lab's
    rows = [result for result in look(scene).results if result.severity is not Standing.OK]
    assert {row.code for row in rows} == codes
    assert all("; enable the API, or ask" in row.message for row in rows)


def test_a_composer_api_that_is_not_enabled_is_an_error(scene: EmulatedCloud) -> None:
    """Without Composer's own API nothing can be created."""
    scene.access.disable(PROJECT, COMPOSER)
    assert find(look(scene), "MASQ501") == {
        "error": [
            (
                f"The Cloud Composer API is not enabled in {PROJECT}, so no environment can be created there. Enable "
                "composer.googleapis.com."
            )
        ]
    }


def test_a_subnetwork_that_does_not_exist_is_an_error(scene: EmulatedCloud) -> None:
    """A misspelt subnetwork is an error; how full it is is unknown."""
    plan = make_plan(subnetwork=f"projects/{HOST}/regions/{LOCATION}/subnetworks/composr")
    report = look(scene, plan=plan)
    (message,) = find(report, "MASQ502")["error"]
    assert "subnetworks/composr does not exist." in message
    assert list(find(report, "MASQ508")) == ["unknown"]


def test_an_account_that_does_not_exist_is_an_error(scene: EmulatedCloud) -> None:
    """A misspelt service account is one error; its own policy stays unknown."""
    plan = make_plan(serviceAccount="composr@example-project.iam.gserviceaccount.com")
    report = look(scene, plan=plan)
    (message,) = find(report, "MASQ504")["error"]
    assert "composr@example-project.iam.gserviceaccount.com does not exist in project example-project." in message


def test_without_an_account_nothing_is_asked_of_it(scene: EmulatedCloud) -> None:
    """A plan that names no account is complained about by its rule, and not by the preflight."""
    report = look(scene, plan=make_plan(serviceAccount=None))
    assert find(report, "MASQ504") == {}
    assert "MASQ115" in {finding.code for finding in report.findings}


def test_the_plan_with_numbers_is_linted(scene: EmulatedCloud) -> None:
    """A plan by names, whose ranges turn out to overlap and not to be allowed, gets the rules' own findings."""
    scene.vpc.add_subnetwork(
        SUBNETWORK,
        ip_cidr_range="10.128.48.0/24",
        secondary_ranges={"pods": "100.128.0.0/24", "services": "10.128.48.0/27"},
        network=NETWORK,
    )
    plan = make_plan(section={"workers": 12})
    codes = {finding.code for finding in look(scene, plan=plan).findings if finding.severity != "info"}
    assert {"MASQ201", "MASQ204", "MASQ207", "MASQ209"} <= codes


def test_the_plans_own_numbers_are_compared(scene: EmulatedCloud) -> None:
    """Where the plan has numbers itself, they stay, and those that are not the cloud's are told."""
    network = {
        "node_ranges": ["10.1.0.0/24"],
        "pod_ranges": ["10.2.0.0/20"],
        "nat_addresses": ["203.0.113.8"],
        "nat_covers": ["node"],
    }
    report = look(scene, plan=make_plan(section=network))
    first, second = find(report, "MASQ502")["warning"]
    assert "primary range is 10.128.48.0/24, and the plan lists 10.1.0.0/24." in first
    assert "secondary range pods is 192.168.0.0/20, and the plan lists 10.2.0.0/20." in second
    assert "The plan lists 203.0.113.8, and Cloud NAT uses 203.0.113.7." in find(report, "MASQ509")["warning"][0]
    assert [str(cidr) for cidr in report.plan.ranges.node] == ["10.1.0.0/24"]
    assert [str(address) for address in report.plan.ranges.nat_addresses] == ["203.0.113.8"]


def test_a_block_that_overlaps_a_secondary_range_is_an_error(scene: EmulatedCloud) -> None:
    """A CIDR for Pods inside a range that the subnetwork has already cannot be created."""
    plan = make_plan(ipAllocationPolicy={"clusterIpv4CidrBlock": "192.168.8.0/22"})
    report = look(scene, plan=plan)
    (message,) = find(report, "MASQ502")["error"]
    assert "The Pod range 192.168.8.0/22 overlaps the secondary range pods (192.168.0.0/20)" in message
    assert len(find(report, "MASQ508")["ok"]) == 1  # nothing of a range that does not exist is allocated


def test_more_workers_than_room_is_a_warning(scene: EmulatedCloud) -> None:
    """What is left of the Pods' range is compared with the workers wanted."""
    fill(scene, allocated=4096 - 10 * 64, range_name="pods")
    (message,) = find(look(scene, plan=make_plan(section={"workers": 12})), "MASQ508")["warning"]
    assert message.endswith("which leaves room for 10 nodes. 12 workers may need one node each.")


def test_a_region_without_quotas_is_unknown(scene: EmulatedCloud) -> None:
    """Where Compute tells no quota of those that nodes use, nothing is claimed."""
    scene.vpc.quotas.clear()
    assert list(find(look(scene), "MASQ507")) == ["unknown"]


def test_a_public_environment_needs_addresses_and_no_shared_vpc_agent(scene: EmulatedCloud) -> None:
    """Public nodes take external addresses, have no use for Cloud NAT, and their agent uses the network itself."""
    set_quota(scene, "IN_USE_ADDRESSES", limit=8, usage=8)
    agent = agent_of(scene, domain="cloudcomposer-accounts")
    scene.identities.revoke(f"projects/{HOST}", role="roles/composer.sharedVpcAgent", email=agent)
    plan = make_plan(private=False)
    report = look(scene, plan=plan)
    assert "IN_USE_ADDRESSES" in find(report, "MASQ507")["error"][0]
    assert "has no roles/compute.networkUser in project host-project." in find(report, "MASQ506")["warning"][0]
    scene.identities.grant(f"projects/{HOST}", role="roles/compute.networkUser", email=agent)
    scene.vpc.add_router(ROUTER, network=NETWORK)
    report = look(scene, plan=plan)
    assert list(find(report, "MASQ506")) == ["ok"]
    assert "external address, which is not fixed" in find(report, "MASQ509")["ok"][0]
    assert [entry.seen_by for entry in report.allowlist] == ["private networks"]


@pytest.mark.parametrize(
    ("image", "severity", "sentence"),
    [
        ("composer-2-airflow-2", "ok", "composer-2-airflow-2 stands for composer-2.17.9-airflow-2.11.1 today."),
        ("composer-2.1.3-airflow-2.3.4", "error", "The service offers no image for composer-2.1.3-airflow-2.3.4."),
        ("composer-latest-airflow-2", "error", "Composer 3 has no IP masquerade agent"),
        ("composer-2", "error", "The service offers no image for composer-2. Choose one of those it offers: compo"),
    ],
)
def test_the_image_that_the_environment_gets_is_told(
    scene: EmulatedCloud, image: str, severity: str, sentence: str
) -> None:
    """An alias is resolved, and an image that is not offered is an error that lists those that are."""
    found = find(look(scene, plan=make_plan(image=image)), "MASQ501")
    assert list(found) == [severity]
    assert sentence in found[severity][0]


def test_the_scene_is_of_this_year(scene: EmulatedCloud) -> None:
    """The lab's images have days of release, so that the end of their support can be told."""
    (message,) = find(look(scene), "MASQ501")["ok"]
    assert str(date(2026, 8, 5)) in message


@pytest.mark.parametrize("state", ["RUNNING", "ERROR"])
def test_an_environment_that_has_the_name_is_a_warning(scene: EmulatedCloud, state: str) -> None:
    """An existing environment is told with its state, since no new one can be created beside it."""
    scene.put(NAME.environment_id, state=state, masquerade=True)
    (message,) = find(look(scene), "MASQ510")["warning"]
    assert message.startswith(f"An environment of that name exists, in state {state}, so no new one can be created.")


def test_whether_the_name_is_taken_may_be_unknown(scene: EmulatedCloud) -> None:
    """Without an answer nothing is claimed of the name."""
    scene.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away")
    (message,) = find(look(scene), "MASQ510")["unknown"]
    assert (
        message == "Whether an environment of that name exists is unknown: UNAVAILABLE: away; try again; if it stays "
        "so, look at the status page of Google Cloud."
    )
