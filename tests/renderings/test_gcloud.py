"""The environment as a gcloud command says all of it, and nothing in it can act on the shell."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.environment.fields import ENUM_WORDS
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.renderings import RENDERINGS
from airflow_masq.rules.masq113_gcloud_refuses import GCLOUD
from airflow_masq.rules.views.tools import OneOf
from tests.renderings.examples import COMPOSER_3, PAGE, RICH, page_with, plan_of
from tests.rules.refused import BY_GCLOUD, SET_ELSEWHERE_BY_GCLOUD, WITHOUT_A_FLAG_OF_GCLOUD, Refused

ALLOCATION = "config.nodeConfig.ipAllocationPolicy"
DATABASE = "config.dataRetentionConfig.airflowMetadataRetentionConfig"
NETWORKS = "config.masterAuthorizedNetworksConfig.cidrBlocks"
WORKER = "config.workloadsConfig.worker"
PUBLIC_IPS = "config.privateEnvironmentConfig.enablePrivatelyUsedPublicIps"

# The page's example of gcloud [source: composer-agent-example].
PAGES_COMMAND = """\
gcloud composer environments create example-environment \\
    --location us-central1 \\
    --image-version composer-2.14.1-airflow-2.10.5 \\
    --enable-ip-masq-agent
"""


def render(environment: dict[str, Any]) -> str:
    """Write an environment."""
    return RENDERINGS["gcloud"](plan_of(environment))


def words(command: str) -> list[str]:
    """Split a command as a shell does, which drops a backslash at the end of a line; ``shlex`` keeps the line feed."""
    return [word for word in shlex.split(command) if word != "\n"]


def flag(environment: dict[str, Any], name: str) -> str:
    """Give the value of one flag."""
    split = words(render(environment))
    return split[split.index(name) + 1]


def test_the_pages_own_example() -> None:
    """The page's command comes back word by word; the project, which it leaves to gcloud's defaults, is added."""
    split = words(render(PAGE))
    project = split.index("--project")
    assert split[project + 1] == "example-project"
    assert split[:project] + split[project + 2 :] == words(PAGES_COMMAND)


def test_one_flag_a_line() -> None:
    """The command is laid out as on the page."""
    lines = render(PAGE).splitlines()
    assert lines[0] == "gcloud composer environments create example-environment \\"
    assert lines[-1] == "    --enable-ip-masq-agent"
    assert all(line.startswith("    --") and line.endswith(" \\") for line in lines[1:-1])


def test_without_the_agent_there_is_no_flag() -> None:
    """An environment that does not want the agent does not ask for it."""
    assert "--enable-ip-masq-agent" not in words(render(page_with("config.nodeConfig.enableIpMasqAgent", value=False)))


@pytest.mark.parametrize(
    ("path", "value", "name", "expected"),
    [
        ("config.nodeConfig.network", "a b; rm -rf $HOME", "--network", "a b; rm -rf $HOME"),
        (f"{ALLOCATION}.clusterSecondaryRangeName", "p", "--cluster-secondary-range-name", "p"),
        (
            f"{ALLOCATION}.clusterIpv4CidrBlock",
            "10.4.0.0/14",
            "--cluster-ipv4-cidr",
            "10.4.0.0/14",
        ),
        (
            f"{ALLOCATION}.servicesIpv4CidrBlock",
            "10.8.0.0/20",
            "--services-ipv4-cidr",
            "10.8.0.0/20",
        ),
        ("config.nodeConfig.tags", ["a", "b"], "--tags", "a,b"),
        ("config.nodeConfig.tags", ["a,b", "c"], "--tags", "^;^a,b;c"),
        ("config.nodeConfig.tags", ["a,b", ";:|~"], "--tags", "^#^a,b#;:|~"),
        ("config.nodeConfig.tags", ["^a^b", "c"], "--tags", "^,^^a^b,c"),
        ("labels", {"a": "b", "c": ""}, "--labels", "a=b,c="),
        ("config.softwareConfig.envVariables", {"A": "b=c"}, "--env-variables", "A=b=c"),
        (f"{WORKER}.memoryGb", 4, "--worker-memory", "4GB"),
        (f"{WORKER}.memoryGb", 1.875, "--worker-memory", "1920MB"),
        (f"{WORKER}.memoryGb", 0.3, "--worker-memory", "322122547B"),
        (f"{WORKER}.cpu", 0.5, "--worker-cpu", "0.5"),
        ("config.environmentSize", "ENVIRONMENT_SIZE_LARGE", "--environment-size", "large"),
        (
            DATABASE,
            {"retentionMode": "RETENTION_MODE_ENABLED", "retentionDays": 60},
            "--airflow-database-retention-days",
            "60",
        ),
        (
            DATABASE,
            {"retentionMode": "RETENTION_MODE_DISABLED", "retentionDays": None},
            "--airflow-database-retention-days",
            "0",
        ),
    ],
)
def test_values(path: str, value: object, name: str, expected: str) -> None:
    """Each field becomes its flag, with its value as gcloud reads it."""
    assert flag(page_with(path, value), name) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("config.nodeConfig.network", "--impersonate-service-account=x", "--network=--impersonate-service-account=x"),
        ("config.webServerNetworkAccessControl", {}, "--web-server-deny-all"),
        ("config.webServerNetworkAccessControl.allowedIpRanges", [], "--web-server-deny-all"),
        ("config.privateEnvironmentConfig.enablePrivateEnvironment", True, "--web-server-allow-all"),
        (
            "config.softwareConfig.cloudDataLineageIntegration.enabled",
            False,
            "--disable-cloud-data-lineage-integration",
        ),
    ],
)
def test_words_of_their_own(path: str, value: object, expected: str) -> None:
    """A value never becomes a flag; what gcloud asks for besides, and what "off" is called, is written as well."""
    assert expected in words(render(page_with(path, value)))


def test_fields_that_cannot_be_asked_for() -> None:
    """What the service alone sets, in a plan copied from a live environment, is left out, and so is what is null."""
    live = page_with("config.gkeCluster", "projects/p/locations/l/clusters/c") | {"state": "RUNNING", "uuid": "u"}
    live["config"]["nodeConfig"]["tags"] = None
    live["labels"] = {}
    assert render(live) == render(PAGE)


def test_ip_aliases() -> None:
    """The flag is written where the plan wants it, for every generation; leaving it out means false."""
    path = f"{ALLOCATION}.useIpAliases"
    assert "--enable-ip-alias" in words(render(page_with(path, value=True)))
    assert "--enable-ip-alias" not in words(render(page_with(path, value=False)))


@pytest.mark.parametrize("refused", BY_GCLOUD, ids=str)
def test_what_gcloud_refuses_is_written(refused: Refused) -> None:
    """Rules report what gcloud refuses; the command says what the plan says."""
    assert render(refused.environment()) != render(refused.mended())


@pytest.mark.parametrize("refused", WITHOUT_A_FLAG_OF_GCLOUD, ids=str)
def test_what_gcloud_has_no_flag_for(refused: Refused) -> None:
    """A word of Google's API without a flag cannot be written; the error names the field and the words with one."""
    with pytest.raises(InexpressibleError, match="gcloud has flags only for") as caught:
        render(refused.environment())
    assert caught.value.where == f"environment.config.{refused.where}"
    assert render(refused.mended())


