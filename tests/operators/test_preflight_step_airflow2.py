"""The preflight runs on Airflow 2 and with its Google libraries, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.emulated_cloud import PROJECT, EmulatedCloud
from tests.other_airflows import AIRFLOW_2, find_python, run_python
from tests.preflight.scene import make_plan, prepare

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, sys
from types import SimpleNamespace
from airflow.exceptions import AirflowException
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator

pushed = {}
instance = SimpleNamespace(try_number=1, xcom_push=lambda *, key, value: pushed.update({key: value}))
operator = CloudComposerCreateMasqueradeEnvironmentOperator(
    task_id="create", environment=json.loads(sys.argv[1]), poll_interval_seconds=0.05, creation_timeout_seconds=60,
    deferrable=False,
)
try:
    operator.execute({"ti": instance})
    message = ""
except AirflowException as error:
    message = str(error)
severities = {check["code"]: check["severity"] for check in pushed["preflight"]["checks"]}
print(json.dumps({"severities": severities, "message": message}))
"""


@pytest.mark.parametrize("version", AIRFLOW_2)
def test_the_preflight_runs_with_airflow_2(version: str, tmp_path: Path) -> None:
    """All APIs answer the oldest and the newest libraries of Airflow 2, and an error keeps the creation back."""
    with EmulatedCloud() as cloud:
        prepare(cloud)
        extra = {
            "project": PROJECT,
            "composer_endpoint": cloud.endpoint,
            "compute_endpoint": cloud.compute_endpoint,
            "iam_endpoint": cloud.iam_endpoint,
        }
        connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
        settings = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": connection}
        cloud.access.deny(PROJECT, "iam.serviceAccounts.actAs")
        resource = json.dumps(make_plan().environment.as_rest())
        printed = run_python(find_python(version), PROGRAM, resource, home=tmp_path, settings=settings)
        assert cloud.faults.count_calls("CreateEnvironment") == 0
    told = json.loads(printed[-1])
    expected = {f"MASQ50{number}": "ok" for number in range(1, 10)}
    assert told["severities"] == {**expected, "MASQ504": "error"}
    assert "was not created: MASQ504" in told["message"]
