"""Measures how many observers the HTTP probe asks per second on one core, compared with others that ask the same.

    ./scripts/bench probing

One core probes and another serves, on loopback, where there are two. Contestants take turns, and every answer is
checked. A ratio is the median of what the rounds show: ours and its peer run one right after the other, so that what
else the machine does slows both. Where a peer asks once, ours asks once, without nonce and canary. The last line is
one JSON object. A peer that is missing is ``null``, with the reason on the error output.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import json
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

# This folder has a file with the name of the package that the tests' servers need.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from airflow_masq.probes import Session, probe
from tests.airflow_env import use_temporary_home
from tests.probes.servers import certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from airflow_masq.observation.observation import Observation

ROUNDS: Final = 11
TURNS: Final = 3  # of a round, for those that run in this process
PROBES: Final = 300
TLS_PROBES: Final = 150
CONCURRENCY: Final = 16
TARGETS: Final = 1_000
DEAD_TARGETS: Final = 50
TARGETS_TIMEOUT_SECONDS: Final = 2.0
TARGETS_CONCURRENCY: Final = 100
TARGETS_RUNS: Final = 3
TIMEOUT_SECONDS: Final = 10.0
PROCESSES: Final = frozenset({"blackbox_exporter", "HttpHook"})  # whose start takes seconds
CORES: Final = sorted(os.sched_getaffinity(0))
LOOPBACK: Final = "127.0.0.1"
BLACKBOX_PACKAGE: Final = "prometheus-blackbox-exporter"
BLACKBOX_CONFIG: Final = "modules:\n  http_2xx:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n"

REPLY: Final = (
    b"HTTP/1.1 200 OK\r\nServer: observer\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
    b"127.0.0.1"
)


# ----- what serves, in a process of its own


class Observing(asyncio.Protocol):
    """Answers each request with an address, and ends the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells the type
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the header is complete."""
        self.received += data
        if self.received.endswith(b"\r\n\r\n"):
            self.transport.write(REPLY)
            self.transport.close()


async def serve(folder: Path) -> None:
    """Serve over HTTP and HTTPS until the input ends."""
    _, context = certificates(folder, name="localhost")
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(Observing, LOOPBACK, 0, backlog=4096)
    encrypted = await loop.create_server(Observing, LOOPBACK, 0, ssl=context, backlog=4096)
    ports = {"http": plain.sockets[0].getsockname()[1], "https": encrypted.sockets[0].getsockname()[1]}
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def pin(core: int) -> None:
    """Keep this process, and those that it starts, on one core: probers on the first, what serves them on the last."""
    os.sched_setaffinity(0, {core})


@contextmanager
def running_servers(folder: Path) -> Iterator[dict[str, int]]:
    """Run the servers, and give their ports."""
    command = [sys.executable, "-P", __file__, "--serve", str(CORES[-1]), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            yield json.loads(process.stdout.readline() if process.stdout else "")
        finally:
            process.kill()


@contextmanager
def listening_in_vain() -> Iterator[int]:
    """Give a port whose queue is full, so that the kernel drops every further connection attempt."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection((LOOPBACK, port), timeout=5):
            yield port


# ----- what asks


def require(addresses: list[str], *, number: int) -> None:
    """Stop unless every answer is right: the speed of wrong answers says nothing."""
    if addresses != [LOOPBACK] * number:
        raise SystemExit(f"expected {number} answers {LOOPBACK}, saw {sorted(set(addresses))}")


async def ask_ours(number: int, *, port: int, tls_context: ssl.SSLContext | None = None, proof: bool = False) -> None:
    """Ask by the project's own probe; with ``proof`` each answer is tested by a nonce and a canary."""
    scheme, host = ("http", LOOPBACK) if tls_context is None else ("https", "localhost")
    concurrency = TARGETS_CONCURRENCY if proof else CONCURRENCY
    async with Session(concurrency=concurrency, rate_per_second=None, resolve=resolve_to_loopback) as session:
        asks = (
            probe(
                f"{scheme}://{host}:{port}/client-ip/{target}",
                timeout_seconds=TIMEOUT_SECONDS,
                nonce=proof,
                canary=proof,
                tls_context=tls_context,
                session=session,
            )
            for target in range(number)
        )
        seen = await asyncio.gather(*asks)
    require([str(each.observed) for (each,) in seen], number=number)


