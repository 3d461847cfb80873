"""The image version does not tell Composer's generation.

The image version is missing, is `composer-latest-…`, or cannot be read. Which generation the service will choose, and
so whether there can be an agent at all, is not known before the environment exists.

## Why

The service replaces an alias with the version that is current on that day
([SoftwareConfig.imageVersion](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#SoftwareConfig),
read 2026-11-22). That it may choose Composer 3, which has no agent, is our conclusion.

## How to fix

Name a version of Composer 2, or at least the alias `composer-2-airflow-2`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network import Provenance
from airflow_masq.rules.environment_facts import IMAGE_VERSION_PLACE, image_version
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    image = image_version(plan)
    if plan.environment and (image is None or image.generation is None):
        yield Problem(
            where=IMAGE_VERSION_PLACE,
            message="The image version does not tell Composer's generation; "
            "name one such as composer-2.14.1-airflow-2.10.5.",
        )


RULE: Final = Rule(
    code="MASQ105",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-latest-airflow-2}
    nodeConfig: {enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2-airflow-2}
    nodeConfig: {enableIpMasqAgent: true}
""",
)
