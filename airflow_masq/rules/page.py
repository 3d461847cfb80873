"""A rule's page, generated from the rule itself, so that the page and the code agree."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from airflow_masq.sources import link_sources

if TYPE_CHECKING:
    from airflow_masq.rules.rule import Rule

_FIX_HEADING: Final = "## How to fix"
_WIDTH: Final = 120


def write_page(rule: Rule) -> str:
    """Write a rule's page as Markdown: title, what it means, why, a bad example, a good example, how to fix."""
    title, _, body = (rule.text or "").strip().partition("\n")
    meaning, _, fix = body.strip().partition(_FIX_HEADING)
    sections = (
        f"# {rule.code}: {title.rstrip('.')}",
        f"Severity: {rule.severity} · Provenance: {rule.provenance}",
        link_paragraphs(meaning.strip()),
        f"## Bad\n\n{_format_yaml(rule.bad)}",
        f"## Good\n\n{_format_yaml(rule.good)}",
        f"{_FIX_HEADING}\n\n{link_paragraphs(fix.strip())}",
    )
    return "\n\n".join(sections) + "\n"


def link_paragraphs(text: str) -> str:
    """Link the sources; a paragraph that names some is wrapped again, so lists must name none."""
    return "\n\n".join(_link_paragraph(paragraph) for paragraph in text.split("\n\n"))


def _link_paragraph(paragraph: str) -> str:
    linked = link_sources(paragraph)
    if linked == paragraph:
        return linked
    return textwrap.fill(linked, width=_WIDTH, break_long_words=False, break_on_hyphens=False)


def _format_yaml(plan: str) -> str:
    return f"```yaml\n{plan.strip()}\n```"
