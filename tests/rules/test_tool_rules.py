"""What gcloud and Terraform refuse is reported, by MASQ113 and MASQ114 where no rule about the service does."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.environment.fields import ENUM_WORDS
from airflow_masq.rules import Severity
from airflow_masq.rules.masq113_gcloud_refuses import GCLOUD
from airflow_masq.rules.masq114_terraform_refuses import TERRAFORM
from airflow_masq.rules.views.tools import Tool
from tests.rules.linting import COMPOSER_1, COMPOSER_2, COMPOSER_3, codes, environment, findings
from tests.rules.refused import BY_GCLOUD, BY_TERRAFORM, SET_ELSEWHERE_BY_GCLOUD, WITHOUT_A_FLAG_OF_GCLOUD, Refused

CASES = [*BY_GCLOUD, *WITHOUT_A_FLAG_OF_GCLOUD, *SET_ELSEWHERE_BY_GCLOUD, *BY_TERRAFORM]
BOTH = ("MASQ113", "MASQ114")
PRIVATE = "privateEnvironmentConfig"


def places(resource: dict[str, Any], code: str) -> set[str]:
    """Give the places of one rule's findings about an environment."""
    return {finding.where for finding in findings({"environment": resource}, code)}


def set_field(image: str | None, path: str, value: object) -> dict[str, Any]:
    """Make a plan whose environment has one field, whose path begins below ``config``."""
    plan = environment(image)
    *around, name = path.split(".")
    place: dict[str, Any] = plan["environment"]["config"]
    for each in around:
        place = place.setdefault(each, {})
    place[name] = value
    return plan


@pytest.mark.parametrize("refused", CASES, ids=str)
def test_what_a_tool_refuses_is_reported(refused: Refused) -> None:
    """A rule names the field, or the section around it that a generation lacks, and is content once it is mended."""
    expected = f"environment.config.{refused.place or refused.where}"
    found = {place for place in places(refused.environment(), refused.code) if f"{expected}.".startswith(f"{place}.")}
    assert found
    assert not found & places(refused.mended(), refused.code)


@pytest.mark.parametrize("refused", [each for each in CASES if each.code not in BOTH], ids=str)
def test_what_a_rule_about_the_service_reports_is_not_reported_again(refused: Refused) -> None:
    """A field that is wrong for the service has one finding, not one more for each tool."""
    assert not any(places(refused.environment(), code) for code in BOTH)


@pytest.mark.parametrize(("code", "tool"), [("MASQ113", GCLOUD), ("MASQ114", TERRAFORM)])
def test_every_demand_has_a_case(code: str, tool: Tool) -> None:
    """Each row of a table has a source, and an environment in this file for which it is found."""
    plans = [{"environment": refused.environment()} for refused in CASES]
    plans += [set_field("composer-latest-airflow-2", path, value) for path, value, _ in UNKNOWN_IMAGE]
    plans.append({"environment": {**environment(COMPOSER_1)["environment"], "storageConfig": {"bucket": "b"}}})
    reported = {finding.where for plan in plans for finding in findings(plan, code)}
    for row in tool.rows:
        assert row.source
        assert reported & {f"environment.{path}" for path in row.paths}


UNKNOWN_IMAGE: list[tuple[str, object, set[str]]] = [
    ("nodeConfig.ipAllocationPolicy.useIpAliases", True, {"MASQ113"}),
    ("nodeConfig.machineType", "n1", {"MASQ113"}),
    ("nodeConfig.diskSizeGb", 10, {"MASQ113"}),
    ("softwareConfig.pythonVersion", "3", {"MASQ113"}),
    ("databaseConfig.machineType", "db-n1-standard-2", {"MASQ113"}),
    ("webServerConfig.machineType", "composer-n1-webserver-2", {"MASQ113"}),
    ("nodeConfig.composerNetworkAttachment", "a", {"MASQ113", "MASQ114"}),
    ("nodeConfig.composerInternalIpv4CidrBlock", "100.64.128.0/20", {"MASQ113", "MASQ114"}),
    ("softwareConfig.webServerPluginsMode", "PLUGINS_ENABLED", {"MASQ113", "MASQ114"}),
    (f"{PRIVATE}.enablePrivateBuildsOnly", True, {"MASQ113", "MASQ114"}),
    ("workloadsConfig.dagProcessor", {"cpu": 1}, {"MASQ113", "MASQ114"}),
    ("workloadsConfig.worker.memoryGb", 2, set()),
    ("nodeConfig.maxPodsPerNode", 32, set()),
]


