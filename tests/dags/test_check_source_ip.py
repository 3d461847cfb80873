"""The checker DAG, run by Airflow's own ``dag.test()`` against real observers on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG

    from tests.airflow_runs import AirflowRunner, FinishedRun

pytestmark = pytest.mark.airflow

DAG_FILE = "check_source_ip.py"
ASSET_URI = "x-airflow-masq://source-ip/check"


def run_check(airflow: AirflowRunner, plan: dict[str, Any] | str, **params: object) -> FinishedRun:
    """Run the DAG with two instances of the check and quick attempts."""
    conf = {"plan": plan, "instances": 2, "attempts": 1, "timeout_seconds": 2, **params}
    return airflow.run(DAG_FILE, conf=conf)


def event_of(run: FinishedRun) -> dict[str, Any]:
    """Give the one asset event of a run."""
    [event] = run.asset_events(ASSET_URI)
    return event


def test_the_expected_source_passes(airflow: AirflowRunner, capfd: pytest.CaptureFixture[str]) -> None:
    """Where every service sees the source that was meant, the run succeeds and says so in a table and an event."""
    with observer() as truthful:
        run = run_check(airflow, loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"}))
    assert run.state == "success"
    assert truthful.questions_seen == 2
    assert set(run.task_states.values()) == {"success"}
    [report] = json.loads(run.xcom("report"))
    assert report["environment"] == "example-environment"
    assert {verdict["outcome"] for verdict in report["verdicts"]} == {"PASS"}
    event = event_of(run)
    assert (event["outcome"], event["summary"]) == ("PASS", "example-environment: 1 PASS, 1 node seen")
    assert event["environments"][0]["outcome"] == "PASS"
    assert (event["dag_id"], event["run_id"], event["task_id"]) == (run.dag_id, run.run_id, "report")
    log = capfd.readouterr().out
    assert "PASS" in log
    assert "1 node seen; the number of nodes is not known." in log


def test_another_source_fails_the_run_and_is_still_reported(
    airflow: AirflowRunner, capfd: pytest.CaptureFixture[str]
) -> None:
    """A FAIL fails the run in its last task, and its report, table and event exist nevertheless."""
    with observer(answer=POD_ADDRESS) as leaking:
        run = run_check(airflow, loopback_plan({"name": "erp", "observe": leaking.url, "expect": "node"}))
    assert run.state == "failed"
    assert run.task_states == {
        ("instances", -1): "success",
        ("check", 0): "success",
        ("check", 1): "success",
        ("report", -1): "success",
        ("assert", -1): "failed",
    }
    for map_index in (0, 1):
        assert json.loads(run.xcom("check", key="report", map_index=map_index))["outcome"] == "FAIL"
    assert event_of(run)["environments"][0]["verdicts"][0]["observed"] == POD_ADDRESS
    assert "1 FAIL: MASQ" in capfd.readouterr().out


def test_the_next_run_says_what_changed(airflow: AirflowRunner) -> None:
    """A run finds the report of the run before in Airflow, and tells which target has another outcome since."""
    with observer(answer=NODE_ADDRESS) as masqueraded, observer(answer=POD_ADDRESS) as leaking:
        first, second = (
            run_check(airflow, loopback_plan({"name": "changing", "observe": each.url, "expect": "node"}))
            for each in (masqueraded, leaking)
        )
    [before], [after] = (json.loads(run.xcom("report"))[0]["history"] for run in (first, second))
    assert (before["outcome"], after["outcome"], after["previous"]) == ("PASS", "FAIL", "PASS")
    [change] = event_of(second)["environments"][0]["targets"]
    assert (change["target"], change["since"]) == ("changing", after["since"])


def test_masqueraded_traffic_passes_where_it_is_meant(airflow: AirflowRunner) -> None:
    """The twin: where the same service sees the node's address, the same plan passes."""
    with observer(answer=NODE_ADDRESS) as masqueraded:
        run = run_check(airflow, loopback_plan({"name": "erp", "observe": masqueraded.url, "expect": "node"}))
    assert run.state == "success"
    assert event_of(run)["environments"][0]["verdicts"][0]["observed"] == NODE_ADDRESS


def test_silence_fails_the_run_unless_it_is_allowed(airflow: AirflowRunner) -> None:
    """An observer that never answers is INCONCLUSIVE: it fails the run by default, and not if fail_on leaves it out."""
    with observer(answer="") as stalling:
        plan = loopback_plan({"name": "erp", "observe": stalling.url, "expect": "node"})
        strict = run_check(airflow, plan, instances=1, timeout_seconds=0.3)
        lenient = run_check(airflow, plan, instances=1, timeout_seconds=0.3, fail_on=["FAIL", "ERROR"])
    assert (strict.state, lenient.state) == ("failed", "success")
    assert event_of(strict)["environments"][0]["outcome"] == "INCONCLUSIVE"
    assert event_of(lenient)["environments"][0]["outcome"] == "INCONCLUSIVE"


