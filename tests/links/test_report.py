"""The buttons beside the tasks of a checking DAG: after real runs, and where they have nothing to lead to."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from airflow_masq.links import report as links
from airflow_masq.links.report import CodePageLink, MasqueradePageLink, ReportLink
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
from airflow_masq.verdict import Report, VerdictCode, encode_report, write_reports
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

if TYPE_CHECKING:
    from tests.airflow_runs import AirflowRunner, FinishedRun

pytestmark = pytest.mark.airflow

DAG_FILE = "check_source_ip.py"
PAGES = "https://pages.example/rules/{code}.md"
TASKS = [("check", 0), ("check", 1), ("report", -1), ("assert", -1)]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say in Airflow's configuration where the pages of the codes are."""
    monkeypatch.setenv("AIRFLOW__AIRFLOW_MASQ__CODE_PAGE_URL", PAGES)


def list_links(airflow: AirflowRunner, run: FinishedRun, name: str) -> set[str | None]:
    """Ask the DAG as the database stores it, like Airflow's API server, for one link of each task."""
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415 - imports Airflow's core

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own deprecations are not this project's
        stored = DagSerialization.from_dict(DagSerialization.to_dict(airflow.load(DAG_FILE)))

    def ask(task_id: str, map_index: int) -> str | None:
        key = SimpleNamespace(dag_id=run.dag_id, run_id=run.run_id, task_id=task_id, map_index=map_index)
        instance: Any = SimpleNamespace(key=key)
        return stored.get_task(task_id).get_extra_links(instance, name)

    return {ask(task_id, map_index) for task_id, map_index in TASKS}


def run_check(airflow: AirflowRunner, *, answer: str) -> FinishedRun:
    """Run the DAG against an observer on loopback; what it is expected to see is the node's address."""
    with observer(answer) as service:
        plan = loopback_plan({"name": "erp", "observe": service.url, "expect": "node"})
        return airflow.run(DAG_FILE, conf={"plan": plan, "instances": 2, "attempts": 1})


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(("answer", "code"), [(POD_ADDRESS, "MASQ411"), (NODE_ADDRESS, "MASQ401")])
def test_links_after_a_run(airflow: AirflowRunner, answer: str, code: str) -> None:
    """The check's, the report's and the last task lead to the report's log and to the page of the code."""
    run = run_check(airflow, answer=answer)
    page = f"/dags/check_source_ip/runs/{quote(run.run_id)}/tasks/report"
    assert list_links(airflow, run, ReportLink.name) == {page}
    assert list_links(airflow, run, CodePageLink.name) == {PAGES.replace("{code}", code)}
    place = "airflow-masq/#/check_source_ip/example-environment"
    assert list_links(airflow, run, MasqueradePageLink.name) == {f"/{place}"}


def test_no_page_without_its_address(airflow: AirflowRunner) -> None:
    """Where no address of the pages is configured, no task links to one; the report is linked all the same."""
    run = run_check(airflow, answer=NODE_ADDRESS)
    assert list_links(airflow, run, CodePageLink.name) == {""}
    assert "" not in list_links(airflow, run, ReportLink.name)


@pytest.mark.usefixtures("pages")
def test_a_check_that_was_refused_links_to_that_code(airflow: AirflowRunner) -> None:
    """A check that could not be carried out has no report; its code is that of a refused check."""
    run = airflow.run(DAG_FILE, conf={"plan": "no-such-folder/plan.yaml", "instances": 2})
    assert list_links(airflow, run, CodePageLink.name) == {PAGES.replace("{code}", VerdictCode.CHECK_REFUSED)}


def test_the_interfaces_address_stands_before_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Airflow's interface has a configured address, also behind a prefix, the link begins with it."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/prefix/")
    key = SimpleNamespace(dag_id="dag", run_id="run +1", task_id="report")
    link = ReportLink().get_link(SourceIpReportOperator(task_id="report", check_task_ids="check"), ti_key=key)
    assert link == "https://airflow.example/prefix/dags/dag/runs/run%20%2B1/tasks/report"


def test_the_page_opens_at_its_first_screen_where_several_environments_were_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The link leads to the one environment, and else to all of them; names are quoted."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/prefix/")
    key = SimpleNamespace(dag_id="a dag", run_id="run", task_id="report", map_index=-1)
    report = SourceIpReportOperator(task_id="report", check_task_ids="check")
    one, other = (Report(environment=name, verdicts=()) for name in ("o/n e", "other"))
    page = "https://airflow.example/prefix/airflow-masq/"
    for reports, place in (([one], "#/a%20dag/o%2Fn%20e"), ([one, other], ""), ([], "")):
        monkeypatch.setattr(links, "read_xcom", lambda *_, reports=reports, **__: write_reports(reports))
        assert MasqueradePageLink().get_link(report, ti_key=key) == f"{page}{place}"


