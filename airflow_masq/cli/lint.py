"""``airflow-masq lint PLAN``: what is wrong with a plan, before any money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.files import read_plan, shown_name
from airflow_masq.cli.output import Colour, aligned, paint, print_json, print_lines, wrapped
from airflow_masq.rules import Finding, Severity, all_rules, lint
from airflow_masq.text import format_count

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from airflow_masq.plan import Plan

_COLOURS: Final = {Severity.ERROR: Colour.BAD, Severity.WARNING: Colour.DOUBTFUL, Severity.INFO: Colour.QUIET}
_INDENT: Final = "    "
_FIX_HEADING: Final = "## How to fix"
_MOST_NEXT_STEPS: Final = 5


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes.

    :param parser: the command's parser.
    """
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")


def run(arguments: Namespace) -> int:
    """Lint a plan.

    :param arguments: as ``add_arguments`` declared them, and ``format``.
    :return: 1 where a finding is an error, else 0.
    :raises InvalidInputError: when the plan cannot be read.
    """
    plan = read_plan(arguments.plan)
    severities = tuple(Severity)
    findings = sorted(lint(plan), key=lambda finding: severities.index(finding.severity))
    if arguments.format == "json":
        print_json({"findings": [_as_json(finding) for finding in findings]})
    else:
        print_lines(*_report(plan, findings, name=arguments.plan))
    return int(any(finding.severity is Severity.ERROR for finding in findings))


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "message": finding.message,
        "provenance": finding.provenance.value,
    }


def _report(plan: Plan, findings: list[Finding], *, name: str) -> Iterator[str]:
    source = shown_name(name)
    if not findings:
        yield f"{source}: {paint('no findings', colour=Colour.GOOD)}."
        yield f"Next: see which source address a service gets (airflow-masq explain {source} ADDRESS)."
        return
    places = [(f"{source}:{plan.line_of(finding.where) or 1}:", finding.where) for finding in findings]
    heads = aligned((place, finding.code, where) for finding, (place, where) in zip(findings, places, strict=True))
    width = max(len(severity.value) for severity in Severity)
    for finding, head in zip(findings, heads, strict=True):
        yield f"{paint(finding.severity.value.ljust(width), colour=_COLOURS[finding.severity])}  {head}"
        yield wrapped(finding.message, indent=_INDENT)
        yield paint(f"{_INDENT}docs/rules/{finding.code}.md, {finding.provenance}", colour=Colour.QUIET)
        yield ""
    yield f"{source}: {_counts(findings)}."
    yield from _next_steps(findings)


def _counts(findings: Iterable[Finding]) -> str:
    found = [finding.severity for finding in findings]
    nouns = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
    return ", ".join(
        format_count(found.count(severity), noun=noun) for severity, noun in nouns.items() if severity in found
    )


def _next_steps(findings: Iterable[Finding]) -> Iterator[str]:
    """Say how to fix what was found first, each code once; the rest has its pages."""
    rules = {rule.code: rule.text or "" for rule in all_rules()}
    codes = list(dict.fromkeys(finding.code for finding in findings))
    for code in codes[:_MOST_NEXT_STEPS]:
        title, _, rest = rules[code].strip().partition("\n")
        fix = rest.partition(_FIX_HEADING)[2].strip().partition("\n\n")[0]
        yield wrapped(f"Next, {code} ({title.rstrip('.')}): {' '.join(fix.split())}", indent=_INDENT, first="")
    left = codes[_MOST_NEXT_STEPS:]
    if left:
        yield wrapped(f"Then {', '.join(left)}: each page says how to fix it.", indent=_INDENT, first="")
