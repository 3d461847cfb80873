"""The image is too old to create an environment from.

If Google no longer supports the Composer 2 image, this is an error. If the image is so much older than the newest one
that the service may refuse it, this is a warning. An alias such as `composer-2-airflow-2` and Google's own description
of an existing environment are not judged by their age. A version of Airflow that no known image of Composer 2 holds,
such as Airflow 3, is a warning, also in an alias.

## Why

The service creates environments from current images only. It answers 400, "Unsupported image version for new
environment: '…'. Currently suggested new environment image versions are: […]" [source: composer-current-images,
composer-unsupported-image]. The images that it refused were three to five minor versions older than the newest. The
newest known image is composer-2.17.9-airflow-2.11.1 [source: composer-newest-image], and the support for
composer-2.13.9 has ended [source: composer-image-support]. That the service refuses an image whose support has ended,
and may refuse one that is two minor versions older, is inferred.

## How to fix

Choose the newest image, or the alias `composer-2-airflow-2`. The method `ImageVersions.ListImageVersions` lists what
the service offers today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import IMAGE_VERSION_PLACE
from airflow_masq.environment.versions import LAST_ENDED, LAST_ENDED_ON, NEWEST_IMAGE
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    image = plan.environment.image
    if image is None or plan.environment.is_described:
        return
    if image.is_no_longer_offered:
        yield Problem(
            where=IMAGE_VERSION_PLACE,
            message=f"Google's support for images up to composer-{LAST_ENDED} ended by {LAST_ENDED_ON}, so the service "
            f"does not create environments from {image}. Choose a current image, such as {NEWEST_IMAGE}.",
        )
    elif image.is_far_behind:
        yield Problem(
            where=IMAGE_VERSION_PLACE,
            message=f"{image} is much older than {NEWEST_IMAGE}, and the service creates environments from current "
            "images only. Choose a newer image, or check with ListImageVersions that the service offers this one.",
            severity=Severity.WARNING,
        )
    elif image.has_unknown_airflow:
        airflow = ".".join(map(str, image.airflow_parts))
        yield Problem(
            where=IMAGE_VERSION_PLACE,
            message=f"No image of Composer 2 with Airflow {airflow} is known. Choose a current image, such as "
            f"{NEWEST_IMAGE}, or check with ListImageVersions that the service offers this one.",
            severity=Severity.WARNING,
        )


RULE: Final = Rule(
    code="MASQ116",
    severity=Severity.ERROR,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.4.2-airflow-2}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
