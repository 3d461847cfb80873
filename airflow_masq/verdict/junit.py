"""Reports as JUnit XML, which CI servers show as test results.

    environment ─▶ testsuite        target on a worker ─▶ testcase
    FAIL ─▶ failure                 ERROR, INCONCLUSIVE ─▶ error, since what proves nothing must not look green

Texts may come from observers, so each is one printable line: XML has no form for control characters at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape as escape_xml
from xml.sax.saxutils import quoteattr

from airflow_masq.text import escape_again, format_count
from airflow_masq.verdict.verdict_code import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_masq.verdict.report import Report, Verdict

_ELEMENT_OF_OUTCOME: Final = {Outcome.FAIL: "failure", Outcome.ERROR: "error", Outcome.INCONCLUSIVE: "error"}


def render_junit(reports: Sequence[Report]) -> str:
    """Write reports as JUnit XML: one suite for each environment, one case for each verdict and each problem.

    :return: a document without an encoding of its own, which ends with a line end; write it as UTF-8.
    """
    suites = [line for report in reports for line in _write_suite(report)]
    return "\n".join(['<?xml version="1.0"?>', "<testsuites>", *suites, "</testsuites>", ""])


def _write_suite(report: Report) -> Iterator[str]:
    counts = report.counts
    errors = counts[Outcome.ERROR] + counts[Outcome.INCONCLUSIVE] + len(report.problems)
    seconds = sum(map(_measure, report.verdicts))
    yield (
        f"  <testsuite name={_quote(report.environment)}"
        f' tests="{sum(counts.values()) + len(report.problems)}" failures="{counts[Outcome.FAIL]}"'
        f' errors="{errors}" time="{seconds:.3f}">'
    )
    yield f'    <properties><property name="coverage" value={_quote(report.coverage)}/></properties>'
    for verdict in report.verdicts:
        yield from _write_case(verdict)
    for problem in report.problems:
        yield '    <testcase name="report" classname="airflow-masq" time="0.000">'
        yield f'      <error type="ERROR" message={_quote(problem)}/>'
        yield "    </testcase>"
    for outcome, number in report.omitted.items():
        yield from _write_omission(outcome, number=number)
    yield "  </testsuite>"


def _write_case(verdict: Verdict) -> Iterator[str]:
    name = f"{verdict.target} from {verdict.vantage.hostname}"
    classname = verdict.node_label or "unknown node"
    opening = (
        f"    <testcase name={_quote(name)} classname={_quote(classname)} time={_quote(f'{_measure(verdict):.3f}')}>"
    )
    yield opening
    element = _ELEMENT_OF_OUTCOME.get(verdict.outcome)
    if element is not None:
        yield f"      <{element} type={_quote(verdict.code)} message={_quote(f'{verdict.outcome}: {verdict.reason}')}/>"
    lines = [
        f"{verdict.code}: {verdict.reason}",
        *(f"{finding.code}: {finding.message}" for finding in verdict.findings),
        f"vouched by: {', '.join(verdict.vouched_by) or 'nothing'}",
    ]
    yield f"      <system-out>{escape_xml(chr(10).join(escape_again(line) for line in lines))}</system-out>"
    yield "    </testcase>"


def _write_omission(outcome: Outcome, *, number: int) -> Iterator[str]:
    """Write one case that stands for the verdicts of an outcome that had no room in the report."""
    name = _quote(f"{format_count(number, noun='more verdict')}, {outcome}")
    yield f'    <testcase name={name} classname="airflow-masq" time="0.000">'
    element = _ELEMENT_OF_OUTCOME.get(outcome)
    if element is not None:
        yield f"      <{element} type={_quote(outcome)} message={name}/>"
    yield "    </testcase>"


def _measure(verdict: Verdict) -> float:
    return sum(observation.duration_seconds for observation in verdict.evidence)


def _quote(text: str) -> str:
    return quoteattr(escape_again(text))
