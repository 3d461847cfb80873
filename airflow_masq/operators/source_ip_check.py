"""The check as a task: which source address services see from this worker, and whether it is the expected one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.exceptions import AirflowMasqError
from airflow_masq.links.report import REASON_XCOM_KEY, REPORT_XCOM_KEY, CodePageLink, MasqueradePageLink, ReportLink
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.run_settings import refuse_unknown_conf
from airflow_masq.verdict import assert_reports, bound_check, parse_outcomes, render_table, write_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Context


class SourceIpCheckOperator(BaseOperator):
    """Probe a plan's targets from this worker, all at once, and judge the source addresses that they saw.

    It is never deferred: a deferred task's trigger runs in the triggerer, another Pod on another node, whose address
    says nothing about workers. The report is pushed as XCom before the task fails, so it survives a FAIL.

    The log and the report name addresses, since these are what the check is for. They never hold credentials.

    :param plan: the path of a plan file, read on the worker, or a plan as a mapping or as YAML or JSON text (default
        ``None``: the first that is set of the Airflow Variable ``airflow_masq_plan``, the environment variable
        ``AIRFLOW_MASQ_PLAN`` and the file ``/home/airflow/gcs/data/masquerade-plan.yaml``).
    :param targets: the names of the plan's targets to probe (default ``None``: all).
    :param attempts: how often an observer that gives no answer is asked, 1 to 10 (default 3). With more than 1, a
        target that FAILs is asked once more, since the first seconds of a Pod can show a wrong address. For each
        address of the observer its own last answer counts.
    :param timeout_seconds: the time limit of one attempt, 0.1 to 60 (default 5).
    :param wait_seconds: the pause before another attempt, 0 to 60 (default 1).
    :param concurrency: how many connections there may be at once, 1 to 1,000 (default 16). Cloud NAT gives a VM 64
        ports by default [source: cloud-nat-ports], so more may cause the silence that a check is to find.
    :param rate_per_second: how many connections may begin in a second, 0.1 to 10,000 (default 100).
    :param fail_on: the outcomes that fail the task: ``FAIL``, ``ERROR``, ``INCONCLUSIVE`` (default ``FAIL`` and
        ``ERROR``). With an empty list nothing that is found fails it.
    :param environment: the environment's name in the report, one line (default: as Composer names it on the worker,
        else the plan's).
    :param instance: the number of this check among several equal ones (default 0). It changes nothing. Mapping over it
        makes several instances of the task, which Airflow may run on several workers.
    :param strict_conf: refuse a run whose conf has a key that is no param of the DAG (default ``False``).
    """

    template_fields: Sequence[str] = (
        "plan",
        "targets",
        "attempts",
        "timeout_seconds",
        "wait_seconds",
        "concurrency",
        "rate_per_second",
        "fail_on",
        "environment",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json"}
    operator_extra_links = (ReportLink(), MasqueradePageLink(), CodePageLink())

    def __init__(
        self,
        *,
        plan: str | Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        attempts: int | str = 3,
        timeout_seconds: float | str = 5.0,
        wait_seconds: float | str = 1.0,
        concurrency: int | str = 16,
        rate_per_second: float | str = 100.0,
        fail_on: Sequence[str] | str = ("FAIL", "ERROR"),
        environment: str | None = None,
        instance: int = 0,
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.targets = targets
        self.attempts = attempts
        self.timeout_seconds = timeout_seconds
        self.wait_seconds = wait_seconds
        self.concurrency = concurrency
        self.rate_per_second = rate_per_second
        self.fail_on = fail_on
        self.environment = environment
        self.instance = instance
        self.strict_conf = strict_conf

    def execute(self, context: Context) -> None:
        """Probe, judge, push the report under the XCom key ``report``, then fail if ``fail_on`` says so.

        A check that cannot be carried out pushes the reason, one line, under the key ``reason``. It returns nothing,
        since Airflow would store a returned report a second time.

        :raises AirflowFailException: the plan or a setting cannot be used; Airflow does not retry.
        :raises AirflowException: an outcome of ``fail_on`` was found; Airflow may retry.
        """
        # Parsing a DAG file need not load probes.
        from airflow_masq.operators.worker_check import WorkerCheck, count_verdicts  # noqa: PLC0415

        with translate_errors():
            try:
                if self.strict_conf:
                    refuse_unknown_conf(context)
                fail_on = parse_outcomes(self.fail_on)
                report = WorkerCheck(
                    plan=self.plan,
                    targets=self.targets,
                    attempts=self.attempts,
                    timeout_seconds=self.timeout_seconds,
                    wait_seconds=self.wait_seconds,
                    concurrency=self.concurrency,
                    rate_per_second=self.rate_per_second,
                    environment=self.environment,
                    log=self.log,
                ).run()
            except Exception as error:
                # The text of an unexpected error may hold anything, so only its type goes to the report.
                is_ours = isinstance(error, AirflowMasqError)
                reason = str(error) if is_ours else f"the check crashed with {type(error).__name__}"
                context["ti"].xcom_push(key=REASON_XCOM_KEY, value=reason)
                raise
            self.log.info("Which source address services see from this worker:\n%s", render_table(report))
            context["ti"].xcom_push(key=REPORT_XCOM_KEY, value=write_report(bound_check(report)))
            count_verdicts(report, log=self.log)
            assert_reports([report], fail_on=fail_on)
