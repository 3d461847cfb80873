"""The report: what all checks of a run found together, per environment, with the coverage stated.

It must succeed whatever was found, since a task that fails emits no asset event (tried on Airflow 2.10.5 and 3.3.2,
2026-11-22); failing the run is the last task's job (``SourceIpAssertOperator``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.operators.report_asset import UNKNOWN_ENVIRONMENT, report_asset
from airflow_masq.operators.run_reports import GatheredReports, gather_reports
from airflow_masq.operators.settings import read_whole_number
from airflow_masq.verdict import Report, merge, render_table, to_dict
from airflow_masq.verdict.event_summary import EventSource, report_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Context


#: GKE's limit of nodes per cluster (https://cloud.google.com/kubernetes-engine/quotas, read 2026-11-22).
_MOST_NODES: Final = 65_000


class SourceIpReportOperator(BaseOperator):
    """Roll up the reports of this run's checks per environment and emit them as an asset event.

    The checks that failed are read as well, and an instance that left no report is stated as a problem, an ``ERROR``.
    It runs when all its upstream tasks are done, however they ended, and it always succeeds.

    :param check_task_ids: the tasks whose reports to read, mapped or not.
    :param nodes_total: how many nodes the cluster has, for the coverage; default ``None``, not known.
    """

    template_fields: Sequence[str] = ("check_task_ids", "nodes_total")

    def __init__(
        self,
        *,
        check_task_ids: Sequence[str] | str,
        nodes_total: int | str | None = None,
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        kwargs.setdefault("outlets", [report_asset()])
        super().__init__(**kwargs)
        self.check_task_ids = check_task_ids
        self.nodes_total = nodes_total

    def execute(self, context: Context) -> list[dict[str, object]]:
        """Gather, merge, log the table, emit the event.

        :param context: Airflow's.
        :return: one report per environment, in the form that ``verdict.to_dict`` writes.
        """
        instance = context["ti"]
        check_task_ids = _listed(self.check_task_ids)
        reports = self._merge(gather_reports(context, check_task_ids=check_task_ids))
        self.log.info("Which source addresses services saw:\n%s", render_table(*reports))
        content = [to_dict(report) for report in reports]
        source = EventSource(
            dag_id=instance.dag_id,
            run_id=instance.run_id,
            task_id=instance.task_id,
            check_task_ids=check_task_ids,
        )
        context["outlet_events"][report_asset()].extra = report_event(reports, source=source)
        return content

    def _merge(self, gathered: GatheredReports) -> list[Report]:
        """Put reports of one environment together; what belongs to none goes to the only one, else to ``unknown``."""
        problems = list(gathered.problems)
        nodes_total = self._nodes_total(problems)
        by_environment: dict[str, list[Report]] = {}
        for report in gathered.reports:
            by_environment.setdefault(report.environment, []).append(replace(report, nodes_total=nodes_total))
        if problems:
            home = next(iter(by_environment)) if len(by_environment) == 1 else UNKNOWN_ENVIRONMENT
            lost = Report(environment=home, verdicts=(), nodes_total=nodes_total, problems=tuple(problems))
            by_environment.setdefault(home, []).append(lost)
        return [merge(reports) for _, reports in sorted(by_environment.items())]

    def _nodes_total(self, problems: list[str]) -> int | None:
        """Read how many nodes there are; what cannot be read is a problem, not an error that would lose the event."""
        if self.nodes_total is None:
            return None
        try:
            return read_whole_number(self.nodes_total, where="nodes_total", least=1, most=_MOST_NODES)
        except InvalidInputError as error:
            problems.append(str(error))
            return None


def _listed(task_ids: Sequence[str] | str) -> tuple[str, ...]:
    """Give task ids as a tuple, since one alone is easily written as a text."""
    return (task_ids,) if isinstance(task_ids, str) else tuple(task_ids)
