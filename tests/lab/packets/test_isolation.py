"""A lab cannot reach anything outside it, and nothing of it outlives it."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.packets.errors import NamespaceError
from lab.packets.lab import PacketLab
from lab.packets.namespaces import NamespaceHandle, enter_permanently
from lab.packets.sandbox import VARIABLE, is_inside
from lab.packets.topology import GATEWAY, ROUTER, make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

POD = "blue-node-0-pod-0"
TOPOLOGY = make_default_topology(make_gke_cluster("blue", nodes=2, pods_per_node=1))

#: TEST-NET-2, and a private address that no lab uses but a machine's own network might
#: [source: rfc-5737-documentation].
ELSEWHERE = ("198.51.100.1", "10.99.0.1")

DEADLINE_MILLISECONDS = 10_000
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def lab() -> Iterator[PacketLab]:
    """Build the demo's topology with two nodes."""
    with PacketLab(TOPOLOGY) as built:
        yield built


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("part", [POD, "blue-node-0", "public", ROUTER, GATEWAY])
def test_no_part_has_a_route_to_an_address_outside(lab: PacketLab, part: str, address: str) -> None:
    """A connection to an address that is not the lab's fails at once, since there is no route."""
    with lab.open_socket(part, socket.AF_INET, socket.SOCK_STREAM) as connection:
        assert connect_ex(connection, address) == errno.ENETUNREACH


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_sandbox_itself_has_no_route_out(address: str) -> None:
    """The process that builds labs is cut off as well."""
    with socket.socket() as connection:
        connection.setblocking(False)
        assert connect_ex(connection, address) == errno.ENETUNREACH


def connect_ex(connection: socket.socket, address: str) -> int:
    """Connect, and return the error number."""
    number = connection.connect_ex((address, 80))
    if number == errno.EINPROGRESS:
        poll = select.poll()
        poll.register(connection, select.POLLOUT)
        assert poll.poll(DEADLINE_MILLISECONDS)
        number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return number


def test_every_link_ends_in_the_lab(lab: PacketLab) -> None:
    """Each namespace has a loopback and veth links only, and the other end of each link is in the lab too."""
    links = [link for name in lab.inodes for link in query_links(lab, name)]
    ends = {address for kind, address in links if kind == "veth"}
    assert {kind for kind, _ in links} == {"loopback", "veth"}
    opposite = {b"\x0a": b"\x0b", b"\x0b": b"\x0a"}
    assert {address[:1] + opposite[address[1:2]] + address[2:] for address in ends} == ends
    assert len(ends) == 2 * (1 + len(TOPOLOGY.destinations) + 2 + 2)


def query_links(lab: PacketLab, name: str) -> Iterator[tuple[str, bytes]]:
    """Ask the kernel for a namespace's links, with a separate parser: kind and hardware address (RTM_GETLINK)."""
    with lab._namespaces.enter(name):
        asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    with closing(asking):
        asking.send(struct.pack("=IHHII", 32, 18, 0x301, 1, 0) + bytes(16))
        while True:
            data = asking.recv(1 << 18)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind != 16:
                    return
                attributes = dict(parse_attributes(data[32:length]))
                info = dict(parse_attributes(attributes.get(18, b"")))
                yield info.get(1, b"loopback\0").rstrip(b"\0").decode(), attributes[1]
                data = data[(length + 3) & ~3 :]


def parse_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read netlink attributes."""
    while data:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


def test_an_unknown_name_opens_no_socket(lab: PacketLab) -> None:
    """A socket is opened in a namespace of the lab, or not at all."""
    with pytest.raises(NamespaceError, match="'nowhere': expected one that this lab made"):
        lab.open_socket("nowhere", socket.AF_INET, socket.SOCK_STREAM)


def test_a_namespace_that_was_swapped_opens_no_socket(lab: PacketLab) -> None:
    """If a Pod's descriptor leads to another namespace, its inode differs and nothing is opened."""
    elsewhere = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        os.dup2(elsewhere, lab._namespaces.get_descriptor(POD))
    finally:
        os.close(elsewhere)
    with pytest.raises(NamespaceError, match="expected the one with inode"):
        lab.open_socket(POD, socket.AF_INET, socket.SOCK_STREAM)


