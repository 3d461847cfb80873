"""What the README shows works unchanged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_masq.plan import load_plan
from airflow_masq.rules import Severity, lint

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Give the README's code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_its_plan_can_be_read_and_has_no_errors() -> None:
    """A user who copies the example plan gets a plan that lints without an error."""
    (text,) = blocks("yaml")
    plan = load_plan(text, source="README.md")
    assert [target.name for target in plan.targets] == ["onprem-erp"]
    assert not [finding for finding in lint(plan) if finding.severity is Severity.ERROR]


@pytest.mark.airflow
@pytest.mark.parametrize("block", blocks("python"))
def test_its_python_runs(block: str) -> None:
    """Every snippet brings its imports and makes the operator that it shows."""
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - the project's own text
