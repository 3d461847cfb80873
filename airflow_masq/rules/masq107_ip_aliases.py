"""`useIpAliases` does not fit the generation of Composer.

`ipAllocationPolicy.useIpAliases` is a field of Composer 1.

- On Composer 1, the agent needs the field to be true.
- Composer 2 always has a VPC-native cluster, and the service refuses the field if it is true. False is the same as no
  field.
- On Composer 3, a true field is a warning.

Google's own description of an existing environment is not judged, since Google adds the field to it.

## Why

"This field is only supported for Cloud Composer environments in versions composer-1… Environments in newer versions
always use VPC-native GKE clusters" [source: composer-use-ip-aliases]. gcloud says of `--enable-ip-masq-agent` that it
needs IP aliases on Composer 1 [source: gcloud-create-reference], and refuses `--enable-ip-alias` for later
environments. Composer 2 answers 400, "Setting useIpAliases is not supported for Cloud Composer environments in versions
2.0.0 and newer, as they always use VPC Native (IP Aliases)" [source: composer-use-ip-aliases-refused]. What Composer 3
does with the field is not verified.

## How to fix

On Composer 2, remove the field. On Composer 1, set it to true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1, COMPOSER_2
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_PLACE: Final = ".".join(("environment", *IP_ALLOCATION_POLICY, "useIpAliases"))


def _check(plan: Plan) -> Iterator[Problem]:
    composer = plan.environment.generation
    if composer is None:
        return
    aliases = plan.environment.get_value(*IP_ALLOCATION_POLICY, "useIpAliases")
    if composer == COMPOSER_1 and aliases is not True and plan.environment.masquerades:
        message = "On Composer 1, the agent needs a VPC-native cluster. Set useIpAliases: true."
        yield Problem(where=_PLACE, message=message)
    # Only Composer 2 is known to refuse it [source: composer-use-ip-aliases-refused].
    if composer > COMPOSER_1 and aliases is True and not plan.environment.is_described:
        refuses = ", and the service refuses it" if composer == COMPOSER_2 else ""
        yield Problem(
            where=_PLACE,
            message=f"useIpAliases is a field of Composer 1{refuses}; Composer {composer} is always VPC-native. "
            "Remove it.",
            severity=None if composer == COMPOSER_2 else Severity.WARNING,
        )


RULE: Final = Rule(
    code="MASQ107",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {useIpAliases: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
