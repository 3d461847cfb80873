"""``agent-config`` says what the IP masquerade agent would make of its config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.console import Console

LINK_LOCAL = "169.254.0.0/16 RETURN"
NAMED = "kind: ConfigMap\nmetadata: {name: ip-masq-agent}\n"


def read(console: Console, config: str, *options: str) -> tuple[object, dict[str, Any]]:
    """Give a config to the command and read its exit code and JSON."""
    console.write("config", config)
    answer = console.run("agent-config", "config", *options, "--format", "json")
    assert answer.complaint == ""
    printed: dict[str, Any] = json.loads(answer.printed)
    assert tuple(printed) == ("accepted", "error", "ipv4_chain", "ipv6_chain", "warnings")
    return answer.code, printed


def test_an_accepted_config(console: Console) -> None:
    """An accepted config is exit code 0 with the chain that the agent writes."""
    code, printed = read(console, "nonMasqueradeCIDRs: [10.64.0.0/14]\n")
    assert (code, printed["accepted"], printed["error"]) == (0, True, None)
    assert printed["ipv4_chain"] == [LINK_LOCAL, "10.64.0.0/14 RETURN", "MASQUERADE"]
    assert printed["ipv6_chain"] is None


def test_a_rejected_config(console: Console) -> None:
    """A rejected config is exit code 1 with the reason and without any chain."""
    code, printed = read(console, "nonMasqueradeCIDRs: [10.0.0.1/8]\n")
    assert (code, printed["accepted"]) == (1, False)
    assert printed["error"]
    assert (printed["ipv4_chain"], printed["ipv6_chain"]) == (None, None)


@pytest.mark.parametrize(("options", "length"), [((), 5), (("--reserved-ranges",), 13)])
def test_the_default_list(console: Console, options: tuple[str, ...], length: int) -> None:
    """An empty config has the agent's own three ranges, or all reserved ones where that is asked for."""
    assert len(read(console, "", *options)[1]["ipv4_chain"]) == length


@pytest.mark.parametrize(("options", "accepted"), [((), False), (("--enable-ipv6",), True)])
def test_ipv6(console: Console, options: tuple[str, ...], *, accepted: bool) -> None:
    """An IPv6 range is rejected unless the agent runs with IPv6."""
    _, printed = read(console, "nonMasqueradeCIDRs: ['fd00::/8']\n", *options)
    assert printed["accepted"] is accepted
    assert (printed["ipv6_chain"] is not None) is accepted


def test_as_text(console: Console) -> None:
    """Text shows each rule with what its destinations see, and ends with what to do next."""
    console.write("config", "nonMasqueradeCIDRs: [10.64.0.0/14]\n")
    answer = console.run("agent-config", "config", "--enable-ipv6")
    lines = answer.printed.splitlines()
    assert answer.code == 0
    assert lines[:2] == ["config: accepted", "IPv4:"]
    assert "    10.64.0.0/14     RETURN      keeps the Pod's address" in lines
    assert "    everything else  MASQUERADE  gets the node's address" in lines
    assert lines[-1].startswith("Next: add it to a plan")


def test_without_ipv6_as_text(console: Console) -> None:
    """Where IPv6 is not masqueraded, that is said."""
    console.write("config", "nonMasqueradeCIDRs: [10.64.0.0/14]\n")
    assert "IPv6: no chain, so all packets keep the Pod's address" in console.run("agent-config", "config").printed


def test_a_rejected_config_as_text(console: Console) -> None:
    """A rejected config says why, and what would happen."""
    console.write("config", "nonMasqueradeCIDRs: 10.0.0.0/8\n")
    answer = console.run("agent-config", "config")
    assert answer.code == 1
    assert answer.printed.startswith("config: rejected\n    ")
    assert "all packets keep Pod addresses" in " ".join(answer.printed.split())


@pytest.mark.parametrize(
    ("config", "headline", "code"),
    [("masqLinkLocal:\ttrue\n", "probably accepted", 0), ("nonMasqueradeCIDRs: !x []\n~: 1\n", "probably rejected", 1)],
)
def test_a_reading_that_is_not_certain(console: Console, config: str, headline: str, code: int) -> None:
    """Where the agent's YAML library may read a config differently, the headline says probably."""
    console.write("config", config)
    answer = console.run("agent-config", "config")
    assert (answer.code, answer.printed.splitlines()[0]) == (code, f"config: {headline}")
    assert "warning: this reading is not certain" in answer.printed
    console.write("config", "masqLinkLocal: true\n")
    assert console.run("agent-config", "config").printed.startswith("config: accepted\n")


