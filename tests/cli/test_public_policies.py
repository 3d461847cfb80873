"""Policies from public reports: what is understood is read, and what is not is named (``tests/cases/README.md``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.cli import main
from tests.rules.linting import OF_FRAGMENTS

if TYPE_CHECKING:
    from tests.cli.console import Console

LINK_LOCAL = ["169.254.0.0/16"]
RFC_1918 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
CASES = Path(__file__).resolve().parents[1] / "cases" / "policies"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Run a command on a case and read its JSON."""
    command, name, *rest = words
    main([command, str(CASES / name), *rest, "--format", "json"])
    return json.loads(capsys.readouterr().out)


def list_codes(capsys: pytest.CaptureFixture[str], name: str) -> list[tuple[str, str]]:
    """List the codes and severities that lint finds in a case."""
    found = run(capsys, "lint", name)["findings"]
    return [(each["code"], each["severity"]) for each in found if each["code"] not in OF_FRAGMENTS]


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
    assert any("ConfigMap" in each for each in reading["warnings"])


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
    ("name", "destinations", "words"),
    [
        ("11-aks-empty-item.config", ["10.0.0.0/8"], "keeps the entry of the default list at that position"),
        ("12-aks-config-map.yaml", [*LINK_LOCAL, *RFC_1918], "it has ip-masq-agent, which is not read"),
        ("13-force-masquerade.config", [*LINK_LOCAL, ""], "To masquerade only these, list all others: 0.0.0.0/5"),
        ("15-list-without-entries.config", [], "every destination is masqueraded, other Pods and nodes too"),
        ("38-settings-below-a-key.config", [*LINK_LOCAL, *RFC_1918], "'config', and so the settings below it"),
        ("40-iptables-save.config", [*LINK_LOCAL, *RFC_1918], "Check that this is its config"),
        ("16-misspelt-interval.config", [*LINK_LOCAL, "10.0.0.0/8"], "did you mean resyncInterval"),
        ("17-config-as-json.yaml", ["10.4.0.0/14"], "reads only the ConfigMap ip-masq-agent"),
        (
            "30-second-agent-on-gke.yaml",
            [*LINK_LOCAL, "172.17.0.0/16", "10.32.0.0/16", "192.168.0.0/24"],
            "a destination keeps the Pod's address only if both exempt it",
        ),
    ],
)
def test_an_accepted_config_says_what_is_not_meant(
    capsys: pytest.CaptureFixture[str], name: str, destinations: list[str], words: str
) -> None:
    """The chain is the one that the report shows, and the sentence names its cause."""
    reading = run(capsys, "agent-config", name)
    assert reading["ipv4_chain"] == [*(f"{each} RETURN".strip() for each in destinations), "MASQUERADE"]
    assert any(words in each for each in reading["warnings"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "14-except.config",
            "config, line 3: expected YAML, here an entry of the list, which begins with -, saw a key",
        ),
        ("44-list-as-text.config", "nonMasqueradeCIDRs: expected a list, saw the text '10.0.0.0/8, 172.16.0.0/12'"),
        ("19-cilium-range.config", "nonMasqueradeCIDRs[1]: expected a CIDR aligned to its prefix, here 2.2.0.0/16"),
    ],
)
def test_a_config_of_another_tool_or_wish_is_rejected(
    capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    """Exceptions inside a list are only a wish, and Cilium's agent takes ranges that the agent refuses."""
    reading = run(capsys, "agent-config", name)
    assert (reading["accepted"], reading["warnings"]) == (False, [])
    assert reading["error"].startswith(words)


def test_a_template_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A template that was not rendered is no manifest, and nothing is told of the agent."""
    assert main(["agent-config", str(CASES / "18-terraform-template.yaml")]) == 2
    assert "expected a manifest in YAML (render a template first), saw no YAML in line 9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("31-bare-destinations.yaml", {("MASQ303", "error"), ("MASQ304", "error")}),
        ("32-predictable-snat.yaml", {("MASQ304", "error")}),
        ("33-endpoint-left-out.yaml", {("MASQ302", "info")}),
        ("34-shared-address-space.yaml", {("MASQ301", "warning"), ("MASQ302", "info")}),
        (
            "35-config-map-on-autopilot.yaml",
            {("MASQ104", "info"), ("MASQ302", "info"), ("MASQ306", "error"), ("MASQ317", "info")},
        ),
        ("36-config-map-without-daemon-set.yaml", {("MASQ310", "error"), ("MASQ315", "warning")}),
        ("37-pods-left-out.yaml", {("MASQ301", "error"), ("MASQ302", "info")}),
    ],
)
def test_a_policy_is_judged_as_the_report_tells(
    capsys: pytest.CaptureFixture[str], name: str, codes: set[tuple[str, str]]
) -> None:
    """What did not work there is an error, and what did work has none."""
    assert set(list_codes(capsys, name)) == codes


@pytest.mark.parametrize(
    ("name", "destination", "source_kind", "reason"),
    [
        ("31-bare-destinations.yaml", "172.30.4.10", "pod", "DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE"),
        ("33-endpoint-left-out.yaml", "endpoint", "node", "MASQUERADED"),
        ("34-shared-address-space.yaml", "10.20.0.5", "node", "MASQUERADED"),
        ("34-shared-address-space.yaml", "100.70.0.1", "pod", "DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE"),
        ("37-pods-left-out.yaml", "10.64.0.9", "node", "MASQUERADED"),
        ("37-pods-left-out.yaml", "10.48.0.9", "pod", "DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE"),
    ],
)
def test_a_source_is_predicted_as_the_report_saw_it(
    capsys: pytest.CaptureFixture[str], name: str, destination: str, source_kind: str, reason: str
) -> None:
    """The prediction agrees with what the authors saw or wanted."""
    (answer,) = run(capsys, "explain", name, destination)
    assert (answer["source_kind"], answer["reason"]) == (source_kind, reason)


def test_terraforms_config_map_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says where the config is in it, and nothing of an environment."""
    assert main(["agent-config", str(CASES / "39-terraform-config-map.config")]) == 2
    complaint = capsys.readouterr().err
    assert "the text of data.config in it into a file of its own), saw Terraform's configuration" in complaint
    assert "environment" not in complaint


def test_a_config_map_of_another_namespace_is_not_certain(capsys: pytest.CaptureFixture[str]) -> None:
    """The agent does not read it, so lint warns, and explain tells nothing as observed."""
    assert list_codes(capsys, "41-another-namespace.yaml") == [("MASQ317", "warning"), ("MASQ317", "info")]
    main(["explain", str(CASES / "41-another-namespace.yaml"), "172.16.0.9"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "only the ConfigMap ip-masq-agent in the namespace kube-system, and this one is in default" in printed
    assert "MASQUERADED (inferred)" in printed


def test_another_products_policy_has_one_cause(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a kind that is not GKE's nothing is said but its kind and version."""
    findings = run(capsys, "lint", "42-cilium-policy.yaml")["findings"]
    places = [each["where"].rpartition(".")[2] for each in findings if each["code"] == "MASQ304"]
    assert places == ["apiVersion", "kind"]


def test_a_cluster_without_an_environment_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Lint sends to explain, which answers also where the Pods' range is not known, and neither speaks of Composer."""
    findings = run(capsys, "lint", "43-gke-cluster-by-names.yaml")["findings"]
    assert {each["code"] for each in findings} == {"MASQ311", "MASQ312", "MASQ320"}
    assert not any("omposer" in each["message"] or "environment" in each["message"] for each in findings)
    (answer,) = run(capsys, "explain", "43-gke-cluster-by-names.yaml", "erp")
    assert (answer["source_kind"], answer["source"], answer["allowed"]) == ("pod", [], None)


def test_cloud_nat_is_for_the_listed_destinations_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Google's way to have Cloud NAT's address for one destination has no finding, and the others see the node."""
    assert list_codes(capsys, "45-cloud-nat-for-some.yaml") == []
    partner, other = run(capsys, "explain", "45-cloud-nat-for-some.yaml", "partner", "other")
    assert (partner["source_kind"], partner["source"], partner["allowed"]) == ("nat", ["203.0.113.7"], True)
    assert (other["source_kind"], other["source"]) == ("node-external", [])


@pytest.mark.parametrize("image", ["composer-2.17.9-airflow-2.11.1", "composer-1.20.12-airflow-2.4.3"])
def test_a_policy_that_the_cluster_does_not_read_is_not_certain(
    console: Console, capsys: pytest.CaptureFixture[str], image: str
) -> None:
    """Autopilot reads no agent's config, so what follows from one there is inferred, and explain says why."""
    text = (CASES / "35-config-map-on-autopilot.yaml").read_text(encoding="utf-8")
    console.write("plan.yaml", text.replace("composer-2.17.9-airflow-2.11.1", image))
    capsys.readouterr()
    printed = " ".join(console.run("explain", "plan.yaml", "10.0.0.9").printed.split())
    is_autopilot = image.startswith("composer-2")
    assert ("Composer 2 runs on Autopilot, which reads no agent's config" in printed) is is_autopilot
    assert ("MASQUERADED (inferred)" in printed) is is_autopilot


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
