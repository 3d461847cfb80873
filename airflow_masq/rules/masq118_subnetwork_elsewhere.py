"""The subnetwork lies in another region than the environment.

`nodeConfig.subnetwork` names a region, and the environment's name another one.

## Why

The service answers 400, "Provided subnetwork [projects/…/regions/R/subnetworks/S] must match Composer location [L]"
([terraform-google-composer 26](https://github.com/terraform-google-modules/terraform-google-composer/issues/26) and
[31](https://github.com/terraform-google-modules/terraform-google-composer/issues/31), read 2026-11-27). Both were
environments of Composer 1; that Composer 2 answers the same is inferred from Terraform's reference.

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
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGION: Final = re.compile(r"(?:.*/)?regions/([^/]+)/subnetworks/[^/]+")


def _check(plan: Plan) -> Iterator[Problem]:
    matched = _REGION.fullmatch(plan.environment.text("config", "nodeConfig", "subnetwork"))
    try:
        location = EnvironmentName.parse(plan.environment.name or "").location
    except InvalidInputError:
        return  # MASQ103 reports it
    if matched is not None and matched[1] != location:
        yield Problem(
            where="environment.config.nodeConfig.subnetwork",
            message=f"The subnetwork is in {printable(matched[1], limit=60)}, and the environment in {location}; the "
            "two must be the same region.",
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
