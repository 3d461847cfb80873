"""What a preflight found: the checks' results, the rules' findings on the plan with numbers, addresses to allowlist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.preflight.allowlist import AllowlistEntry, list_allowlist
from airflow_masq.preflight.check import Result, Standing
from airflow_masq.preflight.completing import complete_plan
from airflow_masq.preflight.registry import list_checks
from airflow_masq.rules import Finding, Severity, lint
from airflow_masq.rules.views.targets import predict_targets

if TYPE_CHECKING:
    from airflow_masq.plan import Plan
    from airflow_masq.preflight.answers import Answers
    from airflow_masq.preflight.subject import Subject

# A rule's remark is less urgent than a question without an answer.
_ORDER: Final = ("error", "warning", "unknown", "info", "ok")


@dataclass(frozen=True, kw_only=True)
class PreflightReport:
    """All that a preflight found.

    :param results: of the checks.
    :param findings: of the rules, on the completed plan.
    :param plan: the completed plan.
    :param allowlist: the addresses to allowlist.
    """

    environment: str
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    plan: Plan
    allowlist: tuple[AllowlistEntry, ...]

    @property
    def rows(self) -> tuple[Result | Finding, ...]:
        """Results and findings in one list, the most urgent first, each kind in the order of codes."""
        rows: list[Result | Finding] = [*self.results, *self.findings]
        return tuple(sorted(rows, key=lambda row: (_ORDER.index(row.severity), row.code)))

    @property
    def has_errors(self) -> bool:
        """Whether a check or a rule found an error."""
        return any(row.severity == Severity.ERROR for row in self.rows)

    def list_errors(self, *, known: Plan) -> tuple[Result | Finding, ...]:
        """List the errors, without those that the rules find in the plan as it was before.

        :param known: the plan before it was completed.
        """
        before = frozenset(lint(known))
        return tuple(row for row in self.rows if row.severity == Severity.ERROR and row not in before)

    @property
    def has_unknowns(self) -> bool:
        """Whether a question has no answer."""
        return any(result.severity is Standing.UNKNOWN for result in self.results)

    def as_json(self) -> dict[str, object]:
        """Write the report as JSON values, for commands and XComs."""
        ranges = self.plan.ranges
        return {
            "environment": self.environment,
            "checks": [result.as_json() for result in self.results],
            "findings": [finding.as_json() for finding in self.findings],
            "network": {
                "node_ranges": [str(network) for network in ranges.node],
                "pod_ranges": [str(network) for network in ranges.pod],
                "service_ranges": [str(network) for network in ranges.service],
                "nat_addresses": [str(address) for address in ranges.nat_addresses],
                "nat_covers": sorted(kind.value for kind in ranges.nat_covers),
                "nodes": self.plan.capacity.nodes,
            },
            "predictions": [
                {
                    "target": predicted.target.name,
                    "source_kind": predicted.prediction.source_kind.value,
                    "source": [str(network) for network in predicted.prediction.sources],
                    "masqueraded": predicted.prediction.masqueraded,
                }
                for predicted in predict_targets(self.plan)
            ],
            "addresses_to_allowlist": [entry.as_json() for entry in self.allowlist],
        }


def make_report(subject: Subject, *, plan: Plan, answers: Answers) -> PreflightReport:
    """Judge the answers about a plan, complete the plan, and lint it."""
    completed = complete_plan(subject, plan=plan, answers=answers)
    results = (result for check in list_checks() for result in check.apply(subject, plan=plan, answers=answers))
    return PreflightReport(
        environment=str(subject.name),
        results=tuple(results),
        findings=lint(completed),
        plan=completed,
        allowlist=list_allowlist(subject, completed, answers),
    )
