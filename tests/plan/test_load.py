"""A plan is read whole, or refused with the place, the line, what was expected and what was seen."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from netaddr import IPAddress, IPNetwork

from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import PlanError
from airflow_masq.network.policy import make_composer_policy, make_gke_default_policy, make_no_policy
from airflow_masq.network.ranges import AddressKind, NetworkRanges
from airflow_masq.plan import Plan, PolicyChoice, Target, load_plan, load_plan_from_environment, load_plan_from_mapping

PLAN = """\
apiVersion: airflow-masq/v1
environment:
  name: projects/example-project/locations/us-central1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16, servicesIpv4CidrBlock: 10.96.0.0/20}
cluster:
  initial_version: 1.30.5-gke.1014001
  pods_per_node: 64
network:
  node_ranges: [10.128.0.0/20]
  other_ranges: {on-premises: [172.20.0.0/16], peered: []}
  nat_addresses: [203.0.113.7]
  nat_covers: [node]
  public_nodes: false
  workers: 12
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
    expect: node
  - name: public
    observe: airflow://My_Observer
"""

RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("10.96.0.0/20"),),
    other={"on-premises": (IPNetwork("172.20.0.0/16"),), "peered": ()},
    nat_addresses=(IPAddress("203.0.113.7"),),
    nat_covers=frozenset({AddressKind.NODE}),
    workers=12,
    pods_per_node=64,
)


def _error(text: str) -> PlanError:
    with pytest.raises(PlanError) as caught:
        load_plan(text, source="plan.yaml")
    return caught.value


def test_a_whole_plan_is_read() -> None:
    """Everything that a plan says is in the value it becomes; Pod and Service ranges come from the environment."""
    assert load_plan(PLAN, source="plan.yaml") == Plan(
        environment=EnvironmentResource.read(yaml.safe_load(PLAN)["environment"]),
        cluster_version="1.30.5-gke.1014001",
        ranges=RANGES,
        policy=make_composer_policy(RANGES),
        targets=(
            Target(
                name="onprem-erp",
                observe="http://172.20.0.10:8080/client-ip",
                allowed_sources=(IPNetwork("10.0.0.0/8"),),
                expect=AddressKind.NODE,
            ),
            Target(name="public", observe="airflow://My_Observer"),
        ),
        policy_choice=PolicyChoice(name="composer", stated=True),
        knows_pods_per_node=True,
    )


def test_the_number_of_nodes_is_read() -> None:
    """A plan may say how many nodes the cluster has; one that does not says nothing of it."""
    counted = load_plan(PLAN.replace("pods_per_node: 64", "nodes_total: 6"), source="plan.yaml")
    assert (counted.nodes_total, load_plan(PLAN, source="plan.yaml").nodes_total) == (6, None)


def test_text_json_and_mapping_give_the_same_plan() -> None:
    """A plan as YAML, as JSON and as a DAG's parameters is one plan, and the mapping is left alone."""
    mapping = yaml.safe_load(PLAN)
    before = copy.deepcopy(mapping)
    from_mapping = load_plan_from_mapping(mapping, source="params")
    assert from_mapping == load_plan(PLAN, source="plan.yaml")
    assert from_mapping == load_plan(json.dumps(mapping), source="plan.json")
    assert hash(from_mapping) == hash(load_plan(PLAN, source="plan.yaml"))
    assert mapping == before
    mapping["environment"]["config"].clear()
    assert from_mapping == load_plan(PLAN, source="plan.yaml")


def test_googles_unknown_fields_are_passed_on() -> None:
    """A field of the environment that we do not know is neither refused nor changed."""
    plan = load_plan_from_mapping({"environment": {"config": {"brand_new": {"node_config": 1}}}}, source="params")
    assert plan.environment.as_rest() == {"config": {"brand_new": {"node_config": 1}}}


