"""A network attachment is set together with a network.

`nodeConfig.composerNetworkAttachment` connects the environment to a VPC network by itself. `network` and `subnetwork`
beside it are not used. An attachment of another project than the environment's is an error.

## Why

The attachment "takes precedence over network and subnetwork settings"
([NodeConfig](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#NodeConfig), read
2026-11-22), so the environment does not get the network that the file names. gcloud and Terraform refuse the
combination. The service refuses an attachment of another project: "Network Attachment ('…') does not belong to Composer
project ('…')" ([terraform-google-composer
161](https://github.com/terraform-google-modules/terraform-google-composer/issues/161), read 2026-11-27).

## How to fix

On Composer 3, keep either the attachment or the network. Composer 2, which the agent needs, has no attachments: set the
network and the subnetwork.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3, EnvironmentName
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_NODE_CONFIG: Final = ("config", "nodeConfig")
_PROJECT: Final = re.compile(r"(?:^|/)projects/([^/]+)/")


def _check(plan: Plan) -> Iterator[Problem]:
    attachment = plan.environment.text(*_NODE_CONFIG, "composerNetworkAttachment")
    if not attachment:
        return
    yield from _check_project(plan, attachment=attachment)
    named = [field for field in ("network", "subnetwork") if plan.environment.text(*_NODE_CONFIG, field)]
    if named:
        yield Problem(
            where="environment.config.nodeConfig.composerNetworkAttachment",
            message=f"composerNetworkAttachment overrides {' and '.join(named)}; keep the one that you want.",
        )


def _check_project(plan: Plan, *, attachment: str) -> Iterator[Problem]:
    matched = _PROJECT.search(attachment)
    try:
        project = EnvironmentName.parse(plan.environment.name or "").project
    except InvalidInputError:
        return  # MASQ103 reports it
    if plan.environment.generation == COMPOSER_3 and matched is not None and matched[1] != project:
        yield Problem(
            where="environment.config.nodeConfig.composerNetworkAttachment",
            message="The service accepts only a network attachment of the environment's own project. Name one that "
            f"begins with projects/{project}/.",
            severity=Severity.ERROR,
        )


RULE: Final = Rule(
    code="MASQ111",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-3-airflow-2.10.5-build.3}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      composerNetworkAttachment: projects/example-project/regions/us-central1/networkAttachments/composer
      network: projects/example-project/global/networks/main
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      network: projects/example-project/global/networks/main
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
""",
)
