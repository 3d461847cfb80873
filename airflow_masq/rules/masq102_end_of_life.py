"""The Composer version has reached its end of life.

The environment's image is of a Composer version that Google no longer supports. New environments cannot be created from
it.

## Why

Composer 1 and Composer 2.0.x reached their end of life in September 2026 [source: composer-end-of-life]. The service
creates environments from current images only. It answers other images with "Unsupported image version for new
environment" [source: composer-unsupported-image].

## How to fix

Choose a current image of Composer 2. To move an existing environment, save a snapshot and load it into a new
environment. The agent can be enabled only in a new environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import IMAGE_VERSION_PLACE
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    image = plan.environment.image
    end = None if image is None else image.end_of_life
    if end is not None:
        yield Problem(
            where=IMAGE_VERSION_PLACE,
            message=f"{image} is {end.name}, which reached its end of life on {end.ended_on}. Choose a current image "
            "of Composer 2.",
        )


RULE: Final = Rule(
    code="MASQ102",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.0.32-airflow-2.3.4}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
