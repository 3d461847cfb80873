"""``lint`` says what is wrong with a plan, where, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow_masq.rules import Severity

if TYPE_CHECKING:
    import pytest

    from tests.cli.console import Console

SEVERITIES = [severity.value for severity in Severity]


def test_a_sound_plan(console: Console) -> None:
    """A plan without errors ends with 0 and the next step, and as JSON with an empty list or remarks."""
    answer = console.run("lint", "plan.yaml")
    assert (answer.code, answer.complaint) == (0, "")
    assert "Next" in answer.printed.splitlines()[-1]
    as_json = console.run("lint", "plan.yaml", "--format", "json")
    assert as_json.code == 0
    assert all(finding["severity"] != "error" for finding in json.loads(as_json.printed)["findings"])


def test_an_error_is_exit_code_1(console: Console) -> None:
    """A finding of severity error is printed with its place, line, page and remedy, and the exit code says so."""
    answer = console.run("lint", "overlapping.yaml")
    assert (answer.code, answer.complaint) == (1, "")
    head = next(line for line in answer.printed.splitlines() if "MASQ201" in line)
    assert head.split()[:3] == ["error", "overlapping.yaml:8:", "MASQ201"]
    assert "airflow-masq rule MASQ201 (documented)" in answer.printed
    assert "Next, MASQ201 (" in answer.printed


FLAWED = """\
environment:
  name: projects/p/locations/us-central1/environments/Bad_Name
  config:
    nodeCount: 3
    softwareConfig: {imageVersion: composer-2.0.32-airflow-2.3.4}
    nodeConfig: {subnetwork: s, ipAllocationPolicy: {clusterIpv4CidrBlock: 100.128.0.0/24, useIpAliases: true}}
    privateEnvironmentConfig: {cloudSqlIpv4CidrBlock: 172.17.0.0/25}
"""


def test_many_findings_end_with_the_first_steps(console: Console) -> None:
    """What to do next fits a screen: the first five codes are explained, the others named, none left out."""
    console.write("flawed.yaml", FLAWED)
    printed = console.run("lint", "flawed.yaml").printed
    heads = [line for line in printed.splitlines() if "  flawed.yaml:" in line]
    found = {word for head in heads for word in head.split() if word.startswith("MASQ")}
    explained = [line.split()[1] for line in printed.splitlines() if line.startswith("Next, MASQ")]
    (rest,) = (line for line in printed.splitlines() if line.startswith("Then MASQ"))
    assert len(explained) == 5
    assert set(explained) | set(rest.removeprefix("Then ").partition(":")[0].split(", ")) == found


def test_findings_as_json(console: Console) -> None:
    """Each finding has exactly its code, severity, place, message and provenance; errors come first."""
    answer = console.run("lint", "overlapping.yaml", "--format", "json")
    assert answer.code == 1
    printed = json.loads(answer.printed)
    assert set(printed) == {"findings"}
    assert {tuple(finding) for finding in printed["findings"]} == {
        ("code", "severity", "where", "message", "provenance")
    }
    severities = [SEVERITIES.index(finding["severity"]) for finding in printed["findings"]]
    assert severities == sorted(severities)
    assert severities[0] == 0


def test_a_warning_is_no_error(console: Console) -> None:
    """Findings of lesser severity do not change the exit code."""
    answer = console.run("lint", "without_agent.yaml", "--format", "json")
    severities = {finding["severity"] for finding in json.loads(answer.printed)["findings"]}
    assert severities
    assert answer.code == int("error" in severities)


def test_a_plan_from_standard_input(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads the plan from standard input, and places name it so."""
    with open("overlapping.yaml", encoding="utf-8") as file:  # noqa: PTH123 - a stream with a buffer, as standard input
        monkeypatch.setattr("sys.stdin", file)
        answer = console.run("lint", "-")
    assert answer.code == 1
    assert "<stdin>:8:" in answer.printed


def test_what_is_no_plan(console: Console) -> None:
    """A plan that cannot be read is exit code 2 with one line: file, line, place, expected, saw."""
    console.write("bad.yaml", "network:\n  node_rnages: []\n")
    answer = console.run("lint", "bad.yaml")
    assert (answer.code, answer.printed) == (2, "")
    assert answer.complaint.startswith("bad.yaml:2: network.node_rnages: expected one of node_ranges, ")
    assert answer.complaint.endswith("(did you mean node_ranges?), saw 'node_rnages'\n")
    assert answer.complaint.count("\n") == 1