def test_a_config_of_too_many_levels(console: Console) -> None:
    """What cannot be read here is neither accepted nor rejected, and a plan with it predicts nothing."""
    deep = f"a: {'[' * 3_000}{']' * 3_000}\n"
    console.write("config", deep)
    answer = console.run("agent-config", "config")
    unknown = "too many levels; whether the agent accepts it is not known\n"
    expected = f"config: expected a config that can be read here, saw {unknown}"
    assert (answer.code, answer.printed, answer.complaint) == (2, "", expected)
    console.write("deep.yaml", f"policy:\n  agent_config: |\n    {deep}")
    answer = console.run("explain", "deep.yaml", "10.0.0.1")
    assert answer.code == 2
    assert answer.complaint.startswith("deep.yaml:2: policy.agent_config: expected a config that can be read here")


@pytest.mark.parametrize(
    ("config", "remarks", "last"),
    [
        ("masqLinkLocal: false\n", 1, "Next: add it to a plan"),
        ("nonMasqueradeCIDR: []\n", 1, "Next: read the warnings"),
        ("nonMasqueradeCIDRs: [10.0.0.0/8]\n", 0, "Next: add it to a plan"),
        (f"{NAMED}data: {{config: 'nonMasqueradeCIDRs: [10.0.0.0/8]'}}\n", 1, "Next: add it to a plan"),
        (f"{NAMED}data: {{config: 'masqLinkLocal: false'}}\n", 2, "Next: add it to a plan"),
        (f"{NAMED}data: {{}}\n", 1, "Next: read the warnings"),
    ],
)
def test_remarks_are_no_warnings(console: Console, config: str, remarks: int, last: str) -> None:
    """What is good to know is called a remark, and does not ask for anything."""
    console.write("config", config)
    lines = console.run("agent-config", "config").printed.splitlines()
    assert sum(line.startswith("remark: ") for line in lines) == remarks
    assert any(line.startswith("warning: ") for line in lines) is ("read the warnings" in last)
    assert any(line.startswith(last) for line in lines)


@pytest.mark.parametrize(
    ("text", "seen", "step"),
    [
        ("network: {}\n", "a plan", "for a plan, run airflow-masq lint or explain"),
        ("name: a\nconfig: {}\n", "the resource of an environment", "write it below environment of a plan"),
        ('{"apiVersion": "airflow-masq/v1", "targets": []}', "a plan", "airflow-masq lint"),
    ],
)
def test_an_input_for_another_command(console: Console, text: str, seen: str, step: str) -> None:
    """A plan or an environment is named as what it is, with the command that reads it, and no chain is shown."""
    console.write("input", text)
    answer = console.run("agent-config", "input")
    assert (answer.code, answer.printed) == (2, "")
    assert answer.complaint.startswith("input: expected the agent's config (")
    assert answer.complaint.endswith(f"saw {seen}\n")
    assert step in answer.complaint
    console.write("input", "network: {}\nnonMasqueradeCIDRs: []\n")
    assert console.run("agent-config", "input").code == 0


def test_what_is_surely_not_meant(console: Console) -> None:
    """A misspelt key is accepted with a warning, as text and as JSON; a right one gives none."""
    console.write("config", "nonMasqueradeCIDR: [10.64.0.0/14]\n")
    printed = console.run("agent-config", "config").printed
    assert "warning: " in printed
    assert printed.splitlines()[-1] == "Next: read the warnings; the agent accepts this config without any message."
    assert read(console, "nonMasqueradeCIDR: [10.64.0.0/14]\n")[1]["warnings"]
    assert read(console, "nonMasqueradeCIDRs: [10.64.0.0/14]\n")[1]["warnings"] == []


def test_a_file_that_cannot_be_read(console: Console) -> None:
    """A missing file, or one that is no text, is exit code 2 and one line."""
    console.write("binary", b"\xff\xfe")
    for name in ("missing", "binary"):
        answer = console.run("agent-config", name)
        assert (answer.code, answer.printed, answer.complaint.count("\n")) == (2, "", 1)
