"""The create operator cannot send a field of the environment.

The environment has a field that Google's API is not known to have at this place, often a typing error. Or it has one
that Google's API has and Google's client library for Python lacks, with which the create operator calls the API: the
size `ENVIRONMENT_SIZE_EXTRA_LARGE`, `networkingType` and a few more. The operator refuses the plan instead of creating
an environment without that field. Google's own description of an existing environment is not judged.

## Why

REST's reference has the size and `networkingType`; google-cloud-orchestration-airflow, whose newest version is 1.23.0,
has neither [source: composer-extra-large, composer-networking-type]. Other fields are those of the reference and of the
library [source: composer-environment-resource, composer-python-types]. It is a warning, since the service may have
learnt a field since then, and other ways to create the environment send what you write.

## How to fix

Correct the name or the place of the field. For a private environment, set `enablePrivateEnvironment: true` instead of
`networkingType`; that both mean the same is inferred. For the size, choose a smaller one and change it later, or create
the environment with `airflow-masq render PLAN --as rest`. The operator adopts it afterwards. If Google's reference has
the field, the plan is right, and the operator needs a version of Google's client library that knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.fields import (
    FIELDS_NOT_IN_CLIENT_LIBRARY,
    NEWEST_CLIENT_LIBRARY,
    WORDS_NOT_IN_CLIENT_LIBRARY,
)
from airflow_masq.environment.sections import PlacedField, find_meant_field, walk_fields
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import describe, escape, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_ANOTHER_WAY: Final = "Create the environment another way, such as render --as rest, or leave the field out."
_INSTEAD: Final = {
    "environmentSize": "Choose a smaller size, or create the environment another way, such as render --as rest.",
    "networkingType": "Set enablePrivateEnvironment instead.",
}


def _check(plan: Plan) -> Iterator[Problem]:
    environment = plan.environment
    for placed in () if environment.is_described else walk_fields(environment.fields):
        message = _describe(placed)
        if message:
            where = ".".join(("environment", *(escape(name, limit=60) for name in placed.path)))
            yield Problem(where=where, message=message)


def _describe(placed: PlacedField) -> str:
    """Say why a field cannot be sent; nothing where it can."""
    name, value = placed.path[-1], placed.value
    if not placed.is_known:
        section, meant = find_meant_field(placed)
        step = f"Did you mean {meant}?" if meant else "Correct the name, or remove the field."
        return (
            f"Google's API is not known to have a field {quote(name)} here, so the create operator cannot send it. "
            f"{f'It belongs into {section}.' if section else step}"
        )
    is_lacking = name in FIELDS_NOT_IN_CLIENT_LIBRARY and value not in (None, "")
    if not is_lacking and not (isinstance(value, str) and value in WORDS_NOT_IN_CLIENT_LIBRARY):
        return ""
    return (
        f"The create operator cannot send {name}: {describe(value)}. Google's client library for Python lacks it "
        f"(google-cloud-orchestration-airflow up to {NEWEST_CLIENT_LIBRARY}). {_INSTEAD.get(name, _ANOTHER_WAY)}"
    )


RULE: Final = Rule(
    code="MASQ124",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig: {networkingType: PRIVATE}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig: {enablePrivateEnvironment: true}
""",
)