WORDS_BY_PATH = {
    ".".join(("config", *path)): ENUM_WORDS[path[-1]]
    for path in (
        ("privateEnvironmentConfig", "networkingConfig", "connectionType"),
        ("environmentSize",),
        ("resilienceMode",),
        ("dataRetentionConfig", "taskLogsRetentionConfig", "storageMode"),
        ("softwareConfig", "webServerPluginsMode"),
    )
}


@pytest.mark.parametrize("path", WORDS_BY_PATH)
def test_every_word_is_written_or_reported(path: str) -> None:
    """The rule about gcloud reports exactly the words of Google's API that have no flag."""
    known = next(
        (row.words for row in GCLOUD.rows if isinstance(row, OneOf) and path in row.paths), WORDS_BY_PATH[path]
    )
    for word in WORDS_BY_PATH[path]:
        if word in known:
            assert render(page_with(path, word)) != render(PAGE)
        else:
            with pytest.raises(InexpressibleError, match="has flags only for"):
                render(page_with(path, word))


@pytest.mark.parametrize("refused", SET_ELSEWHERE_BY_GCLOUD, ids=str)
def test_what_gcloud_sends_as_another_field(refused: Refused) -> None:
    """The count of schedulers of another generation would be sent as the field of the image's own, so it is refused."""
    with pytest.raises(
        InexpressibleError, match=f"for Composer {refused.generation}, gcloud's --scheduler-count"
    ) as caught:
        render(refused.environment())
    assert caught.value.where == f"environment.config.{refused.where}"
    assert render(refused.mended())


