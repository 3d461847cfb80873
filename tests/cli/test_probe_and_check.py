"""`probe` and `check` ask real observers on loopback, and say what they saw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

if TYPE_CHECKING:
    from tests.cli.console import Console

NOWHERE = "http://127.0.0.1:9/"


def test_probe_says_what_each_observer_saw(console: Console) -> None:
    """Every observer has a line; one that names no address has its reason, and the exit code says so."""
    with observer() as truthful:
        answer = console.run("probe", truthful.url)
        assert (answer.code, answer.printed) == (
            0,
            f"{truthful.url} at 127.0.0.1: saw 127.0.0.1, sent from 127.0.0.1\n",
        )
        answer = console.run("probe", truthful.url, NOWHERE, "--attempts", "1")
    assert answer.code == 3
    assert f"{NOWHERE} at 127.0.0.1: refused" in answer.printed


def test_probe_as_json(console: Console) -> None:
    """Programs get one object for each attempt; the canary can be switched off."""
    with observer(NODE_ADDRESS) as lying:
        [asked] = json.loads(console.run("probe", lying.url, "--format", "json").printed)
        [unasked] = json.loads(console.run("probe", lying.url, "--no-canary", "--format", "json").printed)
    assert (asked["observed"], asked["canary"], asked["nonce_sent"]) == (NODE_ADDRESS, "ignored", True)
    assert unasked["canary"] == "not-asked"


@pytest.mark.parametrize(("address", "code", "outcome"), [(NODE_ADDRESS, 0, "PASS"), (POD_ADDRESS, 1, "FAIL")])
def test_check_judges(console: Console, address: str, code: int, outcome: str) -> None:
    """The report is that of the operator, and its outcome is the exit code."""
    with observer(address) as erp:
        write_plan(console, {"name": "erp", "observe": erp.url, "expect": "node"})
        answer = console.run("check", "plan.yaml", "--attempts", "1", "--format", "json")
        table = console.run("check", "plan.yaml", "--attempts", "1").printed
    assert answer.code == code
    [verdict] = json.loads(answer.printed)["verdicts"]
    assert (verdict["observed"], verdict["outcome"]) == (address, outcome)
    assert outcome in table


def test_check_clears_a_start_up_race(console: Console) -> None:
    """A wrong address in a Pod's first seconds is asked for again, and the last answer counts."""
    with observer(NODE_ADDRESS, first_answer=POD_ADDRESS) as late:
        write_plan(console, {"name": "erp", "observe": late.url, "expect": "node", "canary": False})
        answer = console.run("check", "plan.yaml", "--attempts", "2")
    assert answer.code == 0
    assert "MASQ492" in answer.printed


def test_check_warns_of_another_environments_plan(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a Pod of another environment the report has that environment's name, and the warning leaves the JSON whole."""
    monkeypatch.setenv("COMPOSER_ENVIRONMENT", "staging")
    with observer(NODE_ADDRESS) as erp:
        write_plan(console, {"name": "erp", "observe": erp.url, "expect": "node"})
        answer = console.run("check", "plan.yaml", "--attempts", "1", "--format", "json")
    assert json.loads(answer.printed)["environment"] == "staging"
    assert "this process runs in staging" in answer.complaint


def test_check_in_other_formats(console: Console) -> None:
    """CI reads JUnit's XML, and monitoring reads Prometheus' text."""
    with observer(POD_ADDRESS) as erp:
        write_plan(console, {"name": "erp", "observe": erp.url, "expect": "node"})
        arguments = ("check", "plan.yaml", "--attempts", "1", "--format")
        suites = ET.fromstring(console.run(*arguments, "junit").printed)  # noqa: S314 - our own text
        metrics = console.run(*arguments, "prometheus").printed
    assert next(failure.tag for case in suites.iter("testcase") for failure in case) == "failure"
    assert 'outcome="FAIL"' in metrics


def test_check_of_what_cannot_be_asked(console: Console) -> None:
    """A connection of Airflow is an error with its next step; a plan without targets is refused."""
    write_plan(console, {"name": "erp", "observe": "airflow://erp_observer", "expect": "node"})
    answer = console.run("check", "plan.yaml", "--attempts", "1")
    assert answer.code == 3
    assert "run the check as a task" in " ".join(answer.printed.split())
    console.write("plan.yaml", "network: {node_ranges: [10.0.0.0/20]}\n")
    answer = console.run("check", "plan.yaml")
    assert (answer.code, answer.complaint) == (2, "targets: expected at least one target, saw none\n")


@pytest.mark.parametrize("option", ["--timeout", "--attempts", "--concurrency"])
@pytest.mark.parametrize("value", ["0", "x", "100000"])
def test_limits_have_bounds(console: Console, option: str, value: str) -> None:
    """A limit that makes no sense is wrong usage."""
    answer = console.run("probe", NOWHERE, option, value)
    assert answer.code == 2
    assert "expected a number from" in answer.complaint


def write_plan(console: Console, *targets: dict[str, Any]) -> None:
    """Write a plan of loopback's addresses."""
    console.write("plan.yaml", yaml.safe_dump(loopback_plan(*targets)))
