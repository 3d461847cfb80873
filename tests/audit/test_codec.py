"""Audits as JSON, and what is read back of an earlier one."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.audit import SCHEMA, NotAsked, decode_earlier_audit, encode_audit
from airflow_masq.audit.audit import Drift
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.live_policy import LiveObject, LivePolicy
from airflow_masq.rules import Severity
from tests.audit.examples import BEGAN, COMPOSER_3, PROJECT, REGION, audit_one, describe, make_audit, make_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_ASKED = NotAsked(project="other", regions=(REGION,), status="UNAVAILABLE", problem="gone", next_step="Wait.")


def encode_example() -> dict[str, Any]:
    """Encode an audit that has something of everything."""
    first = audit_one(describe(), cluster=make_cluster())
    policy = LivePolicy(objects=(LiveObject(name="default", destinations=("10.4.0.0/17",)),))
    first = replace(first, record=replace(first.record, policy=policy))
    drift = Drift(environment="e", against="plan", severity=Severity.WARNING, message="differs", diff=("-a", "+b"))
    audit = make_audit(
        first,
        audit_one(describe("three", agent=False, image=COMPOSER_3)),
        projects=(PROJECT, "other"),
        not_asked=(NOT_ASKED,),
        not_offered=("us-west9",),
        drift=(drift,),
        compared_with=BEGAN,
    )
    encoded: dict[str, Any] = json.loads(json.dumps(encode_audit(audit)))
    return encoded


AUDIT = {
    "schema": "airflow-masq/audit/v1",
    "began": "2026-01-05T08:30:00+00:00",
    "is_complete": False,
    "projects": ["example-project", "other"],
    "regions": ["us-central1"],
    "totals": {"environments": 2, "unknown": 0, "never": 1, "recreate": 0, "masqueraded": 1, "not_asked": 1},
    "severities": {"error": 1, "warning": 1, "info": 0},
    "not_asked": [
        {
            "project": "other",
            "regions": ["us-central1"],
            "status": "UNAVAILABLE",
            "problem": "gone",
            "next_step": "Wait.",
        }
    ],
    "not_offered": ["us-west9"],
    "drift": [
        {"environment": "e", "against": "plan", "severity": "warning", "message": "differs", "diff": ["-a", "+b"]}
    ],
    "compared_with": "2026-01-05T08:30:00+00:00",
    "omitted": {"environments": 0, "findings": 0},
}
ENVIRONMENT = {
    "name": "projects/example-project/locations/us-central1/environments/example",
    "project": "example-project",
    "region": "us-central1",
    "environment_id": "example",
    "uuid": "u-1",
    "state": "RUNNING",
    "image_version": "composer-2.17.9-airflow-2.11.1",
    "generation": 2,
    "composer_version": "2.17.9",
    "airflow_version": "2.11.1",
    "enable_ip_masq_agent": True,
    "gke_cluster": "projects/example-project/locations/us-central1/clusters/us-central1-example-1a2b3c4d-gke",
    "pod_range": "10.4.0.0/17",
    "service_range": "10.8.0.0/22",
    "masquerading": "masqueraded",
    "code": "",
    "cluster": {
        "status": "RUNNING",
        "initial_version": "1.33.4-gke.1245000",
        "current_version": "1.33.5-gke.1201000",
        "is_autopilot": True,
        "pod_ranges": ["10.4.0.0/17"],
        "service_ranges": ["10.8.0.0/22"],
        "pods_per_node": 32,
        "has_private_nodes": False,
        "uses_dataplane_v2": False,
        "has_intranode_visibility": False,
        "subnetwork": "projects/example-project/regions/us-central1/subnetworks/default",
    },
    "policy": {
        "objects": [
            {
                "name": "default",
                "action": "NoSNAT",
                "destinations": ["10.4.0.0/17"],
                "managers": [],
                "resource_version": "",
            }
        ]
    },
    "findings": [],
    "problems": [],
}


def test_the_format_is_stable() -> None:
    """Programs read these keys."""
    encoded = encode_example()
    assert {key: encoded[key] for key in encoded if key not in {"environments", "complaints"}} == AUDIT
    assert list(encoded["complaints"]) == ["findings", "drift", "incomplete"]
    three, example = encoded["environments"]
    assert three["findings"][0]["code"] == "MASQ101"
    assert {key: value for key, value in example.items() if key not in {"reason", "source"}} == ENVIRONMENT


def test_an_earlier_audit_is_read_back() -> None:
    """Records, known places and time come back as they were; keys of other releases do not matter."""
    encoded = encode_example() | {"more": 1}
    del encoded["environments"][0]["policy"]
    earlier = decode_earlier_audit(encoded)
    assert earlier.began == BEGAN
    assert set(earlier.records) == {each["name"] for each in encoded["environments"]}
    assert earlier.records["projects/example-project/locations/us-central1/environments/example"].has_agent
    assert earlier.known_places == {(PROJECT, REGION)}
    assert not earlier.is_bounded
    encoded["omitted"]["environments"] = 1
    assert decode_earlier_audit(encoded).is_bounded


def test_a_cluster_without_a_subnetwork() -> None:
    """What GKE does not tell is null."""
    audited = audit_one(describe(), cluster=make_cluster(networkConfig={}))
    assert encode_audit(make_audit(audited))["environments"][0]["cluster"]["subnetwork"] is None


def change(encoded: dict[str, Any], *path: str | int, value: object) -> None:
    """Change one value."""
    *around, last = path
    section: Any = encoded
    for name in around:
        section = section[name]
    section[last] = value


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda audit: audit.pop("schema"), "expected an audit"),
        (lambda audit: change(audit, "schema", value="airflow-masq/report/v1"), "schema: expected airflow-masq/aud"),
        (lambda audit: audit.pop("regions"), "expected the key regions"),
        (lambda audit: change(audit, "began", value="yesterday"), "began: expected a time"),
        (lambda audit: change(audit, "began", value="2026-01-05T08:30:00"), "began: expected a time with its zone"),
        (lambda audit: change(audit, "projects", value=["x"] * 501), "projects: expected at most 500 items"),
        (lambda audit: change(audit, "regions", value=["x"] * 101), "regions: expected at most 100 items"),
        (lambda audit: change(audit, "environments", 0, "state", value="a\nb"), "state: expected one printable line"),
        (lambda audit: change(audit, "environments", 0, "enable_ip_masq_agent", value="yes"), "expected true or false"),
        (lambda audit: change(audit, "environments", 0, "policy", value=7), "policy: expected a mapping"),
        (lambda audit: change(audit, "environments", 0, value=None), "environments[0]: expected a mapping"),
        (lambda audit: change(audit, "omitted", value={}), "omitted: expected the key environments"),
        (lambda audit: change(audit, "not_asked", 0, value={"project": "p"}), "expected the key regions"),
    ],
)
def test_what_is_no_audit_is_refused(spoil: Callable[[dict[str, Any]], object], expected: str) -> None:
    """Whoever may write XComs can write anything into one, so what is compared is read strictly."""
    encoded = copy.deepcopy(encode_example())
    spoil(encoded)
    with pytest.raises(InvalidInputError) as refused:
        decode_earlier_audit(encoded)
    assert expected in str(refused.value)
    assert str(refused.value).startswith("the last audit")
    assert SCHEMA.endswith("/v1")


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_other_values_are_refused(value: object) -> None:
    """Anything but a mapping is no audit."""
    with pytest.raises(InvalidInputError, match="expected a mapping"):
        decode_earlier_audit(value, where="previous")
