"""What an operator takes for a plan's path, and what for its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan_file import read_plan

if TYPE_CHECKING:
    from pathlib import Path

PLAN = {"network": {"workers": 7}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PLAN),
        json.dumps(PLAN, indent=2),
        "network: {workers: 7}",
        "\nnetwork:\n  workers: 7\n",
        "# my plan\nnetwork:\n  workers: 7\n",
    ],
)
def test_the_text_of_a_plan_is_read_as_such(text: str) -> None:
    """A plan that was pasted, as JSON or as YAML, is read like a file."""
    assert read_plan(text).ranges.workers == 7


@pytest.mark.parametrize("form", ["{}", "{}\n", "  {}"])
def test_a_path_is_read_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """A path, absolute or not and with blanks around it, leads to the file."""
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN))
    monkeypatch.chdir(tmp_path)
    assert read_plan(form.format("plan.yaml")).ranges.workers == 7
    assert read_plan(str(tmp_path / "plan.yaml")).ranges.workers == 7


def test_an_error_in_a_pasted_plan_names_its_line() -> None:
    """What is wrong with a pasted text is said with the line, as of a file."""
    with pytest.raises(InvalidInputError, match=r"^plan:2: network\.worker: expected one of .*did you mean workers"):
        read_plan("network:\n  worker: 7\n")
