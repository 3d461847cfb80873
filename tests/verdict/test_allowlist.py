"""Which addresses to allowlist: each predicted source once, with the targets that see it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from netaddr import IPNetwork

from airflow_masq.network.ranges import AddressKind
from airflow_masq.verdict import Outcome
from airflow_masq.verdict.allowlist import AllowlistEntry, list_allowlist
from tests.operators.report_examples import example_report


def test_targets_with_the_same_sources_stand_together() -> None:
    """Two targets that see the Pod range make one entry, from however many nodes they were asked."""
    report = example_report([Outcome.PASS, Outcome.FAIL])
    twice = replace(report, verdicts=(*report.verdicts, replace(report.verdicts[0], target="crm")))
    assert list_allowlist(twice) == [
        AllowlistEntry(kind=AddressKind.POD, sources=(IPNetwork("192.168.0.0/16"),), targets=("erp", "crm"))
    ]


@pytest.mark.parametrize("is_lost", [True, False])
def test_what_is_lost_or_not_predicted_needs_no_entry(*, is_lost: bool) -> None:
    """No firewall can let in a packet that is lost before it, nor one whose source is not known."""
    [verdict] = example_report([Outcome.PASS]).verdicts
    assert verdict.prediction is not None
    dropped = replace(verdict.prediction, arrives_as=AddressKind.DROPPED)
    report = replace(example_report([]), verdicts=(replace(verdict, prediction=dropped if is_lost else None),))
    assert list_allowlist(report) == []
