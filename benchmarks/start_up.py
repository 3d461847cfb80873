"""Measures how long each command takes from start to answer, compared with the bare interpreter and with pip.

    ./scripts/bench start_up

Every command works on the README's plan in a process of its own, as at a terminal. Before anything is timed, each must
give the expected answer; that run also fills the caches. The last line is one JSON object.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
README = Path(__file__).parents[1] / "README.md"
PROGRAM = Path(sys.executable).with_name("airflow-masq")
COMMANDS = {
    "lint": ("lint", "plan.yaml"),
    "explain": ("explain", "plan.yaml", "onprem-erp"),
    "render": ("render", "plan.yaml", "--as", "terraform"),
    "capacity": ("capacity", "plan.yaml"),
    "agent-config": ("agent-config", "config.yaml"),
    "--help": ("--help",),
}
SHOWS = {
    "lint": "no findings",
    "explain": "a node's address",
    "render": "google_composer_environment",
    "capacity": "nodes by Pod range",
    "agent-config": "accepted",
    "--help": "Where to go",
}
INTERPRETER, PIP = "python -c pass", "python -m pip --version"
PEERS = {INTERPRETER: ("-c", "pass"), PIP: ("-m", "pip", "--version")}
CONFIG = "nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]\nmasqLinkLocal: false\nresyncInterval: 60s\n"


def write_files(directory: Path) -> None:
    """Write the README's plan and an agent config."""
    plans = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    plan = next(text for text in plans if "targets:" in text)
    (directory / "plan.yaml").write_text(plan, encoding="utf-8")
    (directory / "config.yaml").write_text(CONFIG, encoding="utf-8")


def require_answers(directory: Path) -> None:
    """Run every command once, and stop if one does not give the expected answer."""
    for name, words in COMMANDS.items():
        done = subprocess.run([PROGRAM, *words], capture_output=True, check=True, cwd=directory, text=True)  # noqa: S603 - our own
        if SHOWS[name] not in done.stdout:
            raise SystemExit(f"airflow-masq {name}: expected {SHOWS[name]!r} in the output")


def measure_seconds(command: list[str], *, directory: Path) -> float:
    """Return the wall-clock time of one process from its start to its end, since that is how long people wait."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=directory)  # noqa: S603 - ours and its peers
    return time.perf_counter() - started


def measure_medians(directory: Path) -> dict[str, float]:
    """Time all in turns, so that other load on the machine affects all of them alike."""
    ours = {name: [str(PROGRAM), *words] for name, words in COMMANDS.items()}
    all_of_them = ours | {name: [sys.executable, *words] for name, words in PEERS.items()}
    measured: dict[str, list[float]] = {name: [] for name in all_of_them}
    for _ in range(RUNS):
        for name, command in all_of_them.items():
            measured[name].append(measure_seconds(command, directory=directory))
    return {name: statistics.median(times) for name, times in measured.items()}


def main() -> None:
    """Measure, and print the results."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_files(directory)
        require_answers(directory)
        times = measure_medians(directory)
    print(f"seconds from start to end (medians of {RUNS})")
    for name, median in times.items():
        print(f"  {name:<24}{median:>8.3f}")
    slowest = max(COMMANDS, key=lambda name: times[name])
    result = {
        **{f"{name.strip('-').replace('-', '_')}_s": round(times[name], 3) for name in COMMANDS},
        "slowest": slowest,
        "slowest_s": round(times[slowest], 3),
        "interpreter_s": round(times[INTERPRETER], 3),
        "pip_version_s": round(times[PIP], 3),
        "vs_interpreter": round(times[slowest] / times[INTERPRETER], 2),
        "vs_pip": round(times[slowest] / times[PIP], 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
