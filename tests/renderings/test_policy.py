"""The policy as an ``EgressNATPolicy`` or as the agent's ConfigMap has the effect that the plan describes.

Neither leaves out the cluster's own ranges, but for a list that the plan itself gives the agent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from airflow_masq.agent.config import read_agent_config
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.egress_nat_policy import read_egress_nat_policy
from airflow_masq.network.policy import Chain, MasqueradePolicy
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.renderings import RENDERINGS
from airflow_masq.rules import lint
from tests.renderings.examples import PAGE

NETWORK = {
    "node_ranges": ["10.128.0.0/20"],
    "pod_ranges": ["192.168.0.0/16"],
    "service_ranges": ["10.96.0.0/20"],
}
NODES_AND_PODS = {name: NETWORK[name] for name in ("node_ranges", "pod_ranges")}
OWN = ["192.168.0.0/16", "10.128.0.0/20", "10.96.0.0/20"]

render = RENDERINGS["egress-nat-policy"]
render_agent_config = RENDERINGS["agent-config"]


def manifest(plan: dict[str, Any]) -> dict[str, Any]:
    """Write a plan and read the YAML."""
    document = yaml.safe_load(render(load_plan_from_mapping({"network": NETWORK} | plan, source="plan")))
    assert isinstance(document, dict)
    return document


def policy_object(name: str, *cidrs: object) -> dict[str, Any]:
    """Make a manifest for a plan."""
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": name},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs]},
    }


def test_composers_policy() -> None:
    """Composer's policy names the Pods, and Google's caution the nodes; Services are never masqueraded either."""
    assert manifest({"policy": "composer"}) == policy_object("default", *OWN)


def test_gkes_default_list() -> None:
    """GKE's default list is written out, with those of the cluster's ranges after it that it does not cover."""
    public_pods = {"policy": "gke-default", "network": NETWORK | {"pod_ranges": ["8.0.0.0/16"]}}
    destinations = [item["cidr"] for item in manifest(public_pods)["spec"]["destinations"]]
    assert destinations[:3] == ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    assert destinations[-2:] == ["240.0.0.0/4", "8.0.0.0/16"]


def test_objects_of_ones_own() -> None:
    """Several objects become the one that replaces GKE's; where none was called default, its list stays in force."""
    replaced = manifest({"policy": {"egress_nat_policies": [policy_object("default", "172.20.0.0/16")]}})
    assert replaced["spec"]["destinations"][0] == {"cidr": "172.20.0.0/16"}
    assert "10.0.0.0/8" not in str(replaced)
    beside = manifest({"policy": {"egress_nat_policies": [policy_object("other", "8.8.8.0/24")]}})
    assert "8.8.8.0/24" in str(beside)
    assert "10.0.0.0/8" in str(beside)


def test_entries_of_ones_own_object_are_kept() -> None:
    """An entry of the plan stays even where another holds it; a range of the cluster that an entry holds does not."""
    own = ("10.0.0.0/8", "10.1.0.0/16", "172.20.0.0/16")
    destinations = manifest({"policy": {"egress_nat_policies": [policy_object("default", *own)]}})["spec"][
        "destinations"
    ]
    assert [item["cidr"] for item in destinations] == [*own, "192.168.0.0/16"]


def test_what_is_written_can_be_read() -> None:
    """The manifest is one that this package's own reader accepts."""
    assert [str(cidr) for cidr in read_egress_nat_policy(manifest({"policy": "composer"})).destinations] == OWN


@pytest.mark.parametrize("form", ["egress-nat-policy", "agent-config"])
@pytest.mark.parametrize(("name", "ipv4"), [("pod_ranges", "192.168.0.0/16"), ("node_ranges", "10.128.0.0/20")])
def test_ipv6_ranges_are_not_dropped_silently(form: str, name: str, ipv4: str) -> None:
    """It is not certain that the objects take IPv6, so a dual-stack plan gets an error."""
    network = NETWORK | {name: [ipv4, "fd00::/96"]}
    with pytest.raises(InexpressibleError, match=r"fd00::/96 is IPv6; .*--enable-ipv6") as caught:
        RENDERINGS[form](load_plan_from_mapping({"policy": "composer", "network": network}, source="plan"))
    assert (caught.value.form, caught.value.where) == (form, f"network.{name}")


