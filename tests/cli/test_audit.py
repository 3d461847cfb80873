"""`audit` asks the emulated Composer API as Google's own; its exit code says what was found, and what was not asked."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.emulated_cloud import LOCATION, PROJECT, environment_resource

if TYPE_CHECKING:
    from tests.cli.console import Answer, Console
    from tests.emulated_cloud import EmulatedCloud

COMPOSER_3 = "composer-3-airflow-2.10.5-build.3"


def audit(console: Console, cloud: EmulatedCloud, *words: str, project: str = PROJECT) -> Answer:
    """Audit one region of the emulated cloud, with little patience."""
    endpoint = ("--composer-endpoint", cloud.endpoint)
    return console.run("audit", project, *endpoint, "--region", LOCATION, "--tolerance", "0", *words)


def test_a_fleet_is_listed(console: Console, cloud: EmulatedCloud) -> None:
    """Without an error the exit code is 0, although an environment lacks the agent."""
    cloud.put("with-agent", state="RUNNING", masquerade=True)
    cloud.put("without", state="RUNNING", masquerade=False)
    answer = audit(console, cloud)
    assert (answer.code, answer.complaint) == (0, "")
    lines = answer.printed.splitlines()
    assert lines[0].split() == ["MASQUERADING", "ENVIRONMENT", "PROJECT", "REGION", "STATE", "IMAGE", "FINDINGS"]
    assert lines[1].startswith("must be re-created  without ")
    assert (
        lines[-1]
        == "2 environments: 1 must be re-created, 1 masqueraded; no findings. Asked: 1 of 1 region of 1 project."
    )


def test_a_finding_of_severity_error_is_1(console: Console, cloud: EmulatedCloud) -> None:
    """Composer 3 has no agent, also where a region could not be asked."""
    cloud.put("three", state="RUNNING", masquerade=False, image=COMPOSER_3)
    assert audit(console, cloud).code == 1
    cloud.faults.close("locations/us-east1", grpc.StatusCode.UNAVAILABLE, "gone")
    assert audit(console, cloud, "--region", "us-east1").code == 1


def test_what_could_not_be_asked_is_3(console: Console, cloud: EmulatedCloud) -> None:
    """A region without an answer, and a project without a role, are never "all well"."""
    cloud.put("with-agent", state="RUNNING", masquerade=True)
    cloud.access.deny("other", "composer.environments.list")
    answer = audit(console, cloud, "--format", "json", project="other")
    assert answer.code == 3
    [failure] = json.loads(answer.printed)["not_asked"]
    assert (failure["project"], failure["status"]) == ("other", "PERMISSION_DENIED")
    cloud.faults.close("locations/us-east1", grpc.StatusCode.UNAVAILABLE, "gone")
    answer = audit(console, cloud, "--region", "us-east1")
    assert answer.code == 3
    assert answer.printed.splitlines()[-1].startswith("This audit is not complete")


def test_an_earlier_audit_is_compared(console: Console, cloud: EmulatedCloud) -> None:
    """What is kept as JSON can be compared with later; a lost agent is an error."""
    cloud.put("one", state="RUNNING", masquerade=True)
    console.write("before.json", audit(console, cloud, "--format", "json").printed)
    assert "nothing has changed" in audit(console, cloud, "--previous", "before.json").printed
    cloud.put("one", state="RUNNING", masquerade=False)
    answer = audit(console, cloud, "--previous", "before.json")
    assert answer.code == 1
    assert "Drift, error: one, against the last audit: has lost the agent" in answer.printed


def test_plans_are_compared(console: Console, cloud: EmulatedCloud) -> None:
    """An environment without the agent of its plan is an error, and so is a missing one."""
    for name, environment_id in (("plan.json", "one"), ("missing.json", "two")):
        resource = environment_resource(environment_id, nodeConfig={"enableIpMasqAgent": True})
        console.write(name, json.dumps({"environment": resource}))
    cloud.put("one", state="RUNNING", masquerade=False)
    answer = audit(console, cloud, "--plan", "plan.json", "--plan", "missing.json", "--format", "json")
    assert answer.code == 1
    assert [each["message"] for each in json.loads(answer.printed)["drift"]] == [
        "lacks the agent that the plan has, and that can be enabled only at creation",
        "the plan's environment does not exist",
    ]


def test_a_table_for_spreadsheets(console: Console, cloud: EmulatedCloud) -> None:
    """CSV has a row for each environment and for each region that could not be asked, and no formula."""
    cloud.put("three", state="RUNNING", masquerade=False, image=COMPOSER_3)
    cloud.faults.close("locations/us-east1", grpc.StatusCode.UNAVAILABLE, "=1+1")
    answer = audit(console, cloud, "--region", "us-east1", "--format", "csv")
    silent, three = csv.DictReader(io.StringIO(answer.printed))
    assert (silent["masquerading"], silent["region"]) == ("not asked", "us-east1")
    assert silent["problems"].startswith("UNAVAILABLE: =1+1. Next: Run the audit again")
    assert (three["masquerading"], three["errors"], three["codes"]) == ("never can be", "1", "MASQ101")
    assert (three["airflow_version"], three["enable_ip_masq_agent"]) == ("2.10.5", "False")


def test_facts_and_policies_are_read_on_request(console: Console, cloud: EmulatedCloud) -> None:
    """Clusters are asked for only where that is wanted; what cannot be read of them is said."""
    cluster = f"projects/{PROJECT}/locations/{LOCATION}/clusters/none"
    cloud.put("one", state="RUNNING", masquerade=True, gke_cluster=cluster)
    assert audit(console, cloud).code == 0
    assert cloud.faults.count_calls("ListClusters") == 0
    answer = audit(console, cloud, "--facts", "--policies")
    assert answer.code == 3
    assert "Not read: one: its cluster was not read: GKE lists none of that name" in answer.printed


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--region", "us/central1"), "project and region: expected"),
        (("--previous", "missing.json"), "missing.json: expected a readable file"),
        (("--previous", "plan.yaml"), "plan.yaml: expected JSON, saw something else"),
        (("--plan", "missing.yaml"), "missing.yaml: expected a readable file"),
        (("--concurrency", "0"), "expected a number from 1 to 64"),
        (("--composer-endpoint", "http://example.com"), "composer_endpoint: expected https://HOST"),
    ],
)
def test_wrong_usage_is_2(console: Console, words: tuple[str, ...], expected: str) -> None:
    """What cannot be read is told in one line, before anything is asked."""
    answer = console.run("audit", PROJECT, "--composer-endpoint", "http://127.0.0.1:9", *words)
    assert answer.code == 2
    assert expected.replace("composer_endpoint", "") in answer.complaint.replace("--composer-endpoint", "")


def test_missing_credentials_are_3(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials nothing could be asked, and the message says where they come from."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json")
    answer = console.run("audit", PROJECT)
    assert answer.code == 3
    assert answer.complaint.startswith("finding Application Default Credentials")
