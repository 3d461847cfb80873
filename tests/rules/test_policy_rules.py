"""The fine points of the rules about policies, MASQ301 to MASQ308 and MASQ315 to MASQ317."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.agent.document import LARGEST_TEXT_CHARACTERS
from airflow_masq.exceptions import PlanError
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules import Severity
from tests.rules.linting import COMPOSER_1, COMPOSER_2, NETWORK, codes, environment, findings, manifest, target

NODES, PODS, SERVICES = "10.128.0.0/20", "192.168.0.0/16", "10.96.0.0/20"
ALL = (NODES, PODS, SERVICES)


def _agent(text: str, **settings: object) -> dict[str, Any]:
    return {"network": NETWORK, "policy": {"agent_config": text, **settings}}


def _listing(*cidrs: str) -> str:
    return f"nonMasqueradeCIDRs: [{', '.join(cidrs)}]"


def _egress(*manifests: dict[str, Any]) -> dict[str, Any]:
    return {"network": NETWORK, "policy": {"egress_nat_policies": list(manifests)}}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (_listing(*ALL), []),
        (_listing("10.0.0.0/8", PODS), []),
        (_listing("10.128.0.0/21", "10.128.8.0/21", PODS), []),
        (_listing("10.128.0.0/21", PODS), ["node range 10.128.0.0/20"]),
        (_listing(), ["Pod range 192.168.0.0/16", "node range 10.128.0.0/20"]),
        ("", []),
    ],
)
def test_the_agents_list_must_hold_nodes_and_pods(text: str, missing: list[str]) -> None:
    """A range that is not covered as a whole, by one entry or several, is an error; the default list covers them."""
    found = findings(_agent(text), "MASQ301")
    assert [name for finding in found for name in missing if name in finding.message] == missing
    assert [finding.severity for finding in found] == [Severity.ERROR] * len(missing)


def test_the_caution_is_told_in_googles_terms() -> None:
    """Where a range is left out, the message gives the reason, and Composer's own where the plan has an environment."""
    (finding,) = findings(_agent(_listing(NODES)), "MASQ301")
    assert "servers in the cluster would get node addresses instead of their clients' addresses" in finding.message
    assert "Composer" not in finding.message
    (finding,) = findings({**_agent(_listing(NODES)), **environment()}, "MASQ301")
    assert "Composer needs it there for intranode visibility" in finding.message


def test_defaults_without_public_pods_are_no_proper_list() -> None:
    """Where no list is given and Pods use public addresses, the defaults do not hold the Pods."""
    plan = {"network": {"pod_ranges": ["8.0.0.0/16"]}, "policy": {"agent_config": ""}}
    assert len(findings(plan, "MASQ301")) == 1


def test_on_autopilot_a_short_list_is_a_warning() -> None:
    """GKE's fixed policy keeps the ranges in any case, so what is missing in the objects does not break the cluster."""
    (finding,) = findings(_egress(manifest(PODS)), "MASQ301")
    assert (finding.severity, finding.where) == (Severity.WARNING, "policy.egress_nat_policies")
    assert "GKE's fixed policy keeps it from being masqueraded" in finding.message  # as explain predicts
    assert "would get node addresses" not in finding.message
    assert not findings(_egress(manifest(PODS), manifest(NODES, name="nodes")), "MASQ301")
    assert not findings(_egress(manifest("172.20.0.0/16", name="more")), "MASQ301")  # GKE's default stays beside it


def test_ipv6_ranges_belong_in_no_ipv4_list() -> None:
    """An agent without IPv6 refuses IPv6 ranges, so that they are missing is no fault."""
    plan = _agent(_listing(*ALL))
    assert not findings({**plan, "network": {**NETWORK, "pod_ranges": [PODS, "fd00::/64"]}}, "MASQ301")


@pytest.mark.parametrize("policy", ["composer", "gke-default", "none"])
def test_googles_policies_have_no_list_of_ones_own(policy: str) -> None:
    """Composer's and GKE's own policies are not judged as lists."""
    assert not codes({"network": NETWORK, "policy": policy})


def test_a_service_range_left_out_is_worth_knowing() -> None:
    """The Service range is reported for both kinds of list, as information."""
    for plan in (_agent(_listing(NODES, PODS)), _egress(manifest(NODES, PODS))):
        (finding,) = findings(plan, "MASQ302")
        assert (finding.severity, SERVICES in finding.message) == (Severity.INFO, True)
    assert not findings(_egress(manifest(*ALL)), "MASQ302")


