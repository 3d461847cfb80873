"""The reference's pages say what the code says; ``scripts/reference_pages.py`` writes them.

``AIRFLOW_MASQ_WRITE_PAGES=1`` writes them from here, too.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from airflow_masq.get_provider_info import get_provider_info
from scripts.reference_pages import PAGES

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    """A page of the reference cannot drift from the code that it is made from."""
    page = REPOSITORY / name
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        page.write_text(PAGES[name](), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == PAGES[name]()


@pytest.mark.parametrize("kind", ["operators", "sensors", "hooks"])
def test_every_class_that_airflow_shows_is_there(kind: str) -> None:
    """Each module that the provider declares has a class on the page."""
    page = PAGES["docs/operators.md"]()
    modules = [module for group in get_provider_info()[kind] for module in group["python-modules"]]
    assert [module for module in modules if f"`from {module} import " not in page] == []


def test_every_argument_has_a_meaning() -> None:
    """A reader finds no argument without a word about it."""
    _, *items = PAGES["docs/operators.md"]().split("\n- **")
    assert len(items) > 50
    assert [item for item in items if item.partition("\n\n")[0].rstrip().endswith("):")] == []


def test_every_code_is_listed() -> None:
    """Each page of a code can be reached from the list."""
    listed = PAGES["docs/rules/README.md"]()
    pages = {path.stem for path in (REPOSITORY / "docs" / "rules").glob("MASQ*.md")}
    assert {code for code in pages if f"[{code}]({code}.md)" in listed} == pages


def test_pages_need_no_airflow() -> None:
    """The script reads the operators' files and does not import them."""
    tree = ast.parse((REPOSITORY / "scripts" / "reference_pages.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {module for module in modules if module and "operators" in module}