@pytest.mark.parametrize("form", ["egress-nat-policy", "agent-config"])
@pytest.mark.parametrize(
    ("plan", "where", "reason"),
    [
        ({"policy": "none"}, "policy", "masquerades nothing"),
        ({"network": {"pod_ranges": ["192.168.0.0/16"]}}, "network.node_ranges", "intranode visibility"),
        ({"network": {"node_ranges": ["10.128.0.0/20"]}}, "network.pod_ranges", "intranode visibility"),
        (
            {
                "network": {"node_ranges": ["10.128.0.0/20"]},
                "environment": {
                    "config": {"nodeConfig": {"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods"}}},
                },
            },
            "environment.config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName",
            r"only the name of the Pods' range, .* add network\.pod_ranges: .* as secondaryIpRanges",
        ),
        (
            {"policy": {"egress_nat_policies": [policy_object("default") | {"kind": "Other"}]}},
            "policy.egress_nat_policies[0].kind",
            "the policy is without this manifest, .*: expected EgressNATPolicy, saw 'Other'",
        ),
    ],
)
def test_what_the_list_cannot_say(form: str, plan: dict[str, Any], where: str, reason: str) -> None:
    """Where the list would be empty, too short or made up, there is an error that names the place instead."""
    with pytest.raises(InexpressibleError, match=reason) as caught:
        RENDERINGS[form](load_plan_from_mapping({"network": NETWORK} | plan, source="plan"))
    assert (caught.value.form, caught.value.where) == (form, where)


@pytest.mark.parametrize("form", ["egress-nat-policy", "agent-config"])
@pytest.mark.parametrize(
    ("chains", "reason"),
    [
        ((Chain(name="a", exemptions=()), Chain(name="b", exemptions=())), "several agents"),
        ((Chain(name="a", exemptions=(), ipv6=True),), "--enable-ipv6"),
    ],
)
def test_policies_that_are_no_list(form: str, chains: tuple[Chain, ...], reason: str) -> None:
    """Two agents, or one that masquerades IPv6, are more than a list of exceptions."""
    plan = load_plan_from_mapping({"network": NETWORK}, source="plan")
    with pytest.raises(InexpressibleError, match=reason):
        RENDERINGS[form](replace(plan, policy=MasqueradePolicy(name="own", chains=chains)))


def test_masquerading_link_local() -> None:
    """Only the agent's own config can say that link-local destinations are masqueraded."""
    plan = load_plan_from_mapping({"network": NETWORK}, source="plan")
    chains = (Chain(name="a", exemptions=(), masquerades_link_local=True),)
    with pytest.raises(InexpressibleError, match="masqLinkLocal"):
        render(replace(plan, policy=MasqueradePolicy(name="own", chains=chains)))


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        ({"policy": {"egress_nat_policies": [policy_object("default", "fd00::/8")]}}, "policy"),
        ({"policy": "composer", "network": NETWORK | {"service_ranges": ["fd00:1::/108"]}}, "network.service_ranges"),
    ],
)
def test_ipv6_entries_are_not_dropped_silently(plan: dict[str, Any], where: str) -> None:
    """Neither an entry of the plan's own list nor a Service range vanishes from the object."""
    with pytest.raises(InexpressibleError, match="is IPv6") as caught:
        render(load_plan_from_mapping({"network": NETWORK} | plan, source="plan"))
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("form", "image", "words"),
    [
        ("egress-nat-policy", "composer-3-airflow-2.10.5-build.3", "Composer 3 keeps its nodes and Pods out of your"),
        ("agent-config", "composer-3-airflow-2.10.5-build.3", "Composer 3 keeps its nodes and Pods out of your"),
        ("egress-nat-policy", "composer-1.20.12-airflow-1.10.15", "Composer 1 runs on a Standard cluster"),
        ("agent-config", "composer-1.20.12-airflow-1.10.15", None),
        ("egress-nat-policy", "composer-2.17.9-airflow-2.11.1", None),
    ],
)
def test_what_no_cluster_of_the_environment_reads_is_not_written(form: str, image: str, words: str | None) -> None:
    """A form for another kind of cluster than the environment's is an error that names the image."""
    environment = {"config": {"softwareConfig": {"imageVersion": image}}}
    plan = load_plan_from_mapping({"network": NETWORK, "environment": environment}, source="plan")
    if words is None:
        assert "192.168.0.0/16" in RENDERINGS[form](plan)
        return
    with pytest.raises(InexpressibleError, match=words) as caught:
        RENDERINGS[form](plan)
    assert caught.value.where == "environment.config.softwareConfig.imageVersion"


