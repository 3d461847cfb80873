"""A check on this worker: the plan, the hook and the judge brought together.

``probes`` opens the sockets, ``verdict`` decides.
"""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_masq.airflow_compat import count_in_metrics
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.hooks.source_ip import SourceIpHook
from airflow_masq.operators.run_settings import find_plan
from airflow_masq.operators.settings import read_number, read_seconds, read_whole_number
from airflow_masq.plan_file import read_plan
from airflow_masq.probes.surroundings import read_surroundings
from airflow_masq.reading import Place
from airflow_masq.verdict import Report, check_targets, name_environment, render_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.operators.source_ip_task import SourceIpTask
    from airflow_masq.plan import Target

VERDICT_METRIC: Final = "airflow_masq.verdict"
"""The counter of Airflow's metrics that every verdict adds to, with the tags environment, target, outcome and code."""

_MOST_AT_ONCE: Final = 1_000
_FASTEST: Final = 10_000.0


def check_worker(task: SourceIpTask) -> Report:
    """Read a task's settings, probe its targets from this worker, judge what they saw, and log it.

    :raises InvalidInputError: the plan or a setting cannot be used; nothing was asked.
    """
    plan = read_plan(find_plan(task.plan))
    surroundings = read_surroundings()
    environment = name_environment(plan, surroundings=surroundings, warn=task.log.warning)
    if task.environment is not None:
        environment = Place(where="environment", value=task.environment).read_line() or environment
    targets = _choose_targets(plan.targets, names=task.targets)
    attempts = read_whole_number(task.attempts, where="attempts", least=1, most=10)
    wait_seconds = read_seconds(task.wait_seconds, where="wait_seconds", least=0, most=60)
    observe = partial(
        SourceIpHook().observe_all,
        attempts=attempts,
        timeout_seconds=read_seconds(task.timeout_seconds, where="timeout_seconds", least=0.1, most=60),
        wait_seconds=wait_seconds,
        concurrency=read_whole_number(task.concurrency, where="concurrency", least=1, most=_MOST_AT_ONCE),
        rate_per_second=read_number(task.rate_per_second, where="rate_per_second", least=0.1, most=_FASTEST),
    )
    report = check_targets(
        targets,
        observe=observe,
        pause=partial(time.sleep, wait_seconds) if attempts > 1 else None,
        surroundings=surroundings,
        plan=plan,
        environment=environment,
    )
    task.log.info("Which source address services see from this worker:\n%s", render_table(report))
    _count_verdicts(report, task=task)
    return report


def _count_verdicts(report: Report, *, task: SourceIpTask) -> None:
    """Count the verdicts in Airflow's metrics; a metrics backend that fails does not fail the check."""
    counts = Counter((verdict.target, verdict.outcome, verdict.code) for verdict in report.verdicts)
    try:
        for (target, outcome, code), count in counts.items():
            tags = {"environment": report.environment, "target": target, "outcome": outcome, "code": code}
            count_in_metrics(VERDICT_METRIC, count=count, tags={name: str(value) for name, value in tags.items()})
    except Exception:
        task.log.warning("The verdicts could not be counted in Airflow's metrics.", exc_info=True)


def _choose_targets(targets: Sequence[Target], *, names: object) -> Sequence[Target]:
    """Choose targets by name. A check of no target is refused, since it would look like a success."""
    if not targets:
        raise InvalidInputError(where="plan: targets", expected="at least one target", seen="none")
    if names is None:
        return targets
    known = [target.name for target in targets]
    value = [names] if isinstance(names, str) else names
    chosen = {item.read_choice(known) for item in Place(where="targets", value=value).read_some_items()}
    return [target for target in targets if target.name in chosen]
