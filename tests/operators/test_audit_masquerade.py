"""The auditing operator, executed by hand against the emulated Composer API, and the DAG's last task."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.fleet import walk
from airflow_masq.operators.audit_assert import MasqueradeAuditAssertOperator
from airflow_masq.operators.audit_masquerade import (
    AUDIT_ASSET_URI,
    CloudComposerAuditMasqueradeOperator,
    make_audit_asset,
)
from tests.emulated_cloud import LOCATION, PROJECT, environment_resource

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulated_cloud import EmulatedCloud

pytestmark = pytest.mark.airflow

COMPOSER_3 = "composer-3-airflow-2.10.5-build.3"


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second round begin at once."""
    monkeypatch.setattr(walk, "PAUSE_BETWEEN_ROUNDS_SECONDS", 0.01)


class Instance:
    """Takes the place of a task instance: keeps what is pushed, and gives what the last run left.

    :param before: what the last run left.
    """

    dag_id, run_id, task_id, map_index = "audit_masquerade_fleet", "manual__1", "audit", -1

    def __init__(self, before: object = None) -> None:
        self.before = before
        self.pushed: dict[str, Any] = {}

    def xcom_pull(self, *, task_ids: str, map_indexes: int, include_prior_dates: bool = False) -> object:
        """Give what the last run left."""
        assert (task_ids, map_indexes) == ("audit", -1)
        assert include_prior_dates
        return self.before

    def xcom_push(self, *, key: str, value: object) -> None:
        """Keep a value."""
        self.pushed[key] = value


def make_operator(**arguments: Any) -> CloudComposerAuditMasqueradeOperator:  # noqa: ANN401 - the operator's
    """Make an operator with little patience, for one region."""
    given = {"gcp_conn_id": "test_google", "regions": LOCATION, "failure_tolerance_seconds": "0", **arguments}
    return CloudComposerAuditMasqueradeOperator(task_id="audit", **given)


def execute(instance: Instance | None = None, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - as above
    """Execute the operator as Airflow does; give the audit and the event."""
    accessor = SimpleNamespace(extra=None)
    context: Any = {"ti": instance or Instance(), "outlet_events": {make_audit_asset(): accessor}}
    audit = make_operator(**arguments).execute(context)
    return audit, accessor.extra


def test_the_connections_project_is_audited(cloud: EmulatedCloud, capfd: pytest.CaptureFixture[str]) -> None:
    """Without projects it is the connection's; the table is in the log, the totals are in the event."""
    cloud.put("one", state="RUNNING", masquerade=True)
    audit, event = execute()
    assert audit["projects"] == [PROJECT]
    assert audit["totals"]["masqueraded"] == 1
    assert event["summary"] == "1 environment: 1 masqueraded; no findings"
    assert (event["dag_id"], event["run_id"], event["task_id"]) == ("audit_masquerade_fleet", "manual__1", "audit")
    log = capfd.readouterr().out
    assert "masqueraded   one " in log
    assert "Asked 1 of 1 regions" in log


def test_it_can_be_executed_by_hand(cloud: EmulatedCloud) -> None:
    """A script that gives an empty context gets the audit."""
    cloud.put("one", state="RUNNING", masquerade=True)
    context: Any = {}
    assert make_operator(projects=PROJECT).execute(context)["totals"]["environments"] == 1


def test_the_asset_is_the_tasks_outlet() -> None:
    """The event's asset is declared without a word of the DAG's author."""
    [outlet] = make_operator().outlets
    assert outlet.uri == AUDIT_ASSET_URI


def test_what_is_not_known_fails_the_task_and_keeps_the_audit(cloud: EmulatedCloud) -> None:
    """A project without a role fails the task so that Airflow tries again, and the audit is an XCom all the same."""
    cloud.put("one", state="RUNNING", masquerade=True)
    cloud.access.deny("other", "composer.environments.list")
    instance = Instance()
    with pytest.raises(AirflowException, match=r"The audit is not complete: .*other in us-central1 \(PERM") as failed:
        execute(instance, projects=[PROJECT, "other"])
    assert not isinstance(failed.value, AirflowFailException)
    assert instance.pushed["return_value"]["totals"]["masqueraded"] == 1


@pytest.mark.parametrize(("reaction", "is_warned"), [("warn", True), ("ignore", False)])
def test_findings_warn_or_are_ignored(
    cloud: EmulatedCloud, capfd: pytest.CaptureFixture[str], reaction: str, *, is_warned: bool
) -> None:
    """A finding of severity error is a warning in the log by default."""
    cloud.put("three", state="RUNNING", masquerade=False, image=COMPOSER_3)
    execute(on_findings=reaction)
    assert ("Findings: 1 error: MASQ101 in three" in capfd.readouterr().out) is is_warned


def test_findings_can_fail_the_task(cloud: EmulatedCloud) -> None:
    """They stay when the task runs again, so Airflow does not retry."""
    cloud.put("three", state="RUNNING", masquerade=False, image=COMPOSER_3)
    with pytest.raises(AirflowFailException, match="The audit has 1 error: MASQ101 in three"):
        execute(on_findings="fail")


def test_drift_is_found_against_the_last_run(cloud: EmulatedCloud) -> None:
    """What this task left in an earlier run is compared with; the text none compares with nothing."""
    cloud.put("one", state="RUNNING", masquerade=True)
    before, _ = execute()
    cloud.put("one", state="RUNNING", masquerade=False)
    audit, event = execute(Instance(json.loads(json.dumps(before))))
    assert [each["message"] for each in audit["drift"]] == ["has lost the agent"]
    assert event["drift"][0]["severity"] == "error"
    assert execute(Instance(before), previous="none")[0]["compared_with"] is None
    with pytest.raises(AirflowFailException, match="1 drift: one against the last audit: has lost the agent"):
        execute(Instance(before), on_drift="fail")


@pytest.mark.parametrize("before", ["text", {"schema": "airflow-masq/report/v1"}, [1]])
def test_an_xcom_that_is_no_audit_is_not_compared(
    cloud: EmulatedCloud, capfd: pytest.CaptureFixture[str], before: object
) -> None:
    """Whoever may write XComs cannot make the audit fail."""
    cloud.put("one", state="RUNNING", masquerade=True)
    audit, _ = execute(Instance(before))
    assert audit["compared_with"] is None
    assert "The last run's audit cannot be read" in capfd.readouterr().out


def test_an_audit_can_be_given(cloud: EmulatedCloud, tmp_path: Path) -> None:
    """A file on the worker, or a mapping, takes the place of the last run's; one that is none fails the task."""
    cloud.put("one", state="RUNNING", masquerade=True)
    before, _ = execute()
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(before), encoding="utf-8")
    for given in (str(path), before):
        assert execute(previous=given)[0]["compared_with"] == before["began"]
    path.write_text("{", encoding="utf-8")
    with pytest.raises(AirflowFailException, match=r"audit\.json: expected JSON"):
        execute(previous=str(path))
    with pytest.raises(AirflowFailException, match="previous: expected an audit"):
        execute(previous={"a": 1})
    with pytest.raises(AirflowFailException, match="expected a readable file on this worker, saw a device"):
        execute(previous="/dev/zero")


