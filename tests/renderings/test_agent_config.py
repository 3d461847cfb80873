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


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("cidrLimit: 70\nresyncInterval: 1m0.5s\nmasqLinkLocalIPv6: true\n", "60.5s"),
        ('{"cidrLimit": 70, "resyncInterval": "1h", "masqLinkLocalIPv6": true}', "3600s"),
    ],
)
def test_ones_own_settings_are_kept(text: str, interval: str) -> None:
    """What the plan's own config sets beside the list is in the rendered one, which the agent reads alike."""
    rendered = config({"agent_config": text})
    settings = yaml.safe_load(rendered)
    del settings["nonMasqueradeCIDRs"]
    assert settings == {
        "masqLinkLocal": False,
        "masqLinkLocalIPv6": True,
        "resyncInterval": interval,
        "cidrLimit": 70,
    }
    before, after = read_agent_config(text).config, read_agent_config(rendered).config
    assert before is not None
    assert after is not None
    assert after.resync_interval_seconds == before.resync_interval_seconds


def test_a_limit_of_ones_own() -> None:
    """The cluster's own ranges may make the list longer than the plan's config allows."""
    with pytest.raises(InexpressibleError, match="refuses more than 2 ranges, and these are 3"):
        config({"agent_config": "nonMasqueradeCIDRs: [172.20.0.0/16]\ncidrLimit: 2"})


def test_a_config_that_nobody_reads() -> None:
    """Without the DaemonSet the plan's config is not in force, and so neither are its settings."""
    assert "cidrLimit" not in config({"agent_config": "cidrLimit: 70", "daemon_set": False})


def test_a_list_that_is_too_long() -> None:
    """The agent refuses more than 64 ranges, and would then leave Pod addresses everywhere."""
    plan = plan_from_mapping({"network": NETWORK | {"node_ranges": [f"10.{n}.0.0/16" for n in range(63)]}}, source="p")
    policy = MasqueradePolicy(name="own", chains=(Chain(name="a", exemptions=()),))
    assert render(replace(plan, policy=policy)).count("- 10.") == 63
    longer = NETWORK | {"node_ranges": [f"10.{n}.0.0/16" for n in range(64)]}
    with pytest.raises(InexpressibleError, match="refuses more than 64 ranges, and these are 65"):
        render(replace(plan_from_mapping({"network": longer}, source="p"), policy=policy))
