"""What ``python -m lab.cloud`` has to try by hand, and the commands that it prints."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (
    EnvironmentsGrpcAsyncIOTransport,
)
from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud import ComposerEmulator, Hooks
from lab.cloud.by_hand import WITH_AGENT, WITHOUT_AGENT, ApiServers, furnish
from tests.airflow_env import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[3]


@contextmanager
def start(*arguments: str) -> Iterator[str]:
    """Run the command for as long as it is needed; give what it prints."""
    words = [sys.executable, "-m", "lab.cloud", *arguments]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as emulator:
        try:
            assert emulator.stdout is not None
            lines = []
            for line in emulator.stdout:
                lines.append(line)
                if line.startswith("export NO_GCE_CHECK="):  # its last line
                    break
            yield "".join(lines)
        finally:
            emulator.send_signal(signal.SIGTERM)


def read_block(printed: str, number: int) -> str:
    """Read one of the blocks to copy."""
    found = re.search(rf"^# {number}\. .*?\n(.*?)(?=^# |\Z)", printed, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].strip()


def run_in_shell(block: str, *, directory: Path, settings: dict[str, str]) -> list[tuple[str, int, str]]:
    """Run a block line by line in one shell; give each command with its exit code and what it printed."""
    lines = [line if line.startswith("export ") else f"{line}; echo; echo ===$?" for line in block.splitlines()]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = subprocess.run(
        ["bash", "-c", "exec 2>&1\n" + "\n".join(lines)],
        cwd=directory,
        env=os.environ | settings | {"PATH": path, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    commands = [line for line in block.splitlines() if not line.startswith("export ")]
    parts = re.findall(r"(.*?)\n===(\d+)\n", shell.stdout, re.DOTALL)
    return [(command, int(code), said) for command, (said, code) in zip(commands, parts, strict=True)]


def test_the_commands_of_the_command_line_do_what_they_should(tmp_path: Path) -> None:
    """Audit, describe, lint, preflight and explain ask the emulated APIs, the Kubernetes APIs among them."""
    with start() as printed:
        answers = run_in_shell(read_block(printed, 1), directory=tmp_path, settings={})
    (_, _, audit), _, _, (_, _, preflight), (_, _, explain) = answers
    assert [code for _, code, _ in answers] == [0, 0, 0, 0, 0]
    assert "2 environments: 1 must be re-created, 1 masqueraded; no findings." in audit
    assert "not read" not in audit
    plan = (tmp_path / "with-agent.yaml").read_text(encoding="utf-8")
    assert "Not known" not in plan
    assert "- 203.0.113.7" in plan
    assert "unknown " not in preflight
    assert "203.0.113.7" in explain


@pytest.mark.airflow
@pytest.mark.timeout(400)
def test_the_commands_of_the_operators_do_what_they_should(tmp_path: Path) -> None:
    """The audit's DAG and that of the policy run in an Airflow of one's own, and the policy is applied."""
    settings = airflow_settings(tmp_path / "home")
    with start() as printed:
        first = read_block(printed, 1).splitlines()
        describing = "\n".join(line for line in first if not re.match("airflow-masq (?!describe)", line))
        run_in_shell(describing, directory=tmp_path, settings={})
        migrated = run_in_shell("airflow db migrate", directory=tmp_path, settings=settings)
        audit, apply = run_in_shell(read_block(printed, 2), directory=tmp_path, settings=settings)
    assert [code for _, code, _ in (*migrated, audit, apply)] == [0, 0, 0]
    assert "1 must be re-created, 1 masqueraded" in audit[2]
    assert "Applied and read back." in apply[2]


async def test_an_api_server_comes_and_goes_with_its_environment() -> None:
    """An environment of Composer 2 has a Kubernetes API until it is deleted; one of Composer 3 has none."""
    servers = ApiServers()
    emulator = ComposerEmulator(hooks=Hooks(on_running=servers.start, on_deleted=servers.stop))
    servers.attach(emulator)
    parent = "projects/example-project/locations/us-central1/environments"
    with servers:
        async with emulator, grpc.aio.insecure_channel(emulator.address) as channel:
            await furnish(emulator, project="example-project", is_empty=False)
            without = servers.find(f"{parent}/{WITHOUT_AGENT}")
            assert without.list_non_masquerade()[0] == "10.0.0.0/8"
            software = {"image_version": "composer-3-airflow-2.11.1-build.14"}
            three = Environment({"name": f"{parent}/three", "config": {"software_config": software}})
            await emulator.create_environment(three)
            with pytest.raises(KeyError):
                servers.find(three.name)
            client = EnvironmentsAsyncClient(transport=EnvironmentsGrpcAsyncIOTransport(channel=channel))
            for name in (f"{parent}/{WITHOUT_AGENT}", three.name):
                await client.delete_environment(name=name)
            await emulator.settle()
            with pytest.raises(KeyError):
                servers.find(f"{parent}/{WITHOUT_AGENT}")
            address = ("127.0.0.1", int(without.url.rpartition(":")[2]))
            with pytest.raises(ConnectionRefusedError), socket.create_connection(address, timeout=5):
                pass
            assert servers.find(f"{parent}/{WITH_AGENT}").list_non_masquerade()[0].startswith("10.4.")


def test_an_empty_project_has_no_environments(tmp_path: Path) -> None:
    """With ``--empty`` nothing is there, and no command is printed that would need it."""
    with start("--empty", "--project", "mine") as printed:
        ((_, code, said),) = run_in_shell(read_block(printed, 1), directory=tmp_path, settings={})
    assert code == 0
    assert "no environments" in said.lower() or "0 environments" in said
    assert "Kubernetes API" not in printed
    assert "describe" not in printed
