"""The create operator against the emulated Composer API: what it makes, adopts, waits for and refuses."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import (
    CannotMasqueradeError,
    EnvironmentFailedError,
    EnvironmentNotReadyError,
    MasqueradeNotEnabledError,
)
from airflow_masq.operators.create_environment import (
    DEFERRAL_GRACE_SECONDS,
    CloudComposerCreateMasqueradeEnvironmentOperator,
)
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger
from tests.emulated_cloud import IMAGE, LOCATION, PROJECT, EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import Context
    from airflow_masq.clients.composer import ComposerClient

pytestmark = pytest.mark.airflow

ENVIRONMENT_ID = "example-environment"
NAME = str(environment_resource()["name"])


def operator(**arguments: object) -> CloudComposerCreateMasqueradeEnvironmentOperator:
    """Make an operator that polls often."""
    settings: dict[str, Any] = {
        "task_id": "create",
        "gcp_conn_id": "test_google",
        "poll_interval_seconds": 0.01,
        "creation_timeout_seconds": 30,
        "api_timeout_seconds": 5,
    }
    if "plan" not in arguments:
        settings["environment"] = environment_resource()
    return CloudComposerCreateMasqueradeEnvironmentOperator(**{**settings, **arguments})


def execute(**arguments: object) -> dict[str, Any]:
    """Execute an operator."""
    context: Context = {}
    return operator(**arguments).execute(context)


def client() -> ComposerClient:
    """Ask the emulator as the operator does."""
    from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's libraries are slow

    return ComposerHook(gcp_conn_id="test_google").get_conn()


def environments() -> tuple[dict[str, Any], ...]:
    """List what exists."""
    with client() as connected:
        return tuple(each.as_rest() for each in connected.list(PROJECT, location=LOCATION))


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
        "network": {"node_ranges": ["10.128.0.0/20"]},
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
        "node_ranges": ["10.128.0.0/20"],
        "pod_ranges": ["192.168.0.0/16"],
        "service_ranges": ["10.96.0.0/20"],
        "ranges_from": {"node_ranges": "plan", "pod_ranges": "environment", "service_ranges": "environment"},
        "adopted": False,
        "origin": "created",
        "differences": [],
        "findings": facts["findings"],
    }


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
    assert facts["differences"] == [
        (f"config.softwareConfig.imageVersion: planned '{IMAGE}', found 'composer-2.13.9-airflow-2.10.5' (can be updated)")
    ]
    assert f"{NAME} differs from the plan: config.softwareConfig.imageVersion: planned " in caplog.text


def test_the_secrets_of_an_adopted_environment_are_not_shown(
    cloud: EmulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """A planned environment variable that the environment lacks is named, its value is not, whatever its name."""
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
    with pytest.raises(AirflowFailException, match="is in state ERROR; look at .* delete the environment"):
        execute()


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
def test_what_is_being_deleted_is_waited_for_and_then_created(cloud: EmulatedCloud, *, deferrable: bool) -> None:
    """An environment that is being deleted is not there for long; once it is gone, it is created."""
    cloud.put(ENVIRONMENT_ID, state="DELETING", masquerade=True)
    if not deferrable:
        with pytest.raises(AirflowException, match="its deletion continues in the cloud"):
            execute(creation_timeout_seconds=0.05)
        timer = threading.Timer(0.2, cloud.remove, args=[ENVIRONMENT_ID])
        timer.start()
        facts = execute()
        timer.join()
    else:
        with pytest.raises(TaskDeferred) as caught:
            execute(deferrable=True)
        assert isinstance(caught.value.trigger, EnvironmentRunningTrigger)
        assert caught.value.trigger.state == "DELETING"
        cloud.remove(ENVIRONMENT_ID)
        cloud.hold_creations()
        with pytest.raises(TaskDeferred) as caught:
            complete("gone")
        cloud.release_creations()
        cloud.settle()
        facts = complete("running", record=caught.value.trigger.serialize()[1]["record"])
    assert (facts["state"], facts["adopted"], facts["origin"]) == ("RUNNING", False, "created")


def test_an_environment_that_seems_absent_for_one_call_is_adopted(cloud: EmulatedCloud) -> None:
    """What the first look does not show and the creation refuses is looked at again."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "gone")
    assert execute()["adopted"] is True


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


def make_context(*, try_number: int, began: datetime) -> Context:
    """Make what Airflow tells a task of itself."""
    instance = SimpleNamespace(try_number=try_number, xcom_push=lambda **_words: None)
    context: Any = {"ti": instance, "dag_run": SimpleNamespace(start_date=began)}
    result: Context = context
    return result