@pytest.mark.parametrize(
    ("beside", "is_sent"),
    [({}, False), ({"enablePrivateEnvironment": True}, True), ({"enablePrivateBuildsOnly": True}, True)],
)
def test_what_gcloud_drops_for_composer_3(beside: dict[str, bool], *, is_sent: bool) -> None:
    """Privately used public addresses are sent for Composer 3 only where another flag makes the private section."""
    private = {"enablePrivatelyUsedPublicIps": True, **beside}
    environment = COMPOSER_3 | {"config": COMPOSER_3["config"] | {"privateEnvironmentConfig": private}}
    if is_sent:
        assert "--enable-privately-used-public-ips" in words(render(environment))
    else:
        with pytest.raises(InexpressibleError, match="gcloud drops it") as caught:
            render(environment)
        assert caught.value.where == f"environment.{PUBLIC_IPS}"
    assert "--enable-privately-used-public-ips" in words(render(page_with(PUBLIC_IPS, value=True)))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("config.brandNew", {"field": 1}, "no argument for this field"),
        ("config.privateEnvironmentConfig.networkingType", "PRIVATE", "set enablePrivateEnvironment instead"),
        ("config.softwareConfig.pypiPackages", {"a": ""}, "no argument for this field"),
        ("config.nodeConfig.maxPodsPerNode", 32, "no argument for this field"),
        ("config.nodeConfig.tags", ["a", ""], "drops an empty text"),
        ("config.nodeConfig.network", "a\x1b[2J", "a control character"),
        ("config.nodeConfig.network", "a\x00", "a control character"),
        (f"{WORKER}.memoryGb", 0.3333, "3 decimals"),
        ("config.environmentSize", "HUGE", "has flags only for ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM"),
        ("labels", {"a=b": "c"}, "equals sign"),
        ("labels", {"": "c"}, "empty key"),
        ("config.webServerNetworkAccessControl", {"other": 1}, "accepts only its allowedIpRanges"),
        (DATABASE, {"retentionMode": "RETENTION_MODE_ENABLED"}, "with retentionDays"),
        (DATABASE, {"retentionMode": "RETENTION_MODE_ENABLED", "retentionDays": 0}, "with retentionDays"),
        (DATABASE, {"retentionMode": "RETENTION_MODE_DISABLED", "retentionDays": 60}, "with retentionDays"),
        (DATABASE, {"retentionMode": "SOME_NEW_MODE"}, "with retentionDays"),
        (DATABASE, {"retentionDays": 60}, "RETENTION_MODE_ENABLED"),
        (DATABASE, {"brandNew": 60}, "accepts only its retentionMode and retentionDays"),
    ],
)
def test_what_gcloud_cannot_say(path: str, value: object, reason: str) -> None:
    """A field or value that gcloud has no flag for is an error that names the field, never a shorter command."""
    with pytest.raises(InexpressibleError, match=reason) as caught:
        render(page_with(path, value))
    assert caught.value.where == f"environment.{path}"
    assert str(caught.value).startswith(f"environment.{path}: cannot be written as gcloud: ")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("config.nodeConfig.brandNew.inner", 1, "config.nodeConfig.brandNew"),
        (NETWORKS, [{"cidrBlock": "10.0.0.0/8", "displayName": "a"}], f"{NETWORKS}[0].displayName"),
    ],
)
def test_the_nearest_field_is_named(path: str, value: object, where: str) -> None:
    """The error names the outermost field that gcloud does not know, or the part of a list."""
    with pytest.raises(InexpressibleError, match="no argument for this field") as caught:
        render(page_with(path, value))
    assert caught.value.where == f"environment.{where}"


def test_a_key_with_dots_is_no_path() -> None:
    """A key that looks like the path of a known field is not that field."""
    with pytest.raises(InexpressibleError, match="no argument for this field"):
        render(PAGE | {"config.nodeCount": 3})


@pytest.mark.parametrize(
    ("image", "field"),
    [
        ("composer-1.20.12-airflow-2.4.3", "workloadsConfig.scheduler.count"),
        ("composer-2.17.9-airflow-2.11.1", "softwareConfig.schedulerCount"),
        ("composer-latest-airflow-2", "softwareConfig.schedulerCount"),
    ],
)
def test_two_scheduler_counts(image: str, field: str) -> None:
    """One flag sets the schedulers of every generation, so each generation has its own field only."""
    environment = page_with("config.workloadsConfig.scheduler.count", 2)
    assert flag(environment, "--scheduler-count") == "2"
    environment["config"]["softwareConfig"] |= {"imageVersion": image, "schedulerCount": 3}
    with pytest.raises(InexpressibleError, match="--scheduler-count sets") as caught:
        render(environment)
    assert caught.value.where == f"environment.config.{field}"