def test_what_is_left_out_has_its_default() -> None:
    """A plan with no more than node ranges knows nothing else, and takes GKE's default policy."""
    plan = load_plan_from_mapping({"network": {"node_ranges": ["10.128.0.0/20"]}}, source="params")
    ranges = NetworkRanges(node=(IPNetwork("10.128.0.0/20"),))
    assert plan == Plan(
        environment=EnvironmentResource(),
        cluster_version=None,
        ranges=ranges,
        policy=make_gke_default_policy(ranges),
        targets=(),
    )


@pytest.mark.parametrize(
    ("network", "covers"),
    [
        ({}, set()),
        ({"nat_addresses": ["203.0.113.7"]}, {AddressKind.NODE, AddressKind.POD}),
        ({"nat_addresses": ["203.0.113.7"], "nat_covers": []}, set()),
        ({"nat_covers": ["pod"]}, {AddressKind.POD}),
    ],
)
def test_cloud_nat_covers_everything_unless_said_otherwise(
    network: dict[str, object], covers: set[AddressKind]
) -> None:
    """Cloud NAT with addresses covers nodes and Pods, unless the plan says otherwise; without it, nothing."""
    assert load_plan_from_mapping({"network": network}, source="params").ranges.nat_covers == covers


def test_the_plans_own_ranges_come_before_the_environments() -> None:
    """Where the plan names Pod and Service ranges, the environment's are not taken."""
    mapping = yaml.safe_load(PLAN)
    mapping["network"] |= {"pod_ranges": ["100.64.0.0/16"], "service_ranges": ["100.65.0.0/20"]}
    ranges = load_plan_from_mapping(mapping, source="params").ranges
    assert (ranges.pod, ranges.service) == ((IPNetwork("100.64.0.0/16"),), (IPNetwork("100.65.0.0/20"),))


@pytest.mark.parametrize("block", ["/14", "192.168.1.0/16", "text", None])
def test_an_environments_range_that_is_none_is_not_taken(block: str | None) -> None:
    """A bare size or a flawed block gives no Pod range; complaining about it is a rule's matter."""
    policy = {"clusterIpv4CidrBlock": block}
    environment = {"config": {"nodeConfig": {"ipAllocationPolicy": policy}}}
    assert load_plan_from_mapping({"environment": environment}, source="params").ranges.pod == ()


@pytest.mark.parametrize(("has_agent", "name"), [(True, "composer"), (False, "gke-default"), (None, "gke-default")])
def test_the_policy_follows_the_flag(*, has_agent: bool | None, name: str) -> None:
    """Without a policy of its own, a plan has Composer's exactly where the environment has the agent."""
    node_config = {} if has_agent is None else {"enable_ip_masq_agent": has_agent}
    plan = load_plan_from_mapping({"environment": {"config": {"node_config": node_config}}}, source="params")
    assert plan.policy.name == name
    assert plan.policy_choice == PolicyChoice(name=name)


def test_a_policy_named_in_the_plan_counts() -> None:
    """A plan may say that nothing is masqueraded although the flag is set."""
    assert load_plan(PLAN.replace("policy: composer", "policy: none"), source="plan.yaml").policy == make_no_policy()


def test_an_environment_alone_makes_a_plan() -> None:
    """A plan from an environment has its ranges, its policy, and what follows about its nodes."""
    environment = yaml.safe_load(PLAN)["environment"]
    plan = load_plan_from_environment(environment)
    assert plan.environment.as_rest() == environment
    assert plan.policy.name == "composer"
    assert plan.ranges.pod == (IPNetwork("192.168.0.0/16"),)
    assert plan.ranges.public_nodes
    environment["config"]["privateEnvironmentConfig"] = {"enablePrivateEnvironment": True}
    assert not load_plan_from_environment(environment).ranges.public_nodes


def test_an_environment_that_cannot_be_read_is_refused() -> None:
    """What is no resource is refused by its place."""
    with pytest.raises(PlanError, match=r"^environment\.config: expected a mapping"):
        load_plan_from_environment({"config": "text"})


