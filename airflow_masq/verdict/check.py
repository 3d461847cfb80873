"""One check: observers are asked, what they saw is judged, and a target that FAILs is asked once more.

A task and the command line share it. Each passes its own way to ask, to wait and to warn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.observation.vantage import COMPOSER_ENVIRONMENT_VARIABLE
from airflow_masq.reading import Place
from airflow_masq.text import escape
from airflow_masq.verdict.codes import Outcome
from airflow_masq.verdict.judge import judge_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_masq.observation.observation import Observation
    from airflow_masq.observation.vantage import Surroundings
    from airflow_masq.plan import Plan, Target
    from airflow_masq.verdict.report import Report

UNKNOWN_ENVIRONMENT: Final = "unknown"
"""The environment of a report whose environment is not known."""


def check_targets(
    targets: Sequence[Target],
    *,
    observe: Callable[[Sequence[Target]], Mapping[str, tuple[Observation, ...]]],
    pause: Callable[[], None] | None,
    surroundings: Surroundings,
    plan: Plan,
    environment: str,
) -> Report:
    """Observe targets and judge them; observe those that FAIL once more.

    :param observe: asks the observers of some targets; returns the observations by the targets' names.
    :param pause: waits before targets that FAIL are asked again; ``None`` if each target is asked only once.
    :param surroundings: where the process runs.
    :param environment: the environment's name in the report.
    """
    observations = dict(observe(targets))
    report = judge_targets(targets, observations, surroundings=surroundings, plan=plan, environment=environment)
    wrong = {verdict.target for verdict in report.verdicts if verdict.outcome is Outcome.FAIL}
    if not wrong or pause is None:
        return report
    # The first seconds of a Pod may show a wrong address. An address that FAILed is cleared by its own later answer
    # alone, since the judge keeps every attempt with the address that it was made at.
    pause()
    for name, again in observe([target for target in targets if target.name in wrong]).items():
        observations[name] += again
    return judge_targets(targets, observations, surroundings=surroundings, plan=plan, environment=environment)


def name_environment(plan: Plan, *, surroundings: Surroundings, warn: Callable[[str], object]) -> str:
    """Name the environment as Composer names it on its components, else as the plan does.

    :param warn: receives a sentence if the two disagree, or if Composer cannot have set its variable.
    """
    planned = escape((plan.environment.name or "").rpartition("/")[2])
    actual = read_own_environment(surroundings, warn=warn)
    if planned and actual and planned != actual:
        warn(
            f"The plan describes environment {planned}, but this process runs in {escape(actual)}, whose ranges may "
            f"differ. Use the plan of {escape(actual)}."
        )
    return actual or planned or UNKNOWN_ENVIRONMENT


def read_own_environment(surroundings: Surroundings, *, warn: Callable[[str], object]) -> str:
    """Read how Composer names the environment whose component this is; empty elsewhere.

    :param warn: receives a sentence if Composer cannot have set its variable.
    """
    variable = surroundings.variables.get(COMPOSER_ENVIRONMENT_VARIABLE, "")
    try:
        return Place(where=COMPOSER_ENVIRONMENT_VARIABLE, value=variable).read_line()
    except InvalidInputError as error:
        warn(f"The environment variable is ignored: {error}.")
        return ""