def test_plans_are_compared(cloud: EmulatedCloud) -> None:
    """One plan, or several, as mappings or paths."""
    cloud.put("example-environment", state="RUNNING", masquerade=False)
    plan = {"environment": environment_resource(nodeConfig={"enableIpMasqAgent": True})}
    for plans in (plan, [plan], json.dumps(plan)):
        assert [each["against"] for each in execute(plans=plans)[0]["drift"]] == ["plan"]


def test_facts_are_read_on_request(cloud: EmulatedCloud) -> None:
    """Clusters and policies are asked for only where that is wanted; a template's text does as well."""
    cluster = f"projects/{PROJECT}/locations/{LOCATION}/clusters/none"
    cloud.put("one", state="RUNNING", masquerade=True, gke_cluster=cluster)
    audit, _ = execute(with_facts="True", with_policies=True, on_incomplete="ignore")
    assert audit["environments"][0]["problems"] == ["its cluster was not read: GKE lists none of that name"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"on_drift": "explode"}, "on_drift: expected one of fail, warn, ignore"),
        ({"projects": [7]}, r"projects\[0\]: expected text"),
        ({"projects": 7}, "projects: expected a list"),
        ({"concurrency": 0}, "concurrency: expected a whole number from 1 to 64"),
        ({"api_timeout_seconds": "soon"}, "api_timeout_seconds: expected a number of seconds"),
        ({"cluster_endpoint": "vpn"}, "cluster_endpoint: expected one of auto, dns, private, public"),
        ({"with_facts": "maybe"}, "with_facts: expected true or false"),
        ({"plans": ["/no/such.yaml"]}, "/no/such.yaml: expected a readable file"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_settings_are_checked(arguments: dict[str, Any], expected: str) -> None:
    """What cannot be a setting fails the task with the setting's name, and nothing is asked."""
    with pytest.raises(AirflowFailException, match=expected):
        execute(**arguments)


def test_without_a_project_the_setting_is_named(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither the task nor the connection names a project, the message names the task's setting."""
    connection = {"conn_type": "google_cloud_platform", "extra": {"composer_endpoint": cloud.endpoint}}
    monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", json.dumps(connection))
    with pytest.raises(AirflowFailException, match=r"^projects: expected a project, here or in connection"):
        execute(projects=None)


def test_every_argument_is_templated() -> None:
    """What a user might template is kept under the name of its field."""
    operator = make_operator()
    assert operator.template_fields
    assert all(hasattr(operator, field) for field in operator.template_fields)


def assert_audit(content: object, **arguments: str) -> None:
    """Execute the last task on what the audit returned."""
    context: Any = {"ti": SimpleNamespace(xcom_pull=lambda **_words: content)}
    MasqueradeAuditAssertOperator(task_id="assert", audit_task_id="audit", **arguments).execute(context)


def test_the_last_task_fails_by_what_the_audit_says(capfd: pytest.CaptureFixture[str]) -> None:
    """Each kind of complaint fails it unless a setting says otherwise; a warning is in its log."""
    assert_audit({"complaints": {}})
    complaints = {"complaints": {"drift": "1 drift: e: gone", "incomplete": "not everything could be asked"}}
    with pytest.raises(AirflowFailException, match="The audit has 1 drift: e: gone; not everything"):
        assert_audit(complaints)
    with pytest.raises(AirflowException, match="The audit is not complete"):
        assert_audit(complaints, on_drift="warn")
    assert "Drift: 1 drift: e: gone" in capfd.readouterr().out
    assert_audit(complaints, on_drift="ignore", on_incomplete="ignore")
    with pytest.raises(AirflowFailException, match="what task audit returned: expected a mapping, saw nothing"):
        assert_audit(None)
