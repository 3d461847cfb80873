"""A field belongs to another generation of Composer.

The environment sets a field that its generation of Composer does not have. Often, the configuration was copied from an
older or newer environment.

- It is an error if the service is known to refuse the field. On Composer 2, these are `nodeCount`,
  `nodeConfig.location`, `nodeConfig.machineType` and `webServerIpv4CidrBlock`. On Composer 3, it is
  `privateClusterConfig`.
- All other fields are a warning.

No other rule reports such a field. Google's own description of an existing environment is not judged, since Google adds
unused fields to it. MASQ120 names them.

## Why

Google's reference says for each of these fields which versions support it [source: composer-field-generations].
Composer 3 has no cluster and no private network of your own. Terraform's reference lists the fields for these as fields
of Composer 1 and 2 [source: terraform-environment-reference]. gcloud and Terraform refuse many of these fields for
other generations.

The service answers 400 to four fields on Composer 2: "Configuring node count is not supported for Cloud Composer
environments in versions 2.0.0 and newer", and the same for the node location, the node machine type and the web server
CIDR block [source: composer-1-fields-refused, composer-machine-type-refused, composer-web-server-cidr-refused]. On
Composer 3 it answers "Configuring private cluster is not supported in this version of Cloud Composer"
[source: composer-private-cluster-refused]. Whether the service refuses or ignores the other fields is not verified.

## How to fix

Remove the field, or use what replaces it in the environment's generation: `workloadsConfig` and `environmentSize`
instead of node counts, machine types and disk sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        if plan.environment.get_value(*field.path) and not field.has(composer):
            is_refused = field.refused_by == composer and _holds_something(plan.environment.get_value(*field.path))
            answer = f' The service refuses it: "{field.refusal}".' if is_refused else ""
            yield Problem(
                where=".".join(("environment", *field.path)),
                message=f"{field.path[-1]} is a field of {field}, but the image is Composer {composer}.{answer} "
                "Remove the field.",
                severity=Severity.ERROR if is_refused else None,
            )


def _holds_something(value: object) -> bool:
    """Say whether a field, or one inside it, is set; Google's types treat an empty section as a missing one."""
    return any(map(_holds_something, value.values())) if isinstance(value, Mapping) else bool(value)


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
