"""What is installed with the package: the wheel, built as a release would be but without a network."""

from __future__ import annotations

import configparser
import importlib
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import airflow_masq

REPOSITORY = Path(__file__).resolve().parents[1]
METADATA = f"airflow_masq-{airflow_masq.__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Build the wheel and give its files' texts by name."""
    folder = tmp_path_factory.mktemp("wheel")
    command: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=100)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
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
