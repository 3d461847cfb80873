"""A check's page, generated from its own text, so that the page and the code agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.rules.page import link_paragraphs

if TYPE_CHECKING:
    from airflow_masq.preflight.check import Check


def write_check_page(check: Check) -> str:
    """Write a check's page as Markdown: title, what is asked, why, how to fix."""
    title, _, body = (check.text or "").strip().partition("\n")
    head = "Answer: ok, warning, error or unknown · Asked by `airflow-masq preflight` and before a creation"
    return f"# {check.code}: {title.rstrip('.')}\n\n{head}\n\n{link_paragraphs(body.strip())}\n"
