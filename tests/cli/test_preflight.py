"""``airflow-masq preflight`` against the emulated cloud."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.live_environments import create_public
from tests.preflight.scene import HOST, make_plan, prepare

if TYPE_CHECKING:
    from tests.cli.console import Console
    from tests.emulated_cloud import EmulatedCloud


@pytest.fixture
def words(cloud: EmulatedCloud, console: Console) -> list[str]:
    """Give the words of a preflight whose answers are all ok."""
    prepare(cloud)
    console.write("plan.yaml", json.dumps({"environment": make_plan().environment.as_rest()}))
    return [
        "preflight",
        "plan.yaml",
        f"--composer-endpoint={cloud.endpoint}",
        f"--compute-endpoint={cloud.compute_endpoint}",
        f"--iam-endpoint={cloud.iam_endpoint}",
    ]


def test_all_is_well(console: Console, words: list[str]) -> None:
    """Without an error and an unknown the exit code is 0, and the next step is the creation."""
    answer = console.run(*words)
    assert (answer.code, answer.complaint) == (0, "")
    assert "Addresses to allowlist\n  10.128.48.0/24  seen by private networks" in answer.printed
    assert answer.printed.splitlines()[-1].startswith("Next: ")


def test_an_error_is_code_1(console: Console, words: list[str], cloud: EmulatedCloud) -> None:
    """With an error the code is 1, also beside an unknown, and the error's code is named."""
    cloud.access.deny("example-project", "iam.serviceAccounts.actAs", "compute.regions.get")
    answer = console.run(*words)
    assert answer.code == 1
    assert answer.printed.startswith("error    MASQ504  ")
    assert answer.printed.splitlines()[-1].startswith("Next: airflow-masq rule MASQ504 ")


def test_an_unknown_is_code_3(console: Console, words: list[str], cloud: EmulatedCloud) -> None:
    """What may not be read is no error, and no success either."""
    cloud.access.deny(HOST, "compute.routers.list")
    assert console.run(*words).code == 3


def test_json_has_everything(console: Console, words: list[str]) -> None:
    """The JSON form has checks and findings with the same fields, the network, predictions and addresses."""
    answer = console.run(*words, "--format", "json")
    report = json.loads(answer.printed)
    assert list(report) == ["environment", "checks", "findings", "network", "predictions", "addresses_to_allowlist"]
    finding = {"code", "severity", "where", "message", "provenance"}
    assert {tuple(sorted(check)) for check in report["checks"]} == {tuple(sorted(finding | {"asked"}))}
    assert {tuple(sorted(each)) for each in report["findings"]} == {tuple(sorted(finding))}
    assert report["network"]["pod_ranges"] == ["192.168.0.0/20"]
    assert report["addresses_to_allowlist"][1] == {
        "source": "203.0.113.7",
        "seen_by": "the internet",
        "origin": "Cloud NAT egress/nat",
        "is_fixed": True,
    }


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": ""}, "environment.name: expected projects/PROJECT/locations/LOCATION/environments/ENVIRONMENT"),
        ({"config": {"softwareConfig": {"imageVersion": "composer-3-airflow-2"}}}, "Composer 3 keeps its nodes"),
    ],
)
def test_a_plan_that_cannot_be_asked_for_is_code_2(
    console: Console, words: list[str], change: dict[str, object], complaint: str
) -> None:
    """An environment without a name, or of Composer 3, is refused in one line."""
    console.write("plan.yaml", json.dumps({"environment": {**make_plan().environment.as_rest(), **change}}))
    answer = console.run(*words)
    assert answer.code == 2
    assert complaint in answer.complaint


@pytest.mark.parametrize("timeout", ["0", "301", "soon"])
def test_a_time_limit_out_of_bounds_is_refused(console: Console, words: list[str], timeout: str) -> None:
    """The time limit for everything is 1 to 300 seconds."""
    answer = console.run(*words, "--time-limit", timeout)
    assert answer.code == 2
    assert "expected a number from 1 to 300" in answer.complaint


def test_the_variables_of_the_environment_lead_there_too(
    console: Console, words: list[str], cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endpoints may be set once for all commands."""
    for name, value in cloud.endpoint_settings.items():
        monkeypatch.setenv(name, value)
    assert console.run(*words[:2]).code == 0


def test_an_environment_that_exists_does_not_overlap_itself(
    console: Console, words: list[str], cloud: EmulatedCloud
) -> None:
    """The plan that describe writes names the ranges that GKE made for it; they are no conflict with it."""
    name = str(create_public(cloud))
    described = console.run("describe", name, words[2], words[3], "--output", "plan.yaml", "--force")
    assert described.code == 0
    answer = console.run(*words, "--format", "json")
    found = {(check["code"], check["severity"]) for check in json.loads(answer.printed)["checks"]}
    assert ("MASQ510", "warning") in found
    assert ("MASQ502", "error") not in found


def test_without_credentials_one_line_says_so(
    console: Console, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be asked then, which is said once and not once for each check, as the other commands do."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    answer = console.run(*words[:2])
    assert (answer.code, answer.printed) == (3, "")
    assert answer.complaint.startswith("finding Application Default Credentials: UNAUTHENTICATED: ")
    assert answer.complaint.count("UNAUTHENTICATED") == 1
