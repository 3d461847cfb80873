"""A fleet is audited by Google's own client against the emulated Composer API."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_masq.audit import Masquerading, decode_earlier_audit, encode_audit
from airflow_masq.environment.regions import REGIONS
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.fleet import FleetLimits, list_places
from airflow_masq.fleet import walk as walk_module
from airflow_masq.plan import load_plan_from_mapping
from lab.cloud import COMPOSER
from tests.emulated_cloud import LOCATION, PROJECT, environment_resource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_masq.audit import Audit
    from tests.emulated_cloud import EmulatedCloud

    Run = Callable[..., Awaitable[Audit]]

SERVICE = "ListEnvironments"
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def ids_of(audit: Audit) -> list[str]:
    """Name the environments that an audit found, in alphabetical order."""
    return sorted(each.record.environment_id for each in audit.environments)


def reasons_of(audit: Audit) -> list[tuple[str, tuple[str, ...], str]]:
    """Say what was not asked."""
    return [(each.project, each.regions, each.status) for each in audit.not_asked]


async def test_every_environment_is_found(cloud: EmulatedCloud, audit: Run) -> None:
    """Environments of several projects and regions are found, each with its place; all regions are asked by default."""
    cloud.put("one", state="RUNNING", masquerade=True)
    cloud.put("two", state="RUNNING", masquerade=False, location="europe-west1")
    cloud.put("three", state="RUNNING", masquerade=True, project="other", location="asia-east1")
    found = await audit(projects=[PROJECT, "other", PROJECT], regions=[])
    assert {(each.record.environment_id, each.record.project, each.record.region) for each in found.environments} == {
        ("one", PROJECT, LOCATION),
        ("two", PROJECT, "europe-west1"),
        ("three", "other", "asia-east1"),
    }
    assert found.is_complete
    assert found.projects == (PROJECT, "other")
    assert set(found.regions) == REGIONS
    assert cloud.faults.count_calls(SERVICE) == 2 * len(REGIONS)


async def test_all_pages_are_followed(cloud: EmulatedCloud, audit: Run) -> None:
    """A region with 250 environments takes three calls, and each environment is there once."""
    for number in range(250):
        cloud.put(f"e-{number:03}", state="RUNNING", masquerade=True)
    found = await audit()
    assert ids_of(found) == [f"e-{number:03}" for number in range(250)]
    assert cloud.faults.count_calls(SERVICE) == 3


async def test_a_region_that_never_ends_is_bounded(
    cloud: EmulatedCloud, audit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are too many pages, what was read is audited and the region is not known."""
    monkeypatch.setattr(walk_module, "MOST_PAGES", 1)
    for number in range(101):
        cloud.put(f"e-{number:03}", state="RUNNING", masquerade=True)
    found = await audit()
    assert (len(found.environments), found.is_complete) == (100, False)
    assert reasons_of(found) == [(PROJECT, (LOCATION,), "TOO_MANY_PAGES")]


async def test_a_region_without_an_answer_is_reported_and_the_others_are_audited(
    cloud: EmulatedCloud, audit: Run
) -> None:
    """One region that is down is a row of its own, after it was asked again for a while."""
    cloud.put("one", state="RUNNING", masquerade=True)
    cloud.faults.close("locations/us-east1", UNAVAILABLE, "The service is currently unavailable.")
    found = await audit(regions=[LOCATION, "us-east1"])
    assert reasons_of(found) == [(PROJECT, ("us-east1",), "UNAVAILABLE")]
    assert found.not_asked[0].problem == "The service is currently unavailable"
    assert (ids_of(found), found.is_complete) == (["one"], False)
    assert cloud.faults.count_calls(SERVICE) >= 3  # the region that answers once, the other one in each round


async def test_a_silent_region_is_reported(cloud: EmulatedCloud, audit: Run) -> None:
    """A region that gives no answer at all ends by the calls' time limit."""
    cloud.faults.silence("locations/us-east1", 30)
    found = await audit(regions=[LOCATION, "us-east1"], timeout=1.0)
    assert reasons_of(found) == [(PROJECT, ("us-east1",), "DEADLINE_EXCEEDED")]


