"""``python -m lab.cloud`` as a user runs it."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (
    EnvironmentsGrpcAsyncIOTransport,
)

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from lab.cloud import ComposerEmulator


async def _start(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "lab.cloud",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_command_serves_until_it_is_interrupted(number: signal.Signals, parent: str) -> None:
    """The command prints an address that answers and the settings for stock clients, and ends cleanly on a signal."""
    process = await _start(
        "--project", "my-project", "--creation-seconds", "0.5", "--secondary-range", "mine=10.0.0.0/9"
    )
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().rpartition(" ")[2].strip()
    async with grpc.aio.insecure_channel(address) as channel:
        client = EnvironmentsAsyncClient(transport=EnvironmentsGrpcAsyncIOTransport(channel=channel))
        listed = [found async for found in await client.list_environments(parent=parent)]
    process.send_signal(number)
    output, errors = await process.communicate()
    assert listed == []
    assert b"export grpc_proxy=http://127.0.0.1:" in output
    assert b"export AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT=" in output
    assert b"my-project" in output
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), b"loopback addresses only"),
        (("--port", "65536"), b"expected a port from 0 to 65535, saw '65536'"),
        (("--creation-seconds", "-1"), b"expected seconds from 0 up, saw '-1'"),
        (("--port", "http"), b"expected a port from 0 to 65535, saw 'http'"),
        (("--secondary-range", "pods"), b"expected NAME=CIDR, such as pods=10.4.0.0/14, saw 'pods'"),
        (("--secondary-range", "pods=10.0.0.1/8"), b"expected NAME=CIDR, such as pods=10.4.0.0/14"),
        (("--deletion-seconds", "nan"), b"expected seconds from 0 up, saw 'nan'"),
    ],
)
async def test_wrong_usage_is_reported_in_one_line(arguments: tuple[str, ...], words: bytes) -> None:
    """Wrong usage ends with exit code 2 and a sentence."""
    process = await _start(*arguments)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert words in errors


async def test_taken_port_is_reported_in_one_line(emulator: ComposerEmulator) -> None:
    """If the port is taken, the command ends with exit code 1 and a sentence."""
    process = await _start("--port", emulator.address.rpartition(":")[2])
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith(b"python -m lab.cloud: cannot listen on 127.0.0.1:")


async def test_help_shows_how_to_connect() -> None:
    """The help shows how plain clients and stock operators connect."""
    process = await _start("--help")
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert b"grpc.insecure_channel" in output
    assert b"composer.googleapis.com" in output
