"""The Service range is smaller than Composer recommends.

The Service ranges together have fewer addresses than a /27. Every Service of the cluster takes one of them, including
those of Composer and Kubernetes.

## Why

Composer asks for a /27 or larger for Services [source: composer-shared-vpc-ranges].

## How to fix

Use a larger range. It is used only within the cluster and does not have to be routable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4_BITS
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import measure_service_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_FEWEST_ADDRESSES: Final = 2 ** (IPV4_BITS - 27)


def _check(plan: Plan) -> Iterator[Problem]:
    size = measure_service_ranges(plan)
    if size is not None and size.addresses < _FEWEST_ADDRESSES:
        yield Problem(
            where=size.where,
            message=f"Services have {size.addresses} addresses ({size.text}), fewer than the {_FEWEST_ADDRESSES} of "
            "a /27. Use a larger range; it does not have to be routable.",
        )


RULE: Final = Rule(
    code="MASQ208",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  service_ranges: [10.96.0.0/28]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  service_ranges: [10.96.0.0/27]
""",
)
