"""Before a task creates an environment it asks the cloud; with errors nothing is created."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import PreflightFailedError
from airflow_masq.operators.preflight_step import PREFLIGHT_XCOM_KEY
from tests.emulated_cloud import PROJECT, EmulatedCloud
from tests.operators.creating import ENVIRONMENT_ID, environments, execute, operator
from tests.preflight.scene import HOST, NETWORK, SUBNETWORK, make_plan, prepare

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import Context

pytestmark = pytest.mark.airflow


@pytest.fixture
def scene(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> EmulatedCloud:
    """Give a Shared VPC in which nothing is wrong, and a connection that leads to all of its APIs."""
    prepare(cloud)
    extra = {
        "project": PROJECT,
        "composer_endpoint": cloud.endpoint,
        "compute_endpoint": cloud.compute_endpoint,
        "iam_endpoint": cloud.iam_endpoint,
    }
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", connection)
    return cloud


def resource() -> dict[str, object]:
    """Write the usual plan's environment."""
    return make_plan().environment.as_rest()


def refuse(**arguments: object) -> str:
    """Execute an operator whose preflight fails, and return the message."""
    with pytest.raises(AirflowException) as caught:
        execute(environment=resource(), **arguments)
    assert not isinstance(caught.value, AirflowFailException)
    assert isinstance(caught.value.__context__, PreflightFailedError)
    return str(caught.value)


def test_where_all_is_well_the_environment_is_created(scene: EmulatedCloud, caplog: pytest.LogCaptureFixture) -> None:
    """The table is logged, the report is an XCom of plain JSON, and then the environment is created."""
    pushed: dict[str, Any] = {}
    instance = SimpleNamespace(try_number=1, xcom_push=lambda *, key, value: pushed.update({key: value}))
    context: Context = {"ti": instance}  # type: ignore[typeddict-item] # only what the operator uses
    with caplog.at_level(logging.INFO, "airflow_masq"):
        operator(environment=resource()).execute(context)
    assert len(environments()) == 1
    report = pushed[PREFLIGHT_XCOM_KEY]
    assert json.loads(json.dumps(report)) == report
    assert {check["severity"] for check in report["checks"]} == {"ok"}
    assert [entry["source"] for entry in report["addresses_to_allowlist"]] == ["10.128.48.0/24", "203.0.113.7"]
    (table,) = [record.message for record in caplog.records if record.message.startswith("Before the creation:")]
    assert "\nAddresses to allowlist\n  10.128.48.0/24  seen by private networks" in table
    assert scene.faults.count_calls("CreateEnvironment") == 1


def test_an_error_keeps_the_environment_from_being_created(scene: EmulatedCloud) -> None:
    """A caller who may not act as the service account learns it in seconds, and Airflow may retry."""
    scene.access.deny(PROJECT, "iam.serviceAccounts.actAs")
    message = refuse()
    assert f"{ENVIRONMENT_ID} was not created: MASQ504 environment.config.nodeConfig.serviceAccount: " in message
    assert scene.faults.count_calls("CreateEnvironment") == 0


def test_ranges_by_name_that_overlap_keep_it_from_being_created(scene: EmulatedCloud) -> None:
    """The rules judge the plan with numbers, and their errors count."""
    scene.vpc.add_subnetwork(
        SUBNETWORK,
        ip_cidr_range="10.128.48.0/24",
        secondary_ranges={"pods": "192.168.0.0/20", "services": "192.168.0.0/22"},
        network=NETWORK,
    )
    assert "MASQ201" in refuse()


def test_the_rules_errors_of_the_plan_itself_are_judged_by_on_findings(scene: EmulatedCloud) -> None:
    """What on_findings lets pass is not raised again by the preflight."""
    described = resource()
    config: Any = described["config"]
    config["nodeConfig"]["ipAllocationPolicy"] = {
        "clusterIpv4CidrBlock": "10.5.0.0/16",
        "servicesIpv4CidrBlock": "10.6.0.0/20",
    }
    config["privateEnvironmentConfig"]["cloudComposerNetworkIpv4CidrBlock"] = "10.7.0.0/16"  # no /24 to /29
    execute(environment=described, on_findings="warn")
    assert len(environments()) == 1
    assert scene.faults.count_calls("ListImageVersions") == 1


def test_with_warn_it_is_created_nevertheless(scene: EmulatedCloud) -> None:
    """Errors of the preflight only warn if the author says so."""
    scene.vpc.quotas["CPUS"] = (24.0, 24.0)
    execute(environment=resource(), preflight="warn")
    assert len(environments()) == 1


def test_with_ignore_nothing_is_asked(scene: EmulatedCloud) -> None:
    """Without a preflight there is no call more than before."""
    execute(environment=resource(), preflight="ignore")
    assert scene.faults.count_calls("ListImageVersions") == 0
    assert scene.faults.count_calls("projects.testIamPermissions") == 0


def test_what_cannot_be_read_does_not_fail_the_task(scene: EmulatedCloud) -> None:
    """An unknown is logged, and the environment is created."""
    scene.access.deny(HOST, "compute.subnetworks.get", "resourcemanager.projects.getIamPolicy")
    execute(environment=resource())
    assert len(environments()) == 1


def test_a_name_of_another_form_is_left_to_the_service(scene: EmulatedCloud, caplog: pytest.LogCaptureFixture) -> None:
    """A subnetwork whose name cannot be read keeps the preflight back, and not the creation."""
    described = resource()
    config: Any = described["config"]
    config["nodeConfig"]["subnetwork"] = "regions/us-central1/subnetworks/composer"
    del config["nodeConfig"]["ipAllocationPolicy"]
    with suppress(AirflowException):  # what the service makes of such a name is not verified
        execute(environment=described)
    assert "Nothing is asked before the creation: " in caplog.text
    assert scene.faults.count_calls("CreateEnvironment") == 1


def test_what_exists_is_adopted_without_a_preflight(scene: EmulatedCloud) -> None:
    """A healthy environment needs no permission to be created."""
    scene.access.deny(PROJECT, "composer.environments.create")
    scene.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    execute(environment=resource())
    assert scene.faults.count_calls("ListImageVersions") == 0


@pytest.mark.usefixtures("cloud")
def test_another_word_is_refused() -> None:
    """A choice that does not exist fails before any call."""
    with pytest.raises(AirflowFailException, match="preflight: expected one of fail, warn, ignore, saw 'maybe'"):
        execute(environment=resource(), preflight="maybe")