def test_no_word_about_the_database_is_no_flag() -> None:
    """A retention policy that says nothing asks for nothing."""
    assert render(page_with(DATABASE, {"retentionMode": None})) == render(PAGE)
    assert render(page_with(DATABASE, {})) == render(PAGE)


def test_both_kinds_of_retention() -> None:
    """The command forgets the database's retention beside that of task logs, so both cannot be said."""
    environment = page_with("config.dataRetentionConfig.taskLogsRetentionConfig.storageMode", "CLOUD_LOGGING_ONLY")
    environment["config"]["dataRetentionConfig"]["airflowMetadataRetentionConfig"] = {
        "retentionMode": "RETENTION_MODE_ENABLED",
        "retentionDays": 60,
    }
    with pytest.raises(InexpressibleError, match="gcloud drops it") as caught:
        render(environment)
    assert caught.value.where == f"environment.{DATABASE}"
    environment["config"]["dataRetentionConfig"]["airflowMetadataRetentionConfig"] = {}
    assert "--enable-logs-in-cloud-logging-only" in words(render(environment))


def test_texts_that_use_every_separator() -> None:
    """A list whose texts hold every character that could separate them cannot be written."""
    everything = "".join(chr(code) for code in range(33, 127))
    with pytest.raises(InexpressibleError, match="separates a list by one character"):
        render(page_with("config.nodeConfig.tags", [everything]))


@pytest.mark.parametrize("name", [None, 1, "example-environment", "projects/p/locations/l/environments/-a"])
def test_without_a_name(name: object) -> None:
    """The command needs project, location and environment, which are taken from a name in Google's form."""
    with pytest.raises(InexpressibleError, match=r"^environment\.name: ") as caught:
        render({"config": {}} | ({} if name is None else {"name": name if isinstance(name, str) else None}))
    assert caught.value.where == "environment.name"


TEXTS = st.text(
    st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" \t\n'\"\\$`!*;&|<>(){}-^,=#~"), min_size=1
)


@settings(max_examples=60)
@given(
    network=TEXTS,
    tags=st.lists(TEXTS, min_size=1, max_size=3, unique=True),
    labels=st.dictionaries(TEXTS, TEXTS, max_size=3),
)
def test_a_shell_gives_every_value_back(network: str, tags: list[str], labels: dict[str, str]) -> None:
    """For all values, the real shell splits the command into exactly the words that were meant."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("no bash here")
    environment = page_with("config.nodeConfig.network", network)
    environment["config"]["nodeConfig"]["tags"] = tags
    environment["labels"] = {key.replace("=", "") or "key": value for key, value in labels.items()}
    command = render(environment)
    script = f"gcloud() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    printed = subprocess.run([shell, "--norc", "-c", script], capture_output=True, check=True, timeout=10).stdout
    split = printed.decode().split("\0")[:-1]
    assert f"--network={network}" in split or split[split.index("--network") + 1] == network
    assert sorted(_listed(split, "--tags")) == sorted(tags)
    assert sorted(_listed(split, "--labels")) == sorted(
        f"{key}={value}" for key, value in environment["labels"].items()
    )


def _listed(split: list[str], name: str) -> list[str]:
    """Read a list as ``gcloud topic escaping`` says."""
    joined = next((word.partition("=")[2] for word in split if word.startswith(f"{name}=")), None)
    if joined is None:
        joined = split[split.index(name) + 1] if name in split else ""
    if joined.startswith("^") and "^" in joined[1:]:
        separator, joined = joined[1:].split("^", 1)
        return joined.split(separator)
    return joined.split(",") if joined else []


def test_nothing_of_the_rich_example_is_lost() -> None:
    """An environment that sets most fields needs every one of these flags."""
    named = {word.partition("=")[0] for word in words(render(RICH)) if word.startswith("--")}
    assert {
        "--project", "--location", "--image-version", "--enable-ip-masq-agent", "--network", "--subnetwork",
        "--cluster-ipv4-cidr", "--services-secondary-range-name", "--service-account", "--tags",
        "--enable-private-environment", "--enable-private-endpoint", "--master-ipv4-cidr", "--cloud-sql-ipv4-cidr",
        "--composer-network-ipv4-cidr", "--enable-privately-used-public-ips", "--connection-type",
        "--web-server-allow-ip", "--enable-master-authorized-networks", "--master-authorized-networks",
        "--env-variables", "--airflow-configs", "--kms-key", "--storage-bucket", "--labels",
        "--enable-scheduled-snapshot-creation", "--enable-high-resilience", "--max-workers",
    } <= named  # fmt: skip
