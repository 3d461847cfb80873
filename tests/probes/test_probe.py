"""The table of probes: one call for every scheme, and what importing it loads."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC
from pathlib import Path

from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import probe
from tests.probes.servers import echo, serving

LOOPBACK = IPAddress("127.0.0.1")
REPOSITORY = Path(__file__).parents[2]
MOST_MODULES = 22


async def test_a_scheme_without_a_probe_is_named() -> None:
    """A target of a kind that cannot be asked is an error of its own, without its credentials."""
    seen = await probe("gopher://user:hunter2@example/", timeout_seconds=1)
    assert seen.failure is Failure.UNUSABLE_TARGET
    assert seen.detail == "expected a URL that begins with http, https, saw gopher"
    assert seen.url == "gopher://***@example/"
    assert seen.started_at.tzinfo is UTC


async def test_the_table_of_probes_finds_the_one_for_http() -> None:
    """One call serves every scheme."""
    async with serving(echo) as server:
        seen = await probe(server.url().replace("http", "HTTP"), timeout_seconds=5)
    assert seen.observed == LOOPBACK


def test_importing_the_probes_loads_little(tmp_path: Path) -> None:
    """A probe starts at once: it needs neither the plan nor the judge, nor Airflow, nor Google."""
    program = "import sys; before = set(sys.modules); import airflow_masq.probes; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        timeout=60,
    )
    modules = done.stdout.split()
    assert {name.split(".")[0] for name in modules} & {"airflow", "google", "grpc", "yaml"} == set()
    assert 1 < len([name for name in modules if name.split(".")[0] == "airflow_masq"]) <= MOST_MODULES
