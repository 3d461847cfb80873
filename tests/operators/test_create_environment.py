"""The create operator against the emulated Composer API: what it makes, adopts, waits for and refuses."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import traceback
from typing import Any

import grpc
import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import (
    CannotMasqueradeError,
    EnvironmentNotReadyError,
    MasqueradeNotEnabledError,
)
from lab.cloud.clusters import VERSION_AT_CREATION, VERSION_NOW
from tests.emulated_cloud import IMAGE, PROJECT, EmulatedCloud, environment_resource
from tests.operators.creating import ENVIRONMENT_ID, NAME, client, environments, execute, operator

pytestmark = pytest.mark.airflow

NETWORK_FACTS = {
    "network": "projects/example-project/global/networks/default",
    "subnetworks": ["projects/example-project/regions/us-central1/subnetworks/default"],
    "host_project": None,
    "public_nodes": True,
    "nat": [],
    "node_ranges": ["10.128.0.0/20"],
    "pod_ranges": ["192.168.0.0/16"],
    "service_ranges": ["10.96.0.0/20"],
    "nat_addresses": [],
    "ranges_from": {
        "node_ranges": "subnetwork",
        "pod_ranges": "cluster",
        "service_ranges": "cluster",
        "nat_addresses": "router",
    },
    "unknown": [],
}
"""The facts of a public environment in the project's default network, beside no Cloud NAT."""


@pytest.mark.usefixtures("cloud")
def test_an_environment_is_created_with_the_agent_and_its_facts_returned() -> None:
    """The flag is set although the plan does not have it, and the XCom is JSON with everything that is known."""
    plan = {
        "environment": environment_resource(
            nodeConfig={
                "ipAllocationPolicy": {
                    "clusterIpv4CidrBlock": "192.168.0.0/16",
                    "servicesIpv4CidrBlock": "10.96.0.0/20",
                }
            }
        ),
        "network": {"node_ranges": ["10.0.0.0/20"]},
    }
    facts = execute(plan=plan)
    [environment] = environments()
    assert environment["config"]["nodeConfig"]["enableIpMasqAgent"] is True
    assert json.loads(json.dumps(facts)) == facts
    assert facts == {
        "name": NAME,
        "uuid": environment["uuid"],
        "state": "RUNNING",
        "image_version": IMAGE,
        "enable_ip_masq_agent": True,
        "gke_cluster": environment["config"]["gkeCluster"],
        "airflow_uri": environment["config"]["airflowUri"],
        "dag_gcs_prefix": environment["config"]["dagGcsPrefix"],
        "console_url": "https://console.cloud.google.com/composer/environments/detail/us-central1/example-environment"
        "/monitoring?project=example-project",
        "cluster": {
            "name": environment["config"]["gkeCluster"],
            "status": "RUNNING",
            "autopilot": True,
            "initial_version": VERSION_AT_CREATION,
            "current_version": VERSION_NOW,
            "pods_per_node": 32,
            "dataplane_v2": True,
            "intranode_visibility": True,
            "private_nodes": False,
        },
        **NETWORK_FACTS,
        "adopted": False,
        "origin": "created",
        "differences": [],
        "findings": facts["findings"],
    }


def test_facts_that_cannot_be_read_are_the_plans_and_do_not_fail_the_task(cloud: EmulatedCloud) -> None:
    """An environment that runs is a success, whatever GKE and Compute say; the XCom names what is missing and why."""
    cloud.access.deny(PROJECT, "container.clusters.get", "compute.subnetworks.get")
    cloud.faults.fail_next("routers.list", grpc.StatusCode.INVALID_ARGUMENT, "no")
    plan = {"environment": environment_resource(), "network": {"node_ranges": ["10.0.0.0/20"]}}
    facts = execute(plan=plan, preflight="ignore")
    assert (facts["node_ranges"], facts["ranges_from"]["node_ranges"]) == (["10.0.0.0/20"], "plan")
    assert facts["ranges_from"]["pod_ranges"] == "environment"
    assert (facts["cluster"], facts["nat"]) == (None, None)
    assert [(each["what"].partition(" (")[0], each["role"]) for each in facts["unknown"]] == [
        ("Cloud NAT", None),
        ("the cluster", "roles/container.clusterViewer"),
        ("the node range of subnetwork default", "roles/compute.networkViewer"),
    ]


