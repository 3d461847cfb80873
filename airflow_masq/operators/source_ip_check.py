"""The check: which source address services see from this worker, and whether it is the expected one.

It brings the plan, the hook and the judge together on a worker. ``probes`` opens the sockets, ``verdict`` decides.
"""

from __future__ import annotations

import os
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.exceptions import AirflowMasqError, InvalidInputError
from airflow_masq.hooks.source_ip import SourceIpHook
from airflow_masq.links.report import REASON_XCOM_KEY, REPORT_XCOM_KEY, CodePageLink, ReportLink
from airflow_masq.observation.observation import Component, Observation, Vantage
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.run_reports import UNKNOWN_ENVIRONMENT
from airflow_masq.operators.run_settings import find_plan, refuse_unknown_conf
from airflow_masq.operators.settings import read_seconds, read_whole_number
from airflow_masq.plan_file import read_plan
from airflow_masq.reading import Place
from airflow_masq.text import printable
from airflow_masq.verdict import Outcome, Report, assert_reports, judge, parse_outcomes, render_table, to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Context
    from airflow_masq.plan import Plan, Target

#: Set by Composer on every component [source: composer-reserved-variables]; that it holds the environment's id is
#: inferred from its name.
COMPOSER_ENVIRONMENT_VARIABLE = "COMPOSER_ENVIRONMENT"


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
        target that FAILs is asked once more, since the first seconds of a Pod can show a wrong address. The last answer
        counts.
    :param timeout_seconds: the time limit of one attempt, 0.1 to 60 (default 5).
    :param wait_seconds: the pause before another attempt, 0 to 60 (default 1).
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
        "fail_on",
        "environment",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json"}
    operator_extra_links = (ReportLink(), CodePageLink())

    def __init__(
        self,
        *,
        plan: str | Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        attempts: int | str = 3,
        timeout_seconds: float | str = 5.0,
        wait_seconds: float | str = 1.0,
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
        with translate_errors():
            try:
                if self.strict_conf:
                    refuse_unknown_conf(context)
                fail_on = parse_outcomes(self.fail_on)
                report = self._check()
            except Exception as error:
                # The text of an unexpected error may hold anything, so only its type goes to the report.
                is_ours = isinstance(error, AirflowMasqError)
                reason = str(error) if is_ours else f"the check crashed with {type(error).__name__}"
                context["ti"].xcom_push(key=REASON_XCOM_KEY, value=reason)
                raise
            self.log.info("Which source address services see from this worker:\n%s", render_table(report))
            context["ti"].xcom_push(key=REPORT_XCOM_KEY, value=to_dict(report))
            assert_reports([report], fail_on=fail_on)

    def _check(self) -> Report:
        plan = read_plan(find_plan(self.plan))
        environment = self._name_environment(plan)
        targets = _choose_targets(plan.targets, names=self.targets)
        attempts = read_whole_number(self.attempts, where="attempts", least=1, most=10)
        wait_seconds = read_seconds(self.wait_seconds, where="wait_seconds", least=0, most=60)
        observe = partial(
            SourceIpHook().observe_all,
            attempts=attempts,
            timeout_seconds=read_seconds(self.timeout_seconds, where="timeout_seconds", least=0.1, most=60),
            wait_seconds=wait_seconds,
        )
        observations = observe(targets)
        report = _judge(targets, observations, plan=plan, environment=environment)
        wrong = {verdict.target for verdict in report.verdicts if verdict.outcome is Outcome.FAIL}
        if not wrong or attempts == 1:
            return report
        time.sleep(wait_seconds)
        again = observe([target for target in targets if target.name in wrong])
        observations = {name: seen + again.get(name, ()) for name, seen in observations.items()}
        return _judge(targets, observations, plan=plan, environment=environment)

    def _name_environment(self, plan: Plan) -> str:
        """Name the environment by the task's argument, else by Composer's variable, else by the plan."""
        given = Place(where="environment", value=self.environment).line() if self.environment is not None else ""
        planned = printable((plan.environment.name or "").rpartition("/")[2])
        try:
            variable = os.environ.get(COMPOSER_ENVIRONMENT_VARIABLE, "")
            actual = Place(where=COMPOSER_ENVIRONMENT_VARIABLE, value=variable).line()
        except InvalidInputError as error:  # not the user's setting, and Composer cannot have set such a value
            self.log.warning("The variable is ignored: %s", error)
            actual = ""
        if planned and actual and planned != actual:
            self.log.warning(
                "The plan describes environment %s, but this worker belongs to %s, whose ranges may differ.",
                planned,
                printable(actual),
            )
        return given or actual or planned or UNKNOWN_ENVIRONMENT


def _choose_targets(targets: Sequence[Target], *, names: object) -> Sequence[Target]:
    """Choose targets by name. A check of no target is refused, since it would look like a success."""
    if not targets:
        raise InvalidInputError(where="plan: targets", expected="at least one target", seen="none")
    if names is None:
        return targets
    known = [target.name for target in targets]
    chosen = {item.choice(known) for item in Place(where="targets", value=names).some_items()}
    return [target for target in targets if target.name in chosen]


def _judge(
    targets: Sequence[Target], observations: Mapping[str, tuple[Observation, ...]], *, plan: Plan, environment: str
) -> Report:
    # This Pod's address as the probing sockets had it; an address in the plan's Pod ranges is preferred.
    addresses = [
        each.local_address for seen in observations.values() for each in seen if each.local_address is not None
    ]
    in_pod_ranges = [address for address in addresses if any(address in pods for pods in plan.ranges.pod)]
    hostname = socket.gethostname()
    vantage = Vantage(
        hostname=hostname,
        pod_ip=next(iter(in_pod_ranges or addresses), None),
        component=Component.of_hostname(hostname),
        environment=environment,
    )
    verdicts = tuple(judge(target, observations[target.name], vantage=vantage, plan=plan) for target in targets)
    return Report(environment=environment, verdicts=verdicts)
