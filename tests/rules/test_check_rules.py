"""The fine points of the rules about what a check can tell, MASQ320 and MASQ321."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.linting import COMPOSER_2, COMPOSER_3, environment, findings, target

NODES, PODS = "10.128.0.0/20", "192.168.0.0/16"
ERP = "http://172.20.0.10:8080/client-ip"


@pytest.mark.parametrize(
    ("network", "codes_"),
    [
        ({"node_ranges": [NODES]}, {"MASQ320"}),
        ({"node_ranges": [NODES], "pod_ranges": [PODS]}, {"MASQ321"}),
    ],
)
def test_what_a_check_cannot_tell_is_said_before_it_runs(network: dict[str, Any], codes_: set[str]) -> None:
    """Without Pod ranges nothing passes, and without the number of a node's Pods no node is counted."""
    plan = {"network": network, "policy": "composer", "targets": [target(ERP)]}
    found = {code for code in ("MASQ320", "MASQ321") if findings(plan, code)}
    assert found == codes_
    counted = {**plan, "cluster": {"pods_per_node": 32}}
    assert bool(findings(counted, "MASQ320")) is ("MASQ320" in codes_)
    assert not findings(counted, "MASQ321")
    without_targets = {key: value for key, value in plan.items() if key != "targets"}
    assert not any(findings(without_targets, code) for code in ("MASQ320", "MASQ321"))


@pytest.mark.parametrize("text", ["192.168.0.0/255.255.0.0", " 192.168.0.0/16", "192.168.0.1/16"])
def test_a_range_that_cannot_be_read_has_one_finding(text: str) -> None:
    """The fault is in the field, and not that the plan names no range."""
    policy = {"ipAllocationPolicy": {"clusterIpv4CidrBlock": text}}
    plan = {**environment(COMPOSER_2, nodeConfig=policy), "targets": [target(ERP)]}
    assert findings(plan, "MASQ203")
    assert not findings(plan, "MASQ320")


@pytest.mark.parametrize("pods", [{"clusterIpv4CidrBlock": "/17"}, {"clusterSecondaryRangeName": "pods"}, {}])
def test_a_range_that_is_not_known_yet_lets_nothing_pass(pods: dict[str, str]) -> None:
    """A size, a name and nothing at all do not name the Pods' addresses; of Composer 3's nothing is said."""
    for image, count in ((COMPOSER_2, 1), (COMPOSER_3, 0)):
        plan = {**environment(image, nodeConfig={"ipAllocationPolicy": pods}), "targets": [target(ERP)]}
        assert len(findings(plan, "MASQ320")) == count
        assert not findings(plan, "MASQ321")
