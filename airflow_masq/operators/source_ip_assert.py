"""The last task of a checking DAG: it fails the run where the report says so.

It is a separate task because the task that emits the asset event must succeed, or the event is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.links.report import CodePageLink, MasqueradePageLink, ReportLink
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.text import describe
from airflow_masq.verdict import assert_reports, parse_outcomes, read_reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Context


class SourceIpAssertOperator(BaseOperator):
    """Fail if the reports of a ``SourceIpReportOperator`` hold an outcome of ``fail_on``.

    :param report_task_id: the id of the ``SourceIpReportOperator`` task, in the same DAG run.
    :param fail_on: the outcomes that fail the task: ``FAIL``, ``ERROR``, ``INCONCLUSIVE`` (default ``FAIL`` and
        ``ERROR``). With an empty list nothing fails it.
    """

    template_fields: Sequence[str] = ("report_task_id", "fail_on")
    operator_extra_links = (ReportLink(), MasqueradePageLink(), CodePageLink())

    def __init__(
        self,
        *,
        report_task_id: str,
        fail_on: Sequence[str] | str = ("FAIL", "ERROR"),
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.report_task_id = report_task_id
        self.fail_on = fail_on

    def execute(self, context: Context) -> None:
        """Read the reports, and fail if an outcome of ``fail_on`` is among them.

        :raises AirflowFailException: ``fail_on`` or the reports cannot be read; Airflow does not retry.
        :raises AirflowException: an outcome of ``fail_on`` was found. The message names the first verdicts.
        """
        with translate_errors():
            fail_on = parse_outcomes(self.fail_on)
            content = context["ti"].xcom_pull(task_ids=self.report_task_id, map_indexes=-1)
            where = f"what task {self.report_task_id} returned"
            reports = read_reports(content, where=where)
            if not reports:
                raise InvalidInputError(where=where, expected="a list of reports", seen=describe(content))
            assert_reports(reports, fail_on=fail_on, table_in=f"the log of task {self.report_task_id}")
        outcomes = ", ".join(sorted(fail_on)) or "none"
        self.log.info("The reports contain no outcome that fails this run (fail_on: %s).", outcomes)
