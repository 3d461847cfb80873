"""The policy as the agent's ConfigMap is one that the agent accepts, with the same effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from airflow_masq.agent.config import read_agent_config
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.policy import Chain, MasqueradePolicy
from airflow_masq.plan import plan_from_mapping
from airflow_masq.renderings import RENDERINGS
from airflow_masq.rules import lint

NETWORK = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]}

render = RENDERINGS["agent-config"]


def rendered(policy: object, *, network: dict[str, Any] | None = None) -> str:
    """Write a plan's policy."""
    sections = {"network": NETWORK if network is None else network, "policy": policy}
    return render(plan_from_mapping(sections, source="plan"))


def config(policy: object) -> str:
    """Write a plan's policy and give the config inside the ConfigMap."""
    document: dict[str, Any] = yaml.safe_load(rendered(policy))
    assert document["kind"] == "ConfigMap"
    assert document["metadata"] == {"name": "ip-masq-agent", "namespace": "kube-system"}
    return str(document["data"]["config"])


def comments(policy: object, *, network: dict[str, Any] | None = None) -> list[str]:
    """Give the codes of the rules and the sentences that comments say, without the two lines that are always there."""
    lines = rendered(policy, network=network).splitlines()[2:]
    return " ".join(line.removeprefix("# ") for line in lines if line.startswith("# ")).split("ranges.")


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


def test_ones_own_list_is_left_alone() -> None:
    """A list that leaves out the cluster's ranges is written as it is, in its order: more would be another policy."""
    own = "nonMasqueradeCIDRs: [172.20.0.0/16, 10.0.0.0/9, 172.20.0.0/24]\nmasqLinkLocal: true"
    reading = read_agent_config(config({"agent_config": own}))
    assert reading.ipv4_chain == ("172.20.0.0/16 RETURN", "10.0.0.0/9 RETURN", "172.20.0.0/24 RETURN", "MASQUERADE")
    assert reading.ipv4_chain == read_agent_config(own).ipv4_chain


def test_what_ones_own_list_leaves_out_is_said() -> None:
    """Node and Pod ranges that are missing are named in a comment, in the rule's words; those it holds are not."""
    node, pod, nothing = comments({"agent_config": "nonMasqueradeCIDRs: [172.20.0.0/16]"})
    assert node.startswith("MASQ301: The node range 10.128.0.0/20 is missing from the non-masquerade list; Composer")
    assert pod.startswith(" MASQ301: The Pod range 192.168.0.0/16 is missing from the non-masquerade list; Composer")
    assert nothing == ""
    halves = "nonMasqueradeCIDRs: [10.128.0.0/9, 192.168.128.0/17, 192.168.0.0/17]"
    assert comments({"agent_config": halves}) == [""]
    assert comments("composer") == [""]


def test_the_comment_is_what_the_rule_says() -> None:
    """The comment and the finding of ``lint`` are the same sentence."""
    plan = plan_from_mapping(
        {"network": NETWORK, "policy": {"agent_config": "nonMasqueradeCIDRs: [10.128.0.0/20]"}}, source="plan"
    )
    (message,) = [finding.message for finding in lint(plan) if finding.code == "MASQ301"]
    assert f"MASQ301: {message}" in " ".join(render(plan).replace("\n# ", " ").split("\n"))


def test_ranges_that_the_plan_does_not_name() -> None:
    """Where nobody named the ranges the list is written all the same, and that nobody looked is said."""
    (sentences,) = comments({"agent_config": "nonMasqueradeCIDRs: []"}, network={"pod_ranges": ["fd00::/64"]})
    assert sentences == "The plan names no node range, so whether the list includes it is not known (MASQ301)."


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
    """A list as long as the plan's own limit stays as long as that."""
    settings = yaml.safe_load(config({"agent_config": "nonMasqueradeCIDRs: [172.20.0.0/16]\ncidrLimit: 1"}))
    assert (settings["nonMasqueradeCIDRs"], settings["cidrLimit"]) == (["172.20.0.0/16"], 1)


@pytest.mark.parametrize("form", ["agent-config", "egress-nat-policy"])
@pytest.mark.parametrize("text", ["nonMasqueradeCIDRs: [10.0.0.0]", "nonMasqueradeCIDRs: [10.0.0.1/8]"])
def test_a_refused_config(form: str, text: str) -> None:
    """A config that the agent refuses is in force nowhere; the error names it, and says why in the agent's words."""
    plan = plan_from_mapping({"network": NETWORK, "policy": {"agent_config": text}}, source="plan")
    reason = read_agent_config(text).error
    assert reason
    with pytest.raises(InexpressibleError, match="the agent refuses the config") as caught:
        RENDERINGS[form](plan)
    assert caught.value.where == "policy.agent_config"
    assert caught.value.reason.endswith(reason)


def test_a_policy_that_masquerades_nothing() -> None:
    """Where nothing is masqueraded there are no exceptions to list."""
    with pytest.raises(InexpressibleError, match="policy none masquerades nothing") as caught:
        config("none")
    assert caught.value.where == "policy"


def test_a_config_that_nobody_reads() -> None:
    """Without the DaemonSet the plan's own config is written all the same, since it is for when the DaemonSet runs."""
    own = "nonMasqueradeCIDRs: [172.20.0.0/16]\ncidrLimit: 70"
    unread: dict[str, object] = {"agent_config": own, "daemon_set": False}
    assert config(unread) == config({"agent_config": own})
    assert read_agent_config(config(unread)).ipv4_chain == read_agent_config(own).ipv4_chain
    plan = plan_from_mapping({"network": NETWORK, "policy": unread}, source="plan")
    (message,) = [finding.message for finding in lint(plan) if finding.code == "MASQ315"]
    assert f"MASQ315: {message}" in " ".join(render(plan).replace("\n# ", " ").split("\n"))
    assert "MASQ315" not in rendered({"agent_config": own})


@pytest.mark.parametrize("setting", [{"enable_ipv6": True}, {"agent_config": "nonMasqueradeCIDRs: [10.0.0.0]"}])
def test_a_config_that_nobody_reads_is_refused_alike(setting: dict[str, object]) -> None:
    """What could not be written for an agent that runs cannot be written for one that does not."""
    reasons = []
    for daemon_set in (True, False):
        with pytest.raises(InexpressibleError) as caught:
            config({"agent_config": "{}", "daemon_set": daemon_set} | setting)
        reasons.append(str(caught.value))
    assert reasons[0] == reasons[1]


def test_a_list_that_is_too_long() -> None:
    """The agent refuses more than 64 ranges, and would then leave Pod addresses everywhere."""
    plan = plan_from_mapping({"network": NETWORK | {"node_ranges": [f"10.{n}.0.0/16" for n in range(63)]}}, source="p")
    policy = MasqueradePolicy(name="own", chains=(Chain(name="a", exemptions=()),))
    assert render(replace(plan, policy=policy)).count("- 10.") == 63
    longer = NETWORK | {"node_ranges": [f"10.{n}.0.0/16" for n in range(64)]}
    with pytest.raises(InexpressibleError, match="refuses more than 64 ranges, and these are 65"):
        render(replace(plan_from_mapping({"network": longer}, source="p"), policy=policy))
