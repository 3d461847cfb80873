"""The pinned releases: complete, plain, and no older or newer than what pyproject.toml promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()}
PIN_FILES = sorted((REPOSITORY / "constraints").glob("*.txt"))


def pins(name: str) -> dict[str, Version]:
    """Read a file of pinned releases."""
    lines = (REPOSITORY / "constraints" / name).read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(package): Version(version) for package, version in (line.split("==") for line in lines)}


@pytest.mark.parametrize("path", PIN_FILES, ids=lambda path: path.name)
def test_pins_are_plain(path: Path) -> None:
    """A file of pins has lines ``name==version`` only: no options, no addresses, no comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", line)] == []


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        ("airflow-3.3.txt", [*RUNTIME, *(requirement for extra in EXTRAS.values() for requirement in extra)]),
        ("airflow-2.11.1.txt", [*RUNTIME, *EXTRAS["test"]]),
        ("airflow-2.10.5.txt", [*RUNTIME, *EXTRAS["test"]]),
    ],
)
def test_every_requirement_is_pinned(name: str, requirements: list[Requirement]) -> None:
    """Each requirement of pyproject.toml is pinned, to a release that it allows."""
    pinned = pins(name)
    outside = [str(wanted) for wanted in requirements if pinned[canonicalize_name(wanted.name)] not in wanted.specifier]
    assert outside == []


def test_lower_bounds_are_what_is_tested() -> None:
    """A lower bound is the release that the environment with Airflow 2.10.5 has: no higher, and not an untested one."""
    bounds = {canonicalize_name(wanted.name): str(wanted.specifier) for wanted in RUNTIME}
    oldest = wanted_releases("airflow-2.10.5.in")
    assert bounds == {name: f">={version}" for name, version in oldest.items()}


@pytest.mark.parametrize("name", ["airflow-2.11.1", "airflow-2.10.5"])
def test_the_environments_have_what_they_are_for(name: str) -> None:
    """An environment pins the releases of Airflow and of the Google provider that it is there to try."""
    wanted = wanted_releases(f"{name}.in")
    assert f"airflow-{wanted['apache-airflow']}" == name
    assert {package: pins(f"{name}.txt")[package] for package in wanted} == wanted


def wanted_releases(name: str) -> dict[str, Version]:
    """Read the requirements from which the pins of an environment are made."""
    lines = (REPOSITORY / "constraints" / name).read_text(encoding="utf-8").splitlines()
    wanted = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(package): Version(version) for package, version in wanted}


AIRFLOWS = ("3.3", "3.1", "2.11.1", "2.10.5")
SETUP = (REPOSITORY / "scripts" / "setup").read_text(encoding="utf-8")


@pytest.mark.parametrize("airflow", AIRFLOWS)
def test_the_page_about_installing_names_the_releases(airflow: str) -> None:
    """docs/install.md has each environment's Airflow and Google provider, and the Pythons of scripts/setup."""
    pinned = pins(f"airflow-{airflow}.txt")
    page = (REPOSITORY / "docs" / "install.md").read_text(encoding="utf-8")
    (newest,) = re.findall(rf"'--airflow {re.escape(airflow)}'.*newest_python=(\d+)", SETUP)
    provider = pinned["apache-airflow-providers-google"]
    row = rf"^\| {pinned['apache-airflow']}(?:,[^|]*)? \| {provider} \| 3\.11 to 3\.{newest} \|$"
    assert re.search(row, page, re.MULTILINE)


def test_classifiers_are_the_pythons_that_are_tried() -> None:
    """pyproject.toml names each Python that scripts/setup takes for the newest Airflow, and begins with the first."""
    (newest,) = re.findall(r"'--airflow 3.3'.*newest_python=(\d+)", SETUP)
    named = [name.removeprefix("Programming Language :: Python :: ") for name in PROJECT["classifiers"]]
    assert [name for name in named if name.startswith("3.")] == [f"3.{minor}" for minor in range(11, int(newest) + 1)]
    assert PROJECT["requires-python"] == ">=3.11"
