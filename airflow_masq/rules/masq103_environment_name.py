"""Composer does not accept the environment's name.

The name must have the form `projects/PROJECT/locations/LOCATION/environments/ENVIRONMENT`. The environment's ID must
start with a lowercase letter, contain only lowercase letters, digits and hyphens, not end with a hyphen, and have at
most 64 characters.

## Why

The service refuses other names [source: composer-environment-name].

## How to fix

Change the name as the message says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import EnvironmentName
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    name = plan.environment.name
    if name is None:
        return  # the name may come from elsewhere, for example from an operator's arguments
    try:
        EnvironmentName.parse(name)
    except InvalidInputError as error:
        yield Problem(where="environment.name", message=f"Expected {error.expected}, saw {error.seen}.")


RULE: Final = Rule(
    code="MASQ103",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  name: projects/example-project/locations/us-central1/environments/Example_Environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  name: projects/example-project/locations/us-central1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
