"""What the demo shows, as data: two environments, the services that they call, and the expected verdicts.

The example is that of Google's page: the firewall lets in only 10.0.0.0/8, where the VMs are, and the Pods are in
192.168.0.0/16 [source: composer-agent-example].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_masq.verdict import Outcome

PARENT = "projects/example-project/locations/us-central1"
IMAGE_VERSION = "composer-2.17.9-airflow-2.11.1"
SERVICE_ACCOUNT = "composer@example-project.iam.gserviceaccount.com"
NODES = 3
PODS_PER_NODE = 2
NODE_RANGE = "10.128.0.0/20"
CLOUD_NAT_ADDRESS = "203.0.113.7"


@dataclass(frozen=True, kw_only=True)
class DemoEnvironment:
    """An environment of the demo.

    :param masquerade: whether it is created with the IP masquerade agent.
    :param first_node_address: the address of its first node; the other nodes follow it.
    """

    environment_id: str
    masquerade: bool
    pod_range: str
    service_range: str
    first_node_address: str

    @property
    def name(self) -> str:
        """Google's resource name."""
        return f"{PARENT}/environments/{self.environment_id}"

    @property
    def resource(self) -> dict[str, Any]:
        """The REST resource for the Composer API; without the agent it does not contain the flag."""
        allocation = {"clusterIpv4CidrBlock": self.pod_range, "servicesIpv4CidrBlock": self.service_range}
        node_config: dict[str, Any] = {"serviceAccount": SERVICE_ACCOUNT, "ipAllocationPolicy": allocation}
        if self.masquerade:
            node_config["enableIpMasqAgent"] = True
        return {
            "name": self.name,
            "config": {"softwareConfig": {"imageVersion": IMAGE_VERSION}, "nodeConfig": node_config},
        }

    def make_plan(self, *, observe_urls: dict[str, str]) -> dict[str, Any]:
        """Make the plan that a user would write for it.

        :param observe_urls: the URL of each target's observer, by the target's name.
        """
        return {
            "apiVersion": "airflow-masq/v1",
            "environment": self.resource,
            "cluster": {"pods_per_node": 32},  # Autopilot's, so that a Pod's address names its node
            "network": {
                "node_ranges": [NODE_RANGE],
                "nat_addresses": [CLOUD_NAT_ADDRESS],
                "nat_covers": ["node"],
            },
            "targets": [
                {"name": target.name, "observe": observe_urls[target.name], "expect": target.expect}
                | ({"allowed_sources": list(target.allowed_sources)} if target.allowed_sources else {})
                for target in TARGETS
            ],
        }


WITHOUT_AGENT = DemoEnvironment(
    environment_id="without-agent",
    masquerade=False,
    pod_range="192.168.0.0/17",
    service_range="10.96.0.0/20",
    first_node_address="10.128.0.2",
)
WITH_AGENT = DemoEnvironment(
    environment_id="with-agent",
    masquerade=True,
    pod_range="192.168.128.0/17",
    service_range="10.97.0.0/20",
    first_node_address="10.128.0.10",
)
ENVIRONMENTS = (WITHOUT_AGENT, WITH_AGENT)


@dataclass(frozen=True)
class DemoTarget:
    """A service that the environments call, and the expected outcome in each of them.

    :param name: its name in the plan.
    :param destination: its name in the packet lab.
    :param expect: the kind of source that it must see.
    :param allowed_sources: what its firewall lets in; ``None`` if it has none.
    """

    name: str
    destination: str
    expect: str
    allowed_sources: tuple[str, ...] | None
    without_agent: Outcome
    with_agent: Outcome


# The first two do not pass without the agent. The last two have the same outcome in both environments: a check that
# always passes or always fails cannot produce these verdicts.
TARGETS = (
    DemoTarget("onprem-erp", "on-premises", "node", ("10.0.0.0/8",), Outcome.INCONCLUSIVE, Outcome.PASS),
    DemoTarget("vpc-service", "in-vpc", "node", None, Outcome.FAIL, Outcome.PASS),
    DemoTarget("vm-beside-nodes", "node-subnet", "pod", None, Outcome.PASS, Outcome.PASS),
    DemoTarget("public-service", "public", "nat", None, Outcome.PASS, Outcome.PASS),
)


def get_expected_outcome(environment_id: str, target_name: str) -> Outcome:
    """Return the expected outcome of a target in an environment; raise KeyError for unknown names."""
    environment = {each.environment_id: each for each in ENVIRONMENTS}[environment_id]
    target = {each.name: each for each in TARGETS}[target_name]
    return target.with_agent if environment.masquerade else target.without_agent