@pytest.mark.parametrize(
    ("flawed", "expected"),
    [
        (manifest(NODES, PODS, {"cidr": "10.0.0.1/8"}), {("MASQ304", "spec.destinations[2].cidr")}),
        ({**manifest(*ALL), "apiVersion": "v1"}, {("MASQ304", "apiVersion")}),
        ({**manifest(*ALL), "kind": "EgressNatPolicy"}, {("MASQ304", "kind")}),
        ({**manifest(*ALL), "metadata": {}}, {("MASQ304", "metadata.name")}),
        (manifest(spec={"action": "SNAT", "destinations": []}), {("MASQ304", "spec.action")}),
        (manifest(spec={"action": "NoSNAT"}), {("MASQ304", "spec.destinations")}),
        (manifest(spec="text"), {("MASQ304", "spec.action"), ("MASQ304", "spec.destinations")}),
        (
            manifest(spec={"action": "NoSNAT", "destinations": ["10.0.0.0/8", 1]}),
            {("MASQ303", "spec.destinations[0]"), ("MASQ304", "spec.destinations[1]")},
        ),
    ],
)
def test_a_flawed_manifest_is_told_once_for_each_flaw(flawed: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    """Bare strings have a rule of their own, everything else another, each with its place in the manifest."""
    plan = _egress(manifest(*ALL, name="sound"), flawed)
    found = [*findings(plan, "MASQ303"), *findings(plan, "MASQ304")]
    assert {(each.code, each.where.removeprefix("policy.egress_nat_policies[1].")) for each in found} == expected
    assert len(found) == len(expected)


def test_two_manifests_of_one_name_are_told() -> None:
    """The later object replaces the earlier one, and the finding is at the later; other names have no finding."""
    (finding,) = findings(_egress(manifest(*ALL), manifest(*ALL, name="more"), manifest(PODS)), "MASQ304")
    assert finding.where == "policy.egress_nat_policies[2].metadata.name"
    assert "replaces the one above it" in finding.message
    assert "'default'" in finding.message
    assert not findings(_egress(manifest(*ALL), manifest(*ALL, name="more")), "MASQ304")


@pytest.mark.parametrize(
    ("policy", "flag", "count"),
    [
        ("composer", True, 0),
        ("composer", False, 1),
        ("gke-default", True, 1),
        ("none", True, 1),
        ("gke-default", False, 0),
        (None, True, 0),
        (None, False, 0),
    ],
)
def test_a_stated_policy_must_agree_with_the_flag(policy: str | None, count: int, *, flag: bool) -> None:
    """Only a policy in the plan can contradict the flag."""
    plan = environment(nodeConfig={"enableIpMasqAgent": flag})
    stated = {} if policy is None else {"policy": policy}
    assert len(findings({**plan, **stated}, "MASQ305")) == count
    assert not findings({"network": NETWORK, **stated}, "MASQ305")


def test_only_autopilot_takes_no_agent_config() -> None:
    """Composer 2 runs on Autopilot; Composer 1 and a cluster of one's own do not."""
    agent = _agent(_listing(*ALL))
    assert len(findings({**agent, **environment()}, "MASQ306")) == 1
    assert not findings({**agent, **environment(COMPOSER_1)}, "MASQ306")
    assert not findings(agent, "MASQ306")
    assert not findings({**_egress(manifest(*ALL)), **environment()}, "MASQ306")


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"expect": "node"}, 1),
        ({"allowed_sources": [NODES]}, 1),
        ({"allowed_sources": ["10.0.0.0/8", PODS]}, 0),
        ({"expect": "pod"}, 0),
        ({}, 0),
    ],
)
def test_an_entry_is_to_blame_only_where_nodes_are_needed(settings: dict[str, Any], count: int) -> None:
    """The entry that covers a target is found where the target needs a node's address, and then only there."""
    plan = {**_egress(manifest(*ALL, "172.16.0.0/12")), "targets": [target("http://172.20.0.10/", **settings)]}
    found = findings(plan, "MASQ307")
    assert [finding.where for finding in found] == ["policy.egress_nat_policies[0].spec.destinations[3].cidr"] * count
    if count:
        assert not codes(plan) & {"MASQ310", "MASQ311"}


def test_an_entry_of_the_agents_list_or_of_its_defaults_is_to_blame_too() -> None:
    """The agent's config is one place, for entries that are written there and for defaults."""
    targets = {"targets": [target("http://172.20.0.10/", expect="node")]}
    for text in (_listing(*ALL, "172.16.0.0/12"), ""):
        (finding,) = findings({**_agent(text), **targets}, "MASQ307")
        assert (finding.where, finding.provenance) == ("policy.agent_config", Provenance.OBSERVED)
    assert not findings({**_agent("", daemon_set=False), **targets}, "MASQ307")


