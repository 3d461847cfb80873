"""``python -m lab.demo``: run the story and show what the services saw; ``./scripts/demo`` sets up and calls this."""

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

from airflow_masq.text import printable
from airflow_masq.verdict import TASK_LOG_WIDTH
from lab.demo.airflow_settings import Settings, airflow_variables
from lab.demo.story import ENVIRONMENTS, NODES, plan
from lab.demo.telling import Teller
from lab.demo.world import World
from lab.packets import sandbox
from lab.packets.system_calls import MountFlags, mount, unmount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DESCRIPTION = """\
Create two Composer environments on a local lab with real packets, one without the IP masquerade agent and one through
CloudComposerCreateMasqueradeEnvironmentOperator; run the DAG check_source_ip in Pods of every node; and show which
source IP the services outside observe. Nothing leaves this machine: all of it lives in network namespaces without
a way out.
"""
_EPILOG = """\
exit status:
  0    every verdict is the one that the story needs
  1    some verdict is another one, or a step went wrong
  2    wrong usage
  125  this machine does not allow the lab; it says what is missing
  130  interrupted
"""


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    :param arguments: the arguments; the process's own by default.
    :return: ``json`` and ``keep``.
    """
    parser = argparse.ArgumentParser(
        prog="./scripts/demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts to FILE as JSON too")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep Airflow's home, the plans and the logs in FOLDER, a new one"
    )
    parsed = parser.parse_args(arguments)
    if not sandbox.inside():  # the program starts over in the sandbox, and need not ask twice
        _refuse_unusable_paths(parsed, parser)
    return parsed


def _refuse_unusable_paths(parsed: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """End here and now where a path could only fail a minute later."""
    if parsed.json is not None and (parsed.json.is_dir() or not os.access(parsed.json.absolute().parent, os.W_OK)):
        parser.error(f"--json: expected a file in a folder that can be written, saw {printable(str(parsed.json))}")
    if parsed.keep is not None and parsed.keep.exists():
        parser.error(f"--keep: expected a folder that is not there yet, saw {printable(str(parsed.keep))}")


async def tell(folder: Path, *, teller: Teller) -> int:
    """Run the whole story.

    :param folder: an empty folder for its files.
    :param teller: who tells it to a person.
    :return: the exit status of the Airflow side.
    """
    async with World(folder) as world:
        teller.show_world()
        settings = make_settings(folder, world=world)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "lab.demo.airflow_side",
            json.dumps(asdict(settings)),
            env=os.environ | airflow_variables(settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        assert process.stdout is not None  # noqa: S101 - asked for two lines above; for the type checker
        async for line in process.stdout:
            teller.hear(json.loads(line))
        return await process.wait()


def make_settings(folder: Path, *, world: World) -> Settings:
    """Write the plans, and gather what the Airflow side must know.

    :param folder: where.
    :param world: the world, running.
    :return: the settings.
    """
    plans = {}
    for environment in ENVIRONMENTS:
        file = folder / f"plan-{environment.environment_id}.yaml"
        file.write_text(yaml.safe_dump(plan(environment, observe_urls=world.observe_urls), sort_keys=False))
        plans[environment.environment_id] = str(file)
    return Settings(
        home=str(folder),
        composer_endpoint=world.composer_endpoint,
        plans=plans,
        workers={each.environment_id: str(world.workers_file(each.environment_id)) for each in ENVIRONMENTS},
        nodes=NODES,
    )


def run(folder: Path, *, json_file: Path | None) -> int:
    """Run the story, then say what came of it.

    :param folder: an empty folder for its files.
    :param json_file: where to write the verdicts as JSON; ``None`` for nowhere.
    :return: the exit status of the demo.
    """
    teller = Teller(sys.stdout, width=shutil.get_terminal_size(fallback=(TASK_LOG_WIDTH, 24)).columns)
    status = asyncio.run(tell(folder, teller=teller))
    if status != 0:
        teller.show_crash((folder / "airflow.log").read_text(errors="replace"), status=status)
        return 1
    as_needed = teller.conclude()
    if json_file is not None:
        json_file.write_text(json.dumps(teller.verdicts(), indent=2) + "\n")
    return 0 if as_needed else 1


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder in memory; even if everything is killed, no more than its empty place is left."""
    with tempfile.TemporaryDirectory(prefix="airflow-masq-demo-") as folder:
        mount("tmpfs", folder, kind="tmpfs", flags=MountFlags.NO_SET_USER_ID | MountFlags.NO_DEVICES)
        try:
            yield Path(folder)
        finally:
            unmount(folder)


def main() -> int:
    """Run the demo inside a sandbox, entering one first where needed.

    :return: the exit status.
    """
    arguments = parse_arguments()
    sandbox.enter_or_continue()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        if arguments.keep is not None:
            arguments.keep.mkdir(parents=True)
            return run(arguments.keep.resolve(), json_file=arguments.json)
        with temporary_folder() as folder:
            return run(folder, json_file=arguments.json)
    except KeyboardInterrupt:
        sys.stdout.write("\ninterrupted\n")
        return 128 + signal.SIGINT
    except OSError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
