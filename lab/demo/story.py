"""What the demo is about, as data: two environments, the services that they call, and the verdicts the story needs.

It must open nothing and know nothing of namespaces, servers or Airflow. The example is the page's own: VMs in
10.0.0.0/8, which is all that the firewall lets in, and Pods in 192.168.0.0/16
(https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent, read 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_masq.verdict import Outcome

PARENT = "projects/example-project/locations/us-central1"
IMAGE_VERSION = "composer-2.14.1-airflow-2.10.5"
NODES = 3
PODS_PER_NODE = 2
NODE_RANGE = "10.128.0.0/20"
CLOUD_NAT_ADDRESS = "203.0.113.7"


@dataclass(frozen=True)
class StoryEnvironment:
    """An environment of the story.

    :param environment_id: its name.
    :param masquerade: whether it is created with the IP masquerade agent.
    :param pod_range: where its Pods live.
    :param service_range: where its Services live.
    :param first_node_address: the address of its first node; the others follow.
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

    def resource(self) -> dict[str, Any]:
        """Give what is asked of the Composer API, in the shape of its REST resource.

        :return: Google's ``Environment``; the flag is absent where the environment goes without the agent.
        """
        node_config: dict[str, Any] = {
            "ipAllocationPolicy": {
                "clusterIpv4CidrBlock": self.pod_range,
                "servicesIpv4CidrBlock": self.service_range,
            }
        }
        if self.masquerade:
            node_config["enableIpMasqAgent"] = True
        return {
            "name": self.name,
            "config": {"softwareConfig": {"imageVersion": IMAGE_VERSION}, "nodeConfig": node_config},
        }


WITHOUT_AGENT = StoryEnvironment(
    environment_id="without-agent",
    masquerade=False,
    pod_range="192.168.0.0/17",
    service_range="10.96.0.0/20",
    first_node_address="10.128.0.2",
)
WITH_AGENT = StoryEnvironment(
    environment_id="with-agent",
    masquerade=True,
    pod_range="192.168.128.0/17",
    service_range="10.97.0.0/20",
    first_node_address="10.128.0.10",
)
ENVIRONMENTS = (WITHOUT_AGENT, WITH_AGENT)


@dataclass(frozen=True)
class StoryTarget:
    """A service that the environments call, and what the story needs of its verdicts.

    :param name: its name in the plan.
    :param destination: its name in the packet lab.
    :param expect: the kind of source it must see.
    :param allowed_sources: what its firewall lets in; ``None`` where it has none.
    :param without_agent: the outcome that the story needs of the environment without the agent.
    :param with_agent: the outcome that the story needs of the other one.
    """

    name: str
    destination: str
    expect: str
    allowed_sources: tuple[str, ...] | None
    without_agent: Outcome
    with_agent: Outcome


# The first two fail without the agent, the last two do the same with and without it: a check that always passed or
# always failed could not tell this story.
TARGETS = (
    StoryTarget("onprem-erp", "on-premises", "node", ("10.0.0.0/8",), Outcome.INCONCLUSIVE, Outcome.PASS),
    StoryTarget("vpc-service", "in-vpc", "node", None, Outcome.FAIL, Outcome.PASS),
    StoryTarget("vm-beside-nodes", "node-subnet", "pod", None, Outcome.PASS, Outcome.PASS),
    StoryTarget("public-service", "public", "nat", None, Outcome.PASS, Outcome.PASS),
)


def plan(environment: StoryEnvironment, *, observe_urls: dict[str, str]) -> dict[str, Any]:
    """Write the plan that a user of this environment would write.

    :param environment: the environment.
    :param observe_urls: where each target's observer answers, by the target's name.
    :return: the plan file's content.
    """
    return {
        "apiVersion": "airflow-masq/v1",
        "environment": environment.resource(),
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


def needed_outcome(environment_id: str, target_name: str) -> Outcome:
    """Say which outcome the story needs.

    :param environment_id: the environment.
    :param target_name: the target.
    :return: the outcome.
    :raises KeyError: when the story has no such environment or target.
    """
    environment = {each.environment_id: each for each in ENVIRONMENTS}[environment_id]
    target = {each.name: each for each in TARGETS}[target_name]
    return target.with_agent if environment.masquerade else target.without_agent
