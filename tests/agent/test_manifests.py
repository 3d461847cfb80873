"""The agent's config is found in the forms that people have at hand, and what holds none is refused by name."""

from __future__ import annotations

import base64
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.agent.manifests import FoundConfig, find_config
from airflow_masq.exceptions import InvalidInputError

CONFIG = "nonMasqueradeCIDRs: [10.4.0.0/14]\n"
CONFIG_MAP = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: ip-masq-agent, namespace: kube-system}}
data:
  config: |
    {CONFIG}"""
DAEMON_SET = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ip-masq-agent}
spec: {template: {spec: {containers: [{name: agent, args: [FLAGS]}]}}}
"""
FOUND = "read from the key config of the ConfigMap ip-masq-agent"


def as_list(*manifests: str) -> str:
    """Write manifests as ``kubectl get -o yaml`` prints several."""
    items = "".join("- " + text.strip().replace("\n", "\n  ") + "\n" for text in manifests)
    return f"apiVersion: v1\nkind: List\nmetadata: {{resourceVersion: ''}}\nitems:\n{items}"


@pytest.mark.parametrize(
    "text",
    [
        CONFIG,
        "",
        "[]",
        "kind: agent\nnonMasqueradeCIDRs: []",  # no manifest: neither an apiVersion nor a ConfigMap
        "kind: [",
        "kind: 1\n---\n- ConfigMap",
        "kind: ConfigMap\n" * 2 + "a: &a [*b]",
        f"kind: ConfigMap # {'x' * 1024 * 1024}",
    ],
)
def test_what_is_no_manifest_is_the_config_itself(text: str) -> None:
    """Any other text is given to the agent's reader as it is."""
    assert find_config(text) == FoundConfig(text=text)


@pytest.mark.parametrize(
    "text",
    [
        CONFIG_MAP,
        as_list(CONFIG_MAP),
        f"---\n{CONFIG_MAP}...\n",
        CONFIG_MAP.replace("kind:", '"kind":'),
        json.dumps(yaml.safe_load(CONFIG_MAP)),
        json.dumps(yaml.safe_load(CONFIG_MAP), indent=4),
    ],
)
def test_a_config_map_is_read(text: str) -> None:
    """Its key config is the config, whether it comes alone, in a kind: List or between document markers."""
    assert find_config(text) == FoundConfig(text=CONFIG, remarks=(FOUND,))


def test_a_config_map_without_the_key_leaves_the_defaults() -> None:
    """The agent does not read settings beside the key, and a remark names the place where they belong."""
    found = find_config("kind: ConfigMap\ndata: {nonMasqueradeCIDRs: '[]'}\n")
    defaults = "so the agent keeps its defaults (it has nonMasqueradeCIDRs, which is not read)"
    warning = f"the ConfigMap has no key config under data, {defaults}. Put the settings under data.config"
    assert (found.text, found.remarks, found.warnings[0]) == ("", (), warning)
    (warning,) = find_config("kind: ConfigMap\nmetadata: {name: ip-masq-agent}\n").warnings
    assert warning.endswith("so the agent keeps its defaults. Put the settings under data.config")


@pytest.mark.parametrize(
    ("flags", "reserved_ranges", "enable_ipv6", "remark"),
    [
        ("", False, False, "none of the flags that matter here"),
        ("--masq-chain=IP-MASQ, 8", False, False, "none of the flags that matter here"),
        ("--nomasq-all-reserved-ranges", True, False, "--nomasq-all-reserved-ranges"),
        ("--nomasq-all-reserved-ranges=false", False, False, "none of the flags that matter here"),
        (
            "--nomasq-all-reserved-ranges, --enable-ipv6=true",
            True,
            True,
            "--nomasq-all-reserved-ranges, --enable-ipv6",
        ),
    ],
)
def test_a_daemon_set_beside_it_tells_the_flags(
    flags: str, *, reserved_ranges: bool, enable_ipv6: bool, remark: str
) -> None:
    """The files that people apply hold both, and the agent's flags decide which default list is in force."""
    found = find_config(f"{DAEMON_SET.replace('FLAGS', flags)}---\n{CONFIG_MAP}")
    assert (found.text, found.reserved_ranges, found.enable_ipv6) == (CONFIG, reserved_ranges, enable_ipv6)
    assert found.remarks[:2] == (FOUND, f"the DaemonSet runs the agent with {remark}")
    assert bool(found.remarks[2:]) is ("--masq-chain=IP-MASQ" not in flags)
    assert all("on GKE its chain comes beside the one of the nodes" in each for each in found.remarks[2:])


def test_other_kinds_are_named() -> None:
    """What is not read is said."""
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: agent}\n"
    assert find_config(f"{account}---\n{CONFIG_MAP}").remarks == (
        FOUND,
        "other manifests are not read: ServiceAccount",
    )
    other = CONFIG_MAP.replace("name: ip-masq-agent", "name: kube-root-ca.crt")
    assert find_config(f"{other}---\n{CONFIG_MAP}").remarks == (
        FOUND,
        "other manifests are not read: ConfigMap kube-root-ca.crt",
    )