@pytest.mark.parametrize(
    ("old", "new", "line", "where", "expected", "seen"),
    [
        ("/v1", "/v2", 1, "apiVersion", "airflow-masq/v1", "'airflow-masq/v2'"),
        ("node_ranges", "node_rnages", 13, "network.node_rnages", "(did you mean node_ranges?)", "'node_rnages'"),
        ("nat_covers", "zzz", 16, "network.zzz", "nat_covers, public_nodes, workers", "'zzz'"),
        ("10.128.0.0/20", "10.128.0.1/20", 13, "network.node_ranges[0]", "here 10.128.0.0/20", "'10.128.0.1/20'"),
        ("10.128.0.0/20", "8", 13, "network.node_ranges[0]", "a CIDR such as 10.0.0.0/8", "8"),
        ("[172.20.0.0/16]", "172.20.0.0/16", 14, "network.other_ranges.on-premises", "a list", "'172.20.0.0/16'"),
        ("203.0.113.7", "nat-1", 15, "network.nat_addresses[0]", "an IP address", "'nat-1'"),
        ("[node]", "[service]", 16, "network.nat_covers[0]", "one of node, pod", "'service'"),
        ("[node]", "[nat]", 16, "network.nat_covers[0]", "one of node, pod", "'nat'"),
        ("public_nodes: false", "public_nodes: 'no'", 17, "network.public_nodes", "true or false", "'no'"),
        ("workers: 12", "workers: 0", 18, "network.workers", "a whole number from 1 to 100000", "0"),
        ("workers: 12", "workers: true", 18, "network.workers", "a whole number from 1 to 100000", "true"),
        ("workers: 12", "workers: 1.5", 18, "network.workers", "a whole number from 1 to 100000", "1.5"),
        ("node: 64", "node: 7", 11, "cluster.pods_per_node", "a whole number from 8 to 256", "7"),
        ("pods_per_node: 64", "nodes_total: 0", 11, "cluster.nodes_total", "a whole number from 1 to 65000", "0"),
        ("1.30.5-gke.1014001", "1.30", 10, "cluster.initial_version", "as text (quote it)", "1.3"),
        ("policy: composer", "policy: compose", 19, "policy", "one of composer, gke-default, none", "'compose'"),
        ("policy: composer", "policy: {}", 19, "policy", "either egress_nat_policies or agent_config", "neither"),
        (
            "policy: composer",
            "policy: {agent_confg: ''}",
            19,
            "policy.agent_confg",
            "mean agent_config?",
            "'agent_confg'",
        ),
        ("name: projects/", "name: 5 #", 3, "environment.name", "text", "5"),
        (
            "enableIpMasqAgent: true",
            "enableIpMasqAgent: 'true'",
            7,
            "environment.config.nodeConfig.enableIpMasqAgent",
            "true or false",
            "'true'",
        ),
        (
            "    nodeConfig:",
            "    nodeCount: 2.5\n    nodeConfig:",
            6,
            "environment.config.nodeCount",
            "a whole number",
            "2.5",
        ),
        (
            "    nodeConfig:",
            "    nodeCount: yes\n    nodeConfig:",
            6,
            "environment.config.nodeCount",
            "whole number",
            "true",
        ),
        (
            "    nodeConfig:",
            "    privateEnvironmentConfig: {privateClusterConfig: {masterIpv4CidrBlock: 10}}\n    nodeConfig:",
            6,
            "environment.config.privateEnvironmentConfig.privateClusterConfig.masterIpv4CidrBlock",
            "text",
            "10",
        ),
        (
            "    nodeConfig:",
            "    privateEnvironmentConfig: x\n    nodeConfig:",
            6,
            "environment.config.privateEnvironmentConfig",
            "a mapping",
            "'x'",
        ),
        (
            "    nodeConfig:",
            "    node_config: {}\n    nodeConfig:",
            7,
            "environment.config.nodeConfig",
            "the field once",
            "both spellings",
        ),
    ],
)
def test_an_error_names_place_line_expectation_and_sight(  # noqa: PLR0917 - one argument per column
    old: str, new: str, line: int, where: str, expected: str, seen: str
) -> None:
    """Each flaw is reported at its own place and line, with what was expected and what was seen."""
    error = _error(PLAN.replace(old, new, 1))
    assert (error.line, error.where.removeprefix(f"plan.yaml:{line}: ")) == (line, where)
    assert expected in error.expected
    assert error.seen == seen
    assert "\n" not in str(error)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_plan_is_refused(text: str) -> None:
    """A file without any of the plan's keys is no plan."""
    assert "expected a plan with some of apiVersion, environment" in str(_error(text))


