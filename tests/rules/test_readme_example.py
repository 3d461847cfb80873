"""What the README shows as a plan is a plan that this package finds nothing wrong with."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_masq.plan import load_plan
from airflow_masq.rules import lint

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_plan_is_clean() -> None:
    """The README's plan has no findings."""
    plans = [
        text
        for text in re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
        if "targets:" in text
    ]
    assert plans
    for text in plans:
        plan = load_plan(text, source="README.md")
        assert plan.targets
        assert lint(plan) == ()
