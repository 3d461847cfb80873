"""Rules are found, applied and told in a stable order."""

from __future__ import annotations

import re
from dataclasses import asdict
from importlib.resources import files

from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.rules import Finding, Severity, lint, list_rules

ENVIRONMENT: dict[str, object] = {
    "name": "projects/p/locations/l/environments/E",
    "config": {
        "softwareConfig": {"imageVersion": "composer-1.20.12-airflow-1.10.15"},
        "nodeConfig": {
            "ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.0.0.0/9", "clusterSecondaryRangeName": "pods"}
        },
    },
}
FLAWED: dict[str, object] = {
    "environment": ENVIRONMENT,
    "network": {"node_ranges": ["10.96.0.0/20"], "service_ranges": ["10.96.0.0/16", "10.96.0.0/24"]},
}


def test_adding_a_rule_is_adding_a_file() -> None:
    """Every file that is named after a code is a rule of that code, and there is no other."""
    names = [file.name for file in files("airflow_masq.rules").iterdir()]
    codes = sorted(name[:7].upper() for name in names if re.fullmatch(r"masq[0-9]{3}_\w+\.py", name))
    assert [rule.code for rule in list_rules()] == codes
    assert len(set(codes)) == len(codes)
    assert {"MASQ101", "MASQ102", "MASQ103", "MASQ104", "MASQ201", "MASQ202", "MASQ203", "MASQ204"} <= set(codes)


def test_findings_are_sorted_and_stable() -> None:
    """The same plan gives the same findings in the order of code, place and message."""
    plan = load_plan_from_mapping(FLAWED, source="params")
    findings = lint(plan)
    environment_codes = ["MASQ102", "MASQ103", "MASQ104", "MASQ113"]
    assert [finding.code for finding in findings] == [*environment_codes, *["MASQ201"] * 6, "MASQ202", "MASQ319"]
    assert findings == tuple(sorted(findings, key=lambda finding: (finding.code, finding.where, finding.message)))
    assert lint(plan) == findings


def test_a_finding_is_json_for_the_command_line() -> None:
    """A finding has the five fields that the command line prints, all of them text."""
    finding = Finding(code="MASQ101", severity=Severity.ERROR, where="a", message="b", provenance=Provenance.DOCUMENTED)
    assert asdict(finding) == {
        "code": "MASQ101",
        "severity": "error",
        "where": "a",
        "message": "b",
        "provenance": "documented",
    }


def test_a_good_plan_has_no_findings() -> None:
    """The page's own example, with its ranges put right, is complained about by no rule."""
    good = {
        "environment": {
            "name": "projects/example-project/locations/us-central1/environments/example-environment",
            "config": {
                "softwareConfig": {"imageVersion": "composer-2.17.9-airflow-2.11.1"},
                "nodeConfig": {
                    "serviceAccount": "composer@example-project.iam.gserviceaccount.com",
                    "enableIpMasqAgent": True,
                    "ipAllocationPolicy": {
                        "clusterIpv4CidrBlock": "192.168.0.0/16",
                        "servicesIpv4CidrBlock": "10.96.0.0/20",
                    },
                },
            },
        },
        "cluster": {"pods_per_node": 32},
        "network": {"node_ranges": ["10.128.0.0/20"]},
        "targets": [{"name": "erp", "observe": "http://172.20.0.10/"}],
    }
    assert lint(load_plan_from_mapping(good, source="params")) == ()


def test_a_plan_without_an_environment_says_nothing_of_one() -> None:
    """A plan that only names a network has no finding about an environment that it does not describe."""
    found = lint(load_plan_from_mapping({"network": {"node_ranges": ["10.128.0.0/20"]}}, source="params"))
    assert [finding.code for finding in found] == ["MASQ319"]
