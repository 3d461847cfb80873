"""For any file, a command answers with findings or with one line, never with a traceback."""

from __future__ import annotations

import copy
import io
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_masq.cli import main
from airflow_masq.renderings import RENDERINGS
from tests.cli.console import PLAN

COMMANDS = st.sampled_from(
    [
        ["lint"],
        ["explain", "192.175.48.80", "10.0.0.1", "2001:db8::1", "169.254.169.254"],
        ["capacity"],
        *(["render", "--as", form] for form in RENDERINGS),
    ]
)
FORMATS = st.sampled_from(["text", "json"])
VALUES: Any = st.sampled_from(
    [
        "10.0.0.0/8",
        "0.0.0.0/0",
        "192.168.0.0/30",
        "100.128.0.0/16",
        "172.17.0.0/16",
        "fd00::/48",
        "203.0.113.7",
        "/14",
        "composer-3-airflow-2",
        "composer-1.20.12-airflow-1.10.15",
        "gke-default",
        "http://[2001:db8::1]:80/",
        "airflow://a",
        "\x1b[31m",
        "${x}%{y}\n\"'`$(z)",
        "=1+1",
        {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]"},
        {"egress_nat_policies": [{"spec": {"destinations": ["10.0.0.0/8"]}}]},
        {},
        [],
        True,
        1,
        None,
    ]
) | st.text(max_size=6)
AGENT_CONFIGS = st.lists(
    st.sampled_from(
        [
            "nonMasqueradeCIDRs",
            "masqLinkLocal",
            "resyncInterval",
            ": ",
            "\n",
            "\n- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            '"',
            "10.0.0.0/8",
            "0.0.0.0/0",
            "fd00::/8",
            "10.0.0.0/08",
            "60s",
            "true",
            "null",
            "---\n",
            "%YAML 1.2\n",
            "&a ",
            "*a",
            "!!str ",
            "\t",
            "\r",
        ]
    )
    | st.text(max_size=3),
    max_size=20,
).map("".join)


@st.composite
def plans(draw: st.DrawFn) -> bytes:
    """Make a plan of which a few values, keys or sections are something else."""
    plan: Any = yaml.safe_load(PLAN)
    for _ in range(draw(st.integers(1, 3))):
        node = plan
        while node:
            key = draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
            if not isinstance(node[key], dict | list) or draw(st.integers(0, 9)) == 0:
                node[key] = copy.deepcopy(draw(VALUES))  # a later change goes into it
                break
            node = node[key]
    return yaml.safe_dump(plan, allow_unicode=True).encode("utf-8", "surrogatepass")


def _answer(content: bytes, command: list[str]) -> tuple[int, str, str]:
    printed, complaint = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "file"
        file.write_bytes(content)
        words = [command[0], str(file), *command[1:]]
        with redirect_stdout(printed), redirect_stderr(complaint):
            code = main(words)
    return code, printed.getvalue(), complaint.getvalue()


#: What stands beside a form on standard error, of a plan that the service would refuse [source:
#: composer-service-account-required].
REMARK = (
    "The service demands an explicit service account, which this plan lacks: set nodeConfig.serviceAccount (MASQ115).\n"
)


def _check(content: bytes, command: list[str]) -> None:
    code, printed, complaint = _answer(content, command)
    if code == 2:
        assert (printed, complaint.count("\n")) == ("", 1)
        assert complaint.rstrip("\n").isprintable()
    else:
        assert code in {0, 1}
        assert complaint in ({"", REMARK} if command[0] == "render" else {""})
        assert printed.endswith("\n")
        assert command[0] == "render" or all(line.isprintable() for line in printed.split("\n"))


@settings(max_examples=300, deadline=None)
@given(content=plans(), command=COMMANDS, form=FORMATS)
def test_any_plan(content: bytes, command: list[str], form: str) -> None:
    """A plan with unforeseen values is judged, or refused in one line that acts on no terminal."""
    _check(content, [*command, "--format", form])


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), command=COMMANDS)
@example(content=b"", command=["lint"])
@example(content=PLAN.encode(), command=["lint"])
def test_any_bytes(content: bytes, command: list[str]) -> None:
    """Bytes that are no plan at all are refused in one line."""
    _check(content, command)


@settings(max_examples=300, deadline=None)
@given(
    content=AGENT_CONFIGS.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=60),
    options=st.lists(st.sampled_from(["--enable-ipv6", "--reserved-ranges"]), unique=True),
    form=FORMATS,
)
def test_any_agent_config(content: bytes, options: list[str], form: str) -> None:
    """An agent's config is accepted, or rejected with a reason, for any content."""
    _check(content, ["agent-config", *options, "--format", form])


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that crashes is seen by the tests above."""
    monkeypatch.setattr(sys.modules["airflow_masq.cli.lint"], "lint", lambda _plan: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _check(PLAN.encode(), ["lint"])