def test_an_entry_that_must_be_there_is_never_to_blame() -> None:
    """A target among the nodes is covered by an entry that the list needs; MASQ309 says what is wrong with it."""
    plan = {**_agent(_listing(*ALL)), "targets": [target("http://10.128.0.9/", expect="node")]}
    assert codes(plan) == {"MASQ309"}


def test_a_list_of_everything_is_told_once() -> None:
    """Both kinds of list are found, the agent's warning about it is not repeated, and a target is not blamed on it."""
    everything = "0.0.0.0/0"
    (finding,) = findings(_egress(manifest(*ALL, everything)), "MASQ308")
    assert finding.where.endswith("destinations[3].cidr")
    assert codes(_agent(_listing(everything))) == {"MASQ308"}
    plan = {**_agent(_listing(everything)), "targets": [target("http://172.20.0.10/", allowed_sources=[NODES])]}
    assert codes(plan) == {"MASQ308", "MASQ310"}


def test_an_empty_list_is_told_once() -> None:
    """Where the ranges are known, the rule about them says it; where they are not, the agent's warning does."""
    assert codes(_agent(_listing())) == {"MASQ301", "MASQ302"}
    assert codes({"policy": {"agent_config": _listing()}}) == {"MASQ317"}


def test_a_config_that_no_agent_reads_is_not_judged() -> None:
    """Without the DaemonSet, the only finding is that the config has no effect."""
    for text in ("nonMasqueradeCIDRs: [nonsense]", "nonMasqueradeCIDR: []", _listing(), _listing("0.0.0.0/0")):
        assert codes(_agent(text, daemon_set=False)) == {"MASQ315"}


def test_a_refused_config_is_an_error_with_the_agents_reason() -> None:
    """The finding names what the agent refuses; that nothing is listed then is not told as well."""
    plan = _agent("nonMasqueradeCIDRs: [10.0.0.0]")
    (finding,) = findings(plan, "MASQ316")
    assert (finding.severity, finding.provenance) == (Severity.ERROR, Provenance.OBSERVED)
    assert "10.0.0.0" in finding.message
    assert codes(plan) == {"MASQ316"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{_listing(*ALL)}\nnonMasqueradeCIDR: []", "nonMasqueradeCIDR"),
        (f"{_listing(*ALL)}\nresyncInterval: 0s", "resyncInterval"),
        (_listing(*ALL, PODS), "more than once"),
    ],
)
def test_warnings_of_the_agents_config_are_findings(text: str, words: str) -> None:
    """A probable mistake in a config that the agent accepts is a warning."""
    (finding,) = findings(_agent(text), "MASQ317")
    assert (finding.severity, words in finding.message) == (Severity.WARNING, True)


def test_a_reading_that_is_not_certain_says_so() -> None:
    """Where we cannot read the config as the agent does, the findings are inferred; else they are observed."""
    doubtful = _agent(f"{_listing(*ALL)}\n~: a")
    (finding,) = findings(doubtful, "MASQ316")
    assert (finding.provenance, "probably refuses" in finding.message) == (Provenance.INFERRED, True)
    assert "this reading is not certain: " in finding.message
    assert not findings(doubtful, "MASQ317")
    with pytest.raises(PlanError, match="expected a config that can be read here"):
        codes(_agent(f"{_listing(*ALL)} # {'x' * LARGEST_TEXT_CHARACTERS}"))
    (finding,) = findings(_agent(f"{_listing(*ALL)}\nmasqLinkLocal: n"), "MASQ317")
    assert (finding.provenance, "not certain: line 2: " in finding.message) == (Provenance.INFERRED, True)
    (finding,) = findings(_agent("nonMasqueradeCIDRs: [10.0.0.0]"), "MASQ316")
    assert finding.provenance is Provenance.OBSERVED


def test_everything_by_ipv6_is_nothing_by_ipv4() -> None:
    """A list with ::/0 keeps no IPv4 destination from being masqueraded."""
    policy = {"egress_nat_policies": [manifest("10.128.0.0/20", "192.168.0.0/16", "::/0")]}
    assert not findings({"network": NETWORK, "policy": policy}, "MASQ308")


@pytest.mark.parametrize(("names", "count"), [(("default", "default"), 0), (("first", "default"), 1)])
def test_an_object_that_a_later_one_replaces_is_not_in_force(names: tuple[str, str], count: int) -> None:
    """Of two objects with one name the later counts; with names of their own both do."""
    first, second = manifest("0.0.0.0/0", name=names[0]), manifest("10.128.0.0/20", name=names[1])
    plan = {"network": NETWORK, "policy": {"egress_nat_policies": [first, second]}}
    assert len(findings(plan, "MASQ308")) == count