async def resolve_to_loopback(_host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Resolve every name to loopback, as the peers do by their own ways."""
    return [(socket.AF_INET, (LOOPBACK, port))]


class Asking(asyncio.Protocol):
    """The least that asks over HTTP: sends a request, and keeps what comes until the end."""

    def __init__(self, request: bytes, *, answer: asyncio.Future[bytes]) -> None:
        self.request, self.answer, self.received = request, answer, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells the type
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Keep a part of the reply."""
        self.received += data

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's own signature
        """Give the reply."""
        if not self.answer.done():
            self.answer.set_result(self.received)


async def ask_barely(number: int, *, port: int, tls_context: ssl.SSLContext | None = None) -> None:
    """Ask by a bare asyncio.Protocol, as many at once."""
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(CONCURRENCY)

    async def ask(target: int) -> str:
        path = f"/client-ip/{target}"
        request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode()
        async with slots:
            answer: asyncio.Future[bytes] = loop.create_future()
            await loop.create_connection(
                lambda: Asking(request, answer=answer),
                LOOPBACK,
                port,
                ssl=tls_context,
                server_hostname=None if tls_context is None else "localhost",
            )
            reply = await answer
        return reply.rpartition(b"\r\n\r\n")[2].decode()

    require(await asyncio.gather(*map(ask, range(number))), number=number)


def has_http_hook() -> bool:
    """Tell whether the provider of Airflow's own hook for HTTP is installed."""
    if importlib.util.find_spec("airflow.providers.http") is None:
        print("probing: vs_http_hook is null, apache-airflow-providers-http is not installed", file=sys.stderr)
        return False
    return True


def ask_by_http_hook(number: int, *, port: int) -> float:
    """Ask by Airflow's hook, one request after another, in a process of its own; return the seconds that it took."""
    use_temporary_home()
    os.environ["AIRFLOW_CONN_BENCH_OBSERVER"] = f"http://{LOOPBACK}:{port}"
    http_hook = importlib.import_module("airflow.providers.http.hooks.http").HttpHook  # takes seconds
    hook = http_hook(method="GET", http_conn_id="bench_observer")
    hook.run("/first", headers={"Connection": "close"})
    paths = [f"/client-ip/{target}" for target in range(number)]
    started = time.perf_counter()
    require([hook.run(path, headers={"Connection": "close"}).text for path in paths], number=number)
    return time.perf_counter() - started


# ----- the peer in Go


def find_blackbox(cache: Path) -> Path:
    """Find Debian's blackbox_exporter, or unpack it into a folder without installing it."""
    if installed := shutil.which(BLACKBOX_PACKAGE):
        return Path(installed)
    program = cache / "usr" / "bin" / BLACKBOX_PACKAGE
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        for command in (["apt-get", "download", BLACKBOX_PACKAGE], ["dpkg", "-x", "", str(cache)]):
            if command[0] == "dpkg":
                command[2] = str(next(cache.glob("*.deb")))
            subprocess.run(command, cwd=cache, check=True, capture_output=True, text=True, timeout=120)  # noqa: S603 - Debian's own
    return program


@contextmanager
def running_blackbox(folder: Path) -> Iterator[int | None]:
    """Run blackbox_exporter on the probers' core, and give its port; ``None`` where it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airflow-masq" / BLACKBOX_PACKAGE
    try:
        program = find_blackbox(cache)
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        print(f"probing: vs_blackbox is null, {BLACKBOX_PACKAGE} could not be had: {error}", file=sys.stderr)
        yield None
        return
    config = folder / "blackbox.yml"
    config.write_text(BLACKBOX_CONFIG, encoding="utf-8")
    with socket.create_server((LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
    command = [str(program), f"--config.file={config}", f"--web.listen-address={LOOPBACK}:{port}", "--log.level=error"]
    environment = {**os.environ, "GOMAXPROCS": "1"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - Debian's own
        try:
            await_listener(port)
            yield port
        finally:
            process.kill()


def await_listener(port: int) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection((LOOPBACK, port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


async def drive(number: int, *, port: int, target_port: int) -> float:
    """Ask blackbox_exporter for probes over kept connections, as many at once; return the seconds that it took."""
    waiting = iter(range(number))

    async def work() -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        for target in waiting:
            url = f"http://{LOOPBACK}:{target_port}/client-ip/{target}"
            writer.write(f"GET /probe?module=http_2xx&target={url} HTTP/1.1\r\nHost: blackbox\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b"chunked" in head:
                body = await reader.readuntil(b"\r\n0\r\n\r\n")
            else:
                length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                body = await reader.readexactly(int(length.partition(b":")[2]))
            if b"probe_success 1" not in re.sub(rb"\r\n[0-9a-f]+\r\n", b"", body):  # without the chunks' borders
                raise SystemExit("blackbox_exporter: expected probe_success 1")
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return time.perf_counter() - started


# ----- what is measured


def time_async(ask: Callable[..., Coroutine[object, object, None]], *, number: int, rates_by_cpu: list[float]) -> float:
    """Return the probes per second of one run; add those per second of this process's own time to a list."""
    gc.collect()
    started, started_cpu = time.perf_counter(), time.process_time()
    asyncio.run(ask(number))
    rates_by_cpu.append(number / (time.process_time() - started_cpu))
    return number / (time.perf_counter() - started)


def time_blackbox(*, port: int, target_port: int) -> float:
    """Return the probes per second of one run; the driving process times itself, without its own start."""
    command = [sys.executable, "-P", __file__, "--drive", *map(str, (CORES[-1], PROBES, port, target_port))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return PROBES / float(done.stdout)


def time_http_hook(*, port: int) -> float:
    """Return the probes per second of one run, without the start of Airflow."""
    command = [sys.executable, "-P", __file__, "--hook", str(PROBES), str(port)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return PROBES / float(done.stdout.split()[-1])


async def ask_many(*, port: int, dead_port: int) -> float:
    """Ask 1,000 targets of which 5 % are dead, with nonce and canary; return the seconds that it took."""
    every = TARGETS // DEAD_TARGETS
    started = time.perf_counter()
    async with Session(concurrency=TARGETS_CONCURRENCY, rate_per_second=None) as session:
        asks = (
            probe(
                f"http://{LOOPBACK}:{dead_port if target % every == 0 else port}/client-ip/{target}",
                timeout_seconds=TARGETS_TIMEOUT_SECONDS,
                session=session,
            )
            for target in range(TARGETS)
        )
        seen: list[tuple[Observation, ...]] = await asyncio.gather(*asks)
    answers = [str(each.observed) for (each,) in seen if each.observed is not None]
    require(answers, number=TARGETS - DEAD_TARGETS)
    return time.perf_counter() - started


def measure_many(folder: Path, *, port: int, tls_port: int, dead_port: int) -> tuple[float, float]:
    """Return the seconds for 1,000 targets, and the megabytes by which they, or as many over HTTPS, raise the peak."""
    baseline = read_peak_kilobytes()
    seconds = asyncio.run(ask_many(port=port, dead_port=dead_port))
    trusting = ssl.create_default_context(cafile=folder / "authority.pem")
    asyncio.run(ask_ours(TARGETS, port=tls_port, tls_context=trusting, proof=True))
    return seconds, (read_peak_kilobytes() - baseline) / 1024


def read_peak_kilobytes() -> int:
    """Read the most memory that this program has had; ``getrusage`` would count that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])


def measure_many_apart(folder: Path, *, ports: dict[str, int], dead_port: int) -> tuple[float, float]:
    """Measure 1,000 targets in processes of their own, whose peak nothing else has raised; return the medians."""
    command = [sys.executable, "-P", __file__, "--many", str(folder), *map(str, (*ports.values(), dead_port))]
    done = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own
        for _ in range(TARGETS_RUNS)
    ]
    seconds, megabytes = zip(*done, strict=True)
    return statistics.median(seconds), statistics.median(megabytes)


def measure(folder: Path) -> tuple[dict[str, list[float]], dict[str, list[float]], float, float]:
    """Time all in turns; return their rates, those by this process's own time too, and what 1,000 targets take."""
    with ExitStack() as stack:
        ports = stack.enter_context(running_servers(folder))
        pin(CORES[0])
        dead_port = stack.enter_context(listening_in_vain())
        blackbox_port = stack.enter_context(running_blackbox(folder))
        trusting = ssl.create_default_context(cafile=folder / "authority.pem")
        plain, encrypted = ports["http"], ports["https"]
        asks: dict[str, tuple[Callable[..., Coroutine[object, object, None]], int]] = {
            "ours": (partial(ask_ours, port=plain), PROBES),
            "bare asyncio.Protocol": (partial(ask_barely, port=plain), PROBES),
            "ours, HTTPS": (partial(ask_ours, port=encrypted, tls_context=trusting), TLS_PROBES),
            "bare asyncio.Protocol, HTTPS": (partial(ask_barely, port=encrypted, tls_context=trusting), TLS_PROBES),
            "ours, targets with canary": (partial(ask_ours, port=plain, proof=True), PROBES),
        }
        rates_by_cpu: dict[str, list[float]] = {name: [] for name in asks}
        contestants: dict[str, Callable[[], float]] = {
            name: partial(time_async, ask, number=number, rates_by_cpu=rates_by_cpu[name])
            for name, (ask, number) in asks.items()
        }
        if blackbox_port is not None:
            contestants["blackbox_exporter"] = partial(time_blackbox, port=blackbox_port, target_port=plain)
        if has_http_hook():
            contestants["HttpHook"] = partial(time_http_hook, port=plain)
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        for turn in range(ROUNDS * TURNS):
            for name, contestant in contestants.items():
                if turn % TURNS == 0 or name not in PROCESSES:
                    rates[name].append(contestant())
        seconds, megabytes = measure_many_apart(folder, ports=ports, dead_port=dead_port)
    return rates, rates_by_cpu, seconds, megabytes


def compare(rates: dict[str, list[float]], name: str, peer: str) -> float | None:
    """Return how many times as fast as a peer it is; ``None`` without the peer."""
    if peer not in rates:
        return None
    own = rates[name][::TURNS] if peer in PROCESSES else rates[name]
    return round(statistics.median(mine / others for mine, others in zip(own, rates[peer], strict=True)), 2)


def main() -> None:
    """Measure, and print the results."""
    with tempfile.TemporaryDirectory() as name:
        rates, rates_by_cpu, seconds, megabytes = measure(Path(name))
    medians = {name: statistics.median(measured) for name, measured in rates.items()}
    print(f"probes per second, {CONCURRENCY} at once (medians of {ROUNDS} rounds)")
    for name, rate in medians.items():
        print(f"  {name:<32}{rate:>8,.0f}")
    result = {
        "per_second": round(medians["ours"]),
        "https_per_second": round(medians["ours, HTTPS"]),
        "targets_with_canary_per_second": round(medians["ours, targets with canary"]),
        "vs_blackbox": compare(rates, "ours", "blackbox_exporter"),
        "vs_bare_loop": compare(rates, "ours", "bare asyncio.Protocol"),
        "https_vs_bare_loop": compare(rates, "ours, HTTPS", "bare asyncio.Protocol, HTTPS"),
        "vs_bare_loop_by_cpu": compare(rates_by_cpu, "ours", "bare asyncio.Protocol"),
        "https_vs_bare_loop_by_cpu": compare(rates_by_cpu, "ours, HTTPS", "bare asyncio.Protocol, HTTPS"),
        "vs_http_hook": compare(rates, "ours", "HttpHook"),
        "dead5_1000_s": round(seconds, 2),
        "dead5_1000_concurrency": TARGETS_CONCURRENCY,
        "peak_mb_1000": round(megabytes, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve", core, folder]:
            pin(int(core))
            asyncio.run(serve(Path(folder)))
        case ["--drive", *numbers]:
            first, number, port, target_port = map(int, numbers)
            pin(first)
            print(asyncio.run(drive(number, port=port, target_port=target_port)))
        case ["--hook", *numbers]:
            number, port = map(int, numbers)
            print(ask_by_http_hook(number, port=port))
        case ["--many", folder, *numbers]:
            port, tls_port, dead_port = map(int, numbers)
            print(json.dumps(measure_many(Path(folder), port=port, tls_port=tls_port, dead_port=dead_port)))
        case _:
            main()
