"""The sensor: waits, from a worker, until services see the source addresses that they need.

After an environment or its policy was created it takes a while until every node masquerades. A DAG that must not send a
packet before then begins with this sensor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_masq.airflow_compat import IS_AIRFLOW_2, AirflowFailException
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.source_ip_task import SourceIpTask
from airflow_masq.text import escape, join_words
from airflow_masq.verdict import CODES, Outcome, Report, VerdictCode, bound_check, write_report

# Not in airflow_compat: DAG files without a sensor should not load these.
if TYPE_CHECKING:
    from datetime import timedelta

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


class SourceIpSensor(SourceIpTask, BaseSensorOperator):
    """Wait until every target of a plan passes, as seen from the worker that runs the sensor.

    Each poke is one check, as ``SourceIpCheckOperator`` makes it. In the mode
    ``reschedule`` the sensor frees its slot between pokes, and each poke may run on another worker: it succeeds with
    the first worker from which all targets pass, so it says nothing about other nodes. It is never deferred, since a
    trigger runs in the triggerer, another Pod on another node.

    It takes the settings of ``SourceIpTask``: ``plan``, ``targets`` and so on, and those of Airflow's sensors.

    :param attempts: how often an observer that gives no answer is asked in one poke, 1 to 10 (default 1).
    :param mode: as of Airflow's sensors (default here: ``reschedule``).
    :param timeout: how long the sensor waits in all, in seconds (default here: an hour).
    """

    def __init__(
        self,
        *,
        attempts: int | str = 1,
        mode: str = "reschedule",
        timeout: timedelta | float = _HOUR_SECONDS,
        **kwargs: Any,  # noqa: ANN401 - SourceIpTask's and BaseSensorOperator's own
    ) -> None:
        super().__init__(attempts=attempts, mode=mode, timeout=timeout, **kwargs)

    def poke(self, context: Context) -> PokeReturnValue:
        """Check once.

        :return: done where every verdict is a PASS; then the task's XCom is the report, in the form of
            ``verdict.write_report``.
        :raises AirflowFailException: the plan or a setting cannot be used, or a verdict's code is one that no waiting
            changes; Airflow does not retry.
        """
        del context  # what it holds is in the settings already
        with translate_errors():
            report = self.check()
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
