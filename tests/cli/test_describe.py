"""``airflow-masq describe`` against the emulated cloud: its plans are plans, and what it cannot read it names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_masq.plan import load_plan
from airflow_masq.provisioning.network_facts import MOST_ATTEMPTS
from lab.cloud import GKE
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud
from tests.live_environments import (
    CREATORS,
    HOST,
    create_composer_3,
    create_private,
    create_public,
    create_shared,
)

if TYPE_CHECKING:
    from airflow_masq.environment import EnvironmentName
    from tests.cli.console import Answer, Console

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
OUTSIDE = {"Composer 3": "Composer 3 keeps its nodes and Pods out of your network"}
ERRORS = {"Composer 3": ["MASQ101"], "Composer 1": ["MASQ102"]}
"""What lint rightly says of generations that never masquerade, or that have reached their end."""


def describe(console: Console, cloud: EmulatedCloud, *words: str) -> Answer:
    """Run the command against the emulator."""
    endpoints = ("--composer-endpoint", cloud.endpoint, "--compute-endpoint", cloud.compute_endpoint)
    return console.run("describe", *words, *endpoints)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses between attempts take no time."""
    monkeypatch.setattr("airflow_masq.cli.describe.time.sleep", lambda _seconds: None)


@pytest.mark.parametrize("kind", CREATORS)
def test_what_it_writes_is_a_plan(console: Console, cloud: EmulatedCloud, kind: str) -> None:
    """Lint finds no error in it, explain predicts from it, and check takes it up to its missing targets."""
    name = CREATORS[kind](cloud)
    answer = describe(console, cloud, str(name))
    assert (answer.code, answer.complaint) == (0, "")
    console.write("described.yaml", answer.printed)
    linted = console.run("lint", "described.yaml", "--format", "json")
    findings = json.loads(linted.printed)["findings"]
    assert [each["code"] for each in findings if each["severity"] == "error"] == ERRORS.get(kind, [])
    assert linted.complaint == ""
    explained = console.run("explain", "described.yaml", "172.20.0.10", "8.8.8.8")
    checked = console.run("check", "described.yaml")
    assert "targets: expected at least one target" in checked.complaint
    if kind in OUTSIDE:
        assert OUTSIDE[kind] in explained.complaint
        return
    assert (explained.code, explained.complaint) == (0, "")
    plan = load_plan(answer.printed, source="described.yaml")
    assert plan.environment.name == str(name)
    assert plan.ranges.node
    assert plan.ranges.pod
    assert plan.ranges.service
    assert plan.cluster_version
    assert plan.knows_pods_per_node


@pytest.mark.parametrize("kind", CREATORS)
def test_the_json_has_the_same_plan(console: Console, cloud: EmulatedCloud, kind: str) -> None:
    """Programs get the plan and the facts; the plan in it is one that lint reads."""
    name = CREATORS[kind](cloud)
    document = json.loads(describe(console, cloud, str(name), "--format", "json").printed)
    assert list(document) == ["name", "read_at", "plan", "facts"]
    assert document["facts"]["unknown"] == []
    console.write("described.json", json.dumps(document["plan"]))
    assert console.run("lint", "described.json").code == (1 if kind in ERRORS else 0)
    written = load_plan(describe(console, cloud, str(name)).printed, source="x")
    assert load_plan(json.dumps(document["plan"]), source="x").ranges == written.ranges


def test_an_environment_may_be_named_as_in_gcloud(console: Console, cloud: EmulatedCloud) -> None:
    """An ID with --location and --project names the same environment as the full name."""
    name = create_public(cloud)
    short = describe(console, cloud, name.environment_id, "--location", LOCATION, "--project", PROJECT)
    assert short.code == 0
    assert f"name: {name}" in short.printed


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("one",), "--project: expected it beside the ID 'one', saw none\n"),
        (("one", "--project", "p"), "--location: expected it beside the ID 'one', saw none\n"),
        (("ONE", "--project", "p", "--location", "l"), "ENVIRONMENT: expected an environment ID of up to 64"),
        (("a/b",), "ENVIRONMENT: expected projects/PROJECT/locations/LOCATION/environments/ENVIRONMENT, saw 'a/b'\n"),
        (("one", "--api-timeout", "0"), "expected a number from 0.01 to 86400, saw '0'"),
        (("one", "--api-timeout", "soon"), "expected a number from 0.01 to 86400, saw 'soon'"),
        (
            ("one", "--output", "plan.yaml"),
            "--output plan.yaml: expected a new file, or --force, saw one that exists\n",
        ),
    ],
)
def test_wrong_usage_is_exit_code_2(
    console: Console, cloud: EmulatedCloud, words: tuple[str, ...], complaint: str
) -> None:
    """What was expected and seen is one line, and nothing is asked."""
    answer = describe(console, cloud, *words)
    assert (answer.code, answer.printed) == (2, "")
    assert complaint in answer.complaint
    assert cloud.faults.count_calls() == 0


def test_an_endpoint_elsewhere_in_plain_text_is_refused(console: Console) -> None:
    """No token leaves the machine in plain text."""
    answer = console.run("describe", "one", "--composer-endpoint", "http://192.0.2.1:80")
    assert answer.code == 2
    assert answer.complaint.startswith("--composer-endpoint: expected https://HOST")


@pytest.mark.parametrize("api", ["composer", "gke", "compute"])
def test_an_endpoint_is_refused_under_its_options_name(console: Console, api: str) -> None:
    """The message names what the user has to correct, and comes before any credentials are looked for."""
    answer = console.run("describe", "projects/a-project/locations/us-central1/environments/e", f"--{api}-endpoint=x")
    assert answer.code == 2
    assert answer.complaint.startswith(f"--{api}-endpoint: expected https://HOST")


