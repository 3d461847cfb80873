"""The environment as Terraform reads back as the same values, and is formatted as Terraform formats."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.renderings import RENDERINGS, hcl
from tests.renderings.examples import COMPOSER_3, NAME, PAGE, RICH, page_with, plan_of
from tests.renderings.hcl_reading import plain
from tests.rules.refused import BY_TERRAFORM, Refused

if TYPE_CHECKING:
    from pathlib import Path

hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed")

PRIVATE = "config.privateEnvironmentConfig"
ACCENT = r"\u0301"
PLUGINS = "config.softwareConfig.webServerPluginsMode"
TASK_LOGS = "config.dataRetentionConfig.taskLogsRetentionConfig"

# The page's example of Terraform [source: composer-agent-example].
PAGES_EXAMPLE = """\
resource "google_composer_environment" "example_environment" {
  provider = google-beta
  name = "example-environment"
  region = "us-central1"

  config {
    software_config {
      image_version = "composer-2.14.1-airflow-2.10.5"
    }
    node_config {
      enable_ip_masq_agent = true
    }
  }
}
"""


def render(environment: dict[str, Any]) -> str:
    """Write an environment."""
    return RENDERINGS["terraform"](plan_of(environment))


def read(text: str) -> dict[str, Any]:
    """Give the attributes of the one resource in a file."""
    ((labels,),) = (plain(hcl2.loads(text))["resource"],)
    (attributes,) = labels["google_composer_environment"].values()
    assert isinstance(attributes, dict)
    return attributes


def config(environment: dict[str, Any]) -> dict[str, Any]:
    """Give the ``config`` block of an environment."""
    (block,) = read(render(environment))["config"]
    assert isinstance(block, dict)
    return block


def test_the_pages_own_example() -> None:
    """The page's resource comes back value by value; the project, which it leaves to the provider, is added."""
    ours = read(render(PAGE))
    assert ours.pop("project") == "example-project"
    assert ours == read(PAGES_EXAMPLE)
    assert 'resource "google_composer_environment" "example_environment" {' in render(PAGE)


def test_the_import_block() -> None:
    """An environment that exists already is taken over under its full name."""
    (block,) = plain(hcl2.loads(render(PAGE)))["import"]
    assert block == {"to": "${google_composer_environment.example_environment}", "id": NAME}


@pytest.mark.parametrize(
    "environment",
    [PAGE, RICH, COMPOSER_3, PAGE | {"labels": {"\u00e9": "a", "\u6f22\u5b57": "b", "${c}": "\n", "longest": ""}}],
)
def test_terraform_fmt_changes_nothing(environment: dict[str, object]) -> None:
    """``terraform fmt -check`` accepts the file."""
    done = terraform("fmt", "-check", "-diff", "-", given=render(environment))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_terraform_reads_the_same_texts(tmp_path: Path) -> None:
    """Terraform itself evaluates a literal to the text, and one with a decomposed letter to another text."""
    texts = ["cost ${", "%{ if x }", "$${a}", '}"\\ \n', "\u00e9\u6f22"]
    tuple_of_all = f"[{', '.join(map(hcl.quote, texts))}]"
    done = terraform(f"-chdir={tmp_path}", "console", given=f"jsonencode({tuple_of_all})\n")
    assert json.loads(json.loads(done.stdout)) == texts
    composed = terraform(f"-chdir={tmp_path}", "console", given=f'jsonencode("e{ACCENT}")\n')
    assert json.loads(json.loads(composed.stdout)) == "\u00e9"


def terraform(*words: str, given: str) -> subprocess.CompletedProcess[str]:
    """Run Terraform, without the user's settings, on its standard input."""
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is not installed")
    settings = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    return subprocess.run(
        [program, *words], input=given, env=settings, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("labels", {"e\u0301": "a"}),
        ("labels", {"a": "e\u0301"}),
        ("config.nodeConfig.tags", ["a", "e\u0301"]),
        ("config.nodeConfig.network", "e\u0301"),
        ("config.webServerNetworkAccessControl", {"allowedIpRanges": [{"value": "a", "description": "e\u0301"}]}),
    ],
)
def test_a_text_that_terraform_would_change(path: str, value: object) -> None:
    """A decomposed letter would come back composed, so the field is refused."""
    with pytest.raises(InexpressibleError, match="which changes this one") as caught:
        render(page_with(path, value))
    assert caught.value.where == f"environment.{path}"


def test_two_values_with_braces() -> None:
    """A text that looks like the beginning of a template does not swallow the next one, for any reader."""
    variables = {"A": "cost ${", "B": "}"}
    (block,) = config(page_with("config.softwareConfig.envVariables", variables))["software_config"]
    assert block["env_variables"] == variables


