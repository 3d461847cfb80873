"""The parts of every rule: its severity, its problems and its findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_masq.network.provenance import Provenance
    from airflow_masq.plan import Plan


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # the plan will not work
    WARNING = "warning"  # the plan probably does not do what was intended
    INFO = "info"  # a remark

    @property
    def noun(self) -> str:
        """The word for a finding of this severity, as people read it."""
        return "remark" if self is Severity.INFO else self.value


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem that a rule's check found.

    :param where: the place in the plan.
    :param message: what is wrong and what to do, in a few short sentences.
    :param severity: default the rule's own.
    :param provenance: how this is known, default the rule's own.
    """

    where: str
    message: str
    severity: Severity | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem of a plan, as users see it.

    :param code: ``MASQ1xx`` for environments, ``MASQ2xx`` for ranges, ``MASQ3xx`` for policies.
    :param severity: how much it matters.
    :param where: the place in the plan.
    :param message: what is wrong and what to do, in a few short sentences.
    :param provenance: how this is known.
    """

    code: str
    severity: Severity
    where: str
    message: str
    provenance: Provenance

    def as_json(self) -> dict[str, str]:
        """Write the finding as JSON values, for commands and XComs."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "where": self.where,
            "message": self.message,
            "provenance": self.provenance.value,
        }


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, as its file declares it.

    :param code: its code; its file is named after it.
    :param severity: of its findings, unless a problem has its own.
    :param provenance: how it is known, unless a problem has its own.
    :param check: finds the problems of a plan; pure.
    :param text: its user text in Markdown, the docstring of its file: a title, what it means, then the sections "Why"
        and "How to fix".
    :param bad: a plan with the problem.
    :param good: the same plan without the problem.
    """

    code: str
    severity: Severity
    provenance: Provenance
    check: Callable[[Plan], Iterable[Problem]]
    text: str | None
    bad: str
    good: str

    def apply(self, plan: Plan) -> list[Finding]:
        """Apply the rule to a plan."""
        return [
            Finding(
                code=self.code,
                severity=problem.severity or self.severity,
                where=problem.where,
                message=problem.message,
                provenance=problem.provenance or self.provenance,
            )
            for problem in self.check(plan)
        ]
