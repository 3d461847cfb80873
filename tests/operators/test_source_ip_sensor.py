"""The sensor, poked on this machine against real observers on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.airflow_compat import DAG, AirflowFailException
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_sensor import SourceIpSensor
from airflow_masq.verdict import read_report
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

if TYPE_CHECKING:
    from airflow.sdk import PokeReturnValue

pytestmark = pytest.mark.airflow


def poke(sensor: SourceIpSensor) -> PokeReturnValue:
    """Poke once; the sensor looks at nothing of the context."""
    return sensor.poke({})


def make_sensor(**arguments: Any) -> SourceIpSensor:  # noqa: ANN401 - the sensor's
    """Make a sensor whose attempts are quick."""
    return SourceIpSensor(task_id="wait", **{"timeout_seconds": 2, **arguments})


def test_it_waits_until_every_target_passes(capfd: pytest.CaptureFixture[str]) -> None:
    """While one service sees a Pod's address it waits for that one; with the node's it leaves its report."""
    with observer(NODE_ADDRESS, first_answer=POD_ADDRESS) as late, observer(NODE_ADDRESS) as early:
        sensor = make_sensor(
            plan=loopback_plan(
                {"name": "late", "observe": late.url, "expect": "node"},
                {"name": "early", "observe": early.url, "expect": "node"},
            )
        )
        waiting = poke(sensor)
        log = capfd.readouterr().out
        done = poke(sensor)
    assert (waiting.is_done, waiting.xcom_value) == (False, None)
    assert "Waiting for late." in log
    assert "FAIL" in log
    assert done.is_done
    report = read_report(done.xcom_value)
    assert [verdict.target for verdict in report.verdicts] == ["late", "early"]
    assert report.outcome == "PASS"


@pytest.mark.parametrize("answer", ["", POD_ADDRESS, "no address"])
def test_nothing_but_a_pass_ends_the_wait(answer: str) -> None:
    """Silence, a wrong address and a reply without one keep it waiting; each poke asks once."""
    with observer(answer) as unready:
        plan = loopback_plan({"name": "erp", "observe": unready.url, "expect": "node"})
        assert not poke(make_sensor(plan=plan, timeout_seconds=0.3)).is_done
    assert unready.questions_seen == 1


def test_it_succeeds_as_a_task() -> None:
    """Executed by Airflow's own loop it pokes until it is done, and returns the report."""
    with observer(NODE_ADDRESS, first_answer=POD_ADDRESS) as late:
        plan = loopback_plan({"name": "erp", "observe": late.url, "expect": "node"})
        returned = make_sensor(plan=plan, mode="poke", poke_interval=0.01, timeout=30).execute({})
    assert read_report(returned).outcome == "PASS"


def test_it_waits_for_the_targets_that_are_named() -> None:
    """A target that is not named may be as it is."""
    with observer(NODE_ADDRESS) as ready, observer(POD_ADDRESS) as never:
        plan = loopback_plan(
            {"name": "ready", "observe": ready.url, "expect": "node"},
            {"name": "never", "observe": never.url, "expect": "node"},
        )
        assert poke(make_sensor(plan=plan, targets=["ready"])).is_done


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"environment": {}}, "MASQ426"),
        ({"network": {"node_ranges": ["127.0.0.0/24"], "pod_ranges": ["127.0.0.0/24"]}}, "MASQ425"),
    ],
)
def test_what_waiting_does_not_change_fails_at_once(change: dict[str, object], code: str) -> None:
    """A plan that says neither what is needed nor which range is whose is told now, and not after an hour."""
    with observer(NODE_ADDRESS) as ready:
        plan = loopback_plan({"name": "erp", "observe": ready.url}) | change
        with pytest.raises(AirflowFailException, match=rf"^{code} erp: .* Waiting does not change that\. Next: "):
            poke(make_sensor(plan=plan))


def test_a_place_that_is_no_workers_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing shows that this is a worker, waiting helps nothing."""
    monkeypatch.delenv("AIRFLOW_MASQ_COMPONENT")
    with observer(NODE_ADDRESS) as ready:
        plan = loopback_plan({"name": "erp", "observe": ready.url, "expect": "node"})
        with pytest.raises(AirflowFailException, match=r"^MASQ433 erp: .*AIRFLOW_MASQ_COMPONENT=worker"):
            poke(make_sensor(plan=plan))


def test_a_setting_that_cannot_be_used_fails_at_once() -> None:
    """A wrong setting or a plan that is not there is no reason to wait."""
    with pytest.raises(AirflowFailException, match=r"^attempts: expected a whole number from 1 to 10, saw 0$"):
        poke(make_sensor(plan=loopback_plan({"name": "a", "observe": "http://127.0.0.1/"}), attempts=0))
    with pytest.raises(AirflowFailException, match=r"^plan: /no/such/plan\.yaml: expected a readable file"):
        poke(make_sensor(plan="/no/such/plan.yaml"))


def test_it_frees_its_slot_and_is_never_deferred() -> None:
    """By default it is rescheduled and gives up after an hour; its settings are templates, as the check's are."""
    sensor = SourceIpSensor(task_id="wait")
    assert (sensor.mode, sensor.timeout) == ("reschedule", 3600)
    assert not getattr(sensor, "deferrable", False)
    assert set(sensor.template_fields) == set(SourceIpCheckOperator.template_fields) - {"fail_on"}


def test_a_dag_sets_what_the_check_and_the_sensor_share() -> None:
    """Default arguments of a DAG reach every setting, also those of the base, and mapping over them works."""
    with DAG("example", default_args={"rate_per_second": 7, "attempts": 2, "mode": "poke"}) as dag:
        check = SourceIpCheckOperator(task_id="check")
        sensor = SourceIpSensor(task_id="wait")
        SourceIpCheckOperator.partial(task_id="mapped", concurrency=2).expand(instance=[0, 1])
        SourceIpSensor.partial(task_id="mapped_wait", timeout=60).expand(targets=[["a"], ["b"]])
    assert (check.rate_per_second, check.attempts) == (7, 2)
    assert (sensor.rate_per_second, sensor.attempts, sensor.mode) == (7, 2, "poke")
    assert set(dag.task_ids) == {"check", "wait", "mapped", "mapped_wait"}