def test_a_rich_environment() -> None:
    """Most fields are named as in the resource, in snake_case; the others are where the provider expects them."""
    resource = read(render(RICH))
    block = resource["config"][0]
    assert resource["labels"] == RICH["labels"]
    assert resource["storage_config"] == [{"bucket": "example-bucket"}]
    assert block["software_config"] == [
        {
            "image_version": "composer-2.17.9-airflow-2.11.1",
            "env_variables": RICH["config"]["softwareConfig"]["envVariables"],
            "airflow_config_overrides": RICH["config"]["softwareConfig"]["airflowConfigOverrides"],
            "cloud_data_lineage_integration": [{"enabled": True}],
        }
    ]
    assert block["node_config"][0]["tags"] == ["composer", "masqueraded"]
    assert block["node_config"][0]["ip_allocation_policy"] == [
        {"cluster_ipv4_cidr_block": "192.168.0.0/16", "services_secondary_range_name": "services"}
    ]
    assert block["private_environment_config"] == [
        {
            "connection_type": "VPC_PEERING",
            "enable_private_endpoint": True,
            "master_ipv4_cidr_block": "10.3.0.0/28",
            "cloud_sql_ipv4_cidr_block": "10.1.0.0/24",
            "cloud_composer_network_ipv4_cidr_block": "10.2.0.0/24",
            "enable_privately_used_public_ips": True,
        }
    ]
    assert block["web_server_network_access_control"] == [
        {
            "allowed_ip_range": [
                {"value": "10.0.0.0/8", "description": "office, all floors"},
                {"value": "172.20.0.0/16"},
            ]
        }
    ]
    assert block["master_authorized_networks_config"] == [
        {"enabled": True, "cidr_blocks": [{"cidr_block": "10.0.0.0/8"}]}
    ]
    assert block["workloads_config"][0]["worker"] == [
        {"cpu": 2, "memory_gb": 7.5, "storage_gb": 5, "min_count": 1, "max_count": 12}
    ]
    assert block["recovery_config"][0]["scheduled_snapshots_config"][0]["time_zone"] == "UTC+01"


def task_logs(mode: str) -> dict[str, object]:
    """Give the block of a storage mode."""
    return {"task_logs_retention_config": [{"storage_mode": mode}]}


@pytest.mark.parametrize(
    ("path", "value", "block", "expected"),
    [
        ("config.nodeConfig.location", "projects/p/zones/z", "node_config", {"zone": "projects/p/zones/z"}),
        ("config.nodeConfig.enableIpMasqAgent", False, "node_config", {"enable_ip_masq_agent": False}),
        ("config.nodeConfig.tags", [], "node_config", {"tags": []}),
        ("config.nodeConfig.network", 'a${b}\n%{c}"', "node_config", {"network": 'a${b}\n%{c}"'}),
        ("config.softwareConfig.pypiPackages", {"a": ">=1"}, "software_config", {"pypi_packages": {"a": ">=1"}}),
        ("config.softwareConfig.envVariables", {"${a}": "\\"}, "software_config", {"env_variables": {"${a}": "\\"}}),
        ("config.databaseConfig.zone", "us-central1-a", "database_config", {"zone": "us-central1-a"}),
        (f"{PRIVATE}.enablePrivateEnvironment", True, "private_environment_config", {"enable_private_endpoint": False}),
        (f"{TASK_LOGS}.storageMode", "NEW_MODE", "data_retention_config", task_logs("NEW_MODE")),
    ],
)
def test_values(path: str, value: object, block: str, expected: dict[str, object]) -> None:
    """Each field is an argument of its block, and a text means what it meant in the plan."""
    (inside,) = config(page_with(path, value))[block]
    assert inside | expected == inside


def test_an_environment_that_is_not_private() -> None:
    """The block alone would make it private, so it is not there."""
    environment = page_with("config.privateEnvironmentConfig.enablePrivateEnvironment", value=False)
    assert config(environment) == config(PAGE)
    environment["config"]["privateEnvironmentConfig"] = {
        "enablePrivateEnvironment": False,
        "enablePrivatelyUsedPublicIps": False,
        "privateClusterConfig": {"enablePrivateEndpoint": False},
        "networkingConfig": {"connectionType": "CONNECTION_TYPE_UNSPECIFIED"},
    }
    assert config(environment) == config(PAGE)


@pytest.mark.parametrize("form", ["terraform", "gcloud"])
def test_an_enum_that_says_nothing_is_not_written(form: str) -> None:
    """The first word of Google's enums means an unset field, and no tool has a word for it; another word is written."""
    plain = RENDERINGS[form](plan_of(PAGE))
    unspecified = page_with("config.environmentSize", value="ENVIRONMENT_SIZE_UNSPECIFIED")
    assert RENDERINGS[form](plan_of(unspecified)) == plain
    assert RENDERINGS[form](plan_of(page_with("config.environmentSize", value="ENVIRONMENT_SIZE_SMALL"))) != plain