@pytest.mark.parametrize("text", ["[]", "text", "5", "null", "--- ''"])
def test_what_is_no_mapping_is_no_plan(text: str) -> None:
    """A list, a text, a number or nothing is refused on line 1."""
    assert str(_error(text)).startswith("plan.yaml:1: expected a mapping, saw ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets: {}", "plan.yaml:1: targets: expected a list, saw an empty mapping"),
        ("targets:\n- x", "plan.yaml:2: targets[0]: expected a mapping, saw 'x'"),
        ("cluster: []", "plan.yaml:1: cluster: expected a mapping, saw an empty list"),
        ("network:", "plan.yaml:1: network: expected a mapping, saw nothing"),
    ],
)
def test_a_section_of_the_wrong_kind_is_refused(text: str, message: str) -> None:
    """A list where a mapping belongs, or the other way round, or nothing at all, is refused."""
    assert str(_error(text)) == message


def test_an_error_in_a_mapping_has_no_line() -> None:
    """Where a plan came from parameters, the error names the place without inventing a line."""
    with pytest.raises(PlanError) as caught:
        load_plan_from_mapping({"network": {"workers": "many"}}, source="params")
    assert caught.value.line is None
    assert str(caught.value) == "params: network.workers: expected a whole number from 1 to 100000, saw 'many'"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"environment": {"x": object()}}, "params: environment.x: expected a JSON value, saw a value of type object"),
        ({"environment": {1: "x"}}, "params: environment: expected text as key (quote it), saw 1"),
        ({"environment": {"x": float("nan")}}, "params: environment.x: expected a JSON value, saw nan"),
        (
            {"environment": {"x": 2**64}},
            "params: environment.x: expected a JSON value, saw a number of more than 64 bits",
        ),
        ({"environment": [1]}, "params: environment: expected a mapping, saw a list"),
        ({"environment": None}, "params: environment: expected a mapping, saw nothing"),
        (
            {"network": {"public_nodes": {}}},
            "params: network.public_nodes: expected true or false, saw an empty mapping",
        ),
    ],
)
def test_what_json_has_no_word_for_is_refused(mapping: dict[str, Any], message: str) -> None:
    """A mapping holds only what a plan file could hold."""
    with pytest.raises(PlanError) as caught:
        load_plan_from_mapping(mapping, source="params")
    assert str(caught.value) == message


def test_a_mapping_that_contains_itself_is_refused() -> None:
    """Parameters that refer to themselves are refused by depth or by number, not by running out of memory."""
    deep: dict[str, Any] = {}
    deep["environment"] = deep
    with pytest.raises(PlanError, match="expected at most 64 levels"):
        load_plan_from_mapping(deep, source="params")
    wide: Any = "x"
    for _ in range(20):
        wide = [wide, wide]
    with pytest.raises(PlanError, match="expected at most 50000 values"):
        load_plan_from_mapping({"environment": {"x": wide}}, source="params")


def test_other_ranges_have_printable_names() -> None:
    """A name that could act on a terminal when a path is printed is refused."""
    with pytest.raises(PlanError, match="expected a name of at most 63 letters"):
        load_plan_from_mapping({"network": {"other_ranges": {"\x1b[31m": []}}}, source="params")


