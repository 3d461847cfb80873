"""An environment variable has a name that Composer does not take.

A name in `softwareConfig.envVariables` is reserved by Composer, sets an option of Airflow (`AIRFLOW__SECTION__KEY`), or
is not a name of letters, digits and underscores. Values are not looked at, and not shown.

## Why

Google says of these names that they are reserved and that "it is not possible to create variables with these names",
and that variables cannot set options of Airflow [source: composer-environment-variables]. The list of reserved names
here is that of the page and of the API's reference together; the page's may be longer.

## How to fix

Rename the variable. For an option of Airflow, use `softwareConfig.airflowConfigOverrides`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_VARIABLES: Final = ("config", "softwareConfig", "envVariables")
_NAME: Final = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_OPTION: Final = re.compile("AIRFLOW__[A-Z0-9_]+__[A-Z0-9_]+")
_RESERVED: Final = frozenset(
    {
        "AIRFLOW_DATABASE_VERSION", "AIRFLOW_HOME", "AIRFLOW_SRC_DIR", "AIRFLOW_WEBSERVER", "AUTO_GKE", "C_FORCE_ROOT",
        "CLOUD_LOGGING_ONLY", "CLOUDSDK_METRICS_ENVIRONMENT", "COMPOSER_AGENT_BUILD_SERVICE_ACCOUNT",
        "COMPOSER_ENVIRONMENT", "COMPOSER_ENVIRONMENT_SIZE", "COMPOSER_GKE_LOCATION", "COMPOSER_GKE_NAME",
        "COMPOSER_GKE_ZONE", "COMPOSER_LOCATION", "COMPOSER_OPERATION_UUID", "COMPOSER_PYTHON_VERSION",
        "COMPOSER_VERSION", "CONTAINER_NAME", "DAGS_FOLDER", "GCE_METADATA_TIMEOUT", "GCP_PROJECT",
        "GCP_TENANT_PROJECT", "GCS_BUCKET", "GCSFUSE_EXTRACTED", "GKE_CLUSTER_NAME", "GKE_IN_TENANT",
        "GOOGLE_APPLICATION_CREDENTIALS", "MAJOR_VERSION", "MINOR_VERSION", "PATH", "PIP_DISABLE_PIP_VERSION_CHECK",
        "PORT", "PROJECT_ID", "PYTHONPYCACHEPREFIX", "PYTHONWARNINGS", "REDIS_PASSWORD", "REDIS_PORT", "REDIS_USER",
        "SQL_DATABASE", "SQL_INSTANCE", "SQL_PASSWORD", "SQL_PROJECT", "SQL_REGION", "SQL_USER",
    }
)  # fmt: skip


def _check(plan: Plan) -> Iterator[Problem]:
    variables = plan.environment.get_value(*_VARIABLES)
    for name in variables if isinstance(variables, Mapping) else ():
        problem = _find_problem(name)
        if problem:
            yield Problem(
                where=".".join(("environment", *_VARIABLES)),
                message=f"Composer does not take the variable {quote(name)}: {problem}",
            )


def _find_problem(name: str) -> str:
    if _OPTION.fullmatch(name):
        return "it sets an option of Airflow. Use airflowConfigOverrides instead."
    if name in _RESERVED:
        return "the name is reserved. Rename it."
    return "" if _NAME.fullmatch(name) else "a name has letters, digits and underscores only. Rename it."


RULE: Final = Rule(
    code="MASQ126",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig:
      imageVersion: composer-2.17.9-airflow-2.11.1
      envVariables: {AIRFLOW__CORE__PARALLELISM: "64"}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig:
      imageVersion: composer-2.17.9-airflow-2.11.1
      airflowConfigOverrides: {core-parallelism: "64"}
      envVariables: {AIRFLOW_MASQ_PLAN: /home/airflow/gcs/data/plan.yaml}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