@pytest.mark.parametrize(
    ("try_number", "began_before", "origin"),
    [
        (2, True, "created by an earlier call of this task (inferred)"),
        (2, False, "adopted"),
        (1, True, "adopted"),
    ],
    ids=["a retry", "a retry of a later run", "a first try"],
)
@pytest.mark.usefixtures("cloud")
def test_what_an_earlier_try_created_is_not_called_adopted(*, try_number: int, began_before: bool, origin: str) -> None:
    """A retry that finds what was created since the run began says that it is the run's own, and that it inferred it."""
    began = datetime.now(tz=UTC) - timedelta(seconds=1)
    execute()
    context = make_context(try_number=try_number, began=began if began_before else datetime.now(tz=UTC))
    facts = operator().execute(context)
    assert (facts["origin"], facts["adopted"]) == (origin, origin == "adopted")


def test_a_lost_reply_to_the_creation_is_found_again(cloud: EmulatedCloud) -> None:
    """If the creation started and its reply was lost, the same try finds it and creates nothing else."""
    cloud.hold_creations()
    cloud.faults.lose_reply("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")
    timer = threading.Timer(0.3, cloud.release_creations)
    timer.start()
    facts = execute()
    timer.join()
    assert facts["origin"] == "created by an earlier call of this task (inferred)"
    assert cloud.faults.count_calls("CreateEnvironment") == 1


def test_the_reason_is_found_after_a_crash(cloud: EmulatedCloud) -> None:
    """A retry that finds a failed environment, and knows no operation, still says why it failed."""
    cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    with pytest.raises(AirflowFailException, match="no quota"):
        execute()
    with pytest.raises(AirflowFailException, match="could not be created: RESOURCE_EXHAUSTED: no quota"):
        execute()


@pytest.mark.parametrize(("words", "reason"), [("no quota", "no quota"), ("", "the API gave no reason")])
def test_a_creation_that_fails_is_final_and_says_why(cloud: EmulatedCloud, words: str, reason: str) -> None:
    """The operation's reason reaches the task's log, even where it is only a code."""
    cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.RESOURCE_EXHAUSTED, words)
    with pytest.raises(AirflowFailException, match=f"RESOURCE_EXHAUSTED: {reason}") as caught:
        execute()
    assert isinstance(caught.value.__context__, EnvironmentFailedError)


def test_an_api_that_is_away_while_waiting_is_tolerated(cloud: EmulatedCloud) -> None:
    """A few unanswered polls do not fail a creation of 25 minutes."""
    cloud.faults.fail_next("GetOperation", grpc.StatusCode.UNAVAILABLE, "away", times=2)
    cloud.faults.stall_next("GetEnvironment", 30)
    assert execute(api_timeout_seconds=0.2)["state"] == "RUNNING"


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED])
@pytest.mark.parametrize("method", ["GetEnvironment", "CreateEnvironment", "GetOperation"])
def test_a_call_that_fails_for_a_moment_does_not_fail_the_try(
    cloud: EmulatedCloud, method: str, status: grpc.StatusCode
) -> None:
    """Whichever call fails, and however: it is made again in the same try, and one environment is created."""
    cloud.faults.fail_next(method, status, "away", times=2)
    assert execute()["adopted"] is False
    assert len(environments()) == 1


def test_an_api_that_stays_away_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """A request that gets no answer for longer than the tolerance fails this try only."""
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=1000)
    with pytest.raises(AirflowException, match="UNAVAILABLE") as caught:
        execute(failure_tolerance_seconds=0.1)
    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize(
    ("status", "calls"), [(grpc.StatusCode.PERMISSION_DENIED, 3), (grpc.StatusCode.INVALID_ARGUMENT, 1)]
)
def test_a_refusal_by_the_api_is_final(cloud: EmulatedCloud, status: grpc.StatusCode, calls: int) -> None:
    """What the API refuses is final: at once if the request is wrong, else after three calls."""
    cloud.faults.fail_next("CreateEnvironment", status, "composer.environments.create", times=10)
    with pytest.raises(AirflowFailException, match=r"composer\.environments\.create"):
        execute()
    assert cloud.faults.count_calls("CreateEnvironment") == calls


def test_a_message_that_is_too_large_is_final(cloud: EmulatedCloud) -> None:
    """No repetition makes a description smaller than the API's limit."""
    big = environment_resource(softwareConfig={"imageVersion": IMAGE, "envVariables": {"BIG": "x" * 5_000_000}})
    with pytest.raises(AirflowFailException, match="larger than max.*smaller") as caught:
        execute(environment=big, on_findings="ignore")
    assert "trying again" not in str(caught.value)
    assert cloud.faults.count_calls("GetEnvironment") == 1


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


