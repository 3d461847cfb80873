"""A real scheduler with the LocalExecutor on Airflow 3.3: mapped checks as a user runs them, and a test in a worker."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_observers import LOOPBACK, NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer
from tests.plugins.live_airflow import LiveAirflow, run_airflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_observers import Observer

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

WAIT_SECONDS = 150

#: Maps over environments, each with its plan and targets of its own.
DAG_FILE = """
from datetime import UTC, datetime
from airflow_masq.airflow_compat import DAG
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator

with DAG("mapped", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), is_paused_upon_creation=False):
    check = SourceIpCheckOperator.partial(task_id="check", attempts=1, fail_on=[]).expand_kwargs(CHECKS)
    report = SourceIpReportOperator(task_id="report", check_task_ids="check")
    check >> report >> SourceIpAssertOperator(task_id="assert", report_task_id="report", retries=0)
"""


@pytest.fixture(scope="module")
def observers() -> Iterator[dict[str, Observer]]:
    """Run an observer that names a node, one that names a Pod, and one that tells the truth."""
    with observer(NODE_ADDRESS) as node, observer(POD_ADDRESS) as pod, observer() as truth:
        yield {"node": node, "pod": pod, "truth": truth}


@pytest.fixture(scope="module")
def live(observers: dict[str, Observer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """Run an API server, a scheduler with the LocalExecutor and a DAG processor."""
    folder = tmp_path_factory.mktemp("local")
    named = [{"name": name, "observe": each.url, "expect": "node"} for name, each in observers.items()]
    checks = [
        {"plan": loopback_plan(*named), "environment": environment, "targets": targets}
        for environment, targets in {"one": ["node"], "two": ["node", "pod"]}.items()
    ]
    dags = folder / "dags"
    dags.mkdir()
    (dags / "mapped.py").write_text(f"CHECKS = {checks!r}\n{DAG_FILE}", encoding="utf-8")
    settings = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
    }
    with run_airflow(
        folder / "home",
        version="3",
        environments=1,
        hours=1,
        settings=settings,
        beside=["scheduler", "dag-processor"],
    ) as airflow:
        yield airflow


def wait_for(what: str, find: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is found
    """Ask until something is found."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited in vain for {what}")


def ask(live: LiveAirflow, path: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - as of LiveAirflow.ask
    """Ask Airflow's API as its administrator."""
    status, _headers, body = live.ask(f"api/v2/{path}", user="admin", **how)
    return {"status": status, **json.loads(body)}


def test_a_connection_is_tested_in_a_worker(live: LiveAirflow, observers: dict[str, Observer]) -> None:
    """A test that was enqueued asks from a worker's process, and says so."""
    port = observers["truth"].server_address[1]
    connection = {"connection_id": "erp", "conn_type": "source_ip_observer", "host": LOOPBACK, "port": port}
    extra = json.dumps({"path": "/client-ip", "headers": None, "ca_file": None})
    queued = ask(live, "connections/enqueue-test", body={**connection, "extra": extra})
    token = {"Airflow-Connection-Test-Token": str(queued["token"])}

    def find() -> dict[str, Any] | None:
        answer = ask(live, "connections/enqueue-test", headers=token)
        return answer if answer["state"] in {"success", "failed"} else None

    tested = wait_for("the connection's test", find)
    assert tested["state"] == "success", tested
    assert tested["result_message"].startswith(f"The observer sees {LOOPBACK}. Asked from a worker (host ")
    assert observers["truth"].last_path == "/client-ip"


def test_checks_are_mapped_over_environments_and_targets(live: LiveAirflow) -> None:
    """Each environment is checked by an instance of its own with its own targets, and the report has a row for each."""
    wait_for("the DAG", lambda: ask(live, "dags/mapped")["status"] == 200)
    run = ask(live, "dags/mapped/dagRuns", body={"logical_date": None})
    place = f"dags/mapped/dagRuns/{run['dag_run_id']}"

    def find() -> str | None:
        state = str(ask(live, place)["state"])
        return state if state in {"success", "failed"} else None

    state = wait_for("the run's end", find)
    instances = ask(live, f"{place}/taskInstances")["task_instances"]
    assert sorted((each["task_id"], each["map_index"], each["state"]) for each in instances) == [
        ("assert", -1, "failed"),
        ("check", 0, "success"),
        ("check", 1, "success"),
        ("report", -1, "success"),
    ]
    assert state == "failed"  # since the Pod's address was seen where the node's was meant
    value = ask(live, f"{place}/taskInstances/report/xcomEntries/return_value")["value"]
    reports = json.loads(value)
    shown = {
        report["environment"]: sorted((each["target"], each["outcome"]) for each in report["verdicts"])
        for report in (reports["reports"] if isinstance(reports, dict) else reports)
    }
    assert shown == {"one": [("node", "PASS")], "two": [("node", "PASS"), ("pod", "FAIL")]}
