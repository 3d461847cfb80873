"""A network attachment does not fit the environment.

`nodeConfig.composerNetworkAttachment` connects the environment to a VPC network by itself. The service then ignores
`network` and `subnetwork`. An attachment of another project, such as a Shared VPC's host project, is an error.

## Why

The attachment "takes precedence over network and subnetwork settings" [source: composer-network-attachment], so the
environment does not get the network that the file names. gcloud and Terraform refuse the combination. For an attachment
of another project, the service answers 400, "Network Attachment (...) does not belong to Composer project (...)"
[source: composer-attachment-project].

## How to fix

On Composer 3, keep either the attachment or the network. Create the attachment in the environment's own project; its
subnetwork may be one that a host project shares. Composer 2, which the agent needs, has no attachments: set the network
and the subnetwork.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_NODE_CONFIG: Final = ("config", "nodeConfig")
_PLACE: Final = "environment.config.nodeConfig.composerNetworkAttachment"
_OF_ENVIRONMENT: Final = re.compile(r"projects/([^/]+)/locations/")
_OF_ATTACHMENT: Final = re.compile(r"(?:.*/)?projects/([^/]+)/regions/")  # [source: composer-attachment-project]


def _check(plan: Plan) -> Iterator[Problem]:
    attachment = plan.environment.get_text(*_NODE_CONFIG, "composerNetworkAttachment")
    if not attachment:
        return
    own, other = _find_project(_OF_ENVIRONMENT, plan.environment.name or ""), _find_project(_OF_ATTACHMENT, attachment)
    # A number and an id may name the same project. On Composer 2 the field itself is the problem (MASQ108).
    is_comparable = bool(own and other) and own.isdigit() == other.isdigit()
    if plan.environment.generation == COMPOSER_3 and is_comparable and own != other:
        yield Problem(
            where=_PLACE,
            message=f"The network attachment is in project {escape(other)}, but the environment is in project "
            f"{escape(own)}. The service refuses this. Create the attachment in project {escape(own)}.",
            severity=Severity.ERROR,
        )
    named = [field for field in ("network", "subnetwork") if plan.environment.get_text(*_NODE_CONFIG, field)]
    if named:
        yield Problem(
            where=_PLACE,
            message=f"composerNetworkAttachment overrides {' and '.join(named)}. Keep only one of them.",
        )


def _find_project(pattern: re.Pattern[str], text: str) -> str:
    matched = pattern.match(text)
    return "" if matched is None else matched[1]


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
