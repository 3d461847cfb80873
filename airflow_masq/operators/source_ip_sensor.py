"""The sensor: waits, from a worker, until services see the source addresses that they need.

After an environment or its policy was created it takes a while until every node masquerades. A DAG that must not send a
packet before then begins with this sensor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow_masq.airflow_compat import IS_AIRFLOW_2, AirflowFailException
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.text import escape, join_words
from airflow_masq.verdict import CODES, Outcome, Report, VerdictCode, bound_check, render_table, write_report

# Not in airflow_compat: DAG files without a sensor should not load these.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import BaseSensorOperator, PokeReturnValue

    from airflow_masq.airflow_compat import Context
elif IS_AIRFLOW_2:
    from airflow.sensors.base import BaseSensorOperator, PokeReturnValue
else:
    from airflow.sdk import BaseSensorOperator, PokeReturnValue

_HOUR_SECONDS: Final = 3600.0

# What no waiting changes: the plan, the target or the place where the sensor runs must.
_LASTING: Final = frozenset(
    {
        VerdictCode.AMBIGUOUS_SOURCE,
        VerdictCode.NO_STATED_NEED,
        VerdictCode.VANTAGE_UNKNOWN,
        VerdictCode.POD_RANGES_UNKNOWN,
        VerdictCode.REPEATS_CLIENTS,
        VerdictCode.UNUSABLE_TARGET,
    }
)


class SourceIpSensor(BaseSensorOperator):
    """Wait until every target of a plan passes, as seen from the worker that runs the sensor.

    Each poke is one check, as ``SourceIpCheckOperator`` makes it. In the mode
    ``reschedule`` the sensor frees its slot between pokes, and each poke may run on another worker: it succeeds with
    the first worker from which all targets pass, so it says nothing about other nodes. It is never deferred, since a
    trigger runs in the triggerer, another Pod on another node.

    :param plan: as of ``SourceIpCheckOperator`` (default ``None``: the first plan that is set).
    :param targets: the names of the plan's targets to wait for (default ``None``: all).
    :param attempts: how often an observer that gives no answer is asked in one poke, 1 to 10 (default 1).
    :param timeout_seconds: the time limit of one attempt, 0.1 to 60 (default 5). The sensor's own ``timeout`` limits
        the whole wait (default here: an hour).
    :param wait_seconds: the pause before another attempt, 0 to 60 (default 1).
    :param concurrency: how many connections there may be at once, 1 to 1,000 (default 16). Cloud NAT gives a VM 64
        ports by default [source: cloud-nat-ports], so more may cause the silence that a check is to find.
    :param rate_per_second: how many connections may begin in a second, 0.1 to 10,000 (default 100).
    :param environment: the environment's name in the report (default: as ``SourceIpCheckOperator`` finds it).
    """

    template_fields: Sequence[str] = (
        "plan",
        "targets",
        "attempts",
        "timeout_seconds",
        "wait_seconds",
        "concurrency",
        "rate_per_second",
        "environment",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json"}

    def __init__(
        self,
        *,
        plan: str | Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        attempts: int | str = 1,
        timeout_seconds: float | str = 5.0,
        wait_seconds: float | str = 1.0,
        concurrency: int | str = 16,
        rate_per_second: float | str = 100.0,
        environment: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - BaseSensorOperator's own
    ) -> None:
        kwargs.setdefault("mode", "reschedule")
        kwargs.setdefault("timeout", _HOUR_SECONDS)
        super().__init__(**kwargs)
        self.plan = plan
        self.targets = targets
        self.attempts = attempts
        self.timeout_seconds = timeout_seconds
        self.wait_seconds = wait_seconds
        self.concurrency = concurrency
        self.rate_per_second = rate_per_second
        self.environment = environment

    def poke(self, context: Context) -> PokeReturnValue:
        """Check once.

        :return: done where every verdict is a PASS; then the task's XCom is the report, in the form of
            ``verdict.write_report``.
        :raises AirflowFailException: the plan or a setting cannot be used, or a verdict's code is one that no waiting
            changes; Airflow does not retry.
        """
        # Parsing a DAG file need not load probes.
        from airflow_masq.operators.worker_check import WorkerCheck, count_verdicts  # noqa: PLC0415

        del context  # what it holds is in the settings already
        with translate_errors():
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
        count_verdicts(report, log=self.log)
        self.log.info("Which source address services see from this worker:\n%s", render_table(report))
        _refuse_what_lasts(report)
        if report.outcome is not Outcome.PASS:
            waiting = {verdict.target for verdict in report.verdicts if verdict.outcome is not Outcome.PASS}
            self.log.info("Waiting for %s.", join_words(map(escape, sorted(waiting))))
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=write_report(bound_check(report)))


def _refuse_what_lasts(report: Report) -> None:
    """Fail at once where waiting cannot help, instead of an hour later."""
    for verdict in report.verdicts:
        if verdict.code in _LASTING:
            raise AirflowFailException(
                f"{verdict.code} {escape(verdict.target)}: {escape(verdict.reason, limit=600)} Waiting does not "
                f"change that. Next: {CODES[verdict.code].what_to_do}"
            )
