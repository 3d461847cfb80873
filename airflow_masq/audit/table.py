"""An audit as text for people: what could not be asked, the environments, why, what has drifted, and the totals.

It shows at most 200 environments, the worst first; the others are counted. Colours are the caller's.
"""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from airflow_masq.audit.masquerading import Masquerading
from airflow_masq.rules import Severity
from airflow_masq.text import align, escape, format_count, join_words, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_masq.audit.audit import Audit, AuditedEnvironment

WORDS: Final = {
    Masquerading.UNKNOWN: "not known",
    Masquerading.NEVER: "never can be",
    Masquerading.RECREATE: "must be re-created",
    Masquerading.MASQUERADED: "masqueraded",
}
"""The words of tables."""

TASK_LOG_WIDTH: Final = 200
"""Task logs are scrolled, not wrapped."""

_HEADER: Final = ("MASQUERADING", "ENVIRONMENT", "PROJECT", "REGION", "STATE", "IMAGE", "FINDINGS")
_INDENT: Final = "    "
_MOST_ROWS: Final = 200
_MOST_DRIFTS: Final = 100
_MOST_NAMES: Final = 5
_MOST_DIFF_LINES: Final = 40
_LONGEST_CELL: Final = 70


def render_audit(audit: Audit, *, width: int = TASK_LOG_WIDTH) -> str:
    """Write an audit as text.

    :param width: how many characters a line of prose may have; the table may be wider.
    :return: lines without a closing line end.
    """

    def wrap(text: str, *, indent: str = _INDENT) -> list[str]:
        return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

    lines = _lay_out(audit)
    for each in _describe_not_asked(audit):
        lines += wrap(each)
    for each in _explain_standings(audit.environments):
        lines += wrap(each)
    for each in _describe_findings(audit.environments):
        lines += wrap(each)
    for drift in audit.drift[:_MOST_DRIFTS]:
        where = escape(drift.environment.rpartition("/")[2])
        lines += wrap(f"Drift, {drift.severity.noun}: {where}, against the {drift.against}: {drift.message}")
        lines += [f"{_INDENT}{line}" for line in drift.diff[:_MOST_DIFF_LINES]]
        if more_lines := len(drift.diff[_MOST_DIFF_LINES:]):
            lines.append(f"{_INDENT}… {format_count(more_lines, noun='more line')}")
    if more_drifts := len(audit.drift[_MOST_DRIFTS:]):
        lines.append(f"and {format_count(more_drifts, noun='more drift')}, none worse than these")
    for each in _summarise(audit):
        lines += wrap(each)
    return "\n".join(lines)


def summarise_totals(audit: Audit) -> str:
    """Write the totals as one line."""
    count = sum(audit.totals.values())
    kinds = ", ".join(f"{number} {WORDS[kind]}" for kind, number in audit.totals.items() if number)
    severities = [format_count(number, noun=each.noun) for each, number in audit.severities.items() if number]
    texts = [format_count(count, noun="environment") + (f": {kinds}" if kinds else "")]
    texts.append(", ".join(severities) or "no findings")
    regions = sum(len(each.regions) for each in audit.not_asked)
    if regions:
        texts.append(f"{format_count(regions, noun='region')} could not be asked")
    return "; ".join(texts)


def _lay_out(audit: Audit) -> list[str]:
    """Lay out the table: what could not be asked first, then the environments."""
    rows: list[tuple[str, ...]] = [
        (
            "not asked",
            "-",
            shorten(escape(each.project), limit=_LONGEST_CELL),
            each.regions[0] if len(each.regions) == 1 else f"{len(each.regions)} regions",
            "-",
            "-",
            each.status,
        )
        for each in audit.not_asked
    ]
    rows += [
        (
            WORDS[each.standing.masquerading],
            *(shorten(text, limit=_LONGEST_CELL) for text in (each.record.environment_id, each.record.project)),
            each.record.region,
            each.record.state,
            each.record.image_version or "-",
            _count_findings(each),
        )
        for each in audit.environments[:_MOST_ROWS]
    ]
    if not rows:
        return []
    lines = align([_HEADER, *rows])
    left_out = len(audit.environments[_MOST_ROWS:]) + audit.omitted.total()
    if left_out:
        lines.append(f"and {format_count(left_out, noun='more environment')}, none worse than these")
    return [*lines, ""]


def _count_findings(each: AuditedEnvironment) -> str:
    """Count findings by their codes: ``1 error (MASQ101)``."""
    texts = []
    for severity in Severity:
        codes = [finding.code for finding in each.findings if finding.severity is severity]
        if codes:
            texts.append(f"{format_count(len(codes), noun=severity.noun)} ({join_words(dict.fromkeys(codes))})")
    if each.problems:
        texts.append("not all was read")
    return ", ".join(texts) or "none"


def _describe_not_asked(audit: Audit) -> Iterator[str]:
    for each in audit.not_asked:
        regions = join_words(each.regions, most=_MOST_NAMES)
        yield f"Not asked: {escape(each.project)}, {regions}: {each.status}: {each.problem}. Next: {each.next_step}"
    for environment in audit.environments:
        for problem in environment.problems:
            yield f"Not read: {environment.record.environment_id}: {problem}"
    if audit.not_offered:
        yield f"The service knows no region named {join_words(audit.not_offered)}, so no environment can be there."


def _explain_standings(environments: Sequence[AuditedEnvironment]) -> Iterator[str]:
    """Explain each standing once, with the environments that it is of."""
    alike: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
    for each in environments:
        standing = each.standing
        if standing.masquerading is not Masquerading.MASQUERADED:
            rank = tuple(Masquerading).index(standing.masquerading)
            alike[rank, standing.reason, standing.code].append(each.record.environment_id)
    for (rank, reason, code), names in sorted(alike.items()):
        page = f" Why: airflow-masq rule {code}" if code else ""
        yield f"{WORDS[tuple(Masquerading)[rank]].capitalize()}: {join_words(names, most=_MOST_NAMES)}. {reason}{page}"


def _describe_findings(environments: Iterable[AuditedEnvironment]) -> Iterator[str]:
    """Tell each finding once, with the environments that have it, unless their standing has told it."""
    alike: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
    severities = tuple(Severity)
    for each in environments:
        for finding in (one for one in each.findings if one.code != each.standing.code):
            alike[severities.index(finding.severity), finding.code, finding.message].append(each.record.environment_id)
    for (rank, code, message), names in sorted(alike.items()):
        yield f"{severities[rank].noun.capitalize()} {code}: {join_words(names, most=_MOST_NAMES)}. {message}"


def _summarise(audit: Audit) -> Iterator[str]:
    """Say how much was asked and found, and with what it was compared."""
    asked = len(audit.known_places)
    every = len(audit.projects) * len(audit.regions)
    projects = format_count(len(audit.projects), noun="project")
    yield f"{summarise_totals(audit)}. Asked: {asked} of {format_count(every, noun='region')} of {projects}."
    if audit.compared_with is not None:
        drift = Counter(each.against for each in audit.drift)["last audit"]
        changes = "nothing has changed" if not drift else format_count(drift, noun="change")
        yield f"Compared with the audit of {audit.compared_with.isoformat(timespec='minutes')}: {changes}."
    if not audit.is_complete:
        yield "This audit is not complete: what could not be asked or judged may be anything."
