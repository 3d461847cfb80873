"""A fault has one finding: no two rules report the same field for the same reason."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from airflow_masq.environment.field_generations import FIELD_GENERATIONS
from airflow_masq.plan import load_plan, load_plan_from_mapping
from airflow_masq.rules import Finding, Rule, lint, list_rules
from tests.rules.linting import COMPOSER_1, COMPOSER_2, COMPOSER_3, environment

PRIVATE = ("config", "privateEnvironmentConfig")
IMAGES = {1: COMPOSER_1, 2: COMPOSER_2, 3: COMPOSER_3}
UNKNOWN = (None, "composer-latest-airflow-2")

# A value for each field whose values are not any text.
VALUES: dict[str, object] = {
    "cloudComposerNetworkIpv4CidrBlock": "10.2.0.0/24",
    "cloudSqlIpv4CidrBlock": "10.1.0.0/24",
    "clusterIpv4CidrBlock": "192.168.0.0/16",
    "composerInternalIpv4CidrBlock": "100.64.128.0/20",
    "dagProcessor": {"cpu": 1},
    "diskSizeGb": 100,
    "enablePrivateBuildsOnly": True,
    "enablePrivatelyUsedPublicIps": True,
    "environmentSize": "ENVIRONMENT_SIZE_SMALL",
    "masterAuthorizedNetworksConfig": {"enabled": True},
    "maxPodsPerNode": 32,
    "networkingConfig": {"connectionType": "VPC_PEERING"},
    "nodeCount": 3,
    "oauthScopes": ["a"],
    "privateClusterConfig": {"masterIpv4CidrBlock": "10.3.0.0/28"},
    "recoveryConfig": {"scheduledSnapshotsConfig": {"enabled": False}},
    "resilienceMode": "HIGH_RESILIENCE",
    "schedulerCount": 2,
    "servicesIpv4CidrBlock": "10.8.0.0/20",
    "webServerIpv4CidrBlock": "10.9.0.0/28",
    "webServerPluginsMode": "PLUGINS_ENABLED",
    "workloadsConfig": {"worker": {"cpu": 1}},
}
FLAWED_BLOCKS = ("10.1.2.3/24", "8.0.0.0/6", "10.0.0.0/31", "172.17.0.0/24", "fd00::/64", "/30")

LACKING = [(generation, row.path) for generation in IMAGES for row in FIELD_GENERATIONS if not row.has(generation)]


def set_field(plan: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Set a field in a copy of a plan."""
    changed = copy.deepcopy(plan)
    *around, name = path
    place: dict[str, Any] = changed["environment"]
    for each in around:
        place = place.setdefault(each, {})
    place[name] = value
    return changed


def find_more(plan: dict[str, Any], path: tuple[str, ...], value: object) -> list[Finding]:
    """Give the findings that a plan has once a field is set, but not before."""
    before = set(lint(load_plan_from_mapping(plan, source="params")))
    return [
        each
        for each in lint(load_plan_from_mapping(set_field(plan, path, value), source="params"))
        if each not in before
    ]


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize(
    ("generation", "path"), LACKING, ids=lambda each: str(each[-1] if isinstance(each, tuple) else each)
)
def test_a_field_of_another_generation(generation: int, path: tuple[str, ...], *, is_private: bool) -> None:
    """A field that a generation lacks is reported once, by MASQ108, whatever its value and whatever else it needs."""
    plan = environment(IMAGES[generation])
    if is_private:
        plan = set_field(plan, (*PRIVATE, "enablePrivateEnvironment"), value=True)
    flawed = FLAWED_BLOCKS if path[-1].endswith("CidrBlock") else ()
    for value in (VALUES.get(path[-1], "any"), *flawed):
        assert [finding.code for finding in find_more(plan, path, value)] == ["MASQ108"], value


@pytest.mark.parametrize("image", UNKNOWN)
def test_the_web_servers_block_of_an_image_that_does_not_tell(image: str | None) -> None:
    """In a public environment no generation has the block, so only MASQ109 reports it; in a private one gcloud does."""
    path = (*PRIVATE, "webServerIpv4CidrBlock")
    plan = environment(image)
    assert [finding.code for finding in find_more(plan, path, "10.9.0.0/28")] == ["MASQ109"]
    private = set_field(plan, (*PRIVATE, "enablePrivateEnvironment"), value=True)
    assert [finding.code for finding in find_more(private, path, "10.9.0.0/28")] == ["MASQ113"]


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize("image", [*IMAGES.values(), *UNKNOWN])
def test_any_field_of_any_generation(image: str | None, *, is_private: bool) -> None:
    """No field is reported by two rules, unless gcloud and Terraform both refuse it."""
    plan = environment(image)
    if is_private:
        plan = set_field(plan, (*PRIVATE, "enablePrivateEnvironment"), value=True)
    for row in FIELD_GENERATIONS:
        found = [finding.code for finding in find_more(plan, row.path, VALUES.get(row.path[-1], "any"))]
        assert len(found) <= 1 or found == ["MASQ113", "MASQ114"], row.path


@pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: rule.code)
@pytest.mark.parametrize("image", IMAGES.values())
def test_every_bad_example_with_every_generation(rule: Rule, image: str) -> None:
    """Whatever a rule finds in a field that the generation lacks, only MASQ108 reports the field."""
    found = lint(load_plan(re.sub(r"composer-[123][-.a-z0-9]*", image, rule.bad), source="bad"))
    lacking = tuple(f"{finding.where}." for finding in found if finding.code == "MASQ108")
    assert not [finding for finding in found if finding.code != "MASQ108" and f"{finding.where}.".startswith(lacking)]
