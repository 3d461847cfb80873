"""What the tests of commands share: a plan, and a way to run the command line and see what it says."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from airflow_masq.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAN = """\
environment:
  name: projects/example-project/locations/us-central1/environments/example-environment
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16, servicesIpv4CidrBlock: 10.96.0.0/20}
cluster: {pods_per_node: 32}
network:
  node_ranges: [10.128.0.0/20]
  nat_addresses: [203.0.113.7]
  nat_covers: [node]
  public_nodes: false
  workers: 12
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
    expect: node
"""
"""A plan with the agent, as in the README."""

WITHOUT_AGENT = PLAN.replace("      enableIpMasqAgent: true\n", "")
OVERLAPPING = PLAN.replace("10.128.0.0/20", "192.168.0.0/20")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command said.

    :param code: its exit code.
    :param printed: its standard output.
    :param complaint: its standard error.
    """

    code: object
    printed: str
    complaint: str


class Console:
    """A directory to work in, and the command line in this process.

    :param directory: the directory, which is the current one.
    :param read: gives what was printed since the last time.
    """

    def __init__(self, directory: Path, *, read: Callable[[], tuple[str, str]]) -> None:
        self._directory = directory
        self._read = read

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file into the directory."""
        path = self._directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, *words: str) -> Answer:
        """Run a command as the installed program does."""
        with pytest.raises(SystemExit) as ended:
            sys.exit(main(words))
        printed, complaint = self._read()
        return Answer(code=ended.value.code, printed=printed, complaint=complaint)
