"""Holds every room to its coverage floor after a whole test run; it measures nothing itself.

Pure rooms promise that every line and every branch runs in a test, the others that nearly all do. The floors are per
room, so that a well-tested room cannot hide a badly tested one. ``scripts/test`` calls this.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Mapping

PURE_FLOOR = 100.0
OTHER_FLOOR = 90.0


@dataclass(frozen=True, kw_only=True)
class RoomCoverage:
    """What ran of one room.

    :param room: its path from the top of the repository.
    :param floor: what the room promises, in percent.
    :param percent: lines and branches that ran, of all, in percent.
    """

    room: str
    floor: float
    percent: float

    @property
    def holds(self) -> bool:
        """Whether the room keeps its promise."""
        return self.percent >= self.floor


def find_room(path: str) -> str:
    """Name the room of a file: a package of the first two levels, or the file itself if it is beside them.

    :param path: the file's path from the top of the repository, with forward slashes.
    :return: ``airflow_masq/observation`` for ``airflow_masq/observation/stun.py``, ``dags`` for ``dags/check.py``.
    """
    parts = PurePosixPath(path).parts
    if parts[0] == "dags":
        return "dags"
    return "/".join(parts[:2])


def list_pure_rooms(project: Mapping[str, Any]) -> frozenset[str]:
    """Find the pure rooms where import-linter is told of them, so that there is one list.

    :param project: the content of ``pyproject.toml``.
    :return: their paths, ``airflow_masq/observation`` as well as ``airflow_masq/exceptions.py``.
    """
    contracts = project["tool"]["importlinter"]["contracts"]
    (modules,) = (contract["source_modules"] for contract in contracts if contract["name"].startswith("Pure rooms"))
    paths = (PurePosixPath(module.replace(".", "/")) for module in modules)
    return frozenset(str(path if Path(path).is_dir() else path.with_suffix(".py")) for path in paths)


def group_by_room(report: Mapping[str, Any], *, pure: frozenset[str]) -> tuple[RoomCoverage, ...]:
    """Add up coverage's JSON report room by room.

    :param report: what ``coverage json`` writes.
    :param pure: the pure rooms.
    :return: the rooms in alphabetical order; rooms without a statement are left out.
    """
    possible: defaultdict[str, int] = defaultdict(int)
    ran: defaultdict[str, int] = defaultdict(int)
    for path, measured in report["files"].items():
        room, summary = find_room(path), measured["summary"]
        possible[room] += summary["num_statements"] + summary["num_branches"]
        ran[room] += summary["covered_lines"] + summary["covered_branches"]
    return tuple(
        RoomCoverage(
            room=room,
            floor=PURE_FLOOR if room in pure else OTHER_FLOOR,
            percent=100 * ran[room] / possible[room],
        )
        for room in sorted(possible)
        if possible[room]
    )


def read_report(coverage: Coverage) -> Mapping[str, Any]:
    """Have coverage write its JSON report, and read it.

    :param coverage: with the data loaded.
    :return: the report.
    """
    with TemporaryDirectory() as folder:
        outfile = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(outfile))
        report: Mapping[str, Any] = json.loads(outfile.read_text(encoding="utf-8"))
    return report


def main() -> int:
    """Read what pytest-cov left in the working directory; print the rooms and, below their floor, what never ran.

    :return: 0 where every room keeps its promise, else 1.
    """
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    coverage = Coverage()
    coverage.load()
    rooms = group_by_room(read_report(coverage), pure=list_pure_rooms(project))
    print("coverage   floor   room")
    for room in rooms:
        print(f"{room.percent:7.1f} % {room.floor:5.0f} %   {room.room}{'' if room.holds else '   <- too little'}")
    low = [pattern for room in rooms if not room.holds for pattern in (room.room, f"{room.room}/*")]
    if low:
        print()
        coverage.report(include=low)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