def test_a_check_that_could_not_start_is_stated_once(airflow: AirflowRunner, capfd: pytest.CaptureFixture[str]) -> None:
    """A plan that cannot be read is an ERROR of the run; report and last task say so once, with the next step."""
    run = run_check(airflow, "/no/such/plan.yaml")
    assert run.state == "failed"
    assert run.task_states["check", 0] == "failed"
    [environment] = event_of(run)["environments"]
    assert environment["environment"] == "unknown"
    assert environment["outcome"] == "ERROR"
    [problem] = environment["problems"]
    assert problem.startswith("MASQ461 task check[0] and 1 more could not check: plan: /no/such/plan.yaml: expected a")
    log = capfd.readouterr().out
    assert "1 problem: MASQ461 task check[0] and 1 more could not check: plan: /no/such/plan.yaml: expected" in log
    assert "the log of task check[0] has more. Next: Correct what the message names" in log


def test_the_plan_may_be_a_file(airflow: AirflowRunner, tmp_path: Path) -> None:
    """The default way: the plan is a YAML file on the worker, and nodes are counted against the number given."""
    with observer() as truthful:
        file = tmp_path / "plan.yaml"
        file.write_text(json.dumps(loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})))
        run = run_check(airflow, str(file), nodes_total=3)
    assert run.state == "success"
    environment = event_of(run)["environments"][0]
    assert (environment["nodes_seen"], environment["nodes_total"]) == (1, 3)


def test_a_scheduled_run_finds_its_plan(
    airflow: AirflowRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is given no plan takes the Airflow Variable's: a path or the text itself, with the number of nodes."""
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        plan["cluster"]["nodes_total"] = 6
        (tmp_path / "plan.yaml").write_text(json.dumps(plan))
        for value in (str(tmp_path / "plan.yaml"), json.dumps(plan)):
            monkeypatch.setenv("AIRFLOW_VAR_AIRFLOW_MASQ_PLAN", value)
            run = airflow.run(DAG_FILE, conf={"instances": 1, "attempts": 1})
            assert run.state == "success"
            assert event_of(run)["summary"].endswith("1 PASS, 1 of 6 nodes seen")


def test_a_run_without_any_plan_says_how_to_set_one(airflow: AirflowRunner) -> None:
    """Where no plan is set anywhere, the report names every place where one can be set."""
    [environment] = event_of(airflow.run(DAG_FILE, conf={"instances": 1}))["environments"]
    assert environment["problems"][0].startswith("MASQ461 task check[0] could not check: plan: expected a plan in the")


def test_a_misspelt_key_of_a_runs_conf_is_refused(airflow: AirflowRunner) -> None:
    """A key that is no param fails the run with the nearest one, instead of being ignored."""
    with observer() as untouched:
        plan = loopback_plan({"name": "service", "observe": untouched.url, "expect": "pod"})
        run = run_check(airflow, plan, instances=1, node_total=3)
    assert (run.state, untouched.requests_seen) == ("failed", 0)
    reason = run.xcom("check", key="reason", map_index=0)
    assert reason.endswith("(did you mean nodes_total?), saw 'node_total'")


def test_it_starts_paused(airflow: AirflowRunner) -> None:
    """The plan is set first, then the DAG is unpaused."""
    assert airflow.load(DAG_FILE).is_paused_upon_creation


def test_a_check_that_fails_by_what_it_found_is_still_reported(airflow: AirflowRunner) -> None:
    """In a DAG whose checks fail by their verdicts, their reports survive, and the event is emitted all the same."""
    from airflow.sdk.definitions.mappedoperator import MappedOperator  # noqa: PLC0415 - imports Airflow

    def be_strict(dag: DAG) -> None:
        check = dag.get_task("check")
        assert isinstance(check, MappedOperator)
        check.partial_kwargs["fail_on"] = ["FAIL"]

    with observer(answer=POD_ADDRESS) as leaking:
        plan = loopback_plan({"name": "erp", "observe": leaking.url, "expect": "node"})
        run = airflow.run(DAG_FILE, conf={"plan": plan, "instances": 1, "attempts": 1}, change=be_strict)
    assert run.state == "failed"
    assert (run.task_states["check", 0], run.task_states["report", -1]) == ("failed", "success")
    assert json.loads(run.xcom("check", key="report", map_index=0))["outcome"] == "FAIL"
    assert event_of(run)["environments"][0]["outcome"] == "FAIL"


def test_the_trigger_form_explains_itself(airflow: AirflowRunner) -> None:
    """Every field of the trigger form has a title, a description and a type, and the defaults are valid."""
    params = airflow.load(DAG_FILE).params
    params.validate()
    for name in params:
        schema = params.get_param(name).schema
        assert schema["title"], name
        assert schema["type"], name
        assert params.get_param(name).description, name
