"""The last task of a checking DAG: it fails the run where the report says so, and must look at nothing else.

It is a task of its own because the task that emits the asset event must succeed for the event to be kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.operators.error_mapping import errors_for_airflow
from airflow_masq.text import describe
from airflow_masq.verdict import Report, from_dict
from airflow_masq.verdict.assertion import assert_reports, parse_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Context


class SourceIpAssertOperator(BaseOperator):
    """Fail where the reports of a ``SourceIpReportOperator`` hold an outcome that was not meant to be.

    :param report_task_id: the task that made the report.
    :param fail_on: the outcomes that fail the task: ``FAIL``, ``ERROR``, ``INCONCLUSIVE``; default the first two.
    """

    template_fields: Sequence[str] = ("report_task_id", "fail_on")

    def __init__(
        self,
        *,
        report_task_id: str,
        fail_on: Sequence[str] | str = ("FAIL", "ERROR"),
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        super().__init__(**kwargs)
        self.report_task_id = report_task_id
        self.fail_on = fail_on

    def execute(self, context: Context) -> None:
        """Read the reports and judge them.

        :param context: Airflow's.
        :raises AirflowFailException: when ``fail_on`` or the reports cannot be read.
        :raises AirflowException: naming the first findings, when an outcome of ``fail_on`` was found.
        """
        with errors_for_airflow():
            fail_on = parse_outcomes(self.fail_on)
            content = context["ti"].xcom_pull(task_ids=self.report_task_id, map_indexes=-1)
            assert_reports(self._read(content), fail_on=fail_on)
        self.log.info("Nothing was found that fails this run (%s).", ", ".join(sorted(fail_on)) or "nothing does")

    def _read(self, content: object) -> list[Report]:
        where = f"what task {self.report_task_id} returned"
        if not isinstance(content, list) or not content:
            raise InvalidInputError(where=where, expected="a list of reports", seen=describe(content))
        return [from_dict(each, where=f"{where}: [{position}]") for position, each in enumerate(content)]
