"""``rule`` shows the pages of codes, which the wheel does not carry as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.console import Console

PAGES = {path.stem: path for path in (Path(__file__).parents[2] / "docs" / "rules").glob("MASQ*.md")}


@pytest.mark.parametrize("code", ["MASQ101", "MASQ309", "MASQ411", "masq462"])
def test_a_code_shows_its_page(console: Console, code: str) -> None:
    """What is printed is the page of the documentation, in any case of letters."""
    answer = console.run("rule", code)
    assert (answer.code, answer.complaint) == (0, "")
    page = PAGES[code.upper()].read_text(encoding="utf-8")
    assert answer.printed == page
    as_json = json.loads(console.run("rule", code, "--format", "json").printed)
    assert (as_json["code"], as_json["page"]) == (code.upper(), page)
    assert page.startswith(f"# {code.upper()}: {as_json['title']}\n")


def test_a_number_is_a_code_too(console: Console) -> None:
    """A code's number is enough."""
    assert console.run("rule", "309") == console.run("rule", "MASQ309")
    assert console.run("rule", "999").complaint.endswith("airflow-masq rule lists, saw '999'\n")


def test_without_a_code_all_are_listed(console: Console) -> None:
    """Every code that has a page is listed with its title, in order."""
    lines = console.run("rule").printed.splitlines()
    assert [line.split()[0] for line in lines] == sorted(PAGES)
    listed = json.loads(console.run("rule", "--format", "json").printed)
    assert [each["code"] for each in listed] == sorted(PAGES)
    assert all(each["title"] for each in listed)


def test_a_code_that_does_not_exist_is_refused_with_the_nearest(console: Console) -> None:
    """A mistyped code is wrong usage, and the message names one that exists."""
    answer = console.run("rule", "MASQ309A")
    assert answer.code == 2
    assert answer.complaint.startswith("CODE: expected a code that airflow-masq rule lists (did you mean MASQ309?)")
    assert console.run("rule", "everything").complaint == (
        "CODE: expected a code that airflow-masq rule lists, saw 'everything'\n"
    )
