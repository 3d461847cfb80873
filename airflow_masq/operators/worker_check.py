"""A check on this worker, for the operator that runs it once and the sensor that waits for it.

It brings the plan, the hook and the judge together. ``probes`` opens the sockets, ``verdict`` decides.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_masq.airflow_compat import count_in_metrics
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.hooks.source_ip import SourceIpHook
from airflow_masq.observation.vantage import COMPOSER_ENVIRONMENT_VARIABLE
from airflow_masq.operators.run_reports import UNKNOWN_ENVIRONMENT
from airflow_masq.operators.run_settings import find_plan
from airflow_masq.operators.settings import read_number, read_seconds, read_whole_number
from airflow_masq.plan_file import read_plan
from airflow_masq.probes.surroundings import read_surroundings
from airflow_masq.reading import Place
from airflow_masq.text import escape
from airflow_masq.verdict import Outcome, Report, judge_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.plan import Plan, Target

VERDICT_METRIC: Final = "airflow_masq.verdict"
"""The counter of Airflow's metrics that every verdict adds to, with the tags environment, target, outcome and code."""

_MOST_AT_ONCE: Final = 1_000
_FASTEST: Final = 10_000.0


class TaskLog(Protocol):
    """The log of a task; Airflow 2 and 3 have different classes with this method."""

    def warning(self, message: str, /, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - Airflow's own
        """Log a warning."""


@dataclass(frozen=True, kw_only=True)
class WorkerCheck:
    """A check as a task was asked for it; its settings are read when it runs.

    The settings are those of ``SourceIpCheckOperator``.

    :param log: the task's own log.
    """

    plan: str | Mapping[str, Any] | None
    targets: Sequence[str] | None
    attempts: int | str
    timeout_seconds: float | str
    wait_seconds: float | str
    concurrency: int | str
    rate_per_second: float | str
    environment: str | None
    log: TaskLog

    def run(self) -> Report:
        """Probe the targets from this worker and judge what they saw.

        :raises InvalidInputError: the plan or a setting cannot be used; nothing was asked.
        """
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
            concurrency=read_whole_number(self.concurrency, where="concurrency", least=1, most=_MOST_AT_ONCE),
            rate_per_second=read_number(self.rate_per_second, where="rate_per_second", least=0.1, most=_FASTEST),
        )
        judge = partial(judge_targets, targets, surroundings=read_surroundings(), plan=plan, environment=environment)
        observations = observe(targets)
        report = judge(observations)
        wrong = {verdict.target for verdict in report.verdicts if verdict.outcome is Outcome.FAIL}
        if not wrong or attempts == 1:
            return report
        # The first seconds of a Pod may show a wrong address. An address that FAILed is cleared by its own later answer
        # alone, since the judge keeps every attempt with the address that it was made at.
        time.sleep(wait_seconds)
        again = observe([target for target in targets if target.name in wrong])
        observations = {name: seen + again.get(name, ()) for name, seen in observations.items()}
        return judge(observations)

    def _name_environment(self, plan: Plan) -> str:
        """Name the environment by the task's argument, else by Composer's variable, else by the plan."""
        given = Place(where="environment", value=self.environment).read_line() if self.environment is not None else ""
        planned = escape((plan.environment.name or "").rpartition("/")[2])
        try:
            variable = os.environ.get(COMPOSER_ENVIRONMENT_VARIABLE, "")
            actual = Place(where=COMPOSER_ENVIRONMENT_VARIABLE, value=variable).read_line()
        except InvalidInputError as error:  # not the user's setting, and Composer cannot have set such a value
            self.log.warning("The variable is ignored: %s", error)
            actual = ""
        if planned and actual and planned != actual:
            self.log.warning(
                "The plan describes environment %s, but this worker belongs to %s, whose ranges may differ.",
                planned,
                escape(actual),
            )
        return given or actual or planned or UNKNOWN_ENVIRONMENT


def count_verdicts(report: Report, *, log: TaskLog) -> None:
    """Count the verdicts in Airflow's metrics; a metrics backend that fails does not fail the check."""
    counts = Counter((verdict.target, verdict.outcome, verdict.code) for verdict in report.verdicts)
    try:
        for (target, outcome, code), count in counts.items():
            tags = {"environment": report.environment, "target": target, "outcome": outcome, "code": code}
            count_in_metrics(VERDICT_METRIC, count=count, tags={name: str(value) for name, value in tags.items()})
    except Exception:
        log.warning("The verdicts could not be counted in Airflow's metrics.", exc_info=True)


def _choose_targets(targets: Sequence[Target], *, names: object) -> Sequence[Target]:
    """Choose targets by name. A check of no target is refused, since it would look like a success."""
    if not targets:
        raise InvalidInputError(where="plan: targets", expected="at least one target", seen="none")
    if names is None:
        return targets
    known = [target.name for target in targets]
    chosen = {item.read_choice(known) for item in Place(where="targets", value=names).read_some_items()}
    return [target for target in targets if target.name in chosen]