def test_deferred_it_waits_in_the_triggerer(cloud: EmulatedCloud) -> None:
    """A deferrable task leaves its slot with a trigger that knows the operation, and a time limit of Airflow's own."""
    cloud.hold_creations()
    with pytest.raises(TaskDeferred) as caught:
        execute(deferrable=True)
    deferral = caught.value
    assert isinstance(deferral.trigger, EnvironmentRunningTrigger)
    assert deferral.trigger.environment_name == NAME
    assert str(deferral.trigger.operation_name).startswith(f"projects/{PROJECT}/locations/{LOCATION}/operations/")
    assert deferral.timeout is not None
    assert deferral.timeout.total_seconds() == pytest.approx(30 + DEFERRAL_GRACE_SECONDS, abs=5)
    cloud.release_creations()
    cloud.settle()
    facts = complete("running", record=deferral.trigger.serialize()[1]["record"])
    assert (facts["state"], facts["adopted"]) == ("RUNNING", False)


def complete(outcome: str, *, message: str = "", record: dict[str, Any] | None = None) -> dict[str, Any]:
    """Resume an operator after its trigger fired."""
    context: Context = {}
    record = {"adopted": False} if record is None else record
    event = {"outcome": outcome, "message": message, "name": NAME, "deadline": time.time() + 30, "record": record}
    return operator(deferrable=True).execute_complete(context, event)


def test_deferrable_it_does_not_defer_for_what_runs_already(cloud: EmulatedCloud) -> None:
    """An environment that runs needs no triggerer."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    assert execute(deferrable=True)["adopted"] is True


def test_after_the_waiting_the_agent_is_verified(cloud: EmulatedCloud) -> None:
    """A trigger that says "running" does not make a success of an environment without the agent."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=False)
    with pytest.raises(AirflowFailException, match="must be re-created"):
        complete("running")


def test_an_update_after_the_waiting_is_waited_for(cloud: EmulatedCloud) -> None:
    """An environment that has left the state RUNNING since is waited for again."""
    cloud.put(ENVIRONMENT_ID, state="UPDATING", masquerade=True)
    with pytest.raises(TaskDeferred) as caught:
        complete("running")
    assert isinstance(caught.value.trigger, EnvironmentRunningTrigger)
    assert caught.value.trigger.record == {"adopted": False}


@pytest.mark.parametrize("event", [{}, {"outcome": "running"}, {"name": NAME}, {"outcome": "new word", "colour": 1}])
def test_an_event_of_another_version_is_understood(cloud: EmulatedCloud, event: dict[str, Any]) -> None:
    """An event that lacks what this version needs leads to a look at what exists."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    context: Context = {}
    assert operator(deferrable=True).execute_complete(context, event)["adopted"] is True


def test_the_last_look_is_repeated(cloud: EmulatedCloud) -> None:
    """One passing error at the end does not fail a creation of 25 minutes."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "passing")
    assert complete("running")["state"] == "RUNNING"


def test_an_environment_that_is_gone_at_the_last_look_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """What was running and has disappeared is created by another try."""
    assert cloud.faults.count_calls() == 0
    with pytest.raises(AirflowException, match="has just disappeared; run the task again to create it"):
        complete("running")


@pytest.mark.parametrize(("is_running", "defers"), [(True, True), (None, True), (False, False)])
def test_a_task_is_not_deferred_where_no_triggerer_runs(
    cloud: EmulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    is_running: bool | None,
    defers: bool,
) -> None:
    """Without a triggerer the task says so and waits in its slot; where nobody knows, it is deferred."""
    monkeypatch.setattr("airflow_masq.operators.create_environment.is_triggerer_running", lambda: is_running)
    cloud.put(ENVIRONMENT_ID, state="CREATING", masquerade=True)
    with pytest.raises(TaskDeferred if defers else AirflowException):
        execute(deferrable=True, creation_timeout_seconds=0.05)
    assert ("no triggerer runs" in capfd.readouterr().out) is not defers


@pytest.mark.parametrize(("outcome", "raised"), [("final", AirflowFailException), ("try-again", AirflowException)])
def test_the_triggers_outcome_decides_about_retries(outcome: str, raised: type[Exception]) -> None:
    """What the trigger found final is not retried, what may pass is."""
    with pytest.raises(raised, match="the reason") as caught:
        complete(outcome, message="the reason")
    assert type(caught.value) is raised


def test_a_killed_task_says_that_the_creation_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    """The log of a task that is ended says that the environment is still being created."""
    operator().on_kill()
    assert "continues in the cloud" in capfd.readouterr().out


def test_a_plans_path_is_no_template_file() -> None:
    """The path of a plan reaches the worker as a path, whatever its ending; everything else can be templated."""
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
