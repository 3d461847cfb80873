"""The environment contains defaults that the service added.

The plan's environment is Google's own description of an existing environment, since it has a field that only the
service sets, such as `uuid`, `state`, `createTime`, `gkeCluster` or `airflowUri`. Such a description contains defaults
that have no effect: fields of another generation, and fields that only private environments use. The rules skip them.

## Why

GET of a public environment of Composer 2 shows, among others, `useIpAliases: true`, a machine type, a disk size and
blocks for Cloud SQL and Composer's network [source: composer-public-environment-defaults]. That they have no effect is
inferred from the descriptions of these fields.

## How to fix

To check the existing environment, do nothing. To create another environment from this description, remove the fields
that the message names and the fields that only the service sets, since the service refuses some of them.
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
    skipped = sorted({path[-1] for path in paths if environment.get_value(*path)})
    if skipped:
        yield Problem(
            where="environment",
            message="This is Google's description of an existing environment. These defaults in it have no effect and "
            f"are not judged: {join_words(skipped)}. To create another environment from it, remove them.",
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
