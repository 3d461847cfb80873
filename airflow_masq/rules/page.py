"""A rule's page, generated from the rule itself, so that the page and the code agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_masq.rules.rule import Rule

_FIX_HEADING: Final = "## How to fix"


def write_page(rule: Rule) -> str:
    """Write a rule's page as Markdown: title, what it means, why, a bad example, a good example, how to fix."""
    title, _, body = (rule.text or "").strip().partition("\n")
    meaning, _, fix = body.strip().partition(_FIX_HEADING)
    sections = (
        f"# {rule.code}: {title.rstrip('.')}",
        f"Severity: {rule.severity} · Provenance: {rule.provenance}",
        meaning.strip(),
        f"## Bad\n\n{_format_yaml(rule.bad)}",
        f"## Good\n\n{_format_yaml(rule.good)}",
        f"{_FIX_HEADING}\n\n{fix.strip()}",
    )
    return "\n\n".join(sections) + "\n"


def _format_yaml(plan: str) -> str:
    return f"```yaml\n{plan.strip()}\n```"
