"""A network or a subnetwork is not written with its full name.

`nodeConfig.network` or `nodeConfig.subnetwork` is an ID alone, such as `default`, or a part of the name. That is a
warning, since it is not known what the service does with it. A URL is a remark, and what names no network or subnetwork
at all, such as a network in a region, is an error.

## Why

The service's reference asks for relative resource names: `projects/PROJECT/global/networks/NETWORK` and
`projects/PROJECT/regions/REGION/subnetworks/SUBNETWORK` [source: composer-network-names]. gcloud and Terraform's
provider also take an ID, and write its full name into their requests [source: gcloud-network-names,
terraform-network-names]. So their examples with an ID say nothing of the service. The operator and `render --as rest`
pass on what the plan says.

An ID has no project either: with a Shared VPC, the network is in the host project, and an ID would name one in the
environment's own project. That a form without any network is refused is inferred.

## How to fix

Write the full name. `gcloud compute networks subnets describe SUBNETWORK --region REGION --project PROJECT` prints
the URLs of both; the name is what begins with `projects/`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import EnvironmentName
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import escape, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_NODE_CONFIG: Final = ("config", "nodeConfig")
# The name without its project, which all forms but an ID end with.
_FORMS: Final = {"network": r"global/networks/[^/]+", "subnetwork": r"regions/[^/]+/subnetworks/[^/]+"}


def _check(plan: Plan) -> Iterator[Problem]:
    try:
        name = EnvironmentName.parse(plan.environment.name or "")
        project, region = name.project, name.location
    except InvalidInputError:  # none, or MASQ103 reports it
        project, region = "PROJECT", "REGION"
    texts = {field: plan.environment.get_text(*_NODE_CONFIG, field) for field in _FORMS}
    matches = {
        field: re.fullmatch(rf"(?:(.*/)?projects/([^/]+)/|.*/)?({form})", texts[field])
        for field, form in _FORMS.items()
    }
    # One project owns both, so either name tells it.
    host = next((match[2] for match in matches.values() if match is not None and match[2]), "")
    for field, written in texts.items():
        match = matches[field]
        before, owner, rest = match.groups() if match is not None else (None, None, None)
        if not written or (owner and not before):
            continue
        place = "global" if field == "network" else f"regions/{region}"
        rest = rest or f"{place}/{field}s/{written.rpartition('/')[2] or field.upper()}"
        full = f"projects/{escape(owner or host) or project}/{escape(rest)}"
        whose = "" if host else ", with the host project if it is in a Shared VPC"
        problem = f"{quote(written)} is not its full name, and what the service does with it is not known."
        severity, provenance = Severity.WARNING, Provenance.DOCUMENTED
        if owner and written.startswith(("https://", "http://")):
            problem, severity = "The reference asks for the name without the URL before it.", Severity.INFO
        elif match is None and "/" in written:
            problem, severity, provenance = f"{quote(written)} names no {field}.", Severity.ERROR, Provenance.INFERRED
        yield Problem(
            where=f"environment.config.nodeConfig.{field}",
            message=f"{problem} Write {full}{whose}.",
            severity=severity,
            provenance=provenance,
        )


RULE: Final = Rule(
    code="MASQ128",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  name: projects/example-project/locations/us-central1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      network: default
      subnetwork: projects/example-project/regions/us-central1/subnetworks/default
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
""",
    good="""
environment:
  name: projects/example-project/locations/us-central1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      network: projects/example-project/global/networks/default
      subnetwork: projects/example-project/regions/us-central1/subnetworks/default
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
""",
)
