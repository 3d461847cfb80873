"""The plugin as Airflow loads it: light, and with the attributes of its own version alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.other_airflows import AIRFLOW_2, find_python, run_python

pytestmark = pytest.mark.airflow

LOAD = """
import sys
from airflow.plugins_manager import AirflowPlugin
before = set(sys.modules)
from airflow_masq.plugins.masquerade_plugin import MasqueradePlugin
after = {name for name in sys.modules if name not in before}
print(sorted(name for name in after if not name.startswith("airflow_masq")))
print(sorted(name for name in vars(MasqueradePlugin) if not name.startswith("_")))
"""

FIND = """
from airflow import plugins_manager
plugins_manager.ensure_plugins_loaded()
loaded = getattr(plugins_manager, "plugins", None) or plugins_manager._get_plugins()[0]
print([each.name for each in loaded if each.name.startswith("airflow_masq")])
"""


@pytest.mark.parametrize(
    ("version", "attributes"),
    [
        pytest.param("3", ["external_views", "fastapi_apps", "name"], id="3.3"),
        *(pytest.param(*each.values, ["appbuilder_views", "name"], id=each.id, marks=each.marks) for each in AIRFLOW_2),
    ],
)
def test_it_has_the_attributes_of_one_version_and_loads_nothing(
    version: str, attributes: list[str], tmp_path: Path
) -> None:
    """An attribute of Airflow 2 makes Airflow 3's API server fail at its start where FAB is absent."""
    python = Path(sys.executable) if version == "3" else find_python(version)
    modules, names = run_python(python, LOAD, home=tmp_path)[-2:]
    assert (modules, names) == ("[]", str(attributes))


@pytest.mark.parametrize("version", [pytest.param("3", id="3.3"), *AIRFLOW_2])
def test_airflow_finds_it(version: str, tmp_path: Path) -> None:
    """The installed package's entry point is enough."""
    python = Path(sys.executable) if version == "3" else find_python(version)
    assert run_python(python, FIND, home=tmp_path)[-1] == "['airflow_masq']"
