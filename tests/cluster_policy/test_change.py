"""A change is judged before it is made: what it does to targets, and why it must not be made."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_masq.cluster_policy import PolicyChange, plan_change, want_destinations, want_plan_policy
from airflow_masq.network.live_policy import LiveNode, LiveObject, LivePolicy
from airflow_masq.plan import Plan, load_plan_from_mapping
from airflow_masq.rules import Severity, lint

PAGE = Path(__file__).parents[2] / "docs" / "cluster-policy.md"
NODES, PODS, SERVICES = "10.128.0.0/20", "192.168.0.0/16", "10.96.0.0/20"
FIXED = LiveObject(name="gke-bbfa6c0e-1", destinations=(NODES, PODS, SERVICES))
ERP: dict[str, Any] = {"name": "erp", "observe": "http://172.20.0.10/ip", "expect": "node"}
GATE: dict[str, Any] = {"name": "gate", "observe": "http://10.200.0.10/ip", "allowed_sources": [NODES]}


def plan(*targets: dict[str, Any], **network: object) -> Plan:
    """Make the cluster's plan."""
    ranges: dict[str, object] = {"node_ranges": [NODES], "pod_ranges": [PODS], "service_ranges": [SERVICES], **network}
    document: dict[str, Any] = {
        "network": {key: value for key, value in ranges.items() if value},
        "targets": list(targets),
    }
    document["policy"] = "composer"
    return load_plan_from_mapping(document, source="plan")


def live(*default: str, fixed: LiveObject | None = FIXED, **others: tuple[str, ...]) -> LivePolicy:
    """Make what is live: ``default``, GKE's own object, and others."""
    objects = [LiveObject(name="default", destinations=default)]
    objects += [LiveObject(name=name, destinations=cidrs) for name, cidrs in others.items()]
    return LivePolicy().replace([*objects, *([fixed] if fixed else [])])


def change_to(*cidrs: str, before: LivePolicy, of: Plan, name: str = "default", **more: Any) -> PolicyChange:  # noqa: ANN401 - passed on
    """Decide about a list."""
    return plan_change(before, wanted=want_destinations(list(cidrs), name=name), plan=of, **more)


def test_a_good_change_has_a_diff_effects_and_no_refusals() -> None:
    """Narrowing GKE's default list to the cluster's own ranges masquerades both targets, and is not refused."""
    change = plan_change(
        live("10.0.0.0/8", "172.16.0.0/12", PODS), wanted=want_plan_policy(plan()), plan=plan(ERP, GATE)
    )
    assert change.refusals == ()
    assert [str(effect) for effect in change.effects] == [
        "erp (172.20.0.10): pod address → node address",
        "gate (10.200.0.10): pod address → node address",
    ]
    (difference,) = change.difference.objects
    assert (difference.added, difference.removed) == ((SERVICES, NODES), ("10.0.0.0/8", "172.16.0.0/12"))
    assert [each["metadata"]["name"] for each in change.manifests] == ["default"]
    assert change.after.find("gke-bbfa6c0e-1") == FIXED
    lines = change.list_lines()
    assert lines[: len(change.difference.list_lines())] == change.difference.list_lines()
    assert "Effect on erp (172.20.0.10): pod address → node address" in lines


def test_the_page_about_policies_shows_such_a_change() -> None:
    """The diff and the effect in docs/cluster-policy.md are what a change with its operator's list logs."""
    page = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"^ {4}--- .*\n(?:^ {4}.*\n)+", page, re.MULTILINE)
    (destinations,) = re.findall(r"^    destinations=(\[.*?\]),", page, re.MULTILINE)
    change = change_to(
        *json.loads(destinations),
        before=live("10.0.0.0/8", "172.16.0.0/12", PODS),
        of=plan({**ERP, "name": "onprem-erp"}),
    )
    assert textwrap.dedent(block).splitlines() == change.list_lines()


def test_what_is_in_force_already_is_not_applied() -> None:
    """A list that differs in order alone leaves nothing to apply."""
    change = change_to(NODES, PODS, before=live(PODS, NODES), of=plan(ERP))
    assert (change.manifests, change.refusals, change.effects, bool(change.difference)) == ((), (), (), False)
    assert change.list_lines()[0] == "Nothing to change: the policy is in force already"
    assert change.list_lines()[1].startswith("MASQ302 info ")


@pytest.mark.parametrize(
    ("cidrs", "missing"),
    [
        ((PODS,), [f"The node range {NODES} is missing"]),
        ((NODES,), [f"The Pod range {PODS} is missing"]),
        ((), [f"The Pod range {PODS} is missing", f"The node range {NODES} is missing"]),
        ((NODES, "192.168.0.0/17"), [f"The Pod range {PODS} is missing"]),
        ((NODES, PODS), []),
        (("10.128.0.0/21", "10.128.8.0/21", PODS), []),
    ],
)
def test_a_list_without_the_clusters_ranges_is_refused(cidrs: tuple[str, ...], missing: list[str]) -> None:
    """Google's caution: the list has at least the node and the Pod ranges."""
    change = change_to(*cidrs, before=live("10.0.0.0/8", PODS), of=plan())
    refused = [refusal.partition(": ")[2].partition(" from the ")[0] for refusal in change.refusals]
    assert refused == missing
    assert all(refusal.startswith("MASQ301 EgressNATPolicy objects: ") for refusal in change.refusals)


