"""The subnetwork is in another region than the environment.

The region in `nodeConfig.subnetwork` is not the region in the environment's name.

## Why

The service answers 400, "Provided subnetwork [projects/…/regions/R/subnetworks/S] must match Composer location [L]"
[source: composer-subnetwork-region]. That was seen with Composer 1. That Composer 2 answers the same is inferred from
Terraform's reference.

## How to fix

Name a subnetwork of the environment's region, or create the environment in the subnetwork's region.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import EnvironmentName
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGION: Final = re.compile(r"(?:.*/)?regions/([^/]+)/subnetworks/[^/]+")


def _check(plan: Plan) -> Iterator[Problem]:
    matched = _REGION.fullmatch(plan.environment.get_text("config", "nodeConfig", "subnetwork"))
    try:
        location = EnvironmentName.parse(plan.environment.name or "").location
    except InvalidInputError:
        return  # MASQ103 reports it
    if matched is not None and matched[1] != location:
        yield Problem(
            where="environment.config.nodeConfig.subnetwork",
            message=f"The subnetwork is in {escape(matched[1], limit=60)}, but the environment is in {location}. "
            "Use a subnetwork of the environment's region.",
        )


RULE: Final = Rule(
    code="MASQ118",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  name: projects/example-project/locations/australia-southeast1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      network: projects/example-project/global/networks/main
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
""",
    good="""
environment:
  name: projects/example-project/locations/us-central1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      network: projects/example-project/global/networks/main
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
""",
)
