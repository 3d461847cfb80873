"""The environment carries defaults that Google's service added.

The plan's environment is Google's own description of an existing one: it has a field that only the service sets, such
as `uuid`, `state`, `createTime`, `gkeCluster` or `airflowUri`. Fields in it that its generation does not have, or that
only private environments use, are defaults of the service without effect. The rules skip them.

## Why

GET of a public environment of Composer 2 shows, among others, `useIpAliases: true`, a machine type, a disk size and
blocks for Cloud SQL and Composer's network ([recorded HTTP logs of
k8s-config-connector](https://github.com/GoogleCloudPlatform/k8s-config-connector/tree/master/pkg/test/resourcefixture/testdata/basic/composer),
read 2026-11-27). That they have no effect is inferred from the descriptions of these fields.

## How to fix

Nothing, to check an existing environment. To create another one from this description, remove the fields that the
message names and those that only the service sets, since the service refuses some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY, RESERVED_FIELDS
from airflow_masq.environment.field_generations import FIELD_GENERATIONS
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import is_unused
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    environment = plan.environment
    composer = environment.generation
    if not environment.is_described or composer is None:
        return
    paths = [row.path for row in FIELD_GENERATIONS if not row.has(composer)]
    if composer != COMPOSER_1:
        paths.append((*IP_ALLOCATION_POLICY, "useIpAliases"))
    paths += [field.path for field in RESERVED_FIELDS if is_unused(plan, field=field)]
    skipped = sorted({path[-1] for path in paths if environment.value(*path)})
    if skipped:
        yield Problem(
            where="environment",
            message="This is Google's description of an existing environment. Defaults in it that have no effect there "
            f"were not judged: {join_words(skipped)}; remove them to create another environment from it.",
        )


RULE: Final = Rule(
    code="MASQ120",
    severity=Severity.INFO,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  state: RUNNING
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      diskSizeGb: 100
    privateEnvironmentConfig: {cloudSqlIpv4CidrBlock: 10.0.0.0/12}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
""",
)
