"""The package copied into Airflow's plugins folder, as the README says where no package repository is at hand."""

from __future__ import annotations

import os
import re
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


LOADS_THE_PAGE = """
import sys
from airflow import plugins_manager
plugins_manager.ensure_plugins_loaded() if hasattr(plugins_manager, "ensure_plugins_loaded") else None
found = plugins_manager._get_plugins() if hasattr(plugins_manager, "_get_plugins") else (plugins_manager.plugins, plugins_manager.import_errors)
plugins, errors = found  # the first since Airflow 3.2
assert not errors, errors
(plugin,) = [each for each in plugins if each.name == "airflow_masq"]
import airflow_masq
assert airflow_masq.__file__.startswith(sys.argv[1]), airflow_masq.__file__
print("source:", type(plugin.source).__name__)
if hasattr(plugin, "external_views") and plugin.external_views:
    (app,) = plugin.fastapi_apps
    print("served:", sorted(route.path for route in app["app"].routes))
else:
    (view,) = plugin.appbuilder_views
    print("view:", view["name"], type(view["view"]).__name__)
from datetime import datetime, timezone
from airflow_masq.airflow_compat import DAG
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
try:
    from airflow.serialization.serialized_objects import DagSerialization as SerializedDAG
except ImportError:  # before Airflow 3.2
    from airflow.serialization.serialized_objects import SerializedDAG
with DAG("buttons", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
    SourceIpReportOperator(task_id="report", check_task_ids="check")
print("buttons:", len(SerializedDAG.from_dict(SerializedDAG.to_dict(dag)).get_task("report").extra_links))
"""  # noqa: E501 - as above


def hide_installed_package(python: Path, *, folder: Path) -> str:
    """Make a folder with all that an Airflow has installed, except this package, and give a search path."""
    (packages,) = python.parent.parent.glob("lib/python3*/site-packages")
    folder.mkdir()
    for path in packages.iterdir():
        if "airflow_masq" not in path.name:
            (folder / path.name).symlink_to(path)
    return str(folder)


@pytest.mark.parametrize("version", [pytest.param(THIS, id="this Airflow"), *AIRFLOW_2])
def test_one_file_adds_the_page(version: str, tmp_path: Path) -> None:
    """Where the package is copied and not installed, Airflow finds the page by the file that docs/page.md shows.

    Airflow 2 drops the buttons of tasks, as docs/install.md says.
    """
    python = Path(sys.executable) if version == THIS else find_python(version)
    plugins = tmp_path / "plugins"
    shutil.copytree(ROOT / "airflow_masq", plugins / "airflow_masq")
    page = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    (name,) = re.findall(r"`plugins/(\w+\.py)`", page)
    (content,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (plugins / name).write_text(content, encoding="utf-8")
    environment = os.environ | airflow_settings(tmp_path) | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins)}
    environment["PYTHONPATH"] = hide_installed_package(python, folder=tmp_path / "installed")
    command = [str(python), "-S", "-P", "-c", LOADS_THE_PAGE, str(plugins)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    found = [line for line in ended.stdout.splitlines() if line.startswith(("source:", "served:", "view:", "buttons:"))]
    served = "view: Masquerade MasqueradeView" if version.startswith("2.") else "served: ['/', '/{name}']"
    buttons = f"buttons: {0 if version.startswith('2.') else 3}"
    assert found == ["source: PluginsDirectorySource", served, buttons]
