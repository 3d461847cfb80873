"""What the tests of single rules share: plans made of little, and one rule's findings."""

from __future__ import annotations

from typing import Any

from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.rules import Finding, lint

COMPOSER_2 = "composer-2.17.9-airflow-2.11.1"
COMPOSER_1 = "composer-1.20.12-airflow-1.10.15"
COMPOSER_3 = "composer-3-airflow-2.10.5-build.3"

SERVICE_ACCOUNT = "composer@example-project.iam.gserviceaccount.com"
# Plans of these tests are fragments: without targets, or without the number of Pods on a node.
NO_TARGETS = "MASQ319"
OF_FRAGMENTS = frozenset({NO_TARGETS, "MASQ321"})

NETWORK: dict[str, Any] = {
    "node_ranges": ["10.128.0.0/20"],
    "pod_ranges": ["192.168.0.0/16"],
    "service_ranges": ["10.96.0.0/20"],
}


def environment(image: str | None = COMPOSER_2, **config: Any) -> dict[str, Any]:  # noqa: ANN401 - a section is any JSON
    """Make a plan of an environment only, with the service account that the service demands."""
    software = {} if image is None else {"softwareConfig": {"imageVersion": image}}
    node = {"serviceAccount": SERVICE_ACCOUNT, **config.pop("nodeConfig", {})}
    return {"environment": {"config": {**software, "nodeConfig": node, **config}}}


def manifest(*destinations: object, name: str = "default", **changes: object) -> dict[str, Any]:
    """Make an EgressNATPolicy."""
    entries = [{"cidr": each} if isinstance(each, str) else each for each in destinations]
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": name},
        "spec": {"action": "NoSNAT", "destinations": entries},
        **changes,
    }


def target(observe: str, **settings: object) -> dict[str, Any]:
    """Make a plan's only target."""
    return {"name": "erp", "observe": observe, **settings}


def findings(mapping: dict[str, Any], code: str) -> list[Finding]:
    """Give one rule's findings about a plan."""
    return [finding for finding in lint(load_plan_from_mapping(mapping, source="params")) if finding.code == code]


def codes(mapping: dict[str, Any]) -> set[str]:
    """Give the codes of all findings about a plan, except that it is a fragment."""
    return {finding.code for finding in lint(load_plan_from_mapping(mapping, source="params"))} - OF_FRAGMENTS
