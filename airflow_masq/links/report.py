"""Links from the tasks of a checking DAG: to the report of the run, the page "Masquerade", and its worst code's page.

Airflow 3 asks for a link on the worker when the task ends, Airflow 2 in the web server when a user looks at the task.
A link that has no target is an empty text, and Airflow shows no button that can be clicked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, urlencode, urlsplit

from airflow.configuration import conf

from airflow_masq.airflow_compat import IS_AIRFLOW_2, BaseOperatorLink, read_xcom
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.page.address import PAGE_URL_PREFIX

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import BaseOperator
    from airflow_masq.verdict import Report, VerdictCode

REPORT_XCOM_KEY: Final = "report"
"""The XCom key of one check's report, JSON text as ``verdict.write_report`` writes it."""

REASON_XCOM_KEY: Final = "reason"
"""The XCom key of the reason why one check has no report, one line."""

CONFIG_SECTION: Final = "airflow_masq"
CODE_PAGE_OPTION: Final = "code_page_url"
"""Airflow's option that says where the pages of the codes are, since the package comes without them."""


class ReportLink(BaseOperatorLink):
    """The log of the task that reports what this run's checks found; it has the table of all verdicts."""

    name: ClassVar[str] = "Report of this run"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401 - Airflow's signature
        """Return the URL of the task in Airflow's interface, or an empty text in a DAG without such a task."""
        task_id = _find_report_task(operator)
        if not task_id:
            return ""
        if IS_AIRFLOW_2:
            query = urlencode({"dag_run_id": ti_key.run_id, "task_id": task_id, "tab": "logs"})
            return f"{_read_base_url()}/dags/{quote(ti_key.dag_id)}/grid?{query}"
        return f"{_read_base_url()}/dags/{quote(ti_key.dag_id)}/runs/{quote(ti_key.run_id)}/tasks/{quote(task_id)}"


class CodePageLink(BaseOperatorLink):
    """The page of the worst code that this task, or the report, holds: what it means and what to do.

    ``airflow-masq rule CODE`` shows the same text.
    """

    name: ClassVar[str] = "What the code means"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401 - Airflow's signature
        """Return the page's URL, or an empty text without a code, or where no address of the pages is configured."""
        page = conf.get(CONFIG_SECTION, CODE_PAGE_OPTION, fallback="") or ""
        if "{code}" not in page or urlsplit(page).scheme not in {"http", "https"}:
            return ""
        code = _find_worst_code(operator, ti_key)
        return page.replace("{code}", code) if code else ""


class MasqueradePageLink(BaseOperatorLink):
    """The page "Masquerade", opened at the environment that this task, or the report, is about."""

    name: ClassVar[str] = "Masquerade page"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401 - Airflow's signature
        """Return the page's URL: at the environment if the reports are of one, else its first screen."""
        reports = _read_reports(operator, ti_key)
        environments = {report.environment for report in reports or ()}
        place = "".join(f"/{quote(part, safe='')}" for part in (ti_key.dag_id, *environments))
        fragment = f"#{place}" if len(environments) == 1 else ""
        # The page by itself, since the address of Airflow 3's frame around it differs between its versions.
        return f"{_read_base_url()}{PAGE_URL_PREFIX}/{fragment}"


def _read_base_url() -> str:
    """Read the address of Airflow's interface, without a slash at the end."""
    if IS_AIRFLOW_2:
        return conf.get("webserver", "base_url").rstrip("/")
    return conf.get("api", "base_url", fallback="/").rstrip("/")


def _find_report_task(operator: BaseOperator) -> str:
    """Find the task that reports what this one found: itself, the one it names, or the one that names it.

    The tasks are told apart by their attributes, since Airflow 2's web server knows no operator's class.
    """
    if hasattr(operator, "check_task_ids"):
        return operator.task_id
    dag = operator.dag
    if named := getattr(operator, "report_task_id", None):
        return named if dag.has_task(named) else ""
    for task in dag.tasks:
        checks = getattr(task, "check_task_ids", ())
        if operator.task_id in ((checks,) if isinstance(checks, str) else checks):
            return task.task_id
    return ""


def _read_reports(operator: BaseOperator, ti_key: Any) -> list[Report] | None:  # noqa: ANN401 - as above
    """Read the reports that a task is about; ``None`` if there are none, or something else is in their place."""
    from airflow_masq.verdict import read_report, read_reports  # noqa: PLC0415 - Airflow 2's web server imports all links

    try:
        if hasattr(operator, "check_task_ids") or hasattr(operator, "report_task_id"):
            return read_reports(read_xcom(ti_key, key="return_value", task_id=_find_report_task(operator)))
        return [read_report(read_xcom(ti_key, key=REPORT_XCOM_KEY))]
    except InvalidInputError:  # everyone who may write an XCom can write anything into it
        return None


def _find_worst_code(operator: BaseOperator, ti_key: Any) -> VerdictCode | None:  # noqa: ANN401 - as above
    from airflow_masq.verdict import Outcome, VerdictCode, find_code  # noqa: PLC0415 - as above

    reports = _read_reports(operator, ti_key)
    if reports is None:
        is_check = not (hasattr(operator, "check_task_ids") or hasattr(operator, "report_task_id"))
        return VerdictCode.CHECK_REFUSED if is_check and read_xcom(ti_key, key=REASON_XCOM_KEY) else None
    found = [(verdict.outcome, verdict.code) for report in reports for verdict in report.verdicts]
    problems = [find_code(problem) for report in reports for problem in report.problems]
    found += [(Outcome.ERROR, code) for code in problems if code]
    ranks = tuple(Outcome)
    return min(found, key=lambda each: ranks.index(each[0]))[1] if found else None
