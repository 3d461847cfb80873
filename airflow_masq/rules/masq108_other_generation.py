"""A field belongs to another generation of Composer.

The environment sets a field that its generation of Composer does not have. At best the field does nothing; often the
configuration was copied from an older or newer environment.

## Why

Google's reference says for each of these fields which versions support it
([Environment](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments), read
2026-11-22). Fields of a cluster or a private network of your own, which Composer 3 does not have, are listed for
Composer 1 and 2 by [Terraform's
reference](https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/composer_environment), read
2026-11-22. gcloud and Terraform refuse many of them for other generations. Whether the service refuses or ignores them
is not verified, so this is a warning.

## How to fix

Remove the field, or use what replaces it in the environment's generation: `workloadsConfig` and `environmentSize`
instead of node counts, machine types and disk sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.field_generations import FIELD_GENERATIONS
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    composer = plan.environment.generation
    if composer is None:
        return
    for field in FIELD_GENERATIONS:
        # Google's types have no presence for these: empty, zero and missing are the same.
        if plan.environment.value(*field.path) and not field.has(composer):
            yield Problem(
                where=".".join(("environment", *field.path)),
                message=f"{field.path[-1]} is a field of {field}, and the image is Composer {composer}; remove it.",
            )


RULE: Final = Rule(
    code="MASQ108",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    nodeCount: 3
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    environmentSize: ENVIRONMENT_SIZE_SMALL
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: true}
""",
)
