"""``python -m lab.demo``: runs the demo and shows what the services saw; ``./scripts/demo`` sets up and calls this."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from airflow_masq.text import escape
from airflow_masq.verdict import TASK_LOG_WIDTH
from lab.demo.page import show_page
from lab.demo.reporter import Reporter
from lab.demo.scenario import ENVIRONMENTS, NODES
from lab.demo.settings import Settings
from lab.demo.world import World
from lab.packets import sandbox
from lab.packets.system_calls import MountFlags, mount, unmount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DESCRIPTION = """\
Create two Composer environments on a local lab with real packets: one without the IP masquerade agent, and one with it
by CloudComposerCreateMasqueradeEnvironmentOperator. Run the DAG check_source_ip in Pods of every node, and show which
source IP the services outside observe. No packet leaves this machine: everything runs in network namespaces without a
route out.
"""
_EPILOG = """\
exit status:
  0    all verdicts are as expected
  1    some verdict is not, or a step failed
  2    wrong usage
  125  this machine does not allow the lab; the message says what is missing
  130  interrupted
"""


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; ``None`` stands for the process's own arguments."""
    parser = argparse.ArgumentParser(
        prog="./scripts/demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the verdicts to FILE, as JSON")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep Airflow's home, the plans and the logs in FOLDER, a new one"
    )
    parser.add_argument(
        "--ui", action="store_true", help='then open Airflow\'s page "Masquerade" on this machine, until Ctrl-C'
    )
    parsed = parser.parse_args(arguments)
    if sandbox.is_inside():  # the program has started itself again, and these paths were checked before
        return parsed
    # Refuse now what could otherwise fail only after a minute.
    if parsed.json is not None and (parsed.json.is_dir() or not os.access(parsed.json.absolute().parent, os.W_OK)):
        parser.error(f"--json: expected a file in a writable folder, saw {escape(str(parsed.json))}")
    if parsed.keep is not None and parsed.keep.exists():
        parser.error(f"--keep: expected a folder that does not exist yet, saw {escape(str(parsed.keep))}")
    return parsed


async def run_airflow_side(folder: Path, *, reporter: Reporter) -> int:
    """Start the world, write the plans, run the Airflow side, and return that process's exit status."""
    async with World(folder) as world:
        reporter.show_world()
        plans, workers = {}, {}
        for environment in ENVIRONMENTS:
            plan = folder / f"plan-{environment.environment_id}.yaml"
            plan.write_text(yaml.safe_dump(environment.make_plan(observe_urls=world.observe_urls), sort_keys=False))
            plans[environment.environment_id] = str(plan)
            workers[environment.environment_id] = str(world.get_workers_file(environment.environment_id))
        settings = Settings(
            home=str(folder),
            composer_endpoint=world.composer_endpoint,
            compute_endpoint=world.compute_endpoint,
            plans=plans,
            workers=workers,
            nodes=NODES,
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "lab.demo.airflow_side",
            json.dumps(asdict(settings)),
            env=os.environ | settings.make_airflow_variables(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        assert process.stdout is not None  # noqa: S101 - for the type checker; it is a pipe, see above
        async for line in process.stdout:
            reporter.receive(json.loads(line))
        return await process.wait()


def run(folder: Path, *, json_file: Path | None) -> int:
    """Run the demo with its files in an empty folder, show the results, and return the exit status."""
    reporter = Reporter(sys.stdout, width=shutil.get_terminal_size(fallback=(TASK_LOG_WIDTH, 24)).columns)
    status = asyncio.run(run_airflow_side(folder, reporter=reporter))
    if status != 0:
        reporter.show_crash((folder / "airflow.log").read_text(errors="replace"), status=status)
        return 1
    is_as_expected = reporter.conclude()
    if json_file is not None:
        json_file.write_text(json.dumps(reporter.make_json(), indent=2) + "\n")
    return 0 if is_as_expected else 1


@contextmanager
def make_temporary_folder() -> Iterator[Path]:
    """Make a folder in memory; even if all processes are killed, only its empty mount point is left."""
    with tempfile.TemporaryDirectory(prefix="airflow-masq-demo-") as folder:
        mount("tmpfs", folder, kind="tmpfs", flags=MountFlags.NO_SET_USER_ID | MountFlags.NO_DEVICES)
        try:
            yield Path(folder)
        finally:
            unmount(folder)


def show_page_in_folder(arguments: argparse.Namespace) -> int:
    """Run the demo and show its page, with its files in the folder to keep, or in one that goes when the page ends."""
    options = [] if arguments.json is None else ["--json", str(arguments.json)]
    if arguments.keep is not None:
        return show_page(arguments.keep.resolve(), demo_arguments=options)
    with tempfile.TemporaryDirectory(prefix="airflow-masq-demo-") as folder:
        return show_page(Path(folder) / "home", demo_arguments=options)


def main() -> int:
    """Run the demo inside a sandbox, which it enters first if needed; the page is shown from outside of it."""
    arguments = parse_arguments()
    if not arguments.ui:
        sandbox.enter_or_continue()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        if arguments.ui:
            return show_page_in_folder(arguments)
        if arguments.keep is not None:
            arguments.keep.mkdir(parents=True)
            return run(arguments.keep.resolve(), json_file=arguments.json)
        with make_temporary_folder() as folder:
            return run(folder, json_file=arguments.json)
    except KeyboardInterrupt:
        sys.stdout.write("\ninterrupted\n")
        return 128 + signal.SIGINT
    except (OSError, RuntimeError) as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
