"""Policies from public reports: what is understood is read, and what is not is named (``tests/cases/README.md``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_masq.cli import main
from tests.rules.linting import NO_TARGETS

CASES = Path(__file__).resolve().parents[1] / "cases" / "policies"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Run a command on a case and read its JSON."""
    command, name, *rest = words
    main([command, str(CASES / name), *rest, "--format", "json"])
    return json.loads(capsys.readouterr().out)


def list_codes(capsys: pytest.CaptureFixture[str], name: str) -> list[tuple[str, str]]:
    """List the codes and severities that lint finds in a case."""
    found = run(capsys, "lint", name)["findings"]
    return [(each["code"], each["severity"]) for each in found if each["code"] != NO_TARGETS]


def test_everything_listed_sends_pods_through_cloud_nat(capsys: pytest.CaptureFixture[str]) -> None:
    """``[0.0.0.0/0]`` is a documented way to have all traffic leave through Cloud NAT, so it is no error."""
    assert list_codes(capsys, "pc19-everything-listed.yaml") == [("MASQ308", "info")]
    (answer,) = run(capsys, "explain", "pc19-everything-listed.yaml", "partner")
    assert (answer["source_kind"], answer["source"]) == ("nat", ["203.0.113.7"])


@pytest.mark.parametrize(
    ("name", "destinations"),
    [
        ("pc28-configmap.yaml", ["172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]),
        ("01-daemonset-and-configmap.yaml", ["10.4.0.0/14", "10.128.0.0/20"]),
        ("02-configmap-without-key-config.yaml", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
    ],
)
def test_a_manifest_of_the_agent_is_read(
    capsys: pytest.CaptureFixture[str], name: str, destinations: list[str]
) -> None:
    """Files that people apply to a cluster are read as such, and the reading says where the config was."""
    reading = run(capsys, "agent-config", name)
    assert reading["ipv4_chain"] == [
        "169.254.0.0/16 RETURN",
        *(f"{each} RETURN" for each in destinations),
        "MASQUERADE",
    ]
    assert "ConfigMap" in reading["warnings"][0]


def test_a_config_without_a_list_names_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Both commands say which default list they assume, and how to assume the other."""
    (warning,) = run(capsys, "agent-config", "pc32-no-list.config")["warnings"]
    assert "RFC 1918's three ranges" in warning
    (finding, _no_targets) = run(capsys, "lint", "pc32-no-list.yaml")["findings"]
    assert (finding["code"], finding["severity"]) == ("MASQ317", "info")
    assert "all reserved ranges" in finding["message"]
    for told in (warning, finding["message"]):
        assert "reserved_ranges" in told
        assert "--reserved-ranges" in told


def test_a_kubectl_list_is_read_object_by_object(capsys: pytest.CaptureFixture[str]) -> None:
    """What ``kubectl get -o yaml`` prints is read, with places inside the list."""
    assert list_codes(capsys, "pc37-kubectl-list.yaml") == []
    (answer,) = run(capsys, "explain", "pc37-kubectl-list.yaml", "172.30.4.10")
    assert (answer["source_kind"], answer["masqueraded"]) == ("node", True)


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("06-distributed-cloud-policy.yaml", ["gatewayRef", "sources"]),
        ("08-invented-selectors.yaml", ["egressGateway", "nodeSelector", "podSelector"]),
    ],
)
def test_keys_of_other_products_are_named(capsys: pytest.CaptureFixture[str], name: str, unknown: list[str]) -> None:
    """A selector would limit another product's policy; GKE's exempts every Pod, so that it is an error here."""
    places = [each["where"] for each in run(capsys, "lint", name)["findings"] if each["code"] == "MASQ304"]
    assert [place for place in places if place.rpartition(".")[2] in unknown] == [
        f"policy.egress_nat_policies[0].spec.{key}" for key in unknown
    ]
