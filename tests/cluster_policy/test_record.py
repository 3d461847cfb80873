"""A recorded policy comes back as it was, and anything else is refused with its place."""

from __future__ import annotations

import json

import pytest

from airflow_masq.cluster_policy import read_recorded_policy
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.live_policy import LiveObject, LivePolicy

POLICY = LivePolicy(
    objects=(
        LiveObject(name="default", destinations=("10.0.0.0/8", ""), managers=("one",), resource_version="5"),
        LiveObject(name="gke-bbfa6c0e-1", action="", destinations=()),
    )
)


def test_a_record_survives_json() -> None:
    """What was recorded in an XCom is read back in full."""
    read = read_recorded_policy(json.loads(json.dumps(POLICY.as_json())))
    assert read == POLICY
    assert [(each.managers, each.resource_version) for each in read.objects] == [(("one",), "5"), ((), "")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "policy: expected a mapping"),
        ({}, "policy: expected the key objects"),
        ({"objects": 1}, "policy.objects: expected a list"),
        ({"objects": [{"name": "x", "action": "", "destinations": [1]}]}, r"policy.objects\[0\].destinations\[0\]"),
        ({"objects": [{"name": "", "action": "", "destinations": []}]}, r"policy.objects\[0\].name"),
        ({"objects": [{"name": "x", "action": "", "destinations": [], "more": 1}]}, "policy.objects"),
        ({"objects": [{}]}, r"policy.objects\[0\]: expected the key name"),
        ({"objects": [{}] * 1001}, "at most 1000 items"),
    ],
)
def test_other_values_are_refused(value: object, message: str) -> None:
    """An XCom that something else wrote is an error that names the place."""
    with pytest.raises(InvalidInputError, match=message):
        read_recorded_policy(value)


def test_a_record_without_managers_is_read() -> None:
    """A record of a version that knew no managers is read."""
    (read,) = read_recorded_policy({"objects": [{"name": "x", "action": "NoSNAT", "destinations": []}]}).objects
    assert (read.managers, read.resource_version) == ((), "")
