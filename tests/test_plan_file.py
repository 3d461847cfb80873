"""What an operator takes for a plan's path, and what for its text."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan_file import read_json_file, read_plan, read_plan_text, read_text_file
from airflow_masq.text import escape

PLAN = {"network": {"workers": 7}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PLAN),
        json.dumps(PLAN, indent=2),
        "network: {workers: 7}",
        "\nnetwork:\n  workers: 7\n",
        "# my plan\nnetwork:\n  workers: 7\n",
    ],
)
def test_the_text_of_a_plan_is_read_as_such(text: str) -> None:
    """A plan that was pasted, as JSON or as YAML, is read like a file."""
    assert read_plan(text).ranges.workers == 7


@pytest.mark.parametrize("form", ["{}", "{}\n", "  {}"])
def test_a_path_is_read_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """A path, absolute or not and with blanks around it, leads to the file."""
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN))
    monkeypatch.chdir(tmp_path)
    assert read_plan(form.format("plan.yaml")).ranges.workers == 7
    assert read_plan(str(tmp_path / "plan.yaml")).ranges.workers == 7


def test_a_plan_for_another_process_is_text(tmp_path: Path) -> None:
    """A mapping becomes JSON, a text stays as it is, and of a path the file's text is taken; all were read as plans."""
    text = "network:\n  workers: 7\n"
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    assert json.loads(read_plan_text(PLAN)) == PLAN
    assert read_plan(PLAN).ranges.workers == 7
    assert read_plan_text(text) == read_plan_text(str(path)) == text
    for wrong in ({"network": 1}, "network: 1\n"):
        with pytest.raises(InvalidInputError, match=r"^plan:.* network: expected a mapping|^plan: network: expected"):
            read_plan_text(wrong)


@pytest.mark.parametrize("plan", ["", " \n\t"])
def test_no_plan_is_said_to_be_none(plan: str) -> None:
    """A template that became empty is not taken for a folder."""
    with pytest.raises(InvalidInputError, match=r"^plan: expected a path or a mapping, saw an empty text$"):
        read_plan(plan)


def test_an_operators_json_file_is_a_regular_file_of_json(tmp_path: Path) -> None:
    """An earlier audit is read; a device and what is no JSON are refused with the setting's name."""
    path = tmp_path / "audit\x1b[31m.json"
    path.write_text('{"a": 1}')
    assert read_json_file(str(path), where="last_audit") == read_json_file(str(path)) == {"a": 1}
    path.write_text("{" * 100_000)
    shown = escape(str(path))
    with pytest.raises(InvalidInputError) as caught:
        read_json_file(str(path), where="last_audit")
    assert str(caught.value) == f"last_audit: {shown}: expected JSON, saw something else"
    with pytest.raises(InvalidInputError) as caught:
        read_json_file(str(path))
    assert str(caught.value) == f"{shown}: expected JSON, saw something else"
    with pytest.raises(InvalidInputError, match=r"^last_audit: /dev/zero: expected a readable file on this worker"):
        read_json_file("/dev/zero", where="last_audit")


def test_a_byte_that_is_no_text_is_found(tmp_path: Path) -> None:
    """The message names the byte and its line, the first one as any other."""
    path = tmp_path / "plan.yaml"
    for content, line in ((b"\xff", 1), (b"\n\xff", 2), (b"a\nb\nc\xff", 3)):
        path.write_bytes(content)
        with pytest.raises(InvalidInputError, match=rf":{line}: expected UTF-8 text, saw the byte 0xff$"):
            read_plan(str(path))


def test_an_error_in_a_pasted_plan_names_its_line() -> None:
    """What is wrong with a pasted text is said with the line, as of a file."""
    with pytest.raises(InvalidInputError, match=r"^plan:2: network\.worker: expected one of .*did you mean workers"):
        read_plan("network:\n  worker: 7\n")


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a directory", "a socket"])
def test_an_operators_plan_is_a_regular_file(tmp_path: Path, kind: str) -> None:
    """A pipe would hold the worker until somebody writes; such files are refused without being opened."""
    path = tmp_path / "plan.yaml"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a directory":
        path.mkdir()
    elif kind == "a device":
        path = Path("/dev/zero")
    with socket.socket(socket.AF_UNIX) as unix:
        if kind == "a socket":
            unix.bind(str(path))
        with pytest.raises(InvalidInputError) as caught:
            read_plan(str(path))
    assert str(caught.value) == f"plan: {path}: expected a readable file on this worker, saw {kind}"


def test_a_command_reads_a_pipe(tmp_path: Path) -> None:
    """What a shell makes of ``<(…)`` is a pipe, and commands read it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", 'echo "network: {}" > "$0"', str(path)]):
        assert read_text_file(str(path)) == "network: {}\n"


@pytest.mark.parametrize(
    "text",
    [
        "ghp_hunter2\n",
        "root:x:0:0:root:/root:/bin/hunter2\ndaemon:x:1:1:daemon:/usr/sbin\n",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        '["hunter2"]',
        "password: hunter2\n",
        "password: *hunter2\n",
        "password: !hunter2 x\n",
        "password: !!int hunter2\n",
        'password: "hunter2\\ud800"\n',
        "root:$6$hunter2:20228:0:99999:7:::\ndaemon:*:20228:0:99999:7:::\n",
        "https://user:hunter2@host:\n",
        "environment: {config: {softwareConfig: {envVariables: PASSWORD=hunter2}}}\n",
        "environment: {config: {softwareConfig: {airflowConfigOverrides: [hunter2]}}}\n",
    ],
)
def test_a_file_that_is_no_plan_is_not_shown(tmp_path: Path, text: str) -> None:
    """Whatever file a run's plan names, its text does not come back in the error."""
    path = tmp_path / "secret"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        read_plan(str(path))
    assert "hunter2" not in str(caught.value)


def test_an_unknown_key_is_one_short_line(tmp_path: Path) -> None:
    """A key that a terminal would act upon, or that is very long, is escaped and cut."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"\x1b[31m\n" * 10_000: 1}), encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        read_plan(str(path))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800


def test_a_misspelt_key_is_shown(tmp_path: Path) -> None:
    """The twin: what looks like a key is named, with the key that was meant."""
    path = tmp_path / "plan.yaml"
    path.write_text("netwrok: {}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"netwrok: .*\(did you mean network\?\), saw 'netwrok'"):
        read_plan(str(path))
