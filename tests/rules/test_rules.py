"""Each rule finds its bad example, passes its good one, and has a true page; the other files test the details.

Run with AIRFLOW_MASQ_WRITE_PAGES=1 to write the pages after a rule has changed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from airflow_masq.plan import load_plan, load_plan_from_mapping
from airflow_masq.rules import Finding, Rule, Severity, lint, list_rules, write_page
from tests.rules.linting import NETWORK, NO_TARGETS, OF_FRAGMENTS, codes, environment

PAGES = Path(__file__).parents[2] / "docs" / "rules"
RULES = pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: rule.code)


@RULES
def test_the_bad_example_is_found(rule: Rule) -> None:
    """A rule complains about its own bad example, with its own severity."""
    findings = rule.apply(load_plan(rule.bad, source="bad"))
    assert [(finding.code, finding.severity) for finding in findings] == [(rule.code, rule.severity)]


@RULES
def test_the_good_example_is_good_to_every_rule(rule: Rule) -> None:
    """What a page shows as good is complained about by no rule at all; most examples show a part without targets."""
    plan = load_plan(rule.good, source="good")
    found = [finding.code for finding in lint(plan)]
    assert [code for code in found if code not in OF_FRAGMENTS] == []
    assert (NO_TARGETS in found) is (not plan.targets)


@RULES
def test_the_page_is_true(rule: Rule) -> None:
    """The page in docs/rules is what the rule says today."""
    path = PAGES / f"{rule.code}.md"
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        path.write_text(write_page(rule), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == write_page(rule)


def test_there_is_no_page_of_a_rule_that_does_not_exist() -> None:
    """A rule that was withdrawn leaves no page behind."""
    assert {path.stem for path in PAGES.glob("MASQ[123]*.md")} == {rule.code for rule in list_rules()}


@RULES
def test_the_page_is_whole(rule: Rule) -> None:
    """A page has a title, what it means, why with a source, both examples and how to fix it, in this order."""
    text = write_page(rule)
    assert text.startswith(f"# {rule.code}: ")
    places = [text.index(part) for part in ("## Why", "https://", "## Bad", "## Good", "## How to fix")]
    assert places == sorted(places)
    assert text.split("## How to fix")[1].strip()
    assert "read 2026-" in " ".join(text.split())


def _findings(mapping: dict[str, Any], code: str) -> list[Finding]:
    return [finding for finding in lint(load_plan_from_mapping(mapping, source="params")) if finding.code == code]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("composer-3-airflow-2", {"MASQ101"}),
        ("composer-3-airflow-3.1.0-build.1", {"MASQ101"}),
        ("composer-1-airflow-2", {"MASQ102", "MASQ107"}),
        ("composer-2.0.0-preview.1-airflow-2.1.4", {"MASQ102"}),
        ("composer-2.1.0-airflow-2.4.3", {"MASQ116"}),
        ("composer-2.16.0-airflow-2.10.5", set()),
        ("composer-2-airflow-2", set()),
        ("composer-2-airflow-3", {"MASQ116"}),
        ("composer-latest-airflow-2", {"MASQ105"}),
        ("composer-two", {"MASQ105"}),
        ("composer-2.0-airflow-2", {"MASQ105"}),
        ("composer-4-airflow-3", {"MASQ105"}),
        (None, {"MASQ105"}),
    ],
)
def test_images_are_judged_by_their_generation(image: str | None, expected: set[str]) -> None:
    """Composer 3 has no agent, 1 and 2.0 have ended, current Composer 2 is fine, and what tells neither is said so."""
    assert codes(environment(image, nodeConfig={"enableIpMasqAgent": True})) == expected


@pytest.mark.parametrize(
    ("image", "severity", "words"),
    [
        (
            "composer-2.1-airflow-2.4",
            Severity.ERROR,
            "'composer-2.1-airflow-2.4' is not an image version. Use a full version",
        ),
        ("composer-2.14.1", Severity.ERROR, "'composer-2.14.1' is not an image version"),
        ("\x1b[2Jcomposer", Severity.ERROR, "'\\x1b[2Jcomposer' is not an image version"),
        (
            "composer-4-airflow-3",
            Severity.WARNING,
            "composer-4-airflow-3 names a generation that this tool does not know",
        ),
        ("composer-latest-airflow-2", Severity.WARNING, "does not show Composer's generation"),
        (None, Severity.ERROR, "Without an image version the service creates Composer 3"),
    ],
)
def test_what_is_no_image_version_is_told_apart_from_what_does_not_tell(
    image: str | None, severity: Severity, words: str
) -> None:
    """The service refuses a malformed version; an alias or a generation to come only leaves a question open."""
    (finding,) = _findings(environment(image, nodeConfig={"enableIpMasqAgent": True}), "MASQ105")
    assert finding.severity is severity
    assert words in finding.message


@pytest.mark.parametrize("name", ["example-environment", "projects/p/locations/l/environments/-a", ""])
def test_a_name_that_composer_refuses_is_found(name: str) -> None:
    """A bare id, a bad id and an empty name are found, with what belongs there."""
    mapping = {"environment": {"name": name, **environment()["environment"]}}
    (finding,) = _findings(mapping, "MASQ103")
    assert finding.where == "environment.name"
    assert finding.message.startswith("Expected ")


@pytest.mark.parametrize(
    ("node_config", "severities"),
    [
        ({}, [Severity.INFO]),
        ({"enableIpMasqAgent": False}, [Severity.WARNING]),
        ({"enable_ip_masq_agent": False}, [Severity.WARNING]),
        ({"enableIpMasqAgent": True}, []),
    ],
)
def test_a_missing_flag_is_told_and_a_false_one_warned_of(
    node_config: dict[str, object], severities: list[Severity]
) -> None:
    """Leaving the flag out is worth knowing, writing it down as false worth a warning, true worth nothing."""
    findings = _findings(environment(nodeConfig=node_config), "MASQ104")
    assert [finding.severity for finding in findings] == severities


@pytest.mark.parametrize(
    ("network", "messages"),
    [
        (
            {"node_ranges": ["10.0.0.0/20"], "pod_ranges": ["10.0.0.0/20"]},
            ["The Pod range 10.0.0.0/20 overlaps the node range 10.0.0.0/20"],
        ),
        (
            {"pod_ranges": ["10.0.0.0/8"], "service_ranges": ["10.96.0.0/20"]},
            ["The Pod range 10.0.0.0/8 overlaps the Service range 10.96.0.0/20"],
        ),
        (
            {"node_ranges": ["10.0.0.0/8"], "service_ranges": ["10.96.0.0/20"]},
            ["The Service range 10.96.0.0/20 overlaps the node range 10.0.0.0/8"],
        ),
        ({"node_ranges": ["10.0.0.0/20"], "pod_ranges": ["10.0.16.0/20"], "service_ranges": ["10.0.32.0/20"]}, []),
        ({"node_ranges": ["10.0.0.0/20"], "pod_ranges": ["2001:db8::/64"]}, []),
    ],
)
def test_every_pair_of_ranges_is_compared(network: dict[str, object], messages: list[str]) -> None:
    """Any two of Pod, Service and node ranges that share addresses are found, neighbours are not."""
    findings = _findings({"network": network}, "MASQ201")
    assert [finding.message.removesuffix(". Give each its own range.") for finding in findings] == messages


def test_an_environments_own_pod_range_is_compared_with_the_nodes() -> None:
    """The Pod range that the environment asks for is found to overlap the node range that the plan knows."""
    policy = {"ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.128.0.0/14"}}
    mapping = {**environment(nodeConfig=policy), "network": {"node_ranges": ["10.128.0.0/20"]}}
    assert len(_findings(mapping, "MASQ201")) == 1


@pytest.mark.parametrize(
    ("policy", "count"),
    [
        ({"clusterIpv4CidrBlock": "192.168.0.0/16", "clusterSecondaryRangeName": "pods"}, 1),
        ({"servicesIpv4CidrBlock": "10.96.0.0/20", "services_secondary_range_name": "services"}, 1),
        ({"clusterIpv4CidrBlock": "192.168.0.0/16", "servicesSecondaryRangeName": "services"}, 0),
        ({"clusterIpv4CidrBlock": "", "clusterSecondaryRangeName": "pods"}, 0),
    ],
)
def test_only_two_answers_to_one_question_contradict(policy: dict[str, object], count: int) -> None:
    """A CIDR and a name for the same purpose are found; for two purposes, or an empty one, they are not."""
    assert len(_findings(environment(nodeConfig={"ipAllocationPolicy": policy}), "MASQ202")) == count


@pytest.mark.parametrize(
    ("block", "is_found"),
    [
        ("192.168.1.0/16", True),
        ("192.168.0.0", True),
        ("/0", True),
        ("/33", True),
        ("/014", True),
        ("\x1b[31m", True),
        ("/14", False),
        ("/32", False),
        ("192.168.0.0/16", False),
        ("", False),
    ],
)
def test_blocks_must_be_aligned_or_bare_sizes(block: str, *, is_found: bool) -> None:
    """Misaligned and unreadable blocks are found, aligned blocks and bare sizes are not; messages are harmless."""
    policy = {"clusterIpv4CidrBlock": "192.168.0.0/16", "servicesIpv4CidrBlock": block}
    findings = _findings(environment(nodeConfig={"ipAllocationPolicy": policy}), "MASQ203")
    assert bool(findings) is is_found
    assert all(finding.where.endswith("servicesIpv4CidrBlock") for finding in findings)
    assert all(finding.message.isprintable() for finding in findings)


@pytest.mark.parametrize(
    ("cidr", "is_found"),
    [
        ("100.64.0.0/10", False),
        ("100.0.0.0/8", True),
        ("100.128.0.0/16", True),
        ("172.32.0.0/16", True),
        ("172.16.0.0/16", False),
        ("8.0.0.0/16", True),
        ("240.0.0.0/16", False),
        ("2001:db8::/64", False),
    ],
)
def test_allowed_ranges_end_where_they_end(cidr: str, *, is_found: bool) -> None:
    """Reserved ranges are allowed, what lies beyond them, wholly or in part, is not."""
    policy = {"ipAllocationPolicy": {"servicesIpv4CidrBlock": cidr}}
    findings = _findings(environment(nodeConfig=policy), "MASQ204")
    assert [finding.severity for finding in findings] == [Severity.ERROR] * is_found
    private = {"enablePrivatelyUsedPublicIps": True}
    assert not _findings(environment(nodeConfig=policy, privateEnvironmentConfig=private), "MASQ204")


def test_a_range_that_only_the_plan_names_is_a_warning() -> None:
    """Where the environment itself does not ask for the public range, the service may learn it in another way."""
    (finding,) = _findings({"network": {"pod_ranges": ["8.0.0.0/16"]}}, "MASQ204")
    assert (finding.severity, finding.where) == (Severity.WARNING, "network.pod_ranges[0]")


def test_a_range_by_name_is_judged_like_one_that_is_spelt_out() -> None:
    """The service refuses a range outside the allowed ones also where the environment names a secondary range."""
    policy = {"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods"}}
    ranges = {"pod_ranges": ["100.128.48.0/20"], "service_ranges": ["100.255.48.0/24"]}
    pods, services = _findings({**environment(nodeConfig=policy), "network": ranges}, "MASQ204")
    assert (pods.severity, services.severity) == (Severity.ERROR, Severity.WARNING)
    assert not _findings({**environment(nodeConfig=policy), "network": {"pod_ranges": ["100.64.0.0/20"]}}, "MASQ204")


def test_the_environments_own_block_is_judged_beside_other_ranges_of_the_plan() -> None:
    """The service judges the block that the environment asks for, even if the plan's network says something else."""
    policy = {"ipAllocationPolicy": {"clusterIpv4CidrBlock": "100.128.0.0/16"}}
    mapping = {**environment(nodeConfig=policy), "network": {"pod_ranges": ["10.4.0.0/14"]}}
    (finding,) = _findings(mapping, "MASQ204")
    assert finding.severity is Severity.ERROR
    assert finding.where.endswith("ipAllocationPolicy.clusterIpv4CidrBlock")
    policy["ipAllocationPolicy"]["clusterIpv4CidrBlock"] = "10.128.0.0/14"
    mapping = {**environment(nodeConfig=policy), "network": {**NETWORK, "pod_ranges": ["10.128.0.0/13"]}}
    own, network = _findings(mapping, "MASQ201")
    assert own.where.startswith("environment.")
    assert network.where == "network.pod_ranges[0]"
    assert all("node range 10.128.0.0/20" in finding.message for finding in (own, network))


@pytest.mark.parametrize(
    ("block", "reuse", "severities"),
    [
        ("100.200.0.0/28", False, [Severity.ERROR]),
        ("100.200.0.0/28", True, [Severity.WARNING]),
        ("100.64.0.0/28", False, []),
    ],
)
def test_the_masters_block_must_be_allowed_too(block: str, *, reuse: bool, severities: list[Severity]) -> None:
    """The GKE master needs an allowed range; whether reusing public addresses extends to it is not known."""
    private = {
        "enablePrivateEnvironment": True,
        "enablePrivatelyUsedPublicIps": reuse,
        "privateClusterConfig": {"masterIpv4CidrBlock": block},
    }
    found = _findings(environment(privateEnvironmentConfig=private), "MASQ204")
    assert [finding.severity for finding in found] == severities
    assert all("set enablePrivatelyUsedPublicIps" not in finding.message for finding in found)
