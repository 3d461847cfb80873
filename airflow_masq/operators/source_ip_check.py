"""The check: which source address services see from this worker, and whether it is the one that was meant.

It must open no socket itself (``probes`` does) and decide no verdict (``verdict`` does); it brings the plan, the hook
and the judge together on a worker, and leaves a table in the log and a report in an XCom.
"""

from __future__ import annotations

import os
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.hooks.source_ip import SourceIpHook
from airflow_masq.operators.error_mapping import errors_for_airflow
from airflow_masq.operators.report_asset import REPORT_XCOM_KEY, UNKNOWN_ENVIRONMENT
from airflow_masq.operators.settings import read_seconds, read_whole_number
from airflow_masq.plan_file import read_plan
from airflow_masq.reading import Place
from airflow_masq.text import describe, printable
from airflow_masq.verdict import Component, Observation, Outcome, Report, Vantage, judge, render_table, to_dict
from airflow_masq.verdict.assertion import assert_reports, parse_outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from netaddr import IPAddress

    from airflow_masq.airflow_compat import Context
    from airflow_masq.plan import Plan, Target

#: Set by Composer on every component (reserved, https://cloud.google.com/composer/docs/composer-2/set-environment-variables,
#: read 2026-11-22); that it holds the environment's id is inferred from its name.
COMPOSER_ENVIRONMENT_VARIABLE = "COMPOSER_ENVIRONMENT"


class SourceIpCheckOperator(BaseOperator):
    """Probe a plan's targets from this worker, all at once, and judge the source addresses that they saw.

    It is never deferred: a deferred task's trigger runs in the triggerer, another Pod on another node, whose address
    says nothing about workers. The report is pushed as XCom before the task fails, so it survives a FAIL.

    The log and the report name addresses, since these are what the check is for; they never hold credentials.

    :param plan: the plan: a path, read on the worker, or a mapping.
    :param targets: names of the plan's targets to probe; default ``None``, all of them.
    :param attempts: how often to ask an observer that gives no answer, default 3. Where it is more than 1, a FAIL is
        asked for once more, since the first seconds of a Pod can show a wrong address; the last answer counts.
    :param timeout_seconds: the time for one attempt, default 5.
    :param wait_seconds: the pause before another attempt, default 1.
    :param fail_on: the outcomes that fail the task: ``FAIL``, ``ERROR``, ``INCONCLUSIVE``; default the first two.
    :param environment: the environment's name in the report; default the one Composer says, else the plan's.
    :param instance: which of several equal checks this is, default 0. It changes nothing; mapping over it makes
        several instances of the task, which Airflow may put on several workers.
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

    def __init__(
        self,
        *,
        plan: str | Mapping[str, Any],
        targets: Sequence[str] | None = None,
        attempts: int | str = 3,
        timeout_seconds: float | str = 5.0,
        wait_seconds: float | str = 1.0,
        fail_on: Sequence[str] | str = ("FAIL", "ERROR"),
        environment: str | None = None,
        instance: int = 0,
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

    def execute(self, context: Context) -> None:
        """Probe, judge, push the report under the XCom key ``report``, then fail where ``fail_on`` says so.

        It returns nothing, since Airflow would store a returned report a second time.

        :param context: Airflow's.
        :raises AirflowFailException: when the plan or a setting cannot be used; Airflow does not retry.
        :raises AirflowException: when an outcome of ``fail_on`` was found; Airflow may retry.
        """
        with errors_for_airflow():
            fail_on = parse_outcomes(self.fail_on)
            report = self._check()
            self.log.info("Which source address services see from this worker:\n%s", render_table(report))
            context["ti"].xcom_push(key=REPORT_XCOM_KEY, value=to_dict(report))
            assert_reports([report], fail_on=fail_on)

    def _check(self) -> Report:
        plan = read_plan(self.plan)
        environment = self._environment_name(plan)
        targets = _chosen(plan.targets, names=self.targets)
        attempts = read_whole_number(self.attempts, where="attempts", least=1, most=10)
        wait_seconds = read_seconds(self.wait_seconds, where="wait_seconds", least=0, most=60)
        ask = partial(
            SourceIpHook().observe_all,
            attempts=attempts,
            timeout_seconds=read_seconds(self.timeout_seconds, where="timeout_seconds", least=0.1, most=60),
            wait_seconds=wait_seconds,
        )
        judged = partial(self._judge, targets, plan=plan, environment=environment)
        report = judged(ask(targets))
        wrong = {verdict.target for verdict in report.verdicts if verdict.outcome is Outcome.FAIL}
        if not wrong or attempts == 1:
            return report
        time.sleep(wait_seconds)
        first = {verdict.target: verdict.evidence for verdict in report.verdicts}
        again = ask([target for target in targets if target.name in wrong])
        return judged({name: first[name] + again.get(name, ()) for name in first})

    def _judge(
        self,
        targets: Sequence[Target],
        observations: Mapping[str, tuple[Observation, ...]],
        *,
        plan: Plan,
        environment: str,
    ) -> Report:
        hostname = socket.gethostname()
        vantage = Vantage(
            hostname=hostname,
            pod_ip=_pod_ip([each for attempts in observations.values() for each in attempts], plan),
            component=Component.of_hostname(hostname),
            environment=environment,
        )
        verdicts = tuple(judge(target, observations[target.name], vantage=vantage, plan=plan) for target in targets)
        return Report(environment=vantage.environment, verdicts=verdicts)

    def _environment_name(self, plan: Plan) -> str:
        """Name the environment: as the task was told, else as Composer says, else as the plan does."""
        told = Place(where="environment", value=self.environment).line() if self.environment is not None else ""
        planned = printable(str(plan.environment.get("name", "")).rpartition("/")[2])
        actual = self._composer_environment()
        if planned and actual and planned != actual:
            self.log.warning(
                "The plan describes environment %s, and this worker belongs to %s, whose ranges may be others.",
                planned,
                printable(actual),
            )
        return told or actual or planned or UNKNOWN_ENVIRONMENT

    def _composer_environment(self) -> str:
        """Read what Composer says; what it cannot have said is ignored, since nobody who uses the check set it."""
        try:
            name = os.environ.get(COMPOSER_ENVIRONMENT_VARIABLE, "")
            return Place(where=COMPOSER_ENVIRONMENT_VARIABLE, value=name).line()
        except InvalidInputError as error:
            self.log.warning("The variable is ignored: %s", error)
            return ""


def _chosen(targets: Sequence[Target], *, names: object) -> Sequence[Target]:
    """Choose targets by name; a check of none would prove nothing and look like a success."""
    if not targets:
        raise InvalidInputError(where="plan: targets", expected="at least one target", seen="none")
    if names is None:
        return targets
    known = {target.name: target for target in targets}
    if isinstance(names, str) or not isinstance(names, (list, tuple, set, frozenset)) or not names:
        raise InvalidInputError(where="targets", expected="a list of target names", seen=describe(names))
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise InvalidInputError(where="targets", expected=f"names out of {', '.join(known)}", seen=describe(name))
    return [target for target in targets if target.name in names]


def _pod_ip(observations: Sequence[Observation], plan: Plan) -> IPAddress | None:
    """Give this Pod's own address as the probing sockets had it, one of the plan's Pod ranges before any other."""
    addresses = [each.local_address for each in observations if each.local_address is not None]
    in_pod_ranges = [address for address in addresses if any(address in pods for pods in plan.ranges.pod)]
    return next(iter(in_pod_ranges or addresses), None)
