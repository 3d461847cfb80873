"""What the architecture promises and import-linter cannot see: sizes, names, and what a package's front door holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ("airflow_masq", "lab", "dags", "benchmarks", "scripts", "tests")
MODULES = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
MODULE_LINES = 500
FUNCTION_LINES = 50
NAMES_OF_NOTHING = {"utils", "util", "common", "helpers", "helper", "core", "misc"}


def named(path: Path) -> str:
    """Name a module as it is found from the top of the repository."""
    return str(path.relative_to(REPOSITORY))


def test_modules_can_be_read_in_one_sitting() -> None:
    """No module is longer than 500 lines."""
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines from ``def`` to its end, without its docstring."""
    documentation = function.body[0] if ast.get_docstring(function) else None
    skipped = documentation.end_lineno - documentation.lineno + 1 if documentation and documentation.end_lineno else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - skipped


def test_functions_fit_on_a_screen() -> None:
    """No function has more than 50 lines beside its docstring."""
    lengths = {
        f"{named(path)}: {node.name}": lines_of_code(node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_names_say_what_is_inside() -> None:
    """No module or package is named for nothing in particular."""
    assert [named(path) for path in MODULES if NAMES_OF_NOTHING & {*Path(named(path)).parts, path.stem}] == []


def test_front_doors_hold_exports_only() -> None:
    """A package's ``__init__`` is a docstring, imports and names: no behaviour."""
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)
    doors = {named(path): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES if path.stem == "__init__"}
    assert [name for name, door in doors.items() if not ast.get_docstring(door)] == []
    assert [name for name, door in doors.items() if not all(isinstance(node, allowed) for node in door.body)] == []


@pytest.mark.parametrize("folder", ["airflow_masq", "lab"])
def test_tests_mirror_the_package(folder: str) -> None:
    """Every room with code has a folder of tests of the same name."""
    inside = REPOSITORY / folder
    rooms = {path.relative_to(inside).parts[0] for path in inside.glob("*/*.py") if path.name != "__init__.py"}
    tests = REPOSITORY / "tests" / ("" if folder == "airflow_masq" else folder)
    assert {room for room in rooms if not any((tests / room).glob("test_*.py"))} == set()
