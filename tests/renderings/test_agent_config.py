"""The policy as the agent's ConfigMap is one that the agent accepts, with the same effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network import Chain, MasqueradePolicy
from airflow_masq.network.agent_config import read_agent_config
from airflow_masq.plan import plan_from_mapping
from airflow_masq.renderings import RENDERINGS

NETWORK = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]}

render = RENDERINGS["agent-config"]


def config(policy: object) -> str:
    """Write a plan's policy and give the config inside the ConfigMap."""
    text = render(plan_from_mapping({"network": NETWORK, "policy": policy}, source="plan"))
    document: dict[str, Any] = yaml.safe_load(text)
    assert document["kind"] == "ConfigMap"
    assert document["metadata"] == {"name": "ip-masq-agent", "namespace": "kube-system"}
    return str(document["data"]["config"])


def test_composers_policy() -> None:
    """The config says everything itself: the list, link-local and how often the agent looks."""
    assert yaml.safe_load(config("composer")) == {
        "nonMasqueradeCIDRs": ["192.168.0.0/16", "10.128.0.0/20"],
        "masqLinkLocal": False,
        "resyncInterval": "60s",
    }


@pytest.mark.parametrize("policy", ["composer", "gke-default", {"agent_config": "masqLinkLocal: true"}])
def test_the_agent_accepts_it(policy: object) -> None:
    """The agent, as this package reads its configs, accepts the config without a warning of ours."""
    reading = read_agent_config(config(policy))
    assert (reading.accepted, reading.error, reading.certain) == (True, None, True)


def test_what_the_agent_would_do() -> None:
    """The agent's chain returns for each range in order, and masquerades the rest."""
    reading = read_agent_config(config({"agent_config": "nonMasqueradeCIDRs: [172.20.0.0/16]\nmasqLinkLocal: true"}))
    assert reading.ipv4_chain == (
        "172.20.0.0/16 RETURN",
        "10.128.0.0/20 RETURN",
        "192.168.0.0/16 RETURN",
        "MASQUERADE",
    )


def test_a_list_that_is_too_long() -> None:
    """The agent refuses more than 64 ranges, and would then leave Pod addresses everywhere."""
    plan = plan_from_mapping({"network": NETWORK | {"node_ranges": [f"10.{n}.0.0/16" for n in range(63)]}}, source="p")
    policy = MasqueradePolicy(name="own", chains=(Chain(name="a", exemptions=()),))
    assert render(replace(plan, policy=policy)).count("- 10.") == 63
    longer = NETWORK | {"node_ranges": [f"10.{n}.0.0/16" for n in range(64)]}
    with pytest.raises(InexpressibleError, match="refuses more than 64 ranges, and these are 65"):
        render(replace(plan_from_mapping({"network": longer}, source="p"), policy=policy))
