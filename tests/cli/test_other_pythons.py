"""The rooms without Airflow on the other Pythons of this machine: they can be imported, and commands print the same.

The tests themselves run on one Python. ``PYTHON=/path/to/python3.13 ./scripts/test`` runs all of them on another.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from airflow_masq.renderings import RENDERINGS
from tests.cli.console import OVERLAPPING, PLAN, WITHOUT_AGENT

REPOSITORY = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = [
    name.removeprefix("Programming Language :: Python :: ")
    for name in PYPROJECT["project"]["classifiers"]
    if name.startswith("Programming Language :: Python :: 3.")
]
(PURE_ROOMS,) = (
    contract["source_modules"]
    for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
    if contract["name"].startswith("Pure rooms ")
)
LIBRARIES = ("netaddr", "packaging", "yaml")
"""What these rooms need; each works without compiled parts."""

FILES = {
    "plan.yaml": PLAN,
    "without.yaml": WITHOUT_AGENT,
    "overlapping.yaml": OVERLAPPING,
    "midnight.yaml": 'environment: {createTime: "2024-01-01T24:00:00Z"}\n',
    "config.yaml": "nonMasqueradeCIDR: [10.0.0.0/8]\n",
    "no\udcfftext.yaml": "network: {}\n",
}
COMMANDS = [
    *(["lint", name] for name in (*FILES, "missing.yaml", "nu\0ll", ".")),
    ["lint", "overlapping.yaml", "--format", "json"],
    ["explain", "plan.yaml", "onprem-erp", "192.175.48.80"],
    ["explain", "without.yaml", "10.128.0.9", "fe80::1", "--format", "json"],
    *(["render", "plan.yaml", "--as", form] for form in RENDERINGS),
    ["capacity", "plan.yaml"],
    ["agent-config", "config.yaml", "--format", "json"],
    ["rule"],
    ["rule", "MASQ309"],
]
PROGRAM = """
import importlib, io, json, pkgutil, sys
from contextlib import redirect_stderr, redirect_stdout
rooms, commands = json.loads(sys.argv[1])
for name in rooms:
    room = importlib.import_module(name)
    for module in pkgutil.walk_packages(getattr(room, "__path__", []), name + "."):
        importlib.import_module(module.name)
from airflow_masq.cli import main
said = []
for words in commands:
    with redirect_stdout(io.StringIO()) as output, redirect_stderr(io.StringIO()) as complaint:
        code = main(words)
    said.append([words, code, output.getvalue(), complaint.getvalue()])
print(json.dumps(said))
"""


def find_interpreter(version: str) -> Path | None:
    """Find a Python of a version that starts, on the path or where pyenv puts it."""
    on_the_path = shutil.which(f"python{version}")
    found = [Path(on_the_path)] if on_the_path else []
    for candidate in (*found, *Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")):
        program = "import sys; print(*sys.version_info[:2], sep='.')"
        done = subprocess.run([candidate, "-c", program], check=False, capture_output=True, text=True, timeout=30)
        if done.stdout.strip() == version:
            return candidate
    return None


def run(python: Path, folder: Path) -> list[Any]:
    """Run all commands with a Python that sees the package and its few libraries only; warnings are errors."""
    libraries = folder / "libraries"
    libraries.mkdir(exist_ok=True)
    places = {name: find_spec(name) for name in LIBRARIES} | {"airflow_masq": find_spec("airflow_masq")}
    for name, spec in places.items():
        assert spec is not None
        (libraries / name).unlink(missing_ok=True)
        (libraries / name).symlink_to(Path(str(spec.origin)).parent)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [python, "-s", "-B", "-W", "error", "-c", PROGRAM, json.dumps([PURE_ROOMS, COMMANDS])],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        cwd=folder,
        env={"PYTHONPATH": str(libraries), "PYTHONUTF8": "1", "COLUMNS": "100", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said: list[Any] = json.loads(done.stdout)
    return said


@cache
def _said_here(folder: Path) -> list[Any]:
    return run(Path(sys.executable), folder)


@pytest.mark.parametrize("version", PYTHONS)
def test_commands_say_the_same(version: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every Python that pyproject.toml names imports the rooms without a warning and prints what this one prints."""
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    folder = tmp_path_factory.getbasetemp() / "other-pythons"
    folder.mkdir(exist_ok=True)
    here = _said_here(folder)
    assert {code for _, code, _, _ in here} == {0, 1, 2}
    assert run(python, folder) == here
