"""What the README and the pages in docs/ show works unchanged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from airflow_masq.plan import load_plan
from airflow_masq.rules import Severity, lint
from airflow_masq.verdict import write_reports
from tests.verdict.reports import passing, report

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def blocks(language: str, *, page: Path = PAGES[0]) -> list[str]:
    """Give the code blocks of one language in a page, by default the README."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_its_plan_can_be_read_and_has_no_errors() -> None:
    """A user who copies the example plan gets a plan that lints without an error."""
    (text,) = blocks("yaml")
    plan = load_plan(text, source="README.md")
    assert [target.name for target in plan.targets] == ["onprem-erp"]
    assert not [finding for finding in lint(plan) if finding.severity is Severity.ERROR]


@pytest.mark.airflow
@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks("python", page=page)])
def test_python_runs(block: str) -> None:
    """Every snippet brings its imports, and makes the operator or writes the forms that it shows."""
    names: dict[str, Any] = {}
    exec(compile(block, "snippet", "exec"), names)  # noqa: S102 - the project's own text
    if "write_forms" in names:
        junit, prometheus = names["write_forms"](write_reports([report(passing())]))
        assert "<testcase" in junit
        assert "airflow_masq_verdict" in prometheus