@pytest.mark.parametrize("image", [None, "composer-latest-airflow-2", "no image"])
@pytest.mark.parametrize(("path", "value", "expected"), UNKNOWN_IMAGE, ids=[path for path, *_ in UNKNOWN_IMAGE])
def test_an_image_that_does_not_tell(image: str | None, path: str, value: object, expected: set[str]) -> None:
    """Both tools treat such an image as Composer 2; for that itself, a rule about the service reports the field."""
    plan = set_field(image, path, value)
    found = [finding for code in BOTH for finding in findings(plan, code)]
    assert {finding.code for finding in found} == expected
    assert all(finding.where == f"environment.config.{path}" for finding in found)
    assert all("treats this image version as Composer 2" in finding.message for finding in found)
    assert not codes(set_field(COMPOSER_2, path, value)) & set(BOTH)


@pytest.mark.parametrize("image", [None, COMPOSER_2])
def test_a_wish_that_is_none(image: str | None) -> None:
    """A field of another generation that is false asks for nothing."""
    assert not codes(set_field(image, f"{PRIVATE}.enablePrivateBuildsOnly", value=False)) & {"MASQ108", *BOTH}


@pytest.mark.parametrize(("image", "count"), [(COMPOSER_1, 1), (COMPOSER_2, 0)])
def test_a_bucket_of_ones_own(image: str, count: int) -> None:
    """Fields beside the configuration are checked like those in it."""
    plan = {"environment": {**environment(image)["environment"], "storageConfig": {"bucket": "b"}}}
    found = findings(plan, "MASQ113")
    assert [finding.where for finding in found] == ["environment.storageConfig.bucket"] * count


@pytest.mark.parametrize(
    ("image", "path", "value", "code", "message"),
    [
        (
            COMPOSER_2,
            "recoveryConfig.scheduledSnapshotsConfig",
            {"enabled": True},
            "MASQ113",
            (
                "gcloud refuses scheduledSnapshotsConfig.enabled without snapshotCreationSchedule, snapshotLocation "
                "and timeZone; set them too"
            ),
        ),
        (
            COMPOSER_2,
            "masterAuthorizedNetworksConfig.cidrBlocks",
            [{"cidrBlock": "10.0.0.0/8"}],
            "MASQ114",
            "Terraform refuses masterAuthorizedNetworksConfig.cidrBlocks without enabled; set it too",
        ),
        (
            COMPOSER_2,
            "masterAuthorizedNetworksConfig.cidrBlocks",
            [{"cidrBlock": "10.0.0.0/8"}],
            "MASQ113",
            "gcloud refuses masterAuthorizedNetworksConfig.cidrBlocks without enabled: true; set it too",
        ),
        (
            COMPOSER_1,
            f"{PRIVATE}.enablePrivateEnvironment",
            True,
            "MASQ113",
            (
                "gcloud refuses privateEnvironmentConfig.enablePrivateEnvironment without "
                "ipAllocationPolicy.useIpAliases: true; set it too"
            ),
        ),
        (
            COMPOSER_2,
            "workloadsConfig.worker.memoryGb",
            600,
            "MASQ113",
            "gcloud accepts 0.125 to 512 for worker.memoryGb, but the plan has 600; change the number",
        ),
        (
            COMPOSER_1,
            "nodeCount",
            2,
            "MASQ114",
            "Terraform accepts 3 or more for nodeCount, but the plan has 2; change the number",
        ),
        (
            COMPOSER_2,
            "encryptionConfig.kmsKeyName",
            "k",
            "MASQ113",
            (
                "gcloud accepts only a full name (projects/…/locations/…/keyRings/…/cryptoKeys/…) for "
                "encryptionConfig.kmsKeyName; change it"
            ),
        ),
        (
            COMPOSER_2,
            "nodeConfig.tags",
            ["a", "b", "a"],
            "MASQ113",
            "gcloud refuses duplicate entries in nodeConfig.tags; remove one of them",
        ),
        (
            COMPOSER_2,
            "environmentSize",
            "ENVIRONMENT_SIZE_EXTRA_LARGE",
            "MASQ113",
            (
                "gcloud accepts only ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM, ENVIRONMENT_SIZE_LARGE for "
                "environmentSize, but the plan has ENVIRONMENT_SIZE_EXTRA_LARGE; change it"
            ),
        ),
        (
            COMPOSER_2,
            "nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock",
            "/14",
            "MASQ113",
            (
                "gcloud accepts only a whole CIDR such as 10.0.0.0/14 for ipAllocationPolicy.clusterIpv4CidrBlock; "
                "change it"
            ),
        ),
        (
            COMPOSER_1,
            "databaseConfig.zone",
            "z",
            "MASQ113",
            "gcloud refuses databaseConfig.zone for Composer 1; remove it",
        ),
        (
            None,
            "nodeConfig.machineType",
            "n1",
            "MASQ113",
            (
                "gcloud treats this image version as Composer 2 and refuses nodeConfig.machineType for it; choose a "
                "version that shows the generation, remove the field"
            ),
        ),
    ],
)
def test_messages(image: str | None, path: str, value: object, code: str, message: str) -> None:
    """A message names the tool, the field and what to do; it is a warning, since the service may take the field."""
    (finding,) = findings(set_field(image, path, value), code)
    tool = "gcloud" if code == "MASQ113" else "Terraform"
    assert finding.message == f"{message}, or create the environment without {tool}."
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(("value", "is_found"), [("10.2.0.0/24", True), ("", False), (None, False)])
def test_a_field_that_is_empty_belongs_to_no_generation(value: str | None, *, is_found: bool) -> None:
    """A text that is empty or null is no field of another generation."""
    plan = set_field(COMPOSER_3, f"{PRIVATE}.cloudComposerNetworkIpv4CidrBlock", value)
    assert bool(codes(plan) & set(BOTH)) is is_found


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ({"storageMode": "CLOUD_LOGGING_ONLY"}, True),
        ({"storageMode": "TASK_LOGS_STORAGE_MODE_UNSPECIFIED"}, False),
        ({"storageMode": None}, False),
        ({}, False),
    ],
)
def test_a_section_that_says_nothing_belongs_to_no_generation(value: dict[str, object], *, is_found: bool) -> None:
    """A section asks for something where one of its fields does; the first word of an enum does not."""
    plan = set_field(COMPOSER_1, "dataRetentionConfig.taskLogsRetentionConfig", value)
    assert bool(findings(plan, "MASQ113")) is is_found