def test_a_file_is_written_and_replaced_only_with_force(console: Console, cloud: EmulatedCloud, tmp_path: Path) -> None:
    """--output writes the plan there, and replaces a file only where that is asked for."""
    name = str(create_public(cloud))
    first = describe(console, cloud, name, "--output", "new.yaml")
    assert (first.code, first.printed, first.complaint) == (0, "", "")
    assert console.run("lint", "new.yaml").code == 0
    assert describe(console, cloud, name, "-o", "new.yaml").code == 2
    (tmp_path / "new.yaml").write_text("old", encoding="utf-8")
    assert describe(console, cloud, name, "-o", "new.yaml", "--force").code == 0
    assert console.run("lint", "new.yaml").code == 0


def test_a_file_that_cannot_be_written_is_exit_code_3(console: Console, cloud: EmulatedCloud) -> None:
    """A folder that does not exist is told, and is no traceback."""
    answer = describe(console, cloud, str(create_public(cloud)), "-o", "nowhere/plan.yaml")
    assert (answer.code, answer.printed) == (3, "")
    assert answer.complaint == "nowhere/plan.yaml: cannot be written: No such file or directory\n"


def test_what_is_not_known_is_exit_code_3_and_the_plan_is_written(console: Console, cloud: EmulatedCloud) -> None:
    """The plan has what could be read; its head, or standard error beside a file, names the rest and the roles."""
    name = str(create_shared(cloud))
    cloud.access.deny(HOST, "compute.subnetworks.get", "compute.routers.list")
    answer = describe(console, cloud, name)
    assert (answer.code, answer.complaint) == (3, "")
    head = " ".join(line.removeprefix("#").strip() for line in answer.printed.splitlines()[:10])
    assert "Cloud NAT: the caller may not read it (PERMISSION_DENIED); roles/compute.networkViewer in project" in head
    plan = load_plan(answer.printed, source="x")
    assert (plan.ranges.node, len(plan.ranges.pod)) == ((), 1)
    beside = describe(console, cloud, name, "-o", "described.yaml")
    assert beside.code == 3
    assert beside.complaint.count("not known: ") == 2
    assert f"roles/compute.networkViewer in project {HOST} would show it" in beside.complaint


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (grpc.StatusCode.NOT_FOUND, "NOT_FOUND: no; check the project, the region and the name"),
        (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED: no; grant the caller the missing"),
        (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: no; trying again may help"),
    ],
)
def test_an_environment_that_cannot_be_read_is_exit_code_3(
    console: Console, cloud: EmulatedCloud, status: grpc.StatusCode, words: str
) -> None:
    """One line says what Google answered and what to do; a missing answer is asked for a few times."""
    name = create_public(cloud)
    cloud.faults.fail_next("GetEnvironment", status, "no", times=MOST_ATTEMPTS)
    answer = describe(console, cloud, str(name))
    assert (answer.code, answer.printed) == (3, "")
    assert answer.complaint.startswith(f"reading {name}: {words}")
    attempts = MOST_ATTEMPTS if status is grpc.StatusCode.UNAVAILABLE else 1
    assert cloud.faults.count_calls("GetEnvironment") == attempts


def test_without_credentials_nothing_is_asked(
    console: Console, cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's endpoint needs Application Default Credentials; without them one line says so."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    name = str(create_public(cloud))
    before = cloud.faults.count_calls()
    answer = console.run("describe", name)
    assert answer.code == 3
    assert answer.complaint.startswith("finding Application Default Credentials: UNAUTHENTICATED: ")
    assert cloud.faults.count_calls() == before


def test_the_service_account_is_impersonated(
    console: Console, cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option, and the project of the credentials, reach where credentials are made."""
    seen: list[str | None] = []

    def load(*, impersonate: str | None) -> tuple[None, str]:
        seen.append(impersonate)
        return None, PROJECT

    monkeypatch.setattr("airflow_masq.clients.credentials.load_credentials", load)
    name: EnvironmentName = create_public(cloud)
    endpoint = cloud.endpoint.replace("http://", "https://")  # not an emulator's, and nothing answers TLS there
    words = ("--impersonate-service-account", "a@p.iam", "--api-timeout", "1", "--composer-endpoint", endpoint)
    answer = console.run("describe", name.environment_id, "--location", LOCATION, *words)
    assert seen == ["a@p.iam"]
    assert answer.code == 3


def test_composer_3_is_described_without_a_network(console: Console, cloud: EmulatedCloud) -> None:
    """Its plan has the environment alone, and GKE and Compute are not asked."""
    name = create_composer_3(cloud)
    cloud.access.disable(PROJECT, GKE)
    answer = describe(console, cloud, str(name))
    assert answer.code == 0
    assert "# Composer 3 keeps its cluster in a project of Google's" in answer.printed
    assert "network:\n  node_ranges" not in answer.printed


def test_the_page_shows_what_is_printed(console: Console, cloud: EmulatedCloud) -> None:
    """The page's plan is that of a private environment behind Cloud NAT, with other hashes."""
    name = create_private(cloud)
    printed = describe(console, cloud, str(name)).printed
    printed = re.sub(r"\bprivate-[0-9a-f]{8}-gke", "private-1a2b3c4d-gke", printed)
    shown = re.search(r"^```yaml\n(cluster:\n.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert shown[1] in printed