def rendered(policy: object, *, network: dict[str, Any] | None = None) -> str:
    """Write a plan's policy."""
    sections = {"network": NODES_AND_PODS if network is None else network, "policy": policy}
    return render_agent_config(load_plan_from_mapping(sections, source="plan"))


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


def test_composers_policy_as_config() -> None:
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
    assert node.startswith("MASQ301: The node range 10.128.0.0/20 is missing from the non-masquerade list, so servers")
    assert pod.startswith(" MASQ301: The Pod range 192.168.0.0/16 is missing from the non-masquerade list, so servers")
    assert nothing == ""
    halves = "nonMasqueradeCIDRs: [10.128.0.0/9, 192.168.128.0/17, 192.168.0.0/17]"
    assert comments({"agent_config": halves}) == [""]
    assert comments("composer") == [""]


@pytest.mark.parametrize("environment", [{}, {"environment": PAGE}])
def test_the_comment_is_what_the_rule_says(environment: dict[str, Any]) -> None:
    """The comment and the finding of ``lint`` are the same sentence."""
    plan = load_plan_from_mapping(
        environment | {"network": NODES_AND_PODS, "policy": {"agent_config": "nonMasqueradeCIDRs: [10.128.0.0/20]"}},
        source="plan",
    )
    (message,) = [finding.message for finding in lint(plan) if finding.code == "MASQ301"]
    assert f"MASQ301: {message}" in " ".join(render_agent_config(plan).replace("\n# ", " ").split("\n"))


def test_ranges_that_the_plan_does_not_name() -> None:
    """If the plan has no ranges, the list is written, with a comment that it was not compared with them."""
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
    plan = load_plan_from_mapping({"network": NODES_AND_PODS, "policy": {"agent_config": text}}, source="plan")
    reason = read_agent_config(text).error
    assert reason
    with pytest.raises(InexpressibleError, match="the agent reads no list from this config") as caught:
        RENDERINGS[form](plan)
    assert caught.value.where == "policy.agent_config"
    assert caught.value.reason.endswith(reason)


def test_a_policy_that_masquerades_nothing() -> None:
    """Where nothing is masqueraded there are no exceptions to list."""
    with pytest.raises(InexpressibleError, match="policy none masquerades nothing") as caught:
        config("none")
    assert caught.value.where == "policy"


def test_a_config_that_no_agent_reads() -> None:
    """Without the DaemonSet the plan's own config is written all the same, since it is for when the DaemonSet runs."""
    own = "nonMasqueradeCIDRs: [172.20.0.0/16]\ncidrLimit: 70"
    unread: dict[str, object] = {"agent_config": own, "daemon_set": False}
    assert config(unread) == config({"agent_config": own})
    assert read_agent_config(config(unread)).ipv4_chain == read_agent_config(own).ipv4_chain
    plan = load_plan_from_mapping({"network": NODES_AND_PODS, "policy": unread}, source="plan")
    (message,) = [finding.message for finding in lint(plan) if finding.code == "MASQ315"]
    assert f"MASQ315: {message}" in " ".join(render_agent_config(plan).replace("\n# ", " ").split("\n"))
    assert "MASQ315" not in rendered({"agent_config": own})


@pytest.mark.parametrize("setting", [{"enable_ipv6": True}, {"agent_config": "nonMasqueradeCIDRs: [10.0.0.0]"}])
def test_a_config_that_no_agent_reads_is_refused_alike(setting: dict[str, object]) -> None:
    """What could not be written for an agent that runs cannot be written for one that does not."""
    reasons = []
    for daemon_set in (True, False):
        with pytest.raises(InexpressibleError) as caught:
            config({"agent_config": "{}", "daemon_set": daemon_set} | setting)
        reasons.append(str(caught.value))
    assert reasons[0] == reasons[1]


def test_a_list_that_is_too_long() -> None:
    """The agent refuses more than 64 ranges, and would then leave Pod addresses everywhere."""
    plan = load_plan_from_mapping(
        {"network": NODES_AND_PODS | {"node_ranges": [f"10.{n}.0.0/16" for n in range(63)]}}, source="p"
    )
    policy = MasqueradePolicy(name="own", chains=(Chain(name="a", exemptions=()),))
    assert render_agent_config(replace(plan, policy=policy)).count("- 10.") == 63
    longer = NODES_AND_PODS | {"node_ranges": [f"10.{n}.0.0/16" for n in range(64)]}
    with pytest.raises(InexpressibleError, match="refuses more than 64 ranges, but there are 65"):
        render_agent_config(replace(load_plan_from_mapping({"network": longer}, source="p"), policy=policy))
