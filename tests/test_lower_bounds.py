"""The oldest releases that pyproject.toml allows: the rooms that a user's own libraries touch first work with them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.other_airflows import OLDEST, REPOSITORY, find_python, require

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = ("network", "environment", "plan", "agent", "observation", "rules", "verdict", "probes")


@require(OLDEST)
@pytest.mark.timeout(300)
def test_rooms_work_with_the_oldest_libraries(tmp_path: Path) -> None:
    """All tests of the rooms without Airflow pass with the oldest netaddr, h11, PyYAML, jsonschema and packaging."""
    tests = [str(REPOSITORY / "tests" / room) for room in ROOMS]
    ours = ("COVERAGE_", "PYTEST_")  # settings of the run that this test belongs to
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [find_python(OLDEST), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
        cwd=REPOSITORY,
        env={**environment, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=290,
    )
    assert done.returncode == 0, done.stdout[-4000:]
