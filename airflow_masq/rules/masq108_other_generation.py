"""A field belongs to another generation of Composer.

The environment sets a field that its generation of Composer does not have. Often the configuration was copied from an
older or newer environment. It is an error where the service is known to refuse the field: on Composer 2 `nodeCount`,
`nodeConfig.location`, `nodeConfig.machineType` and `webServerIpv4CidrBlock`, on Composer 3 `privateClusterConfig`. The
others are a warning. No other rule reports anything about such a field. An environment that Google has described is not
judged, since Google prints fields that are not used there; MASQ120 names them.

## Why

Google's reference says for each of these fields which versions support it
([Environment](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments), read
2026-11-22). Fields of a cluster or a private network of your own, which Composer 3 does not have, are listed for
Composer 1 and 2 by [Terraform's
reference](https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/composer_environment), read
2026-11-22. gcloud and Terraform refuse many of them for other generations. The service answers 400, "Configuring
node count is not supported for Cloud Composer environments in versions 2.0.0 and newer", and says the same of the node
location, the node machine type and the web server CIDR block ([education-data-platform
17](https://github.com/GoogleCloudPlatform/education-data-platform/issues/17), [terraform-provider-google
13879](https://github.com/hashicorp/terraform-provider-google/issues/13879), [terraform-google-composer
51](https://github.com/terraform-google-modules/terraform-google-composer/issues/51), read 2026-11-27). On Composer 3 it
answers "Configuring private cluster is not supported in this version of Cloud Composer" ([terraform
36446](https://github.com/hashicorp/terraform/issues/36446), read 2026-11-27). Whether the service refuses or ignores
the others is not verified.

## How to fix

Remove the field, or use what replaces it in the environment's generation: `workloadsConfig` and `environmentSize`
instead of node counts, machine types and disk sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.field_generations import FIELD_GENERATIONS, lacks_field
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    composer = plan.environment.generation
    if composer is None or plan.environment.is_described:
        return
    for field in FIELD_GENERATIONS:
        if lacks_field(composer, path=field.path[:-1]):
            continue  # the section around it is reported
        # Google's types have no presence for these: empty, zero and missing are the same.
        if plan.environment.value(*field.path) and not field.has(composer):
            is_refused = field.refused_by == composer
            answer = f', and the service answers "{field.refusal}"' if is_refused else ""
            yield Problem(
                where=".".join(("environment", *field.path)),
                message=f"{field.path[-1]} is a field of {field}, and the image is Composer {composer}{answer}; "
                "remove it.",
                severity=Severity.ERROR if is_refused else None,
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
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      diskSizeGb: 100
""",
    good="""
environment:
  config:
    environmentSize: ENVIRONMENT_SIZE_SMALL
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
