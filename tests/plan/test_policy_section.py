"""A plan's policy is a word, the cluster's EgressNATPolicy objects, or the agent's config."""

from __future__ import annotations

import pytest
from netaddr import IPAddress

from airflow_masq.exceptions import PlanError
from airflow_masq.network.policy import decide, list_gke_default_exemptions
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan, PolicyChoice, load_plan, load_plan_from_mapping

NETWORK = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"], "service_ranges": ["10.96.0.0/20"]}
MANIFEST = {
    "apiVersion": "networking.gke.io/v1",
    "kind": "EgressNATPolicy",
    "metadata": {"name": "default"},
    "spec": {"action": "NoSNAT", "destinations": [{"cidr": "10.200.0.0/16"}]},
}
BARE_DESTINATION = MANIFEST | {"spec": {"action": "NoSNAT", "destinations": ["172.20.0.0/16"]}}


def _plan(policy: object) -> Plan:
    return load_plan_from_mapping({"network": NETWORK, "policy": policy}, source="plan")


def _error(policy: object) -> str:
    with pytest.raises(PlanError) as caught:
        _plan(policy)
    return str(caught.value)


def _masqueraded(plan: Plan, destination: str) -> bool:
    return decide(plan.policy, pod=IPAddress("192.168.0.5"), destination=IPAddress(destination)).masqueraded


@pytest.mark.parametrize("name", ["composer", "gke-default", "none"])
def test_a_word_names_a_policy(name: str) -> None:
    """The three words name the policies that need no further description."""
    plan = _plan(name)
    assert (plan.policy.name, plan.policy_choice) == (name, PolicyChoice(name=name, stated=True))


def test_manifests_make_a_policy() -> None:
    """Destinations in a manifest keep the Pod's address, and so do nodes, Pods and Services; others do not."""
    plan = _plan({"egress_nat_policies": [MANIFEST]})
    assert plan.policy_choice == PolicyChoice(
        name="egress_nat_policies",
        stated=True,
        manifests=(MANIFEST,),
        manifest_places=("policy.egress_nat_policies[0]",),
    )
    assert not _masqueraded(plan, "10.200.0.9")
    assert not _masqueraded(plan, "10.128.0.9")
    assert _masqueraded(plan, "172.20.0.10")


def test_a_flawed_manifest_is_kept_but_not_in_force() -> None:
    """What the API server would refuse counts for nothing, but is there for rules to complain about."""
    plan = _plan({"egress_nat_policies": [MANIFEST, BARE_DESTINATION]})
    assert plan.policy_choice.manifests == (MANIFEST, BARE_DESTINATION)
    sound = _plan({"egress_nat_policies": [MANIFEST]}).policy
    assert (plan.policy.chains, sound.remark) == (sound.chains, "")
    assert plan.policy.provenance is Provenance.INFERRED
    assert "a flawed manifest" in plan.policy.remark
    assert _masqueraded(plan, "172.20.0.10")


def test_the_agents_config_makes_a_policy() -> None:
    """On a Standard cluster the list alone decides: node and Service ranges that it lacks are masqueraded."""
    plan = _plan({"agent_config": "nonMasqueradeCIDRs: [192.168.0.0/16]"})
    assert plan.policy_choice == PolicyChoice(
        name="agent_config", stated=True, agent_config="nonMasqueradeCIDRs: [192.168.0.0/16]"
    )
    assert not _masqueraded(plan, "192.168.3.4")
    assert _masqueraded(plan, "10.128.0.9")


@pytest.mark.parametrize(("settings", "masqueraded"), [({}, False), ({"reserved_ranges": False}, True)])
def test_an_empty_config_has_the_defaults(settings: dict[str, bool], *, masqueraded: bool) -> None:
    """A config without a list has all reserved ranges, as on GKE, unless the plan says that the agent runs without."""
    assert _masqueraded(_plan({"agent_config": "", **settings}), "203.0.113.80") is masqueraded


def test_a_config_without_the_daemon_set_does_nothing() -> None:
    """Where no agent reads the config, GKE's default list stays in force; where one does, the config is."""
    config = {"agent_config": "nonMasqueradeCIDRs: []"}
    assert _masqueraded(_plan(config), "10.200.0.9")
    without = _plan({**config, "daemon_set": False})
    assert not without.policy_choice.daemon_set
    assert not _masqueraded(without, "10.200.0.9")


def test_without_the_daemon_set_the_agents_flags_do_not_count() -> None:
    """GKE's default list is in force, under its own name, for all flags of the agent; nothing is fixed."""
    plan = _plan({"agent_config": "", "daemon_set": False, "reserved_ranges": False, "enable_ipv6": True})
    decision = decide(plan.policy, pod=IPAddress("192.168.0.5"), destination=IPAddress("203.0.113.80"))
    assert (decision.masqueraded, decision.origin) == (False, "GKE's default list")
    (chain,) = plan.policy.chains
    assert (chain.exemptions, chain.ipv6) == (list_gke_default_exemptions(), False)