def test_a_long_place_is_shortened() -> None:
    """An error deep inside long keys stays one readable line."""
    value: Any = object()
    for _ in range(10):
        value = {"k" * 59: value}
    with pytest.raises(PlanError) as caught:
        load_plan_from_mapping({"environment": value}, source="params")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("image", "private", "network", "public_nodes"),
    [
        ("composer-1.20.12-airflow-1.10.15", None, {}, True),
        ("composer-2.17.9-airflow-2.11.1", None, {}, True),
        ("composer-2.17.9-airflow-2.11.1", False, {"node_ranges": ["10.128.0.0/20"]}, True),
        ("composer-2.17.9-airflow-2.11.1", True, {}, False),
        ("composer-3-airflow-2.10.5-build.3", None, {}, False),
        ("composer-2.17.9-airflow-2.11.1", None, {"public_nodes": False}, False),
        ("composer-2.17.9-airflow-2.11.1", True, {"public_nodes": True}, True),
        ("composer-2.17.9-airflow-2.11.1", None, {"nat_addresses": ["203.0.113.7"]}, False),
        ("composer-2.17.9-airflow-2.11.1", None, {"nat_covers": ["node"]}, False),
        ("", None, {}, False),
    ],
)
def test_nodes_of_an_environment_that_is_not_private_are_public(
    image: str, network: dict[str, object], *, private: bool | None, public_nodes: bool
) -> None:
    """Where the plan says nothing of nodes and of Cloud NAT, the environment tells whether nodes are public.

    A plan that names Cloud NAT is taken to have private nodes, and marked as such where its environment says otherwise.
    """
    private_config = {} if private is None else {"privateEnvironmentConfig": {"enablePrivateEnvironment": private}}
    environment = {"config": {"softwareConfig": {"imageVersion": image}, **private_config}}
    plan = load_plan_from_mapping({"environment": environment, "network": network}, source="plan")
    assert plan.ranges.public_nodes is public_nodes
    assert plan.takes_nodes_for_private is any(key.startswith("nat_") for key in network)


@pytest.mark.parametrize(("own", "stated", "pods"), [(64, None, 64), (64, 16, 16), (0, None, 32), (None, None, 32)])
def test_pods_per_node_are_the_environments_own(own: int | None, stated: int | None, pods: int) -> None:
    """Composer 1 lets one choose how many Pods a node runs; what the plan says of the cluster counts more."""
    cluster = {} if stated is None else {"cluster": {"pods_per_node": stated}}
    environment = {"config": {"nodeConfig": {"maxPodsPerNode": own}}}
    plan = load_plan_from_mapping({"environment": environment, **cluster}, source="plan")
    assert plan.ranges.pods_per_node == pods
    assert plan.knows_pods_per_node is (stated is not None or own == pods)


@pytest.mark.parametrize(
    ("network", "count"),
    [
        ({"node_ranges": ["10.0.0.0/8"] * 2001}, 2001),
        ({"node_ranges": ["10.0.0.0/8"] * 1000, "other_ranges": {"a": ["10.0.0.0/8"] * 1001}}, 2001),
        ({"node_ranges": ["10.0.0.0/8"] * 1000, "other_ranges": {"a": ["10.0.0.0/8"] * 1000}}, None),
    ],
)
def test_a_plan_has_as_many_ranges_as_can_be_compared(network: dict[str, object], count: int | None) -> None:
    """More than 2000 ranges in all are refused in one line, and that many are not."""
    if count is None:
        assert load_plan_from_mapping({"network": network}, source="plan").ranges.node
        return
    with pytest.raises(PlanError, match=f"network: expected at most 2000 ranges in all .merge some., saw {count}"):
        load_plan_from_mapping({"network": network}, source="plan")


def test_a_plan_has_as_many_targets_as_can_be_judged() -> None:
    """More than 2,000 targets are refused in one line, and that many are not."""
    targets = [{"name": f"t{number}", "observe": "http://10.0.0.1/"} for number in range(2001)]
    assert len(load_plan_from_mapping({"targets": targets[:2000]}, source="plan").targets) == 2000
    with pytest.raises(PlanError, match="targets: expected at most 2000 targets, saw 2001"):
        load_plan_from_mapping({"targets": targets}, source="plan")
