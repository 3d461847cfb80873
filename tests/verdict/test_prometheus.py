"""Reports as Prometheus text, read back by Prometheus' own parser."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from airflow_masq.verdict import Outcome, add_history
from airflow_masq.verdict.prometheus import render_prometheus
from tests.verdict.reports import failing, passing, report, silent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_masq.verdict import Report

GOLDEN = """\
# HELP airflow_masq_verdicts How many verdicts have an outcome.
# TYPE airflow_masq_verdicts gauge
airflow_masq_verdicts{environment="example",outcome="FAIL"} 1
airflow_masq_verdicts{environment="example",outcome="ERROR"} 0
airflow_masq_verdicts{environment="example",outcome="INCONCLUSIVE"} 0
airflow_masq_verdicts{environment="example",outcome="PASS"} 2
# HELP airflow_masq_verdict How many workers of a node have this verdict about a target.
# TYPE airflow_masq_verdict gauge
airflow_masq_verdict{environment="example",target="erp",node="192.168.0.0/26",outcome="FAIL",code="MASQ411"} 1
airflow_masq_verdict{environment="example",target="erp",node="192.168.0.0/26",outcome="PASS",code="MASQ401"} 2
# HELP airflow_masq_problems What is missing from the report.
# TYPE airflow_masq_problems gauge
airflow_masq_problems{environment="example"} 1
# HELP airflow_masq_nodes_seen How many nodes the check ran on.
# TYPE airflow_masq_nodes_seen gauge
airflow_masq_nodes_seen{environment="example"} 1
# HELP airflow_masq_nodes_total How many nodes there are.
# TYPE airflow_masq_nodes_total gauge
airflow_masq_nodes_total{environment="example"} 2
# HELP airflow_masq_target_since_timestamp_seconds Since when a target has its outcome.
# TYPE airflow_masq_target_since_timestamp_seconds gauge
airflow_masq_target_since_timestamp_seconds{environment="example",target="erp",outcome="FAIL"} 1795327200.0
# HELP airflow_masq_target_flapping Whether a target's outcome keeps changing.
# TYPE airflow_masq_target_flapping gauge
airflow_masq_target_flapping{environment="example",target="erp"} 0.0
"""


def read(text: str) -> dict[str, list[tuple[Mapping[str, str], float]]]:
    """Read metrics with Prometheus' own parser: each one's label sets and values."""
    families = text_string_to_metric_families(text)
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


def example() -> Report:
    """Give a report of two PASSes and a FAIL on one node."""
    shown = report(passing(), passing(name="c"), failing(name="b"), nodes_total=2, problems=("check 3 is lost",))
    return dataclasses.replace(add_history(shown, previous=None), environment="example")


def test_a_report_is_written_as_metrics() -> None:
    """Each verdict of a node is a series, workers on it are added up, and other programs read the same."""
    assert render_prometheus([example()]) == GOLDEN
    metrics = read(GOLDEN)
    assert metrics["airflow_masq_verdict"][1] == (
        {
            "environment": "example",
            "target": "erp",
            "node": "192.168.0.0/26",
            "outcome": "PASS",
            "code": "MASQ401",
        },
        2.0,
    )
    assert metrics["airflow_masq_target_since_timestamp_seconds"][0][1] == 1795327200.0


def test_what_is_not_known_has_no_series() -> None:
    """A number of nodes that is not known is not written as 0, and no time as none."""
    unasked = dataclasses.replace(example(), nodes_total=None)
    history = tuple(dataclasses.replace(each, since=None) for each in unasked.history)
    metrics = read(render_prometheus([dataclasses.replace(unasked, history=history)]))
    assert metrics["airflow_masq_nodes_total"] == []
    assert metrics["airflow_masq_target_since_timestamp_seconds"] == []
    assert read(render_prometheus([]))["airflow_masq_verdicts"] == []


def test_a_flapping_target_is_one() -> None:
    """An alert can be made of a target whose outcome keeps changing."""
    last = None
    for number, make in enumerate((passing, failing, passing, failing)):
        last = add_history(report(make(after=60.0 * number)), previous=last)
    assert last is not None
    assert read(render_prometheus([last]))["airflow_masq_target_flapping"][0][1] == 1.0


def test_the_number_of_series_is_bounded() -> None:
    """Of many verdicts the worst have a series; the counts by outcome are those of all."""
    verdicts = [dataclasses.replace(passing(), target=f"t{number}") for number in range(3_000)]
    shown = dataclasses.replace(report(*verdicts, silent(), failing(name="b")), omitted={Outcome.PASS: 5})
    metrics = read(render_prometheus([shown]))
    assert len(metrics["airflow_masq_verdict"]) == 2_000
    assert [labels["outcome"] for labels, _ in metrics["airflow_masq_verdict"][:3]] == ["FAIL", "INCONCLUSIVE", "PASS"]
    assert metrics["airflow_masq_verdicts"][3][1] == 3_005.0


@given(st.text(), st.text(max_size=300))
def test_no_text_breaks_the_metrics(environment: str, target: str) -> None:
    """Quotes, backslashes, line ends and control characters stay inside their label, and no series comes twice."""
    verdicts = [
        dataclasses.replace(failing(), target=target),
        dataclasses.replace(failing(), target=f"{target}x"),
    ]
    shown = dataclasses.replace(add_history(report(*verdicts), previous=None), environment=environment)
    metrics = read(render_prometheus([shown]))
    for series in metrics.values():
        assert len({tuple(labels.items()) for labels, _ in series}) == len(series)
        assert all(value.isprintable() for labels, _ in series for value in labels.values())
    if environment.isprintable() and "\\" not in environment and len(environment) <= 200:
        assert metrics["airflow_masq_verdicts"][0][0]["environment"] == environment