def test_an_adopted_environment_tells_its_own_ranges(cloud: EmulatedCloud) -> None:
    """The plan's ranges are not those of an environment that exists already."""
    policy = {"clusterIpv4CidrBlock": "192.168.0.0/16", "servicesIpv4CidrBlock": "10.96.0.0/20"}
    execute(environment=environment_resource(nodeConfig={"ipAllocationPolicy": policy}))
    plan = {
        "environment": environment_resource(),
        "network": {"pod_ranges": ["10.0.0.0/16"], "service_ranges": ["10.1.0.0/20"], "node_ranges": ["10.2.0.0/20"]},
    }
    facts = execute(plan=plan)
    assert facts["adopted"]
    assert (facts["pod_ranges"], facts["service_ranges"], facts["node_ranges"]) == (
        ["192.168.0.0/16"],
        ["10.96.0.0/20"],
        ["10.128.0.0/20"],
    )
    assert cloud.faults.count_calls("GetCluster") == 2


def test_an_unusable_endpoint_of_compute_does_not_lose_the_environment(
    cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the connection that only the facts depend on is told, and the environment is the result."""
    extra = {"project": PROJECT, "composer_endpoint": cloud.endpoint, "compute_endpoint": "http://192.0.2.1:80"}
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", connection)
    facts = execute(environment=environment_resource(), preflight="ignore")
    assert facts["state"] == "RUNNING"
    assert "compute_endpoint: expected https://HOST" in facts["unknown"][0]["why"]


def test_it_waits_until_the_environment_runs(cloud: EmulatedCloud, caplog: pytest.LogCaptureFixture) -> None:
    """While the environment is being created, the log shows progress; nothing is returned before it runs."""
    cloud.hold_creations()
    seen_creating = threading.Event()

    class Release(logging.Handler):
        """Lets the creation end once the task has said that it waits."""

        def emit(self, record: logging.LogRecord) -> None:
            """Look for the line of progress."""
            if "is being created" in record.getMessage():
                seen_creating.set()
                cloud.release_creations()

    handler = Release()
    logger = logging.getLogger("airflow_masq")
    with caplog.at_level(logging.INFO, logger="airflow_masq"):
        logger.addHandler(handler)
        try:
            facts = execute()
        finally:
            logger.removeHandler(handler)
    assert seen_creating.is_set()
    assert facts["state"] == "RUNNING"
    assert "is running with the IP masquerade agent" in caplog.text


@pytest.mark.usefixtures("cloud")
def test_an_agent_that_was_disabled_is_enabled_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The log says that this operator does not obey a "false"."""
    facts = execute(environment=environment_resource(nodeConfig={"enableIpMasqAgent": False}))
    assert facts["enable_ip_masq_agent"] is True
    assert f"enableIpMasqAgent was false for {NAME}; it is set to true" in caplog.text


def test_an_existing_environment_with_the_agent_is_adopted(
    cloud: EmulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Running again is harmless: what exists is taken over, and where it differs from the plan is said."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True, image="composer-2.13.9-airflow-2.10.5")
    facts = execute()
    assert facts["adopted"] is True
    [difference] = facts["differences"]
    planned = f"planned '{IMAGE}', found 'composer-2.13.9-airflow-2.10.5'"
    assert difference == f"config.softwareConfig.imageVersion: {planned} (can be updated)"
    assert f"{NAME} differs from the plan: config.softwareConfig.imageVersion: planned " in caplog.text


def test_the_secrets_of_an_adopted_environment_are_not_shown(
    cloud: EmulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """A planned environment variable that the environment lacks is named, and its value is never shown."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    software = {"imageVersion": IMAGE, "envVariables": {"DB_PASSWORD": "hunter2", "zone": "hunter2"}}
    facts = execute(environment=environment_resource(softwareConfig=software))
    assert facts["differences"] == [
        "config.softwareConfig.envVariables.DB_PASSWORD: differs (can be updated)",
        "config.softwareConfig.envVariables.zone: differs (can be updated)",
    ]
    assert f"{NAME} differs from the plan: config.softwareConfig.envVariables.zone: differs" in caplog.text
    assert "hunter2" not in caplog.text + json.dumps(facts)


def test_an_existing_environment_without_the_agent_is_refused(cloud: EmulatedCloud) -> None:
    """The twin: without the agent it is never a success; the message says why, and the two ways out."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=False)
    with pytest.raises(AirflowFailException, match=r"must be re-created.*only when.*new name.*snapshot") as caught:
        execute()
    assert isinstance(caught.value.__context__, MasqueradeNotEnabledError)
    [environment] = environments()
    assert environment["state"] == "RUNNING"


def test_a_retry_resumes_the_creation_of_an_earlier_try(cloud: EmulatedCloud) -> None:
    """A worker that died in minute 20 costs nothing: the next try waits for the same environment."""
    cloud.hold_creations()
    with pytest.raises(AirflowException, match="continues in the cloud") as caught:
        execute(creation_timeout_seconds=0.05)
    assert isinstance(caught.value.__context__, EnvironmentNotReadyError)
    assert not isinstance(caught.value, AirflowFailException)
    first = environments()[0]["uuid"]
    cloud.release_creations()
    facts = execute()
    assert (facts["uuid"], facts["adopted"], facts["differences"]) == (first, True, [])


def test_another_creation_without_the_agent_is_refused_in_the_end(cloud: EmulatedCloud) -> None:
    """The twin: what is being created under the name without the agent is waited for and then refused."""
    from airflow_masq.environment import EnvironmentName, EnvironmentResource  # noqa: PLC0415 - only here

    cloud.hold_creations()
    with client() as connected:
        connected.create(EnvironmentName.parse(NAME), resource=EnvironmentResource.read(environment_resource()))
    cloud.release_creations()
    with pytest.raises(AirflowFailException, match="must be re-created"):
        execute()


def test_an_environment_that_comes_up_without_the_agent_is_no_success(cloud: EmulatedCloud) -> None:
    """The result is verified: an environment that lost the flag on the way fails the task."""
    cloud.faults.lose_agent(ENVIRONMENT_ID)
    with pytest.raises(AirflowFailException, match="without the IP masquerade agent"):
        execute()


def test_an_updating_environment_is_waited_for(cloud: EmulatedCloud) -> None:
    """An update delays the adoption until it is over."""
    cloud.put(ENVIRONMENT_ID, state="UPDATING", masquerade=True)
    with pytest.raises(AirflowException, match="its update continues in the cloud"):
        execute(creation_timeout_seconds=0.05)
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    assert execute()["adopted"] is True


@pytest.mark.parametrize("extra", [{"key_path": "/no/such.json"}, {"keyfile_dict": "{hunter2"}, None, ["hunter2"]])
def test_a_connection_that_does_not_do_is_final(monkeypatch: pytest.MonkeyPatch, extra: object) -> None:
    """A key that cannot be read, or no connection at all, is named in one line and not tried again."""
    if extra is not None:
        connection = {"conn_type": "google_cloud_platform", "extra": json.dumps(extra)}
        monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", json.dumps(connection))
    with pytest.raises(AirflowFailException, match=r"^connection test_google\S*:? .*expected ") as caught:
        execute()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_an_updating_environment_without_the_agent_is_refused_at_once(cloud: EmulatedCloud) -> None:
    """The twin: no update brings the agent."""
    cloud.put(ENVIRONMENT_ID, state="UPDATING", masquerade=False)
    with pytest.raises(AirflowFailException, match="must be re-created"):
        execute()


def test_a_failed_environment_is_not_adopted(cloud: EmulatedCloud) -> None:
    """In state ERROR a person has to look."""
    cloud.put(ENVIRONMENT_ID, state="ERROR", masquerade=True)
    with pytest.raises(AirflowFailException, match=r"is in state ERROR; look at .* delete the environment"):
        execute()


def test_an_existing_environment_whose_image_is_no_longer_offered_is_adopted(cloud: EmulatedCloud) -> None:
    """A healthy environment needs no creation, so it does not matter that the service would refuse one."""
    old = "composer-2.13.9-airflow-2.10.5"
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True, image=old)
    facts = execute(environment=environment_resource(softwareConfig={"imageVersion": old}))
    assert (facts["adopted"], facts["differences"]) == (True, [])
    assert cloud.faults.count_calls("CreateEnvironment") == 0


@pytest.mark.usefixtures("cloud")
def test_a_new_environment_with_an_image_that_is_no_longer_offered_is_refused() -> None:
    """The twin: where nothing exists, the plan's error is told, and nothing is created."""
    software = {"imageVersion": "composer-2.13.9-airflow-2.10.5"}
    with pytest.raises(AirflowFailException, match="was not created: MASQ116"):
        execute(environment=environment_resource(softwareConfig=software))
    assert environments() == ()


@pytest.mark.parametrize(
    ("on_mismatch", "differences"), [("fail", None), ("warn", 1), ("ignore", 0)], ids=["fail", "warn", "ignore"]
)
def test_differences_can_fail_the_task(cloud: EmulatedCloud, *, on_mismatch: str, differences: int | None) -> None:
    """An adopted environment that differs is refused, told about, or taken as it is."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True, image="composer-2.13.9-airflow-2.10.5")
    if differences is None:
        with pytest.raises(AirflowFailException, match=r"differs from the plan: config\.softwareConfig\.imageVersion"):
            execute(on_mismatch=on_mismatch)
    else:
        assert len(execute(on_mismatch=on_mismatch)["differences"]) == differences


@pytest.mark.parametrize("on_mismatch", ["fail", "warn", "ignore"])
def test_a_missing_agent_always_fails_the_task(cloud: EmulatedCloud, on_mismatch: str) -> None:
    """No setting makes a success of an environment without the agent."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=False)
    with pytest.raises(AirflowFailException, match="must be re-created"):
        execute(on_mismatch=on_mismatch)


NEVER = {
    "Composer 3": environment_resource()
    | {"config": {"softwareConfig": {"imageVersion": "composer-3-airflow-2.10.5"}}},
    "Composer 1": environment_resource()
    | {"config": {"softwareConfig": {"imageVersion": "composer-1.20.12-airflow-2.4.3"}}},
    "Composer 2.0": environment_resource()
    | {"config": {"softwareConfig": {"imageVersion": "composer-2.0.32-airflow-2.3.4"}}},
    "a CIDR and a range name": environment_resource(
        nodeConfig={
            "ipAllocationPolicy": {"clusterIpv4CidrBlock": "192.168.0.0/16", "clusterSecondaryRangeName": "pods"}
        }
    ),
}


@pytest.mark.parametrize("environment", NEVER.values(), ids=NEVER.keys())
def test_what_can_never_work_is_refused_before_any_call(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, Any]
) -> None:
    """Without an API to ask, the refusal comes all the same, with the rule's code."""
    extra = {"composer_endpoint": "http://127.0.0.1:1", "project": PROJECT}
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", connection)
    with pytest.raises(AirflowFailException, match=r"was not created: MASQ\d{3} ") as caught:
        execute(environment=environment)
    assert isinstance(caught.value.__context__, CannotMasqueradeError)


OVERLAPPING = {
    "environment": environment_resource(),
    "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["10.128.0.0/16"]},
}


@pytest.mark.usefixtures("cloud")
def test_pods_that_overlap_nodes_are_refused() -> None:
    """A plan whose Pod range overlaps its node range is refused, and nothing is created."""
    with pytest.raises(AirflowFailException, match="MASQ2"):
        execute(plan=OVERLAPPING)
    assert environments() == ()


@pytest.mark.usefixtures("cloud")
def test_only_errors_are_refused() -> None:
    """A plan with warnings and things worth knowing is created; the findings come back with the facts."""
    small = {"environment": environment_resource(), "network": {"pod_ranges": ["192.168.0.0/24"]}}
    facts = execute(plan=small)
    assert {finding["severity"] for finding in facts["findings"]} == {"warning"}
    assert environments() != ()


@pytest.mark.usefixtures("cloud")
def test_findings_can_be_only_warnings(caplog: pytest.LogCaptureFixture) -> None:
    """With ``warn`` the findings are logged and returned, and the API decides."""
    facts = execute(plan=OVERLAPPING, on_findings="warn")
    assert "error" in {finding["severity"] for finding in facts["findings"]}
    assert facts["findings"][0]["code"] in caplog.text


@pytest.mark.usefixtures("cloud")
def test_findings_can_be_ignored() -> None:
    """With ``ignore`` nothing is looked for."""
    assert execute(plan=OVERLAPPING, on_findings="ignore")["findings"] == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("on_findings", "explode"),
        ("poll_interval_seconds", 0),
        ("creation_timeout_seconds", "soon"),
        ("api_timeout_seconds", -1),
        ("failure_tolerance_seconds", "a while"),
        ("on_mismatch", "explode"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_a_setting_that_makes_no_sense_is_refused(setting: str, value: object) -> None:
    """A wrong setting is named, and nothing is created."""
    with pytest.raises(AirflowFailException, match=rf"^{setting}: expected "):
        execute(**{setting: value})
    assert environments() == ()


def test_a_plans_path_is_no_template_file() -> None:
    """The path of a plan reaches the worker as a path, with any ending; everything else can be templated."""
    task = operator(plan="plans/{{ ds }}/plan.yaml")
    assert tuple(task.template_ext) == ()
    assert set(task.template_fields) >= {"plan", "environment", "project_id", "region", "environment_id"}
    task.render_template_fields({"ds": "2026-11-22"})
    assert task.plan == "plans/2026-11-22/plan.yaml"


def test_templates_inside_an_environment_are_rendered_in_a_copy() -> None:
    """A templated resource is rendered, and the DAG author's mapping stays as it is."""
    environment = {"name": NAME, "labels": {"day": "{{ ds }}"}}
    task = operator(environment=environment)
    task.render_template_fields({"ds": "2026-11-22"})
    assert isinstance(task.environment, dict)
    assert task.environment["labels"] == {"day": "2026-11-22"}
    assert environment == {"name": NAME, "labels": {"day": "{{ ds }}"}}


def test_parsing_imports_nothing_of_google() -> None:
    """A DAG file that uses the operator does not pay for Google's libraries each time it is parsed."""
    code = (
        "import sys, airflow_masq.operators.create_environment\n"
        "print(sorted(name for name in sys.modules if name.startswith(('google.cloud.', 'google.api_core', 'grpc',"
        " 'airflow.providers.google.c'))))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"
