"""The package copied into Airflow's plugins folder, as the README says where no package repository is at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.airflow_env import airflow_settings
from tests.other_airflows import AIRFLOW_2, find_python

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).resolve().parents[1]
THIS = "this"

LOADS_PLUGINS = """
import importlib, sys
from airflow import plugins_manager
plugins_manager.ensure_plugins_loaded() if hasattr(plugins_manager, "ensure_plugins_loaded") else plugins_manager.load_plugins_from_plugin_directory()
from http import HTTPStatus
sys.path[:0] = [sys.argv[1]]
importlib.import_module("airflow_masq.operators.source_ip_check")
errors = getattr(plugins_manager, "import_errors", {}) or {}
print("left alone:", HTTPStatus.OK.value, sorted(errors), importlib.import_module("http").__file__.endswith("http/__init__.py"))
"""  # noqa: E501 - one line each for two versions


@pytest.mark.parametrize("version", [pytest.param(THIS, id="this Airflow"), *AIRFLOW_2])
def test_the_plugins_folder_may_hold_the_package(version: str, tmp_path: Path) -> None:
    """Airflow takes no file of it for a plugin, and the standard library's ``http`` stays what it is."""
    python = Path(sys.executable) if version == THIS else find_python(version)
    plugins = tmp_path / "plugins"
    shutil.copytree(ROOT / "airflow_masq", plugins / "airflow_masq")
    environment = os.environ | airflow_settings(tmp_path) | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins)}
    command = [str(python), "-P", "-c", LOADS_PLUGINS, str(plugins)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "left alone: 200 [] True", ended.stdout + ended.stderr
