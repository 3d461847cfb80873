"""The image version does not show Composer's generation.

The image version is missing, is `composer-latest-…`, or names a generation that this tool does not know. It is then not
known whether the new environment can have the agent.

- If the plan enables the agent and has no image version, this is an error, since the service then creates Composer 3.
- A text that is not an image version is an error, since the service refuses it.

## Why

The service replaces an alias with the version that is current on that day [source: composer-image-version]. In an image
version, Composer's part is a full version such as `2.14.1`, a generation or `latest`, and Airflow's part may be
shortened. If the image version is missing, "the default build of Managed Airflow (Gen 3) is used"
[source: composer-default-image], which is Composer 3 and has no agent. That `composer-latest` is Composer 3 too is
inferred.

## How to fix

Name a current version of Composer 2, or at least the alias `composer-2-airflow-2`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1, COMPOSER_2, COMPOSER_3, IMAGE_VERSION_PLACE
from airflow_masq.environment.versions import NEWEST_IMAGE
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_KNOWN: Final = (COMPOSER_1, COMPOSER_2, COMPOSER_3)
_LONGEST_EXCERPT: Final = 80


def _check(plan: Plan) -> Iterator[Problem]:
    if not plan.environment:
        return
    image = plan.environment.image
    text = plan.environment.get_text("config", "softwareConfig", "imageVersion")
    if image is None and text:
        message = (
            f"'{escape(text, limit=_LONGEST_EXCERPT)}' is not an image version. Use a full version such as "
            f"{NEWEST_IMAGE}, or an alias such as composer-2-airflow-2."
        )
        yield Problem(
            where=IMAGE_VERSION_PLACE, message=message, severity=Severity.ERROR, provenance=Provenance.DOCUMENTED
        )
    elif image is None and plan.environment.masquerades:
        message = (
            "Without an image version the service creates Composer 3, which has no IP masquerade agent. Use an "
            f"image of Composer 2, such as {NEWEST_IMAGE}."
        )
        yield Problem(
            where=IMAGE_VERSION_PLACE, message=message, severity=Severity.ERROR, provenance=Provenance.DOCUMENTED
        )
    elif image is None or image.generation is None:
        message = f"The image version does not show Composer's generation. Use an image such as {NEWEST_IMAGE}."
        yield Problem(where=IMAGE_VERSION_PLACE, message=message)
    elif image.generation not in _KNOWN:
        message = (
            f"{image} names a generation that this tool does not know, so it cannot tell whether there is an agent. "
            f"Use an image of Composer 2, such as {NEWEST_IMAGE}."
        )
        yield Problem(where=IMAGE_VERSION_PLACE, message=message)


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
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2-airflow-2}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
