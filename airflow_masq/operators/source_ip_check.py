"""The check as a task: which source address services see from this worker, and whether it is the expected one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.exceptions import AirflowMasqError
from airflow_masq.links.report import REASON_XCOM_KEY, REPORT_XCOM_KEY, CodePageLink, MasqueradePageLink, ReportLink
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.run_settings import refuse_unknown_conf
from airflow_masq.operators.source_ip_task import SourceIpTask
from airflow_masq.verdict import assert_reports, bound_check, parse_outcomes, write_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Context


class SourceIpCheckOperator(SourceIpTask):
    """Probe a plan's targets from this worker, all at once, and judge the source addresses that they saw.

    It is never deferred: a deferred task's trigger runs in the triggerer, another Pod on another node, whose address
    says nothing about workers. The report is pushed as XCom before the task fails, so it survives a FAIL.

    The log and the report name addresses, since these are what the check is for. They never hold credentials.

    It also takes the settings of ``SourceIpTask``: ``plan``, ``targets``, ``attempts`` and so on.

    :param fail_on: the outcomes that fail the task: ``FAIL``, ``ERROR``, ``INCONCLUSIVE`` (default ``FAIL`` and
        ``ERROR``). With an empty list nothing that is found fails it.
    :param instance: the number of this check among several equal ones (default 0). It changes nothing. Mapping over it
        makes several instances of the task, which Airflow may run on several workers.
    :param strict_conf: refuse a run whose conf has a key that is no param of the DAG (default ``False``).
    """

    template_fields: Sequence[str] = (*SourceIpTask.template_fields, "fail_on")
    operator_extra_links = (ReportLink(), MasqueradePageLink(), CodePageLink())

    def __init__(
        self,
        *,
        fail_on: Sequence[str] | str = ("FAIL", "ERROR"),
        instance: int = 0,
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - SourceIpTask's own
    ) -> None:
        super().__init__(**kwargs)
        self.fail_on = fail_on
        self.instance = instance
        self.strict_conf = strict_conf

    def execute(self, context: Context) -> None:
        """Probe, judge, push the report under the XCom key ``report``, then fail if ``fail_on`` says so.

        A check that cannot be carried out pushes the reason, one line, under the key ``reason``. It returns nothing,
        since Airflow would store a returned report a second time.

        :raises AirflowFailException: the plan or a setting cannot be used; Airflow does not retry.
        :raises AirflowException: an outcome of ``fail_on`` was found; Airflow may retry.
        """
        with translate_errors():
            try:
                if self.strict_conf:
                    refuse_unknown_conf(context)
                fail_on = parse_outcomes(self.fail_on)
                report = self.check()
            except Exception as error:
                # The text of an unexpected error may hold anything, so only its type goes to the report.
                is_ours = isinstance(error, AirflowMasqError)
                reason = str(error) if is_ours else f"the check crashed with {type(error).__name__}"
                context["ti"].xcom_push(key=REASON_XCOM_KEY, value=reason)
                raise
            context["ti"].xcom_push(key=REPORT_XCOM_KEY, value=write_report(bound_check(report)))
            assert_reports([report], fail_on=fail_on)
