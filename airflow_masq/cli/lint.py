"""``airflow-masq lint PLAN``: finds what is wrong with a plan, before any money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrap
from airflow_masq.plan_file import read_plan_file, show_name
from airflow_masq.rules import Finding, Severity, lint, list_rules
from airflow_masq.text import align, format_count

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from airflow_masq.plan import Plan

_COLOURS: Final = {Severity.ERROR: Colour.BAD, Severity.WARNING: Colour.DOUBTFUL, Severity.INFO: Colour.QUIET}
_INDENT: Final = "    "
_FIX_HEADING: Final = "## How to fix"
_MOST_NEXT_STEPS: Final = 5


EXIT_CODES: Final = {
    0: "no finding is an error; there may be warnings and remarks",
    1: "a finding is an error",
    2: "wrong usage, or a plan that cannot be read",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")


def run(arguments: Namespace) -> int:
    """Return 1 if a finding is an error, else 0.

    :raises InvalidInputError: the plan cannot be read.
    """
    plan = read_plan_file(arguments.plan)
    severities = tuple(Severity)
    findings = sorted(lint(plan), key=lambda finding: severities.index(finding.severity))
    if arguments.format == "json":
        print_json({"findings": [finding.as_json() for finding in findings]})
    else:
        print_lines(*_report(plan, findings, source=show_name(arguments.plan)))
    return int(any(finding.severity is Severity.ERROR for finding in findings))


def _report(plan: Plan, findings: Sequence[Finding], *, source: str) -> Iterator[str]:
    if not findings:
        yield f"{source}: {paint('no findings', colour=Colour.GOOD)}."
        yield f"Next: run airflow-masq explain {source} ADDRESS to predict the source address of packets to a service."
        return
    heads = align(
        (f"{source}:{plan.find_line(finding.where) or 1}:", finding.code, finding.where) for finding in findings
    )
    width = max(len(each.noun) for each in Severity)
    for finding, head in zip(findings, heads, strict=True):
        yield f"{paint(finding.severity.noun.ljust(width), colour=_COLOURS[finding.severity])}  {head}"
        yield wrap(finding.message, indent=_INDENT)
        yield paint(f"{_INDENT}airflow-masq rule {finding.code} ({finding.provenance})", colour=Colour.QUIET)
        yield ""
    found = [finding.severity for finding in findings]
    counts = [format_count(found.count(each), noun=each.noun) for each in Severity if each in found]
    yield f"{source}: {', '.join(counts)}."
    yield from _list_next_steps(findings)


def _list_next_steps(findings: Sequence[Finding]) -> Iterator[str]:
    """Say how to fix the first codes; for the others, name their pages."""
    texts = {rule.code: rule.text or "" for rule in list_rules()}
    codes = list(dict.fromkeys(finding.code for finding in findings))
    for code in codes[:_MOST_NEXT_STEPS]:
        title, _, rest = texts[code].strip().partition("\n")
        fix = rest.partition(_FIX_HEADING)[2].strip().partition("\n\n")[0]
        yield wrap(f"Next, {code} ({title.rstrip('.')}): {' '.join(fix.split())}", indent=_INDENT, first="")
    left = codes[_MOST_NEXT_STEPS:]
    if left:
        yield wrap(f"Then {', '.join(left)}: see airflow-masq rule CODE.", indent=_INDENT, first="")
