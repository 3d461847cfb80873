"""The environment's location is not a region that is known to offer Composer.

The location in the environment's name is a multi-region such as `asia`, a zone such as `us-central1-a`, or a region
that this release does not know. It is a warning, since Google adds regions.

## Why

Google lists the regions of Composer with their default IP ranges [source: composer-regions]. For a multi-region the
service answers 400, "Unexpected location: asia" [source: composer-unexpected-location].

## How to fix

Correct the region. If Google has added it since, ignore this warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.regions import MULTI_REGIONS, REGIONS, find_nearest_region
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    try:
        location = EnvironmentName.parse(plan.environment.name or "").location
    except InvalidInputError:
        return  # MASQ103 reports it
    if location in REGIONS:
        return
    if location in MULTI_REGIONS:
        example = min(region for region in REGIONS if region.startswith(location[:2]))
        message = f"{location} is a multi-region, and an environment needs one region. Use one such as {example}."
    else:
        nearest = find_nearest_region(location)
        hint = f" Did you mean {nearest}?" if nearest else " Correct it, or ignore this if Google has added it."
        message = f"{location} is not among the regions that are known to offer Composer.{hint}"
    yield Problem(where="environment.name", message=message)


RULE: Final = Rule(
    code="MASQ117",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  name: projects/example-project/locations/europe-west-1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  name: projects/example-project/locations/europe-west1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