def test_a_dag_without_a_report_has_no_link_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check alone, and a last task that names a task of another DAG, have no report to lead to."""
    from airflow_masq.airflow_compat import DAG  # noqa: PLC0415 - imports Airflow, which takes seconds

    monkeypatch.setattr(links, "read_xcom", lambda *_, **__: None)
    with DAG("alone"):
        check = SourceIpCheckOperator(task_id="check")
        assertion = SourceIpAssertOperator(task_id="assert", report_task_id="elsewhere")
    key = SimpleNamespace(dag_id="alone", run_id="run", task_id="check", map_index=-1)
    assert ReportLink().get_link(check, ti_key=key) == ""
    assert ReportLink().get_link(assertion, ti_key=key) == ""


def test_the_report_that_reads_the_check_is_found() -> None:
    """Of several reports of a DAG, a check links to the one that reads it; one id may be given as text."""
    from airflow_masq.airflow_compat import DAG  # noqa: PLC0415 - imports Airflow, which takes seconds

    with DAG("two"):
        checks = [SourceIpCheckOperator(task_id=f"check_{number}") for number in (1, 2)]
        SourceIpReportOperator(task_id="report_1", check_task_ids="check_1")
        SourceIpReportOperator(task_id="report_2", check_task_ids=["check_2"])
    key = SimpleNamespace(dag_id="two", run_id="run", map_index=-1)
    found = [ReportLink().get_link(check, ti_key=key).rpartition("/")[2] for check in checks]
    assert found == ["report_1", "report_2"]


@pytest.mark.parametrize("page", ["", "javascript:alert('{code}')", "https://pages.example/all", "rules/{code}.md"])
def test_no_page_behind_an_unusable_address(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """An address that is no web page, or has no place for the code, gives no link."""
    monkeypatch.setenv("AIRFLOW__AIRFLOW_MASQ__CODE_PAGE_URL", page)
    monkeypatch.setattr(links, "read_xcom", lambda *_, **__: "a reason")
    key = SimpleNamespace(dag_id="dag", run_id="run", task_id="check", map_index=-1)
    assert CodePageLink().get_link(SourceIpCheckOperator(task_id="check"), ti_key=key) == ""


LOST = f"{VerdictCode.CHECK_LOST} task check ended without a report"


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(
    ("returned", "code"),
    [
        ([encode_report(Report(environment="one", verdicts=(), problems=("no code", LOST)))], VerdictCode.CHECK_LOST),
        ([encode_report(Report(environment="one", verdicts=(), problems=("no code",)))], None),
        ([encode_report(Report(environment="one", verdicts=()))], None),
        ([{"outcome": "<script>"}], None),
        ("text", None),
        (None, None),
    ],
)
def test_what_others_may_have_written(monkeypatch: pytest.MonkeyPatch, returned: object, code: str | None) -> None:
    """A code comes from a readable report alone, since everyone who may write an XCom can write anything."""
    monkeypatch.setattr(links, "read_xcom", lambda *_, **__: returned)
    key = SimpleNamespace(dag_id="dag", run_id="run", task_id="report", map_index=-1)
    link = CodePageLink().get_link(SourceIpReportOperator(task_id="report", check_task_ids="check"), ti_key=key)
    assert link == (PAGES.replace("{code}", code) if code else "")


@pytest.mark.usefixtures("pages")
def test_the_last_task_has_no_reason_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no report, a check's reason gives its code; the tasks behind it have none."""
    from airflow_masq.airflow_compat import DAG  # noqa: PLC0415 - imports Airflow, which takes seconds

    monkeypatch.setattr(links, "read_xcom", lambda *_, **__: "a reason")
    with DAG("reasons"):
        check = SourceIpCheckOperator(task_id="check")
        report = SourceIpReportOperator(task_id="report", check_task_ids="check")
        last = SourceIpAssertOperator(task_id="assert", report_task_id="report")
    key = SimpleNamespace(dag_id="reasons", run_id="run", map_index=-1)
    found = [CodePageLink().get_link(task, ti_key=key) for task in (check, report, last)]
    assert found == [PAGES.replace("{code}", VerdictCode.CHECK_REFUSED), "", ""]
