"""The coverage floors: a room below its floor is found, wherever else is well covered."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from scripts.coverage_floors import find_room, group_by_room, list_pure_rooms

PURE = frozenset({"airflow_masq/observation"})


def measured(*, covered: int, missing: int) -> dict[str, Any]:
    """Make a file's entry as coverage's JSON report has it, with two branches, both taken."""
    return {
        "summary": {
            "num_statements": covered + missing,
            "covered_lines": covered,
            "num_branches": 2,
            "covered_branches": 2,
        },
    }


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("airflow_masq/observation/stun.py", "airflow_masq/observation"),
        ("airflow_masq/exceptions.py", "airflow_masq/exceptions.py"),
        ("lab/cloud/server.py", "lab/cloud"),
        ("dags/check_source_ip.py", "dags"),
    ],
)
def test_room_of(path: str, room: str) -> None:
    """A file belongs to its package, a lone module is a room of its own."""
    assert find_room(path) == room


@pytest.mark.parametrize(
    ("path", "covered", "holds"),
    [
        ("airflow_masq/observation/stun.py", 100, True),
        ("airflow_masq/observation/stun.py", 99, False),
        ("airflow_masq/hooks/composer.py", 90, True),
        ("airflow_masq/hooks/composer.py", 89, False),
    ],
)
def test_floor(path: str, covered: int, *, holds: bool) -> None:
    """A pure room holds at 100 % only, another one from 90 %."""
    (room,) = group_by_room({"files": {path: measured(covered=covered, missing=100 - covered)}}, pure=PURE)
    assert room.holds is holds


def test_a_missing_branch_counts() -> None:
    """In a pure room one branch that was never taken is too little."""
    entry = measured(covered=10, missing=0)
    entry["summary"]["covered_branches"] = 1
    (room,) = group_by_room({"files": {"airflow_masq/observation/stun.py": entry}}, pure=PURE)
    assert not room.holds


def test_a_good_room_does_not_hide_a_bad_one() -> None:
    """Each room is added up by itself."""
    files = {
        "airflow_masq/hooks/good.py": measured(covered=1000, missing=0),
        "airflow_masq/probes/bad.py": measured(covered=1, missing=9),
    }
    assert [room.holds for room in group_by_room({"files": files}, pure=PURE)] == [True, False]


def test_pure_rooms_are_those_of_the_import_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rooms held to 100 % are the pure ones of pyproject.toml, packages and modules alike."""
    repository = Path(__file__).resolve().parents[1]
    monkeypatch.chdir(repository)
    rooms = list_pure_rooms(tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8")))
    assert {"airflow_masq/network", "airflow_masq/observation", "airflow_masq/exceptions.py"} <= rooms
    assert all((repository / room).exists() for room in rooms)
