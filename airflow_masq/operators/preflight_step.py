"""The preflight of a task that creates an environment: asked once, before the call that costs money."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError, PreflightFailedError
from airflow_masq.reading import Place, Reaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.hooks.composer import ComposerHook
    from airflow_masq.plan import Plan

log = logging.getLogger(__name__)

PREFLIGHT_XCOM_KEY: Final = "preflight"


def make_preflight_step(
    *,
    plan: Plan,
    hook: ComposerHook,
    choice: str,
    timeout_seconds: float,
    push: Callable[[str, object], None],
) -> Callable[[], None]:
    """Make the step that is done when nothing exists, before the environment is created.

    :param choice: what its errors do: a ``Reaction``, or its word. With ``ignore`` nothing is asked.
    :param timeout_seconds: the time limit for everything that is asked.
    :param push: pushes an XCom: the report, under ``PREFLIGHT_XCOM_KEY``.
    :return: a step that raises PreflightFailedError if there are errors and ``choice`` is ``fail``.
    :raises InvalidInputError: ``choice`` is none of these.
    """
    reaction = Place(where="preflight", value=choice).read_choice(Reaction)

    def look_before_creation() -> None:
        from airflow_masq.preflight.asking import ask_questions  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.preflight.report import make_report  # noqa: PLC0415 - as above
        from airflow_masq.preflight.subject import Subject  # noqa: PLC0415 - as above
        from airflow_masq.preflight.table import write_lines  # noqa: PLC0415 - as above

        try:
            subject = Subject.read(plan.environment)
        except InvalidInputError as error:  # only the service knows whether it takes a name of another form
            log.warning("Nothing is asked before the creation: %s", error)
            return
        answers = ask_questions(
            subject,
            make_clients=lambda: hook.connect_preflight(timeout_seconds=timeout_seconds),
            looks_for_environment=False,
            timeout_seconds=timeout_seconds,
        )
        report = make_report(subject, plan=plan, answers=answers)
        level = logging.WARNING if report.has_errors or report.has_unknowns else logging.INFO
        log.log(level, "Before the creation:\n%s", "\n".join(write_lines(report)))
        push(PREFLIGHT_XCOM_KEY, report.as_json())
        # What the rules say of the plan itself was judged before, by on_findings.
        errors = report.list_errors(known=plan)
        if errors and reaction is Reaction.FAIL:
            reasons = "; ".join(f"{row.code} {row.where}: {row.message}" for row in errors)
            raise PreflightFailedError(f"{subject.name} was not created: {reasons}")

    return (lambda: None) if reaction is Reaction.IGNORE else look_before_creation
