"""The fine points of the rules about what cannot be sent or is refused for other reasons, MASQ124 to MASQ127."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.rules import Severity
from tests.rules.linting import COMPOSER_1, COMPOSER_2, environment, findings

OF_GOOGLE = {"state": "RUNNING", "uuid": "a6a4d2c6-58a4-4f5c-8f3e-0a3b2c1d0e9f"}


def _of_software(**fields: object) -> dict[str, Any]:
    return environment(None, softwareConfig={"imageVersion": COMPOSER_2, **fields})


@pytest.mark.parametrize(
    ("config", "where", "words"),
    [
        (
            {"environmentSize": "ENVIRONMENT_SIZE_EXTRA_LARGE"},
            "environment.config.environmentSize",
            "up to 1.23.0). Choose a smaller size",
        ),
        (
            {"privateEnvironmentConfig": {"networkingType": "PRIVATE"}},
            "environment.config.privateEnvironmentConfig.networkingType",
            "Set enablePrivateEnvironment instead.",
        ),
        (
            {"dataRetentionConfig": {"airflowDatabaseRetentionDays": 60}},
            "environment.config.dataRetentionConfig.airflowDatabaseRetentionDays",
            "or leave the field out.",
        ),
        ({"workloadConfig": {"a": 1}}, "environment.config.workloadConfig", "Did you mean workloadsConfig?"),
        ({"enable_ip_masq_agent": True}, "environment.config.enableIpMasqAgent", "It belongs into nodeConfig."),
        ({"zzz\x1b": 1}, "environment.config.zzz\\x1b", "Correct the name, or remove the field."),
    ],
)
def test_a_field_that_cannot_be_sent_is_named(config: dict[str, Any], where: str, words: str) -> None:
    """The operator would refuse it, so lint says it first, with what to write instead; a description is not sent."""
    plan = environment(COMPOSER_2, **config)
    (finding,) = findings(plan, "MASQ124")
    assert (finding.where, finding.severity) == (where, Severity.WARNING)
    assert finding.message.endswith(words) or words in finding.message
    plan["environment"] |= OF_GOOGLE
    assert not findings(plan, "MASQ124")


@pytest.mark.parametrize(
    "config",
    [
        {"environmentSize": "ENVIRONMENT_SIZE_LARGE"},
        {"privateEnvironmentConfig": {"networkingType": None}},
        {"softwareConfig": {"envVariables": {"networkingType": "PUBLIC", "A": "ENVIRONMENT_SIZE_EXTRA_LARGE"}}},
    ],
)
def test_what_can_be_sent_has_no_such_finding(config: dict[str, Any]) -> None:
    """A field without a value is not sent, and a user's own names and values are no fields."""
    assert not findings({"environment": {"config": config, "labels": {"a": "ENVIRONMENT_SIZE_EXTRA_LARGE"}}}, "MASQ124")


@pytest.mark.parametrize(
    ("image", "cpu", "count"), [(COMPOSER_2, 1.5, 1), (COMPOSER_2, 1, 0), (COMPOSER_2, None, 0), (COMPOSER_1, 2, 0)]
)
def test_a_triggerer_has_one_vcpu(image: str, cpu: object, count: int) -> None:
    """The answer was seen of Composer 2."""
    plan = environment(image, workloadsConfig={"triggerer": {} if cpu is None else {"cpu": cpu}})
    assert len(findings(plan, "MASQ125")) == count


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GCS_BUCKET", "the name is reserved. Rename it."),
        ("COMPOSER_ENVIRONMENT", "the name is reserved. Rename it."),
        ("AIRFLOW__CORE__PARALLELISM", "it sets an option of Airflow. Use airflowConfigOverrides instead."),
        ("my-variable", "a name has letters, digits and underscores only. Rename it."),
        ("1A", "a name has letters, digits and underscores only. Rename it."),
    ],
)
def test_a_variable_that_composer_does_not_take_is_named(name: str, words: str) -> None:
    """The name is shown, and never the value, which may be a secret."""
    (finding,) = findings(_of_software(envVariables={name: "hunter2", "MINE": "hunter2"}), "MASQ126")
    assert finding.message == f"Composer does not take the variable '{name}': {words}"
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize("name", ["AIRFLOW_MASQ_PLAN", "airflow__core__x", "_x", "GCS_BUCKET_NAME", "AIRFLOW__X"])
def test_a_variable_of_ones_own_is_taken(name: str) -> None:
    """Names that only look like reserved ones are the user's."""
    assert not findings(_of_software(envVariables={name: "1"}), "MASQ126")


@pytest.mark.parametrize(
    ("end", "recurrence", "count"),
    [
        ("2026-01-01T07:00:00Z", "FREQ=WEEKLY;BYDAY=SU", 1),
        ("2026-01-01T07:00:00Z", "FREQ=WEEKLY;BYDAY=SA,SU", 0),
        ("2026-01-01T07:00:00+00:00", "RRULE:FREQ=WEEKLY;BYDAY=SA,SA", 1),
        ("2026-01-01T13:00:00Z", "FREQ=WEEKLY;BYDAY=SU", 0),
        ("2026-01-01T04:00:00Z", "FREQ=DAILY", 1),
        ("2026-01-01T05:00:00Z", "FREQ=DAILY", 0),
        ("2026-01-01T04:00:00Z", "FREQ=HOURLY", 0),
        ("2026-01-01T04:00:00Z", "FREQ=WEEKLY;BYDAY=XX", 0),
        ("2026-01-01T04:00:00.123456789+09:00", "FREQ=DAILY", 1),
        (None, "FREQ=DAILY", 0),
    ],
)
def test_a_maintenance_window_has_twelve_hours(end: str | None, recurrence: str, count: int) -> None:
    """Days count once, and a window without an end or a recurrence that is known is left to the API."""
    window = {"startTime": "2026-01-01T01:00:00Z", "endTime": end, "recurrence": recurrence}
    found = findings(environment(COMPOSER_2, maintenanceWindow=window), "MASQ127")
    assert len(found) == count
    assert all(finding.severity is Severity.ERROR for finding in found)