def test_a_config_map_of_another_name_is_read_with_a_remark() -> None:
    """The only ConfigMap is taken for the agent's, and a remark names the one that the agent reads."""
    found = find_config(CONFIG_MAP.replace("name: ip-masq-agent", "name: masquerading"))
    assert (found.text, len(found.remarks)) == (CONFIG, 1)
    assert found.warnings == ("the agent itself reads only the ConfigMap ip-masq-agent in the namespace kube-system",)


def test_a_config_map_in_another_namespace_is_read_with_a_warning() -> None:
    """The DaemonSet mounts the one of its own namespace, which is taken where a file has both."""
    elsewhere = CONFIG_MAP.replace("kube-system", "default").replace("10.4", "10.8")
    found = find_config(elsewhere)
    (warning,) = found.warnings
    assert found.text == CONFIG.replace("10.4", "10.8")
    assert warning.endswith("only the ConfigMap ip-masq-agent in the namespace kube-system, and this one is in default")
    assert find_config(as_list(elsewhere, CONFIG_MAP)).text == CONFIG
    assert find_config(CONFIG_MAP.replace(", namespace: kube-system", "")).warnings == ()  # kubectl -n adds it


def test_a_key_under_binary_data_is_read() -> None:
    """A volume has these keys as well, so the agent reads them."""
    encoded = base64.b64encode(CONFIG.encode()).decode()
    binary = f"kind: ConfigMap\nmetadata: {{name: ip-masq-agent}}\nbinaryData: {{config: {encoded}}}\n"
    assert find_config(binary) == FoundConfig(text=CONFIG, remarks=(FOUND,))


def test_a_list_whose_items_leave_out_their_kind_is_read() -> None:
    """The API's own list, as ``kubectl get --raw`` prints it, names the kind once."""
    item = {"metadata": {"name": "ip-masq-agent"}, "data": {"config": CONFIG}}
    found = find_config(json.dumps({"apiVersion": "v1", "kind": "ConfigMapList", "items": [item]}))
    assert found == FoundConfig(text=CONFIG, remarks=(FOUND,))


def test_of_several_config_maps_the_agents_is_read() -> None:
    """A namespace's list holds ConfigMaps of others too."""
    other = CONFIG_MAP.replace("name: ip-masq-agent", "name: cluster-info").replace("10.4", "10.8")
    assert find_config(as_list(other, CONFIG_MAP)).text == CONFIG


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (DAEMON_SET, "a Kubernetes manifest of kind DaemonSet (airflow-masq agent-config reads the agent's DaemonSet"),
        (f"{CONFIG_MAP}---\n{CONFIG_MAP}", "2 ConfigMaps"),
        ("kind: ConfigMap\ndata: {config: {nonMasqueradeCIDRs: []}}", "expected text (write it below config: |)"),
        ("kind: ConfigMap\nbinaryData: {config: '%'}", "binaryData.config: expected text in Base64, saw '%'"),
        ("kind: ConfigMap\nbinaryData: {config: /w==}", "binaryData.config: expected text in Base64, saw '/w=='"),
        (
            "apiVersion: networking.gke.io/v1\nkind: EgressNATPolicy\n",
            "a Kubernetes manifest of kind EgressNATPolicy (write it below policy.egress_nat_policies of a plan",
        ),
        ("apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\n", "of kind Pod (no command reads this kind)"),
        (
            "apiVersion: v1\nkind: ConfigMap\ndata: {config: [}\n",
            "expected a manifest in YAML (render a template first)",
        ),
        ("apiVersion: v1\nkind: ConfigMap\n%{ for a in b }\n", "saw no YAML in line 3"),
        ("apiVersion: v1\nkind: ConfigMap\ndata: \x07\n", "saw text that cannot be read"),
        ("apiVersion: v1\nkind: List\nitems: []\n", "a List that holds nothing (kubectl found no object)"),
    ],
)
def test_manifests_without_one_config_are_refused(text: str, seen: str) -> None:
    """The message says what was found instead."""
    with pytest.raises(InvalidInputError) as refusal:
        find_config(text, where="file.yaml")
    assert seen in str(refusal.value)


@given(
    st.sampled_from(
        [
            "",
            "ConfigMap\ndata: ",
            "ConfigMap\napiVersion: v1\ndata:\n  config: ",
            "Secret\napiVersion: v1\nmetadata:\n  name: ",
            "List\napiVersion: v1\nitems: ",
        ]
    ),
    st.text(alphabet="kind: ConfigMapLst\n-{}[]'data#&*x1") | st.text(),
)
def test_no_text_makes_it_fail_otherwise(kind: str, text: str) -> None:
    """For every file, the answer is a config or a refusal in one line."""
    try:
        found = find_config(f"kind: {kind}{text}")
    except InvalidInputError as refusal:
        assert str(refusal).isprintable()  # noqa: PT017 - any refusal is fine, as long as it is one line
    else:
        assert isinstance(found.text, str)
