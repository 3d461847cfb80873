"""``agent-config`` says what the IP masquerade agent would make of its config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.console import Console

LINK_LOCAL = "169.254.0.0/16 RETURN"


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
    assert "all packets would keep Pod addresses" in " ".join(answer.printed.split())


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
