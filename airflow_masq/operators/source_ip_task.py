"""What the check and the sensor share: the settings of a check, and running one on this worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.operators.task_documentation import describe_task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.verdict import Report


class SourceIpTask(BaseOperator):
    """The base of tasks that check source addresses; its settings are read when the task runs.

    :param plan: the path of a plan file, read on the worker, or a plan as a mapping or as YAML or JSON text (default
        ``None``: the first that is set of the Airflow Variable ``airflow_masq_plan``, the environment variable
        ``AIRFLOW_MASQ_PLAN`` and the file ``/home/airflow/gcs/data/masquerade-plan.yaml``).
    :param targets: the names of the plan's targets to probe; one name may be given as text (default ``None``: all).
    :param attempts: how often an observer that gives no answer is asked, 1 to 10 (default 3). With more than 1, a
        target that FAILs is asked once more, since the first seconds of a Pod can show a wrong address. For each
        address of the observer its own last answer counts.
    :param timeout_seconds: the time limit of one attempt, 0.1 to 60 (default 5).
    :param wait_seconds: the pause before another attempt, 0 to 60 (default 1).
    :param concurrency: how many connections there may be at once, 1 to 1,000 (default 16). Cloud NAT gives a VM 64
        ports by default [source: cloud-nat-ports], so more may cause the silence that a check is to find.
    :param rate_per_second: how many connections may begin in a second, 0.1 to 10,000 (default 100).
    :param environment: the environment's name in the report, one line (default: as Composer names it on the worker,
        else the plan's).
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
        targets: Sequence[str] | str | None = None,
        attempts: int | str = 3,
        timeout_seconds: float | str = 5.0,
        wait_seconds: float | str = 1.0,
        concurrency: int | str = 16,
        rate_per_second: float | str = 100.0,
        environment: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.plan = plan
        self.targets = targets
        self.attempts = attempts
        self.timeout_seconds = timeout_seconds
        self.wait_seconds = wait_seconds
        self.concurrency = concurrency
        self.rate_per_second = rate_per_second
        self.environment = environment

    def check(self) -> Report:
        """Probe the targets from this worker, judge what they saw, log the table and count the verdicts.

        :raises InvalidInputError: the plan or a setting cannot be used; nothing was asked.
        """
        # Parsing a DAG file need not load probes.
        from airflow_masq.operators.worker_check import check_worker  # noqa: PLC0415

        return check_worker(self)
