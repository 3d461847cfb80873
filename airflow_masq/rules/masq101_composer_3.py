"""Composer 3 has no IP masquerade agent.

The environment's image is Composer 3, which has no agent. The environment does not masquerade, even if the flag is
true.

## Why

Composer 3 keeps its cluster outside your project, so you have no nodes whose addresses the Pods could take
[source: composer-3-networking]. Terraform refuses the flag [source: terraform-provider-demands]. gcloud does not check
it.

## How to fix

To use the agent, choose an image of Composer 2. To keep Composer 3 with fixed source addresses, attach the environment
to a VPC network and use private networking with Cloud NAT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3, IMAGE_VERSION_PLACE
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    image = plan.environment.image
    if image is not None and image.generation == COMPOSER_3:
        yield Problem(
            where=IMAGE_VERSION_PLACE,
            message=f"{image} is Composer 3, which has no IP masquerade agent. Choose an image of Composer 2. For "
            "fixed source addresses with Composer 3, attach it to a VPC network and use private networking.",
        )


RULE: Final = Rule(
    code="MASQ101",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-3-airflow-2.10.5-build.3}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
