"""What the emulated API refuses, `lint` finds, and the other way round; what the API accepts, has what Google demands.

The tests at the end show that these would notice: a rule less, a weaker rule, or a refusal less, and a plan disagrees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from google.cloud.orchestration.airflow.service_v1.types import Environment
from google.protobuf import json_format

from airflow_masq.rules import Problem, Rule, Severity, list_rules, registry
from lab.cloud import validation
from lab.cloud.errors import ApiError
from lab.cloud.validation import REFUSALS, accept_new_environment
from tests.agreement.demands import DEMANDS, Asked, find_unmet
from tests.agreement.drawing import PLANS, draw_plan
from tests.agreement.reasons import BEYOND_THE_API, FORETELLINGS, find_disagreements, find_excuse
from tests.agreement.submitting import MALFORMED_NAME, Story, Submitted, get_name, read_story

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.plan import Plan

SHARE = 250
CHUNKS = [range(first, first + SHARE) for first in range(0, PLANS, SHARE)]
LEAST_SHARE = 0.2
NAMES = {get_name(refusal) for refusal in REFUSALS}
CODES = sorted({code for foretelling in FORETELLINGS.values() for code in foretelling.codes})
#: A warning of these is always enough, since it is not known that the service refuses.
NEVER_CERTAIN = {"MASQ117", "MASQ121", "MASQ125"}
#: A field or a word that the client library lacks, or a field of another generation, of which nothing else is said.
NOT_SENT = {"MASQ108", "MASQ123", "MASQ124"}


def test_the_same_plans_are_drawn_everywhere() -> None:
    """The number of a plan in a failed test draws it again, on every machine."""
    assert draw_plan(7) == draw_plan(7)
    assert len({str(draw_plan(number).mapping) for number in range(PLANS)}) > 0.9 * PLANS


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}", scope="module")
def test_lint_and_the_api_agree(numbers: range) -> None:
    """A plan without errors is accepted, a refusal has its error at the same field, and an error has its refusal."""
    stories = [read_story(number) for number in numbers]
    complaints = [f"{story.drawn}: {complaint}" for story in stories for complaint in list_disagreements(story)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}", scope="module")
def test_both_answers_are_well_represented(numbers: range) -> None:
    """At least a fifth of the plans are accepted, refused, without an error of `lint`, and with one."""
    ways = [way for number in numbers for way in read_story(number).ways]
    accepted = sum(way.accepted is not None for way in ways)
    sound = sum(not way.has_error for way in ways)
    least = LEAST_SHARE * len(ways)
    assert min(accepted, len(ways) - accepted, sound, len(ways) - sound) > least
    assert len(ways) > 1.5 * len(numbers)


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}", scope="module")
def test_what_is_accepted_has_what_google_demands(numbers: range) -> None:
    """Every accepted environment has a service account, an offered image, allowed ranges and all else."""
    for number in numbers:
        story = read_story(number)
        for way in story.ways:
            if way.accepted is not None:
                assert list(find_unmet(read_asked(way.accepted, way))) == [], story.drawn


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}", scope="module")
def test_what_cannot_be_sent_has_a_finding(numbers: range) -> None:
    """An environment that Google's types do not take has an error, or a warning at the field that they lack.

    A description of an existing environment is not judged as one to be created.
    """
    for number in numbers:
        story = read_story(number)
        for way in (story.as_written, story.by_operator):
            if way is not None and way.complaint and not way.has_error and not way.resource.is_described:
                told = {finding.where for finding in way.findings if finding.code in NOT_SENT}
                assert way.complaint.partition(":")[0] in told, story.drawn


def test_what_has_no_such_finding_can_be_sent() -> None:
    """A plan of which `lint` does not say so is not kept back by the operator for want of a field or a word."""
    unsendable = NOT_SENT - {"MASQ108"}
    for number in range(0, PLANS, 3):
        story = read_story(number)
        for way in (story.as_written, story.by_operator):
            if way is not None and not way.complaint:
                told = [finding for finding in way.findings if finding.code in unsendable]
                assert way.resource.is_described or not told, story.drawn


def test_the_tables_are_complete() -> None:
    """Every refusal of the emulator has its finding and its demand, and every row here is used."""
    assert set(FORETELLINGS) == NAMES | {MALFORMED_NAME}
    assert set(DEMANDS) == NAMES
    assert all(row.doubt or not row.is_doubtful.__code__.co_names for row in FORETELLINGS.values())
    met: set[str] = set()
    used: set[str] = set()
    for number in range(PLANS):
        for way in read_story(number).ways:
            met |= {refusal.name for refusal in way.refusals}
            excuses = (find_excuse(finding, way) for finding in way.findings if finding.severity is Severity.ERROR)
            used |= {excuse.reason for excuse in excuses if excuse is not None}
    assert met == set(FORETELLINGS)
    assert used == {row.reason for row in BEYOND_THE_API}


@pytest.mark.parametrize("code", CODES)
def test_a_rule_less_is_noticed(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of the rules, `lint` and the API disagree about a drawn plan."""
    remaining = tuple(rule for rule in list_rules() if rule.code != code)
    monkeypatch.setattr(registry, "list_rules", lambda: remaining)
    assert find_first_disagreement()


@pytest.mark.parametrize("code", [code for code in CODES if code not in NEVER_CERTAIN])
def test_a_warning_instead_of_an_error_is_noticed(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the service is known to refuse, a warning is not enough."""
    weakened = tuple(weaken(rule) if rule.code == code else rule for rule in list_rules())
    monkeypatch.setattr(registry, "list_rules", lambda: weakened)
    assert find_first_disagreement()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_refusal_less_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator without one of its refusals accepts a drawn plan that lacks what Google demands."""
    # Found before the refusal goes, since each process keeps what it has read of a plan.
    way = next(way for way in list_ways() if {refusal.name for refusal in way.refusals} == {name})
    remaining = tuple(refusal for refusal in REFUSALS if get_name(refusal) != name)
    assert len(remaining) < len(REFUSALS)
    monkeypatch.setattr(validation, "REFUSALS", remaining)
    if name == "unsupported_image":  # there is no image to create it from, so the emulator refuses it without a reason
        with pytest.raises(ApiError):
            accept_new_environment(way.request, surroundings=way.surroundings)
        return
    accepted = accept_new_environment(way.request, surroundings=way.surroundings)
    assert name in find_unmet(read_asked(accepted, way))


def list_ways() -> Iterator[Submitted]:
    """List what is submitted, plan after plan."""
    return (way for number in range(PLANS) for way in read_story(number).ways)


def list_disagreements(story: Story) -> Iterator[str]:
    """List what the two say of one plan that is not the same."""
    for way in story.ways:
        yield from find_disagreements(way)


def find_first_disagreement() -> str | None:
    """Find the first plan about which `lint`, as it is now, and the API disagree."""
    stories = (read_story.__wrapped__(number) for number in range(PLANS))
    return next((complaint for story in stories for complaint in list_disagreements(story)), None)


def weaken(rule: Rule) -> Rule:
    """Make a rule that only warns."""

    def check(plan: Plan) -> Iterable[Problem]:
        return [replace(problem, severity=Severity.WARNING) for problem in rule.check(plan)]

    return replace(rule, check=check)


def read_asked(accepted: Environment, way: Submitted) -> Asked:
    """Read an accepted environment as Google's JSON has it."""
    return Asked(json_format.MessageToDict(Environment.pb(accepted)), surroundings=way.surroundings)
