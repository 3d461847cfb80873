"""Debian's own servers, started in a part of a lab: what stands between Pods and services in real networks.

``scripts/setup_servers`` unpacks them into ``.venv-servers``. Each runs in the foreground with a configuration of its
own folder, and is ended when its block ends.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lab.packets.lab import PacketLab
    from lab.packets.topology import Address

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".venv-servers"
_HTTPBIN: Final = FOLDER / "httpbin" / "bin" / "python"
_START_SECONDS: Final = 20.0


def find_obstacle() -> str | None:
    """Say in one line why the servers cannot be started here; ``None`` if they can."""
    if (FOLDER / ".setup-stamp").exists():
        return None
    return "no nginx, haproxy, squid, tinyproxy and unbound here: scripts/setup_servers unpacks them, and says why not"


def _answer_all(listener: socket.socket, replies: Sequence[bytes], is_early: bool) -> None:  # noqa: FBT001 - a thread's
    with suppress(OSError):
        for reply in itertools.cycle(replies):
            connection, _ = listener.accept()
            connection.settimeout(2)
            with connection, suppress(OSError):
                if is_early:
                    connection.sendall(reply)
                request = b""
                while b"\r\n\r\n" not in request:
                    received = connection.recv(4096)
                    if not received:
                        break
                    request += received
                if not is_early:
                    connection.sendall(reply)


class Servers:
    """Starts servers in the parts of one lab.

    :ivar folder: where each server's files go, one folder for each.
    """

    def __init__(self, lab: PacketLab, *, folder: Path) -> None:
        if reason := find_obstacle():
            pytest.skip(reason)
        self._lab = lab
        self.folder = folder
        self._count = 0

    @contextmanager
    def start_nginx(self, part: str, servers: str, *, address: Address, port: int) -> Iterator[None]:
        """Run nginx.

        :param servers: what its ``http`` block holds.
        :param address: where it listens, with ``port``; it is waited for.
        """
        folder = self._make_folder()
        temporary = "\n".join(
            f"  {name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off;\nuser root;\nworker_processes 1;\npid {folder}/nginx.pid;\n"
            "events { worker_connections 512; }\n"
            f"http {{\n  access_log off;\n{temporary}\n{servers}\n}}\n"
        )
        command: list[str | Path] = [
            FOLDER / "usr/sbin/nginx",
            "-e",
            "stderr",
            "-p",
            folder,
            "-c",
            folder / "nginx.conf",
        ]
        with self._run(part, command, address=address, port=port):
            yield

    @contextmanager
    def start_haproxy(self, part: str, sections: str, *, address: Address, port: int) -> Iterator[None]:
        """Run haproxy with these sections after its defaults."""
        folder = self._make_folder()
        (folder / "haproxy.cfg").write_text(
            "global\n  maxconn 200\ndefaults\n  timeout connect 5s\n  timeout client 10s\n  timeout server 10s\n"
            f"{sections}\n"
        )
        command: list[str | Path] = [FOLDER / "usr/sbin/haproxy", "-db", "-f", folder / "haproxy.cfg"]
        with self._run(part, command, address=address, port=port):
            yield

    @contextmanager
    def start_squid(self, part: str, settings: str, *, address: Address, port: int) -> Iterator[None]:
        """Run squid with these settings, and with everything allowed."""
        folder = self._make_folder()
        icons, errors = FOLDER / "usr/share/squid/icons", FOLDER / "usr/share/squid-langpack"
        (folder / "squid.conf").write_text(
            f"{settings}\nhttp_access allow all\npid_filename {folder}/squid.pid\naccess_log none\n"
            f"cache_log stdio:/dev/stderr\ncoredump_dir {folder}\n"
            f"mime_table {FOLDER}/usr/share/squid/mime.conf\nicon_directory {icons}\n"
            f"error_directory {errors}/en\nerr_page_stylesheet /dev/null\npinger_enable off\n"
            "shutdown_lifetime 0 seconds\nvisible_hostname proxy\ndns_nameservers 127.0.0.1\n"
            f"unlinkd_program {FOLDER}/usr/lib/squid/unlinkd\nnetdb_filename none\n"
        )
        # Squid refuses to be root, and a sandbox may have no other user: in a namespace without users it has none.
        command: list[str | Path] = ["unshare", "--user", FOLDER / "usr/sbin/squid", "-N", "-f", folder / "squid.conf"]
        with self._run(part, command, address=address, port=port):
            yield

    @contextmanager
    def start_tinyproxy(self, part: str, *, address: Address, port: int) -> Iterator[None]:
        """Run tinyproxy as a forward proxy for everyone."""
        folder = self._make_folder()
        (folder / "tinyproxy.conf").write_text(f"Listen {address}\nPort {port}\nMaxClients 20\nTimeout 10\n")
        command: list[str | Path] = [FOLDER / "usr/bin/tinyproxy", "-d", "-c", folder / "tinyproxy.conf"]
        with self._run(part, command, address=address, port=port):
            yield

    @contextmanager
    def start_unbound(self, part: str, records: Sequence[str], *, address: Address) -> Iterator[None]:
        """Run unbound as the only name server, with these records of the zone ``example``."""
        folder = self._make_folder()
        lines = "\n".join(f"  local-data: '{record}'" for record in records)
        (folder / "unbound.conf").write_text(
            f"server:\n  interface: {address}\n  access-control: 0.0.0.0/0 allow\n  do-daemonize: no\n  chroot: ''\n"
            f"  username: ''\n  directory: {folder}\n  pidfile: {folder}/unbound.pid\n  use-syslog: no\n"
            f"  module-config: iterator\n  rrset-roundrobin: no\n  local-zone: 'example.' static\n{lines}\n"
            "remote-control:\n  control-enable: no\n"
        )
        command: list[str | Path] = [FOLDER / "usr/sbin/unbound", "-d", "-c", folder / "unbound.conf"]
        with self._run(part, command, address=address, port=53):
            yield

    @contextmanager
    def start_httpbin(self, part: str, *, address: Address, port: int) -> Iterator[None]:
        """Run httpbin, or skip the test where scripts/setup_servers could not install it."""
        if not _HTTPBIN.exists():
            pytest.skip("no httpbin here: scripts/setup_servers installs it, and says why not")
        command: list[str | Path] = [_HTTPBIN, "-m", "flask", "--app", "httpbin:app", "run", "--no-reload"]
        with self._run(part, [*command, "--host", str(address), "--port", str(port)], address=address, port=port):
            yield

    @contextmanager
    def answer(self, part: str, *replies: bytes, address: Address, port: int, is_early: bool = False) -> Iterator[None]:
        """Answer each connection with the next of these replies, from the first again after the last, and close it.

        :param is_early: whether the bytes are sent before the request has come.
        """
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with self._lab.open_socket(part, family, socket.SOCK_STREAM) as listener:
            listener.settimeout(None)
            listener.bind((str(address), port))
            listener.listen()
            thread = threading.Thread(target=_answer_all, args=(listener, replies, is_early), name="answering")
            thread.start()
            try:
                yield
            finally:
                listener.shutdown(socket.SHUT_RDWR)  # ends accept
                thread.join()

    def _make_folder(self) -> Path:
        self._count += 1
        folder = self.folder / f"server-{self._count}"
        folder.mkdir(parents=True)
        return folder

    @contextmanager
    def _run(self, part: str, command: Sequence[str | Path], *, address: Address, port: int) -> Iterator[None]:
        libraries = next((FOLDER / "usr/lib").glob("*-linux-gnu"))
        environment = ["/usr/bin/env", f"LD_LIBRARY_PATH={libraries}"]
        process = self._lab.start_in(part, [*environment, *(os.fspath(word) for word in command)], capture=True)
        try:
            self._wait_until_it_listens(process, part=part, address=address, port=port)
            yield
        finally:
            process.terminate()
            try:
                output, errors = process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                output, errors = process.communicate()
            sys.stdout.write(f"{Path(os.fspath(command[0])).name}: {output}{errors}\n")  # pytest shows it on a failure

    def _wait_until_it_listens(self, process: subprocess.Popen[str], *, part: str, address: Address, port: int) -> None:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with self._lab.open_socket(part, family, socket.SOCK_STREAM) as asking:
                asking.settimeout(1)
                try:
                    asking.connect((str(address), port))
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        output, errors = process.communicate(timeout=10) if process.poll() is not None else ("", "")
                        pytest.fail(f"a server did not listen on {address}:{port} of {part}: {output}{errors}")
                    time.sleep(0.02)
                else:
                    return
