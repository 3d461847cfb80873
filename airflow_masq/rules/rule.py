"""What a rule is, and what it finds; it must know no rule."""

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

    ERROR = "error"  # as the plan stands it will not work
    WARNING = "warning"  # it probably is not what was meant
    INFO = "info"  # worth knowing


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What one check complains about.

    :param where: the place in the plan.
    :param message: one sentence or two, for a person.
    :param severity: default the rule's own.
    :param provenance: how we know, default the rule's own.
    """

    where: str
    message: str
    severity: Severity | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule's complaint about a plan.

    :param code: ``MASQ1xx`` for environments, ``MASQ2xx`` for ranges, ``MASQ3xx`` for policies.
    :param severity: how much it matters.
    :param where: the place in the plan.
    :param message: one sentence or two, for a person.
    :param provenance: how we know.
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
    :param severity: of its findings, unless one says otherwise.
    :param provenance: how we know, unless a problem says otherwise.
    :param check: gives the problems of a plan; pure.
    :param text: its user text in Markdown, the docstring of its file: a title, what it means, then the sections "Why"
        and "How to fix".
    :param bad: a plan that it complains about.
    :param good: the same plan put right.
    """

    code: str
    severity: Severity
    provenance: Provenance
    check: Callable[[Plan], Iterable[Problem]]
    text: str | None
    bad: str
    good: str

    def findings(self, plan: Plan) -> list[Finding]:
        """Apply the rule.

        :param plan: the plan.
        :return: what it complains about.
        """
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
