"""The parts of every check: what was asked, the answer, and a sentence that says what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_masq.facts.silence import find_remedy
from airflow_masq.network.provenance import Provenance
from airflow_masq.preflight.answers import Answers, Asked, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject


class Standing(StrEnum):
    """What a check found, the most urgent first; the words are those of a finding's severity where it has them."""

    ERROR = "error"  # the creation fails, or the environment does not work
    WARNING = "warning"  # it probably does
    UNKNOWN = "unknown"  # the question has no answer
    OK = "ok"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check found. It has a finding's fields, so that one table shows both.

    :param code: ``MASQ5xx``.
    :param where: the place in the plan.
    :param message: what was found, and what to do.
    :param asked: the calls that told it, separated by commas.
    :param provenance: how it is known.
    """

    code: str
    severity: Standing
    where: str
    message: str
    asked: str
    provenance: Provenance

    def as_json(self) -> dict[str, str]:
        """Write the result as JSON values, for commands and XComs."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "where": self.where,
            "message": self.message,
            "provenance": self.provenance.value,
            "asked": self.asked,
        }


@dataclass(frozen=True, kw_only=True)
class Told:
    """One sentence of a check, before it becomes a result.

    :param asked: the questions that it rests on.
    """

    severity: Standing
    where: str
    message: str
    asked: tuple[Asked[object], ...]
    provenance: Provenance = Provenance.OBSERVED


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check, as its file declares it.

    :param run: judges the answers; pure.
    :param text: its user text in Markdown, the docstring of its file, in the form of a rule's.
    """

    code: str
    run: Callable[[Subject, Plan, Answers], Iterable[Told]]
    text: str | None

    def apply(self, subject: Subject, *, plan: Plan, answers: Answers) -> list[Result]:
        """Apply the check."""
        return [
            Result(
                code=self.code,
                severity=told.severity,
                where=told.where,
                message=told.message,
                asked=", ".join(dict.fromkeys(each.what for each in told.asked)),
                provenance=told.provenance,
            )
            for told in self.run(subject, plan, answers)
        ]


def tell_unknown(asked: Asked[object], *, what: str, where: str, role: str) -> Told:
    """Say that something is unknown, why, and which role would show it.

    :param what: as the sentence begins: ``How full the ranges are``.
    :param role: the role that shows it, and where it is needed: ``roles/browser in project P``.
    """
    answer = asked.answer
    if not isinstance(answer, Unanswered):
        raise TypeError(f"{asked.what} has an answer")
    message = f"{what} unknown: {answer.reason}; {find_remedy(answer.silence, role=role)}."
    return Told(severity=Standing.UNKNOWN, where=where, message=message, asked=(asked,))