@pytest.mark.parametrize(("settings", "masqueraded"), [({"enable_ipv6": True}, True), ({}, False)])
def test_an_agent_for_ipv6_masquerades_it(settings: dict[str, bool], *, masqueraded: bool) -> None:
    """A plan can say that the agent runs with --enable-ipv6; its list may then hold IPv6 ranges."""
    plan = _plan({"agent_config": "nonMasqueradeCIDRs: [192.168.0.0/16]", **settings})
    decision = decide(plan.policy, pod=IPAddress("fd00::5"), destination=IPAddress("fd20::10"))
    assert decision.masqueraded is masqueraded
    listing = _plan({"agent_config": "nonMasqueradeCIDRs: ['fd00::/64']", **settings})
    assert bool(listing.policy.chains) is masqueraded


@pytest.mark.parametrize("policy", ["composer", "gke-default"])
@pytest.mark.parametrize(
    ("image", "fixed"), [("composer-1.20.12-airflow-1.10.15", False), ("composer-2.17.9-airflow-2.11.1", True)]
)
def test_only_autopilot_has_gkes_fixed_policy(policy: str, image: str, *, fixed: bool) -> None:
    """Composer 1 runs on Standard clusters, where GKE keeps no ranges of its own from being masqueraded."""
    environment = {"config": {"softwareConfig": {"imageVersion": image}}}
    plan = load_plan_from_mapping({"environment": environment, "network": NETWORK, "policy": policy}, source="plan")
    (chain,) = plan.policy.chains
    assert any(exemption.origin == "GKE's fixed policy" for exemption in chain.exemptions) is fixed


def test_a_later_manifest_replaces_an_earlier_one_of_its_name() -> None:
    """There is one object of a name: only the destinations of the last one keep the Pod's address."""
    later = MANIFEST | {"spec": {"action": "NoSNAT", "destinations": [{"cidr": "172.20.0.0/16"}]}}
    plan = _plan({"egress_nat_policies": [MANIFEST, later]})
    assert _masqueraded(plan, "10.200.0.9")
    assert not _masqueraded(plan, "172.20.0.10")


def test_a_config_that_the_agent_rejects_is_in_the_plan() -> None:
    """A config that the agent rejects can be linted; nothing is masqueraded then, for there is no chain at all."""
    plan = _plan({"agent_config": "nonMasqueradeCIDRs: 10.0.0.0/8"})
    assert plan.policy.chains == ()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("compose", "policy: expected one of composer, gke-default, none, or a mapping with egress_nat_policies or"),
        (5, "policy: expected one of composer"),
        ({}, "policy: expected a mapping with either egress_nat_policies or agent_config, saw neither"),
        ({"reserved_ranges": True}, "either egress_nat_policies or agent_config, saw neither"),
        ({"agent_config": "", "egress_nat_policies": []}, "saw both"),
        ({"agent_config": {}}, "policy.agent_config: expected the agent's config as text"),
        ({"agent_config": "", "reserved_ranges": "yes"}, "policy.reserved_ranges: expected true or false, saw 'yes'"),
        ({"agent_config": "", "enable_ipv6": 1}, "policy.enable_ipv6: expected true or false"),
        ({"egress_nat_policies": [], "enable_ipv6": True}, "policy.enable_ipv6: expected no enable_ipv6 beside"),
        ({"agent_config": "", "daemonset": True}, "(did you mean daemon_set?), saw 'daemonset'"),
        ({"egress_nat_policies": {}}, "policy.egress_nat_policies: expected a list"),
        ({"egress_nat_policies": []}, "policy.egress_nat_policies: expected a list with entries (remove the key"),
        ({"egress_nat_policies": ["x"]}, "policy.egress_nat_policies[0]: expected a mapping, saw 'x'"),
        ({"egress_nat_policies": [], "daemon_set": True}, "policy.daemon_set: expected no daemon_set beside"),
    ],
)
def test_what_is_no_policy_is_refused(policy: object, message: str) -> None:
    """Other words, other keys, both forms at once and values of another kind are refused with their place."""
    assert message in _error(policy)


def test_a_plan_with_manifests_can_be_a_key() -> None:
    """A plan with any policy is hashable, as values are."""
    assert len({_plan({"egress_nat_policies": [MANIFEST]}), _plan({"egress_nat_policies": [MANIFEST]})}) == 1


