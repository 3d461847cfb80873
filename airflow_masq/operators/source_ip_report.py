"""The report: the results of all checks of a run, per environment, with the coverage.

It must succeed with any result, since a task that fails emits no asset event
[source: observed-failed-task-no-event]. Failing the run is the last task's job (``SourceIpAssertOperator``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.airflow_compat import BaseOperator, add_outlet
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.links.report import CodePageLink, MasqueradePageLink, ReportLink
from airflow_masq.operators.run_reports import (
    GatheredReports,
    gather_reports,
    make_report_asset,
    read_previous_reports,
)
from airflow_masq.operators.settings import read_whole_number
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.probes.surroundings import read_surroundings
from airflow_masq.verdict import (
    UNKNOWN_ENVIRONMENT,
    EventSource,
    Report,
    add_history,
    bound_reports,
    merge,
    read_own_environment,
    render_table,
    summarise_reports,
    write_reports,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Context


#: GKE's limit of nodes per cluster [source: gke-node-limit].
_MOST_NODES: Final = 65_000


class SourceIpReportOperator(BaseOperator):
    """Merge the reports of this run's checks per environment, and emit them as an asset event.

    Reports of failed checks are included. An instance without a report becomes a problem, which counts as an ``ERROR``.
    The task runs when all its upstream tasks are done, with any state, and it succeeds with any result.

    :param check_task_ids: the ids of the tasks whose reports are read, mapped or not; one id may be given as text.
    :param nodes_total: the number of nodes in the cluster, 1 to 65,000, for the coverage (default ``None``: the plan's
        ``cluster.nodes_total``).
    """

    template_fields: Sequence[str] = ("check_task_ids", "nodes_total")
    operator_extra_links = (ReportLink(), MasqueradePageLink(), CodePageLink())

    def __init__(
        self,
        *,
        check_task_ids: Sequence[str] | str,
        nodes_total: int | str | None = None,
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        add_outlet(kwargs, asset=make_report_asset())
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.check_task_ids = check_task_ids
        self.nodes_total = nodes_total

    def execute(self, context: Context) -> str:
        """Gather the reports, merge them, add what changed since the last run, log the table and emit the event.

        :return: one report per environment, as the JSON text that ``verdict.read_reports`` reads.
        """
        instance = context["ti"]
        task_ids = self.check_task_ids
        check_task_ids = (task_ids,) if isinstance(task_ids, str) else tuple(task_ids)
        reports = self._merge(gather_reports(context, check_task_ids=check_task_ids))
        before = {report.environment: report for report in read_previous_reports(context)}
        reports = [add_history(report, previous=before.get(report.environment)) for report in reports]
        self.log.info("Which source addresses services saw:\n%s", render_table(*reports))
        source = EventSource(
            dag_id=instance.dag_id,
            run_id=instance.run_id,
            task_id=instance.task_id,
            check_task_ids=check_task_ids,
        )
        context["outlet_events"][make_report_asset()].extra = summarise_reports(reports, source=source)
        return write_reports(bound_reports(reports))

    def _merge(self, gathered: GatheredReports) -> list[Report]:
        """Merge reports per environment.

        Problems go to the only environment. If no check knows its environment, they go to the one whose worker this is;
        else, and if there are more, to ``unknown``.
        """
        problems = list(gathered.problems)
        nodes_total = None
        try:
            if self.nodes_total is not None:
                nodes_total = read_whole_number(self.nodes_total, where="nodes_total", least=1, most=_MOST_NODES)
        except InvalidInputError as error:  # a problem, since failing here would lose the event
            problems.append(str(error))
        by_environment: dict[str, list[Report]] = {}
        for report in gathered.reports:
            counted = report if nodes_total is None else replace(report, nodes_total=nodes_total)
            by_environment.setdefault(report.environment, []).append(counted)
        if problems:
            known = list(by_environment) or [read_own_environment(read_surroundings(), warn=self.log.warning)]
            home = (known[0] if len(known) == 1 else "") or UNKNOWN_ENVIRONMENT
            lost = Report(environment=home, verdicts=(), nodes_total=nodes_total, problems=tuple(problems))
            by_environment.setdefault(home, []).append(lost)
        return [merge(reports) for _, reports in sorted(by_environment.items())]