def test_objects_beside_the_default_one_are_no_list_of_their_own() -> None:
    """Where Composer's or GKE's object ``default`` stays in force, another one need not list the cluster's ranges."""
    extra = _egress(manifest("172.30.0.0/16", name="keep-pod-addresses"))
    assert not codes({**extra, **environment(nodeConfig={"enableIpMasqAgent": True})}) & {"MASQ301", "MASQ302"}
    alone = _egress(manifest("172.30.0.0/16"))
    assert codes({**alone, **environment(nodeConfig={"enableIpMasqAgent": True})}) >= {"MASQ301", "MASQ302"}


@pytest.mark.parametrize(
    ("plan", "provenance"),
    [
        (_agent(_listing("0.0.0.0/0")), Provenance.OBSERVED),
        (_agent(_listing("0.0.0.0/1", "128.0.0.0/1")), Provenance.OBSERVED),
        (_egress(manifest("0.0.0.0/0")), Provenance.INFERRED),
        (_egress(manifest("0.0.0.0/1", "128.0.0.0/1")), Provenance.INFERRED),
    ],
)
def test_only_of_the_agent_was_everything_listed_seen(plan: dict[str, Any], provenance: Provenance) -> None:
    """What the real agent did with such a list was seen; what EgressNATPolicy objects do is concluded."""
    (finding,) = findings(plan, "MASQ308")
    assert finding.provenance is provenance


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "resyncInterval: 60s",
            "nonMasqueradeCIDRs is missing, so the agent's default list is in force. Its entry 172",
        ),
        (_listing("172.16.0.0/12", *ALL), "172.16.0.0/12 covers erp (172.20.0.10)"),
    ],
)
def test_the_plan_is_not_blamed_for_an_entry_of_the_agents_own(text: str, words: str) -> None:
    """Where the range that spares a target is one of the agent's defaults, the missing list is the fault."""
    plan = {**_agent(text), "targets": [target("http://172.20.0.10/", allowed_sources=[NODES])]}
    (finding,) = findings(plan, "MASQ307")
    assert finding.message.startswith(words)


@pytest.mark.parametrize(
    ("flag", "policy", "settings", "severity"),
    [
        (False, "composer", {"allowed_sources": [NODES]}, Severity.ERROR),
        (False, "composer", {"expect": "node"}, Severity.ERROR),
        (True, "gke-default", {"expect": "pod"}, Severity.ERROR),
        (True, "gke-default", {"allowed_sources": [NODES]}, Severity.WARNING),  # it is better than the plan says
        (False, "composer", {"allowed_sources": ["0.0.0.0/0"]}, Severity.WARNING),
        (False, "composer", {}, Severity.WARNING),
    ],
)
def test_a_contradiction_that_hides_a_failure_is_an_error(
    policy: str, settings: dict[str, object], severity: Severity, *, flag: bool
) -> None:
    """Where a target gets what it needs by the stated policy only, the environment would not do what the plan says."""
    plan = {
        **environment(nodeConfig={"enableIpMasqAgent": flag}),
        "network": NETWORK,
        "policy": policy,
        "targets": [target("http://172.20.0.10/", **settings)],
    }
    (finding,) = findings(plan, "MASQ305")
    assert finding.severity is severity
    assert ("packets to erp would not arrive from the expected address" in finding.message) is (
        severity is Severity.ERROR
    )


def test_a_sentence_that_asks_ends_with_its_question_mark() -> None:
    """A misspelt key's hint is a question, and no full stop follows it."""
    (finding,) = findings(_agent(f"{_listing(*ALL)}\nnonMasqueradeCIDR: []"), "MASQ317")
    assert finding.message.endswith("which is set as well?")


def test_a_config_map_is_read_as_the_manifest_that_it_is() -> None:
    """Its key config is the config, and a remark says where it was found."""
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ip-masq-agent}\ndata: {config: 'nonMasqueradeCIDRs: []'}\n"
    )
    found, *_ = findings(_agent(text), "MASQ317")
    assert (found.severity, found.message) == (
        Severity.INFO,
        "In the agent's config, read from the key config of the ConfigMap ip-masq-agent.",
    )


@pytest.mark.parametrize(("image", "code"), [(COMPOSER_1, "MASQ318"), (COMPOSER_2, "MASQ306")])
def test_a_policy_that_the_cluster_cannot_have_is_an_error(image: str, code: str) -> None:
    """Predictions from such a config are not reliable, so the plan is refused."""
    policies: dict[str, dict[str, Any]] = {"MASQ318": _egress(manifest(*ALL)), "MASQ306": _agent(_listing(*ALL))}
    (finding,) = findings({**policies.pop(code), **environment(image)}, code)
    assert finding.severity is Severity.ERROR
    (other,) = policies.values()
    assert not codes({**other, **environment(image)}) & {"MASQ306", "MASQ318"}