@pytest.mark.parametrize("target", [ERP, GATE], ids=["expect: node", "allowed_sources"])
def test_covering_a_target_that_lets_only_nodes_in_is_refused(target: dict[str, Any]) -> None:
    """A list that covers a node-only target is refused, however the plan says that it is one."""
    before = live(NODES, PODS)
    host = "172.20.0.10" if target is ERP else "10.200.0.10"
    change = change_to(NODES, PODS, f"{host}/32", before=before, of=plan(target))
    (refusal,) = change.refusals
    assert refusal.startswith(f"MASQ307 EgressNATPolicy default.spec.destinations[2].cidr: {host}/32 covers")
    (effect,) = change.effects
    assert (effect.before, effect.after) == ("node", "pod")
    assert change_to(NODES, PODS, "172.30.0.0/16", before=before, of=plan(target)).refusals == ()


def test_an_object_beside_the_default_is_judged_with_it() -> None:
    """A further object that covers a node-only target is refused too; what else stays in force is told."""
    change = change_to("172.20.0.0/16", name="extra", before=live(NODES, PODS, more=("9.0.0.0/8",)), of=plan(ERP))
    (refusal,) = change.refusals
    assert refusal.startswith("MASQ307 EgressNATPolicy extra.spec.destinations[0].cidr: 172.20.0.0/16 covers")
    assert change.remarks == (
        "further objects stay in force, and what they list keeps the Pod's address: default, more",
    )


def test_what_an_object_lacks_that_stays_does_not_speak_against_another() -> None:
    """Composer's own list has no node range; adding an object beside it is not refused for that."""
    assert change_to("9.0.0.0/8", name="extra", before=live(PODS), of=plan()).refusals == ()
    assert change_to(PODS, "9.0.0.0/8", before=live(PODS), of=plan()).refusals != ()


def test_a_target_that_was_out_of_reach_before_is_no_reason() -> None:
    """A firewall that lets in neither nodes nor Pods is not the change's doing; one that the change locks out is."""
    closed = {**GATE, "allowed_sources": ["172.16.0.0/12"]}
    assert change_to(NODES, PODS, before=live("10.0.0.0/8", PODS), of=plan(closed)).refusals == ()
    pods_only = {**GATE, "allowed_sources": [PODS]}
    (refusal,) = change_to(NODES, PODS, before=live("10.0.0.0/8", PODS), of=plan(pods_only)).refusals
    assert refusal.startswith("MASQ310 targets[0].allowed_sources: gate (10.200.0.10) lets in only 192.168.0.0/16")


def test_everything_listed_is_refused() -> None:
    """A list with 0.0.0.0/0 masquerades nothing."""
    (refusal,) = change_to("0.0.0.0/0", before=live(NODES, PODS), of=plan()).refusals
    assert refusal.startswith("MASQ308 ")


def test_more_destinations_than_the_agent_takes_are_refused() -> None:
    """Sixty-four destinations in all are let through, and one more is not."""
    many = [f"9.0.{number}.0/24" for number in range(62)]
    assert change_to(NODES, PODS, *many[:61], before=live(PODS), of=plan()).refusals == ()
    (refusal,) = change_to(NODES, PODS, *many, before=live(PODS), of=plan()).refusals
    assert refusal.startswith("MASQ322 EgressNATPolicy objects: The objects and the cluster's own ranges name 65")


def test_a_plan_of_another_cluster_is_noticed() -> None:
    """Ranges that GKE's own object does not have, and nodes outside the plan's, are not this cluster's."""
    other = FIXED.__class__(name=FIXED.name, destinations=("10.1.0.0/20", "10.64.0.0/14", SERVICES))
    nodes = [
        LiveNode(name="n1", addresses=("10.1.0.5", "nonsense"), pod_blocks=("10.64.0.0/26",)),
        LiveNode(name="n2", addresses=("10.128.0.2", "fd00::2"), pod_blocks=("192.168.0.0/26",)),
    ]
    change = change_to(NODES, PODS, before=live(PODS, fixed=other), of=plan(), nodes=nodes)
    assert [refusal.partition(".")[0][:70] for refusal in change.refusals] == [
        "network",
        "network",
        "network: node n1 has the address 10",
        "MASQ301: The cluster's range 10",
        "MASQ301: The cluster's range 10",
    ]
    assert "node n1 has the address 10.1.0.5, node n1 has the Pod block 10.64.0.0/26" in change.refusals[2]
    assert "n2" not in change.refusals[2]
    assert change_to(NODES, PODS, before=live(PODS), of=plan(), nodes=nodes[1:]).refusals == ()