def test_a_private_environment_of_composer_3() -> None:
    """For Composer 3 the wish is an argument of its own, not a block."""
    environment = page_with("config.privateEnvironmentConfig.enablePrivateEnvironment", value=True)
    environment["config"]["privateEnvironmentConfig"]["enablePrivateBuildsOnly"] = True
    environment["config"]["softwareConfig"]["imageVersion"] = "composer-3-airflow-2"
    environment["config"]["nodeConfig"] = {}
    block = config(environment)
    assert block["enable_private_environment"] is True
    assert block["enable_private_builds_only"] is True
    assert "private_environment_config" not in block


@pytest.mark.parametrize("image", ["composer-2-airflow-2", "no image", None])
def test_a_private_environment_of_any_other(image: str | None) -> None:
    """For every other image, also one that cannot be read, the block is the wish."""
    environment = page_with("config.privateEnvironmentConfig.enablePrivateEnvironment", value=True)
    environment["config"]["softwareConfig"]["imageVersion"] = image
    assert config(environment)["private_environment_config"] == [{"enable_private_endpoint": False}]


def test_a_name_with_dashes() -> None:
    """The resource's label is the environment's id with underscores."""
    text = render(PAGE | {"name": "projects/p/locations/l/environments/a-b-c"})
    assert 'resource "google_composer_environment" "a_b_c" {' in text
    assert "to = google_composer_environment.a_b_c" in text


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("config.brandNew", 1, "no argument for this field"),
        (f"{PRIVATE}.cloudSqlIpv4CidrBlock", "10.0.0.0/24", "makes the environment private"),
        ("config.webServerNetworkAccessControl", {"other": 1}, "accepts only its allowedIpRanges"),
    ],
)
def test_what_terraform_cannot_say(path: str, value: object, reason: str) -> None:
    """A value that the provider cannot express is an error that names the field."""
    with pytest.raises(InexpressibleError, match=reason) as caught:
        render(page_with(path, value))
    assert (caught.value.where, caught.value.form) == (f"environment.{path}", "terraform")


def test_the_mode_of_plugins() -> None:
    """The provider has words of its own for it, and no others; the words of other fields are Google's."""
    assert config(COMPOSER_3)["software_config"][0]["web_server_plugins_mode"] == "ENABLED"
    software = COMPOSER_3["config"]["softwareConfig"] | {"webServerPluginsMode": "OTHER"}
    with pytest.raises(InexpressibleError, match="words only for PLUGINS_ENABLED, PLUGINS_DISABLED") as caught:
        render(COMPOSER_3 | {"config": COMPOSER_3["config"] | {"softwareConfig": software}})
    assert caught.value.where == f"environment.{PLUGINS}"


@pytest.mark.parametrize("access", [{}, {"allowedIpRanges": []}, {"allowedIpRanges": None}])
def test_a_web_server_that_no_address_may_reach(access: dict[str, object]) -> None:
    """The provider would forget an empty list, and so open the web server to everybody."""
    with pytest.raises(InexpressibleError, match="blocks all access") as caught:
        render(page_with("config.webServerNetworkAccessControl", access))
    assert caught.value.where == "environment.config.webServerNetworkAccessControl.allowedIpRanges"


@pytest.mark.parametrize("path", ["config.softwareConfig.brandNew", "config.nodeConfig.tags"])
def test_what_is_null_asks_for_nothing(path: str) -> None:
    """A field without a value is no field, known or not."""
    assert render(page_with(path, None)) == render(PAGE)


@pytest.mark.parametrize("refused", [each for each in BY_TERRAFORM if each.value is not False], ids=str)
def test_what_terraform_refuses_is_written(refused: Refused) -> None:
    """Rules report what the provider refuses; the resource says what the plan says."""
    assert render(refused.environment()) != render(refused.mended())


@pytest.mark.parametrize("image", ["composer-3-airflow-2", "composer-2-airflow-2"])
def test_the_agent_is_written_for_every_generation(image: str) -> None:
    """The provider refuses the flag for Composer 3, which a rule reports; the argument is there all the same."""
    environment = page_with("config.softwareConfig.imageVersion", value=image)
    assert config(environment)["node_config"] == [{"enable_ip_masq_agent": True}]


@pytest.mark.parametrize("is_private", [True, False])
def test_the_private_block_of_composer_3(*, is_private: bool) -> None:
    """Fields that the provider refuses for Composer 3 are in their block; what is false there asks for nothing."""
    private = {
        "enablePrivateEnvironment": is_private,
        "cloudSqlIpv4CidrBlock": "10.1.0.0/24",
        "privateClusterConfig": {"enablePrivateEndpoint": False},
    }
    environment = COMPOSER_3 | {"config": COMPOSER_3["config"] | {"privateEnvironmentConfig": private}}
    block = config(environment)
    assert block["private_environment_config"] == [{"cloud_sql_ipv4_cidr_block": "10.1.0.0/24"}]
    assert block.get("enable_private_environment", False) is is_private
    del private["cloudSqlIpv4CidrBlock"]
    assert "private_environment_config" not in config(environment)