@pytest.mark.parametrize(
    ("blocks", "expected"), [([], {"MASQ114"}), ([{"cidrBlock": "10.0.0.0/8"}], {"MASQ113", "MASQ114"}), (None, set())]
)
def test_an_empty_list_is_an_argument_of_terraform_only(blocks: object, expected: set[str]) -> None:
    """Gcloud gets no flag for an empty list, while Terraform gets its block, which needs ``enabled``."""
    assert codes(set_field(COMPOSER_2, "masterAuthorizedNetworksConfig.cidrBlocks", blocks)) & set(BOTH) == expected


def test_the_agent_and_the_ranges_of_composer_1_need_one_field() -> None:
    """Where the agent makes MASQ107 ask for useIpAliases, MASQ113 does not ask for it again."""
    allocation = {"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods"}}
    assert codes(environment(COMPOSER_1, nodeConfig=allocation)) & {"MASQ107", "MASQ113"} == {"MASQ113"}
    with_agent = environment(COMPOSER_1, nodeConfig={**allocation, "enableIpMasqAgent": True})
    assert codes(with_agent) & {"MASQ107", "MASQ113"} == {"MASQ107"}


@pytest.mark.parametrize(("image", "expected"), [(COMPOSER_3, {"MASQ101"}), (COMPOSER_2, set())])
def test_the_agents_flag_for_composer_3(image: str, expected: set[str]) -> None:
    """Terraform refuses the flag for Composer 3, which has no agent at all, so MASQ101 says so."""
    assert codes(environment(image, nodeConfig={"enableIpMasqAgent": True})) & {"MASQ101", *BOTH} == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("environmentSize", "environmentSize"),
        ("resilienceMode", "resilienceMode"),
        (f"{PRIVATE}.networkingConfig.connectionType", "connectionType"),
        ("dataRetentionConfig.taskLogsRetentionConfig.storageMode", "storageMode"),
        ("dataRetentionConfig.airflowMetadataRetentionConfig.retentionMode", "retentionMode"),
    ],
)
def test_a_word_that_no_tool_knows(path: str, name: str) -> None:
    """A word that Google's API does not have is reported once, by MASQ123, with the words that it has."""
    plan = set_field(COMPOSER_2, f"{PRIVATE}.enablePrivateEnvironment", value=True)
    before = codes(plan)
    *around, last = path.split(".")
    place: dict[str, Any] = plan["environment"]["config"]
    for each in around:
        place = place.setdefault(each, {})
    place[last] = "HU\x1bGE"
    assert codes(plan) - before == {"MASQ123"}
    (finding,) = findings(plan, "MASQ123")
    assert (finding.where, finding.severity) == (f"environment.config.{path}", Severity.WARNING)
    assert f" for {name}, but the plan has 'HU\\x1bGE'. Use one of these words, or remove the field." in finding.message
    for word in (*ENUM_WORDS[name], "ANY_UNSPECIFIED", None):
        place[last] = word
        assert not findings(plan, "MASQ123")


def test_words_that_are_not_judged() -> None:
    """Google's own description is right about its words, and a field of another generation is MASQ108's alone."""
    plan = set_field(COMPOSER_2, "environmentSize", "HUGE")
    assert findings(plan, "MASQ123")
    plan["environment"]["state"] = "RUNNING"
    assert not findings(plan, "MASQ123")
    assert codes(set_field(COMPOSER_2, "softwareConfig.webServerPluginsMode", "OTHER")) == {"MASQ104", "MASQ108"}