def test_the_clusters_own_object_tells_what_the_plan_leaves_out() -> None:
    """Without ranges in the plan the list must have what GKE's own object lists, the Services too."""
    bare = plan(node_ranges=None, pod_ranges=None, service_ranges=None)
    (refusal,) = change_to(NODES, PODS, before=live(PODS), of=bare).refusals
    assert refusal.startswith(f"MASQ301: The cluster's range {SERVICES}, which GKE's own object lists")
    assert change_to(NODES, PODS, SERVICES, before=live(PODS), of=bare).refusals == ()


@pytest.mark.parametrize("missing", [("node_ranges", "pod_ranges"), ("node_ranges",), ("pod_ranges",)])
def test_without_a_word_of_the_ranges_nothing_is_applied(missing: tuple[str, ...]) -> None:
    """Where neither the plan nor the cluster tells all ranges, whether the list has them cannot be known."""
    bare = plan(service_ranges=None, **dict.fromkeys(missing))
    change = change_to(NODES, PODS, before=live(PODS, fixed=None), of=bare)
    (refusal,) = change.refusals
    assert refusal.startswith("network: the node or Pod ranges are not known")
    assert "the cluster has no object of GKE's own, so its ranges are the plan's" in change.remarks
    assert change_to(NODES, PODS, before=live(PODS, fixed=None), of=plan()).refusals == ()


def test_an_object_that_is_set_back_is_not_changed() -> None:
    """An object of the addon manager's is changed where it comes from."""
    kept = LivePolicy(objects=(LiveObject(name="default", destinations=(PODS,), addon_mode="Reconcile"), FIXED))
    (refusal,) = change_to(NODES, PODS, before=kept, of=plan()).refusals
    assert refusal.startswith("EgressNATPolicy default: Kubernetes' addon manager undoes every change")


def test_targets_with_names_are_said_to_be_unjudged() -> None:
    """A target whose observer has a name is named, since which addresses it has is not known here."""
    named = {"name": "portal", "observe": "http://portal.example/ip"}
    change = change_to(NODES, PODS, before=live(PODS), of=plan(named, ERP))
    assert change.remarks == ("not judged, since the plan has a name and no address: portal",)


def test_live_objects_with_mistakes_are_shown_and_do_no_harm() -> None:
    """A live object with an entry that is no CIDR is a finding about itself, and no reason against another object."""
    flawed = live("nonsense", "fd00::/8")
    assert change_to(NODES, PODS, before=flawed, of=plan(ERP)).refusals == ()
    beside = change_to(NODES, PODS, before=live(PODS, more=("nonsense", "fd00::/8")), of=plan())
    assert [each.where for each in beside.findings if each.code == "MASQ304"] == [
        "EgressNATPolicy more.spec.destinations[0].cidr"
    ]
    assert beside.refusals == ()


def test_a_target_that_expects_pods_is_told_and_no_reason() -> None:
    """A list that no longer has a target which expects Pod addresses is told to the user, who may want that."""
    change = change_to(NODES, PODS, before=live("172.16.0.0/12", NODES, PODS), of=plan({**ERP, "expect": "pod"}))
    assert [(each.code, each.where) for each in change.findings if each.severity is Severity.WARNING] == [
        ("MASQ311", "targets[0].expect")
    ]
    assert change.refusals == ()


def test_what_else_lint_says_of_the_plan_does_not_matter() -> None:
    """An error in the plan that has nothing to do with a list is neither told nor a reason against it."""
    overlapping = plan(ERP, service_ranges=[NODES])
    assert {each.code for each in lint(overlapping) if each.severity is Severity.ERROR} == {"MASQ201"}
    change = change_to(NODES, PODS, SERVICES, before=live(PODS), of=overlapping)
    assert change.refusals == ()
    assert "MASQ201" not in {each.code for each in change.findings}


def test_the_diff_names_its_sides() -> None:
    """A user sees which side of the diff is live and which is wanted."""
    lines = change_to(NODES, PODS, before=live(PODS), of=plan()).list_lines()
    assert lines[:2] == ["--- EgressNATPolicy default (live)", "+++ EgressNATPolicy default (wanted)"]


def test_what_gkes_own_object_lists_is_read_as_far_as_it_can_be() -> None:
    """An entry that is no CIDR, or one of IPv6, which no list can have, does not hide the ranges after it."""
    fixed = replace(FIXED, destinations=("nonsense", "fd00::/64", NODES, PODS, SERVICES))
    bare = plan(node_ranges=None, pod_ranges=None, service_ranges=None)
    (refusal,) = change_to(NODES, PODS, before=live(PODS, fixed=fixed), of=bare).refusals
    assert refusal.startswith(f"MASQ301: The cluster's range {SERVICES}, which GKE's own object lists")


def test_a_target_that_another_object_covers_already_is_no_reason() -> None:
    """Where GKE's list covers a node-only target, an object beside it may be applied; a new list may not."""
    before = live("172.16.0.0/12", PODS, NODES)
    assert change_to("9.0.0.0/8", name="extra", before=before, of=plan(ERP)).refusals == ()
    assert change_to("172.16.0.0/12", PODS, NODES, "9.0.0.0/8", before=before, of=plan(ERP)).refusals != ()
