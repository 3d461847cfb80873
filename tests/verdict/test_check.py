"""One check: a target that FAILs is asked once more, and the environment is named as Composer names it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from airflow_masq.environment import EnvironmentResource
from airflow_masq.observation.vantage import Surroundings
from airflow_masq.verdict import check_targets, name_environment
from tests.verdict.scenes import NODE, POD, plan, saw, target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.observation.observation import Observation
    from airflow_masq.plan import Target
    from airflow_masq.verdict import Report

WORKER = Surroundings(
    hostname="airflow-worker-7k2xq",
    variables={"COMPOSER_ENVIRONMENT": "example", "CONTAINER_NAME": "airflow-worker"},
)
ERP = target(expect="node")
OF_STAGING = (
    "The plan describes environment mine, but this process runs in staging, whose ranges may differ. Use the plan of "
    "staging."
)
OF_TWO_LINES = (
    "The environment variable is ignored: COMPOSER_ENVIRONMENT: expected one printable line of at most 20000 "
    "characters, saw 'a\\nb'."
)
CRM = dataclasses.replace(ERP, name="crm")


class Network:
    """Answers with the next address of each target, and keeps what happens."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = {name: list(addresses) for name, addresses in answers.items()}
        self.happened: list[object] = []

    def observe(self, targets: Sequence[Target]) -> Mapping[str, tuple[Observation, ...]]:
        """Give each target its next answer."""
        self.happened.append([each.name for each in targets])
        return {each.name: (saw(self.answers[each.name].pop(0)),) for each in targets}

    def pause(self) -> None:
        """Keep that there was a pause."""
        self.happened.append("pause")


def check(network: Network, *, asks_again: bool = True) -> Report:
    """Check both targets."""
    return check_targets(
        (ERP, CRM),
        observe=network.observe,
        pause=network.pause if asks_again else None,
        surroundings=WORKER,
        plan=plan(),
        environment="example",
    )


def test_a_target_that_fails_is_asked_once_more() -> None:
    """Only the target that FAILs is asked again, after a pause, and both of its answers are kept."""
    network = Network(erp=[POD, NODE], crm=[NODE])
    report = check(network)
    assert network.happened == [["erp", "crm"], "pause", ["erp"]]
    assert [(each.target, each.outcome, len(each.evidence)) for each in report.verdicts] == [
        ("erp", "PASS", 2),
        ("crm", "PASS", 1),
    ]


def test_a_target_that_fails_twice_fails() -> None:
    """A target is asked again once, and no more."""
    network = Network(erp=[POD, POD], crm=[NODE])
    assert check(network).outcome == "FAIL"
    assert network.happened == [["erp", "crm"], "pause", ["erp"]]


@pytest.mark.parametrize(("answer", "asks_again", "outcome"), [(NODE, True, "PASS"), (POD, False, "FAIL")])
def test_nothing_is_asked_twice_without_need(answer: str, asks_again: bool, outcome: str) -> None:  # noqa: FBT001 - a case
    """Where nothing FAILs, or each target is to be asked only once, there is one round and no pause."""
    network = Network(erp=[answer], crm=[NODE])
    assert check(network, asks_again=asks_again).outcome == outcome
    assert network.happened == [["erp", "crm"]]


@pytest.mark.parametrize(
    ("variable", "planned", "name", "warning"),
    [
        ("", "mine", "mine", ""),
        ("mine", "mine", "mine", ""),
        ("staging", None, "staging", ""),
        ("", None, "unknown", ""),
        ("staging", "mine", "staging", OF_STAGING),
        ("a\nb", "mine", "mine", OF_TWO_LINES),
    ],
)
def test_the_environment_has_a_name(variable: str, planned: str | None, name: str, warning: str) -> None:
    """Composer's own variable names the environment, else the plan does; a contradiction is said in a sentence."""
    warnings: list[str] = []
    full_name = "" if planned is None else f"projects/p/locations/l/environments/{planned}"
    described = dataclasses.replace(plan(), environment=EnvironmentResource.read({"name": full_name}))
    surroundings = Surroundings(hostname="any", variables={"COMPOSER_ENVIRONMENT": variable} if variable else {})
    assert name_environment(described, surroundings=surroundings, warn=warnings.append) == name
    assert warnings == ([warning] if warning else [])
