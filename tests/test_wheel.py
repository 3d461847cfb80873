"""What is installed with the package: the wheel, built as a release would be but without a network."""

from __future__ import annotations

import configparser
import importlib
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import airflow_masq
from tests.other_airflows import EVERY_AIRFLOW, find_python

REPOSITORY = Path(__file__).resolve().parents[1]
METADATA = f"airflow_masq-{airflow_masq.__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=100)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> dict[str, str]:
    """Give the texts of the wheel's files by name."""
    with zipfile.ZipFile(wheel_file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_holds_the_package_only(wheel: dict[str, str]) -> None:
    """The wheel holds the package and nothing of the lab, the tests or the DAGs."""
    assert {name.split("/")[0] for name in wheel} == {"airflow_masq", METADATA}


def test_holds_every_module(wheel: dict[str, str]) -> None:
    """Every module of the package is in the wheel."""
    modules = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "airflow_masq").rglob("*.py")}
    assert modules == {name for name in wheel if name.endswith(".py")}


@pytest.mark.parametrize(
    "name",
    [
        "airflow_masq/.airflowignore",
        "airflow_masq/py.typed",
        "airflow_masq/sources.json",
        "airflow_masq/plan/schema.json",
        f"{METADATA}/licenses/LICENSE",
    ],
)
def test_holds_what_is_no_module(wheel: dict[str, str], name: str) -> None:
    """The plan's schema, the links of the sources, the marker for type checkers and the licence are in the wheel."""
    assert name in wheel


@pytest.mark.airflow  # the plugin's module is imported
def test_entry_points_lead_somewhere(wheel: dict[str, str]) -> None:
    """The command, Airflow's provider information and the plugin are announced, and what they name can be called."""
    entry_points = configparser.ConfigParser()
    entry_points.read_string(wheel[f"{METADATA}/entry_points.txt"])
    announced = {section: dict(entry_points[section]) for section in entry_points.sections()}
    assert announced.keys() == {"console_scripts", "apache_airflow_provider", "airflow.plugins"}
    for targets in announced.values():
        for target in targets.values():
            module, _, name = target.partition(":")
            assert callable(getattr(importlib.import_module(module), name))


def test_says_what_it_is(wheel: dict[str, str]) -> None:
    """The metadata carry the version that the package names, its licence and the Python that it needs."""
    metadata = message_from_string(wheel[f"{METADATA}/METADATA"])
    assert metadata["Version"] == airflow_masq.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_installing_it_changes_nothing_else(version: str, wheel_file: Path) -> None:
    """Without any index the wheel can be installed beside each Airflow, and no package there changes its version."""
    uv = Path(sys.executable).with_name("uv")
    options = ["--dry-run", "--offline", "--no-index", "--no-cache", "--reinstall-package", "airflow-masq"]
    done = subprocess.run(
        [uv, "pip", "install", "--python", find_python(version), *options, wheel_file],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    changes = [line.split()[:2] for line in done.stderr.splitlines() if line.startswith((" - ", " + ", " ~ "))]
    assert changes
    assert {re.split("[=@ ]", name)[0] for _sign, name in changes} == {"airflow-masq"}