def test_a_flaw_in_a_manifest_has_its_line() -> None:
    """A place inside a manifest is found in the file."""
    text = """\
policy:
  egress_nat_policies:
    - kind: EgressNATPolicy
      spec:
        destinations:
          - 10.0.0.0/8
"""
    plan = load_plan(text, source="plan.yaml")
    assert plan.find_line("policy.egress_nat_policies[0].spec.destinations[0]") == 6
    assert plan.find_line("policy.egress_nat_policies[0].spec.action") == 4


@pytest.mark.parametrize(("flag", "is_masqueraded"), [(True, True), (False, False)])
def test_an_object_beside_the_default_one_changes_nothing_else(*, flag: bool, is_masqueraded: bool) -> None:
    """With the agent the default object is Composer's, so that on-premises services still see nodes."""
    manifest = {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": "extra"},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": "10.128.0.0/20"}]},
    }
    plan = load_plan_from_mapping(
        {
            "environment": {"config": {"nodeConfig": {"enableIpMasqAgent": flag}}},
            "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]},
            "policy": {"egress_nat_policies": [manifest]},
        },
        source="plan",
    )
    decision = decide(plan.policy, pod=IPAddress("192.168.0.2"), destination=IPAddress("172.20.0.10"))
    assert decision.masqueraded is is_masqueraded


def test_keys_that_gke_ignores_make_the_prediction_uncertain() -> None:
    """The object is in force without its selector, and what follows from it is not called documented."""
    spec = {"action": "NoSNAT", "destinations": [{"cidr": "10.200.0.0/16"}]}
    certain = _plan({"egress_nat_policies": [MANIFEST]}).policy
    uncertain = _plan({"egress_nat_policies": [MANIFEST | {"spec": spec | {"podSelector": {}}}]}).policy
    assert (certain.provenance, certain.remark) == (Provenance.DOCUMENTED, "")
    assert uncertain.provenance is Provenance.INFERRED
    assert "does not have are taken to be ignored" in uncertain.remark
    assert uncertain.chains == certain.chains


def test_a_list_of_objects_is_read_object_by_object() -> None:
    """What kubectl prints is one object of kind List; each of its items keeps its place."""
    choice = _plan({"egress_nat_policies": [{"apiVersion": "v1", "kind": "List", "items": [MANIFEST]}]}).policy_choice
    assert choice.placed_manifests == (("policy.egress_nat_policies[0].items[0]", MANIFEST),)


def test_an_agents_manifest_is_read_with_its_flags() -> None:
    """The flags of a DaemonSet beside the ConfigMap count where the plan does not say otherwise."""
    flags = "kind: DaemonSet\napiVersion: apps/v1\nspec: {args: [--enable-ipv6]}"
    text = f"{flags}\n---\nkind: ConfigMap\ndata: {{config: 'nonMasqueradeCIDRs: []'}}\n"
    choice = _plan({"agent_config": text}).policy_choice
    assert (choice.agent_config, choice.enable_ipv6, choice.reserved_ranges) == ("nonMasqueradeCIDRs: []", True, False)
    assert _plan({"agent_config": text, "enable_ipv6": False}).policy_choice.enable_ipv6 is False
    assert "manifest of kind DaemonSet" in _error({"agent_config": flags})


@pytest.mark.parametrize(
    ("generation", "is_certain"), [("composer-1.20.12-airflow-2.4.3", False), ("composer-2.17.9-airflow-2.11.1", True)]
)
def test_objects_that_a_standard_cluster_does_not_read(generation: str, *, is_certain: bool) -> None:
    """On Composer 1 nothing that follows from an EgressNATPolicy is told as documented."""
    manifest = {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": "default"},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": "10.0.0.0/8"}]},
    }
    environment = {"config": {"softwareConfig": {"imageVersion": generation}}}
    policy = {"egress_nat_policies": [manifest]}
    plan = load_plan_from_mapping({"environment": environment, "network": NETWORK, "policy": policy}, source="plan")
    assert (plan.policy.provenance is Provenance.DOCUMENTED) is is_certain
    assert ("which reads no such objects" in plan.policy.remark) is not is_certain


@pytest.mark.parametrize("kind", ["List", "EgressNATPolicyList"])
def test_a_list_that_holds_nothing_is_no_policy(kind: str) -> None:
    """What kubectl prints where it finds no object says nothing of the cluster; with an object it is read."""
    nothing = {"apiVersion": "v1", "kind": kind, "items": []}
    message = _error({"egress_nat_policies": [nothing]})
    assert "policy.egress_nat_policies[0].items: expected a List with objects" in message
    assert message.endswith("saw a List that holds nothing")
    listed = _plan({"egress_nat_policies": [nothing | {"items": [{"kind": "EgressNATPolicy"}]}]}).policy_choice
    assert listed.manifest_places == ("policy.egress_nat_policies[0].items[0]",)