def test_another_process_enters_a_pod_by_its_handle(lab: PacketLab) -> None:
    """A process that the lab did not start moves into a Pod; its hostname changes and no other process's does."""
    handle, mine = lab.make_handle(POD), socket.gethostname()
    program = (
        "import os, socket, sys; from lab.packets.namespaces import NamespaceHandle, enter_permanently; "
        f"enter_permanently({handle!r}, hostname={POD!r}); "
        "print(os.stat('/proc/self/ns/net').st_ino, socket.gethostname())"
    )
    entered = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert entered.stdout.split() == [str(lab.inodes[POD]), POD]
    assert socket.gethostname() == mine


@pytest.mark.parametrize(("path", "complaint"), [("/proc/self/ns/net", "saw \\d+"), ("/nonexistent", "No such file")])
def test_a_handle_that_leads_elsewhere_is_refused(lab: PacketLab, path: str, complaint: str) -> None:
    """A handle whose path is not the lab's namespace moves no thread."""
    before = os.stat("/proc/thread-self/ns/net").st_ino  # noqa: PTH116 - the thread's own, not a path's
    handle = NamespaceHandle(name=POD, path=path, inode=lab.inodes[POD])
    with pytest.raises(NamespaceError, match=complaint):
        enter_permanently(handle)
    assert os.stat("/proc/thread-self/ns/net").st_ino == before  # noqa: PTH116 - as above


def test_the_variable_alone_does_not_make_a_sandbox(lab: PacketLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace with routes out of it is no sandbox, even if the environment variable names it."""
    assert is_inside()
    monkeypatch.setenv(VARIABLE, str(lab.inodes[POD]))
    assert not is_inside()
    with lab._namespaces.enter(POD):
        assert not is_inside()


BUILDS_A_LAB_AND_WAITS = """
import json, os, sys
from lab.packets.lab import PacketLab
from lab.packets.topology import make_default_topology, make_gke_cluster
with PacketLab(make_default_topology(make_gke_cluster("blue", nodes=1, pods_per_node=1))) as lab:
    lab.start_in("blue-node-0-pod-0", ["sleep", "600"])
    processes = os.stat("/proc/self/ns/pid").st_ino
    print(json.dumps({"inodes": list(lab.inodes.values()), "processes": processes}), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("victim", ["launcher", "process 1", "the lab's process"])
def test_nothing_survives_a_killed_lab(victim: str) -> None:
    """After SIGKILL to any of its processes, no process and no namespace of the lab is left."""
    launcher = subprocess.Popen(
        [sys.executable, "-m", "lab.packets.sandbox", "--", sys.executable, "-c", BUILDS_A_LAB_AND_WAITS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with launcher:
        assert launcher.stdout is not None
        lab = json.loads(launcher.stdout.readline())
        processes = sorted(list_processes(lab["processes"]))
        assert len(processes) == 3
        assert list_network_namespaces() >= set(lab["inodes"])
        victims = {"launcher": launcher.pid, "process 1": processes[0], "the lab's process": processes[1]}
        watched = [os.pidfd_open(process) for process in processes]
        os.kill(victims[victim], signal.SIGKILL)
        for descriptor in watched:
            assert select.select([descriptor], [], [], DEADLINE_MILLISECONDS / 1000)[0]
            os.close(descriptor)
        launcher.wait(timeout=DEADLINE_MILLISECONDS / 1000)
    assert becomes_empty(lambda: list_processes(lab["processes"]))
    assert becomes_empty(lambda: list_network_namespaces() & set(lab["inodes"]))


def becomes_empty(look: Callable[[], set[int]]) -> bool:
    """Look until the set is empty or the time is up: the kernel takes a moment to clean up after killed processes."""
    deadline = time.monotonic() + DEADLINE_MILLISECONDS / 1000
    while found := look():
        if time.monotonic() > deadline:
            return not found
        threading.Event().wait(0.01)
    return True


def list_processes(namespace: int) -> set[int]:
    """List the processes of a PID namespace, found by its inode, except zombies."""
    found = set()
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has ended
            state = (directory / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and (directory / "ns" / "pid").stat().st_ino == namespace:
                found.add(int(directory.name))
    return found


def list_network_namespaces() -> set[int]:
    """List the inodes of the network namespaces that a process is in or holds open."""
    found = set()
    for pattern in ("[0-9]*/ns/net", "[0-9]*/task/*/ns/net", "[0-9]*/fd/*"):
        for path in Path("/proc").glob(pattern):
            with suppress(OSError):
                if str(path.readlink()).startswith("net:"):
                    found.add(path.stat().st_ino)
    return found