async def test_a_passing_failure_is_no_problem(cloud: EmulatedCloud, audit: Run) -> None:
    """A few failures, a passing refusal among them, leave nothing unknown."""
    cloud.put("one", state="RUNNING", masquerade=True)
    cloud.faults.fail_next(SERVICE, UNAVAILABLE, "try again")
    cloud.faults.fail_next(SERVICE, grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")
    found = await audit(limits=FleetLimits(tolerance_seconds=10))
    assert (ids_of(found), found.is_complete) == (["one"], True)


async def test_a_project_without_the_api_or_a_role_is_one_row(cloud: EmulatedCloud, audit: Run) -> None:
    """What all regions of a project answer is told once, in Google's words, with what to do."""
    cloud.access.disable("off", COMPOSER)
    cloud.access.deny("denied", "composer.environments.list")
    found = await audit(projects=[PROJECT, "off", "denied"], regions=[])
    everywhere = tuple(sorted(REGIONS))
    assert reasons_of(found) == [
        ("off", everywhere, "PERMISSION_DENIED"),
        ("denied", everywhere, "PERMISSION_DENIED"),
    ]
    off, denied = found.not_asked
    assert off.problem.startswith("Cloud Composer API has not been used in project off before or it is disabled.")
    assert "Leave the project out" in off.next_step
    assert denied.problem == "The caller does not have permission"
    assert "roles/composer.user in project denied would show it" in denied.next_step
    assert cloud.faults.count_calls(SERVICE) == 5 * len(REGIONS)


async def test_a_region_that_somebody_asked_for_must_exist(cloud: EmulatedCloud, audit: Run) -> None:
    """A mistyped region is not known, with the nearest one; it is not asked twice."""
    found = await audit(regions=[LOCATION, "us-centrall1"])
    [failure] = found.not_asked
    assert "did you mean us-central1?" in failure.next_step
    assert not found.is_complete
    assert cloud.faults.count_calls(SERVICE) == 2


async def test_a_region_of_the_table_that_the_service_lacks_is_a_remark(cloud: EmulatedCloud, audit: Run) -> None:
    """Where nobody named regions, one that the service does not know holds no environment; unless it knows none."""
    cloud.faults.close("locations/us-west4", grpc.StatusCode.INVALID_ARGUMENT, "Unexpected location: us-west4")
    cloud.faults.close("projects/odd", grpc.StatusCode.INVALID_ARGUMENT, "Unexpected location: any")
    found = await audit(regions=[])
    assert (found.not_offered, found.is_complete) == (("us-west4",), True)
    odd = await audit(projects=["odd"], regions=[])
    assert (odd.not_offered, odd.is_complete) == ((), False)


async def test_the_time_limit_ends_the_audit_with_what_it_has(cloud: EmulatedCloud, audit: Run) -> None:
    """After the time limit nothing is asked any more, and what was not asked is said."""
    cloud.put("one", state="RUNNING", masquerade=True)
    cloud.faults.silence("locations/us-east1", 30)
    limits = FleetLimits(tolerance_seconds=0, time_limit_seconds=2)
    found = await audit(regions=[LOCATION, "us-east1"], timeout=60, limits=limits)
    assert reasons_of(found) == [(PROJECT, ("us-east1",), "TIME_LIMIT")]
    assert ids_of(found) == ["one"]


async def test_no_more_regions_than_allowed_are_asked_at_once(cloud: EmulatedCloud, audit: Run) -> None:
    """Twelve regions of which each takes its time are asked three at a time."""
    under_way = [0]

    def count(moment: str, _method: str) -> None:
        under_way.append(under_way[-1] + (1 if moment == "before" else -1))

    cloud.faults.observe = count
    cloud.faults.silence(f"projects/{PROJECT}", 0.05)
    await audit(regions=sorted(REGIONS)[:12], limits=FleetLimits(concurrency=3))
    assert max(under_way) == 3


async def test_progress_is_told(audit: Run) -> None:
    """Each region that is done counts."""
    told: list[tuple[int, int]] = []
    await audit(regions=[LOCATION, "us-east1"], progress=lambda done, every: told.append((done, every)))
    assert told == [(1, 2), (2, 2)]


async def test_plans_and_an_earlier_audit_are_compared(cloud: EmulatedCloud, audit: Run) -> None:
    """An environment without the planned agent, a planned one that is missing, and one that is gone, are drift."""
    cloud.put("planned", state="RUNNING", masquerade=False)
    cloud.put("gone", state="RUNNING", masquerade=True)
    before = decode_earlier_audit(encode_audit(await audit()))
    cloud.remove("gone")
    plans = [
        load_plan_from_mapping(
            {"environment": environment_resource(name, nodeConfig={"enableIpMasqAgent": True})}, source=""
        )
        for name in ("planned", "missing")
    ]
    found = await audit(plans=plans, earlier=before)
    assert [(each.environment.rpartition("/")[2], each.message) for each in found.drift] == [
        ("missing", "the plan's environment does not exist"),
        ("planned", "lacks the agent that the plan has, and that can be enabled only at creation"),
        ("gone", "is gone"),
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"projects": []}, "projects: expected at least one project"),
        ({"projects": ["p"] * 501}, "projects: expected at most 500"),
        ({"regions": ["r"] * 101}, "regions: expected at most 100"),
        ({"projects": ["Not A Project"]}, "project and region: expected"),
        ({"regions": ["us/central1"]}, "project and region: expected"),
    ],
)
def test_places_are_checked_before_anything_is_asked(arguments: dict[str, Any], expected: str) -> None:
    """What cannot be a project or a region is wrong usage."""
    with pytest.raises(InvalidInputError) as refused:
        list_places(**{"projects": [PROJECT], "regions": [LOCATION], **arguments})
    assert str(refused.value).startswith(expected)


async def test_a_plan_must_be_of_the_audited_places(audit: Run) -> None:
    """A plan of another project or region, or without a name, is wrong usage."""
    elsewhere = load_plan_from_mapping({"environment": environment_resource()}, source="")
    nameless = load_plan_from_mapping({"environment": {"config": {}}}, source="")
    with pytest.raises(InvalidInputError, match="expected one of the audit's projects and regions"):
        await audit(projects=["other"], plans=[elsewhere])
    with pytest.raises(InvalidInputError, match=r"environment\.name: expected projects/PROJECT"):
        await audit(plans=[nameless])


async def test_two_hundred_environments_in_forty_regions(cloud: EmulatedCloud, audit: Run) -> None:
    """A large fleet takes one call a region, little memory, and every environment is judged."""
    regions = sorted(REGIONS)[:40]
    for number in range(200):
        masquerade = number % 2 == 0
        cloud.put(f"e-{number:03}", state="RUNNING", masquerade=masquerade, location=regions[number % 40])
    await audit(regions=regions[:1])  # what is imported and cached once does not count
    calls = cloud.faults.count_calls(SERVICE)
    tracemalloc.start()
    found = await audit(regions=regions)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.totals == {
        Masquerading.UNKNOWN: 0,
        Masquerading.NEVER: 0,
        Masquerading.RECREATE: 100,
        Masquerading.MASQUERADED: 100,
    }
    assert cloud.faults.count_calls(SERVICE) - calls == 40
    assert peak < 20_000_000
