"""Environments and audits for the tests of audits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_masq.audit import Audit, AuditedEnvironment, audit_environment
from airflow_masq.audit.audit import sort_environments
from airflow_masq.environment import EnvironmentResource
from airflow_masq.facts import Cluster, ClusterName

PROJECT = "example-project"
REGION = "us-central1"
BEGAN = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
CURRENT = "composer-2.17.9-airflow-2.11.1"
COMPOSER_3 = "composer-3-airflow-2.10.5-build.3"
CLUSTER = f"projects/{PROJECT}/locations/{REGION}/clusters/us-central1-example-1a2b3c4d-gke"


def describe(
    environment_id: str = "example",
    *,
    agent: bool = True,
    image: str | None = CURRENT,
    state: str = "RUNNING",
    **node: Any,  # noqa: ANN401 - any JSON
) -> EnvironmentResource:
    """Write an environment as Google describes it."""
    config: dict[str, Any] = {
        "gkeCluster": CLUSTER,
        "nodeConfig": {
            "serviceAccount": "composer@example-project.iam.gserviceaccount.com",
            "ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.4.0.0/17", "servicesIpv4CidrBlock": "10.8.0.0/22"},
            **({"enableIpMasqAgent": True} if agent else {}),
            **node,
        },
        **({} if image is None else {"softwareConfig": {"imageVersion": image}}),
    }
    name = f"projects/{PROJECT}/locations/{REGION}/environments/{environment_id}"
    return EnvironmentResource.read({"name": name, "uuid": "u-1", "state": state, "config": config})


def make_cluster(**fields: Any) -> Cluster:  # noqa: ANN401 - any JSON
    """Make a cluster as GKE describes it."""
    resource = {
        "status": "RUNNING",
        "autopilot": {"enabled": True},
        "initialClusterVersion": "1.33.4-gke.1245000",
        "currentMasterVersion": "1.33.5-gke.1201000",
        "nodePools": [{"name": "default-pool", "maxPodsConstraint": {"maxPodsPerNode": "32"}}],
        "ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.4.0.0/17", "servicesIpv4CidrBlock": "10.8.0.0/22"},
        "networkConfig": {"subnetwork": f"projects/{PROJECT}/regions/{REGION}/subnetworks/default"},
        **fields,
    }
    return Cluster.read(resource, name=ClusterName.parse(CLUSTER))


def audit_one(resource: EnvironmentResource, *, cluster: Cluster | None = None) -> AuditedEnvironment:
    """Judge an environment."""
    return audit_environment(resource, project=PROJECT, region=REGION, cluster=cluster)


def make_audit(*environments: AuditedEnvironment, **fields: Any) -> Audit:  # noqa: ANN401 - an audit's
    """Make an audit of one project in one region."""
    given = {"began": BEGAN, "projects": (PROJECT,), "regions": (REGION,), **fields}
    return Audit(environments=sort_environments(environments), **given)
