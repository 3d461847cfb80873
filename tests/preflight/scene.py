"""A Shared VPC in the emulated cloud in which nothing is wrong, a plan by names for it, and a preflight of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.clients.compute import ComputeClient
from airflow_masq.clients.identity import IdentityClient
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.preflight.asking import Clients, ask_questions
from airflow_masq.preflight.report import PreflightReport, make_report
from airflow_masq.preflight.subject import Subject
from lab.cloud import Nat
from tests.emulated_cloud import IMAGE, LOCATION, PROJECT, SERVICE_ACCOUNT

if TYPE_CHECKING:
    from airflow_masq.plan import Plan
    from tests.emulated_cloud import EmulatedCloud

HOST = "host-project"
NETWORK = f"projects/{HOST}/global/networks/shared"
SUBNETWORK = f"projects/{HOST}/regions/{LOCATION}/subnetworks/composer"
ROUTER = f"projects/{HOST}/regions/{LOCATION}/routers/egress"
ADDRESS = f"projects/{HOST}/regions/{LOCATION}/addresses/nat"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/{SERVICE_ACCOUNT}"


def prepare(cloud: EmulatedCloud) -> None:
    """Set up projects, roles, ranges and Cloud NAT as Google's pages ask for it."""
    cloud.vpc.add_subnetwork(
        SUBNETWORK,
        ip_cidr_range="10.128.48.0/24",
        secondary_ranges={"pods": "192.168.0.0/20", "services": "10.96.0.0/22"},
        network=NETWORK,
    )
    cloud.vpc.add_address(ADDRESS, address="203.0.113.7")
    cloud.vpc.add_router(ROUTER, network=NETWORK, nats=[Nat(name="nat", addresses=[ADDRESS])])
    identities = cloud.identities
    identities.add_account(SERVICE_ACCOUNT, project=PROJECT)
    number = identities.find_number(PROJECT)
    composer = f"service-{number}@cloudcomposer-accounts.iam.gserviceaccount.com"
    gke = f"service-{number}@container-engine-robot.iam.gserviceaccount.com"
    own, host = f"projects/{PROJECT}", f"projects/{HOST}"
    for name, role, email in (
        (own, "roles/composer.serviceAgent", composer),
        (ACCOUNT, "roles/composer.ServiceAgentV2Ext", composer),
        (own, "roles/composer.worker", SERVICE_ACCOUNT),
        (host, "roles/composer.sharedVpcAgent", composer),
        (host, "roles/container.hostServiceAgentUser", gke),
        (host, "roles/compute.networkUser", f"{number}@cloudservices.gserviceaccount.com"),
    ):
        identities.grant(name, role=role, email=email)
    cloud.vpc.grant(SUBNETWORK, role="roles/compute.networkUser", email=gke)


def prepare_page(cloud: EmulatedCloud) -> None:
    """Set up what docs/preflight.md shows: the same, with an error, a warning, an unknown, and a role missing."""
    prepare(cloud)
    cloud.access.deny(PROJECT, "iam.serviceAccounts.actAs", "compute.regions.get")
    cloud.vpc.allocated[SUBNETWORK, ""] = 190
    cloud.vpc.allocated[SUBNETWORK, "pods"] = 1024
    email = f"{cloud.identities.find_number(PROJECT)}@cloudservices.gserviceaccount.com"
    cloud.identities.revoke(f"projects/{HOST}", role="roles/compute.networkUser", email=email)


def make_plan(
    *,
    image: str = IMAGE,
    private: bool = True,
    section: dict[str, Any] | None = None,
    policy: str | None = None,
    **node_config: object,
) -> Plan:
    """Make a plan that says everything by names.

    :param image: the image version; empty for none.
    :param section: the plan's ``network`` section.
    :param policy: the plan's ``policy``; default: that of the environment.
    :param node_config: fields of ``nodeConfig`` in place of the usual ones; ``None`` leaves one out.
    """
    node = {
        "network": NETWORK,
        "subnetwork": SUBNETWORK,
        "serviceAccount": SERVICE_ACCOUNT,
        "enableIpMasqAgent": True,
        "ipAllocationPolicy": {"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"},
        **node_config,
    }
    mapping: dict[str, object] = {
        "environment": {
            "name": f"projects/{PROJECT}/locations/{LOCATION}/environments/example-environment",
            "config": {
                "softwareConfig": {"imageVersion": image},
                "nodeConfig": {name: value for name, value in node.items() if value is not None},
                "privateEnvironmentConfig": {"enablePrivateEnvironment": private},
            },
        },
        "targets": [
            {"name": "onprem-erp", "observe": "http://172.20.0.10/ip", "allowed_sources": ["10.0.0.0/8"]},
        ],
    }
    sections = {"network": section, "policy": policy}
    return load_plan_from_mapping(mapping | {name: value for name, value in sections.items() if value}, source="test")


def make_clients(cloud: EmulatedCloud, *, timeout_seconds: float = 5.0) -> Clients:
    """Connect the real clients to the emulated cloud."""
    return Clients(
        composer=ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=timeout_seconds),
        compute=ComputeClient(None, endpoint=cloud.compute_endpoint, api_timeout_seconds=timeout_seconds),
        identity=IdentityClient(None, endpoint=cloud.iam_endpoint, api_timeout_seconds=timeout_seconds),
    )


def look(cloud: EmulatedCloud, *, plan: Plan | None = None, timeout_seconds: float = 5.0) -> PreflightReport:
    """Do a preflight of a plan with the real clients."""
    plan = plan or make_plan()
    subject = Subject.read(plan.environment)
    answers = ask_questions(
        subject,
        make_clients=lambda: make_clients(cloud, timeout_seconds=timeout_seconds),
        looks_for_environment=True,
        timeout_seconds=timeout_seconds,
    )
    return make_report(subject, plan=plan, answers=answers)


def find(report: PreflightReport, code: str) -> dict[str, list[str]]:
    """Group the messages of a code by their severity."""
    found: dict[str, list[str]] = {}
    for row in report.rows:
        if row.code == code:
            found.setdefault(str(row.severity), []).append(row.message)
    return found
