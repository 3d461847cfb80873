"""What people hand in instead of a plan is named, with the command that reads it."""

from __future__ import annotations

import pytest
import yaml

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import load_plan, load_plan_from_mapping
from airflow_masq.plan.other_inputs import describe_other_input

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ip-masq-agent}\ndata: {config: 'masqLinkLocal: true'}\n"
DAEMON_SET = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: ip-masq-agent}\n"
EGRESS_NAT_POLICY = "apiVersion: networking.gke.io/v1\nkind: EgressNATPolicy\nmetadata: {name: default}\n"
COMPOSER_ENVIRONMENT = "apiVersion: composer.cnrm.cloud.google.com/v1beta1\nkind: ComposerEnvironment\n"


@pytest.mark.parametrize(
    ("text", "seen", "step"),
    [
        (CONFIG_MAP, "a Kubernetes manifest of kind ConfigMap", "airflow-masq agent-config reads"),
        (DAEMON_SET, "a Kubernetes manifest of kind DaemonSet", "airflow-masq agent-config reads"),
        (EGRESS_NAT_POLICY, "a Kubernetes manifest of kind EgressNATPolicy", "below policy.egress_nat_policies"),
        (COMPOSER_ENVIRONMENT, "a Kubernetes manifest of kind ComposerEnvironment", "below environment of a plan"),
        ("apiVersion: v1\nkind: Pod\n", "a Kubernetes manifest of kind Pod", "no command reads this kind"),
        (f"{DAEMON_SET}---\n{CONFIG_MAP}", "Kubernetes manifests of kind DaemonSet, ConfigMap", "agent-config reads"),
        ("apiVersion: v1\nkind: List\nitems: []\n", "a List that holds nothing", "kubectl found no object"),
        ("name: a\nconfig: {}\n", "the resource of an environment", "write it below environment of a plan"),
        ("uuid: a\nconfig: {}\nstate: RUNNING\n", "the resource of an environment", "below environment of a plan"),
        ("nonMasqueradeCIDRs: []\n", "an agent's config", "run airflow-masq agent-config"),
        ('{"name": "e", "plan": {}, "facts": {}}', "what airflow-masq describe --format json", "is below plan"),
        ('{"schema": "x", "environments": [], "not_asked": []}', "an audit", "run airflow-masq audit --previous"),
        ('{"format_version": "1.0", "values": {}}', "Terraform's configuration or state", "render writes Terraform"),
    ],
)
def test_an_input_that_is_no_plan(text: str, seen: str, step: str) -> None:
    """The error says what the whole input is, not that its first key is unknown."""
    with pytest.raises(PlanError) as caught:
        load_plan(text, source="input.yaml")
    assert str(caught.value).startswith("input.yaml: expected a plan (")
    assert caught.value.seen.startswith(seen)
    assert step in str(caught.value)
    if "---" not in text:
        with pytest.raises(PlanError) as of_mapping:
            load_plan_from_mapping(yaml.safe_load(text), source="input.yaml")
        assert str(of_mapping.value) == str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "network: {}\nnonMasqueradeCIDRs: []\n",
        "targts: []\n",
        "policy: {egress_nat_policies: [{kind: Lst}]}\nkid: a\n",
        "- kind: ConfigMap\n",
        "kind: [\n",
        "5\n",
    ],
)
def test_a_plan_with_a_mistake_keeps_its_own_error(text: str) -> None:
    """Where the input may be a plan, the error is about the place with the mistake."""
    with pytest.raises(PlanError) as caught:
        load_plan(text, source="plan.yaml")
    assert "expected a plan (a YAML" not in str(caught.value)
    assert "run airflow-masq" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ['resource "google_composer_environment" "a" {\n}\n', '# a\nmodule "b" {\n  c = 1\n}\n']
)
def test_terraforms_configuration_is_named(text: str) -> None:
    """A Terraform file is neither a plan nor an agent's config."""
    with pytest.raises(PlanError, match="saw Terraform's configuration or state"):
        load_plan(text, source="main.tf")
    assert describe_other_input(text) == describe_other_input('{"terraform_version": "1.5.7"}')


@pytest.mark.parametrize(
    "text", ["", "a: b\n", "masqLinkLocal: true\nnetwork: {}\n", "- network\n", "[", "config: {}\n"]
)
def test_what_may_be_an_agents_config_is_read_as_one(text: str) -> None:
    """Only what is surely another input is refused, since the agent accepts any mapping."""
    assert describe_other_input(text) is None
    assert describe_other_input("policy: none\n") is not None
