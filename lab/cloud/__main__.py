"""``python -m lab.cloud``: the emulated Google APIs as a command that runs until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Final

from lab.cloud.lifecycle import Durations
from lab.cloud.server import DEFAULT_SECONDARY_RANGES, ComposerEmulator

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIGHEST_PORT: Final = 65535

_EPILOG: Final = """\
Plain clients need only the printed address:

    channel = grpc.insecure_channel("127.0.0.1:PORT")
    EnvironmentsClient(transport=EnvironmentsGrpcTransport(channel=channel))

Stock Airflow operators need no change: start Airflow with the printed "export" lines in its environment. They lead
composer.googleapis.com, and no other host, to the emulator. Stop it with Ctrl-C or SIGTERM; all environments are gone
then.
"""


def _parse_seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text)) < float("inf"):
            return seconds
    raise argparse.ArgumentTypeError(f"expected seconds from 0 up, saw {text!r}")


def _parse_port(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= (port := int(text)) <= _HIGHEST_PORT:
            return port
    raise argparse.ArgumentTypeError(f"expected a port from 0 to {_HIGHEST_PORT}, saw {text!r}")


def _parse_range(text: str) -> tuple[str, str]:
    name, separator, cidr = text.partition("=")
    with contextlib.suppress(ValueError):
        if name and separator:
            return name, str(ipaddress.IPv4Network(cidr))
    raise argparse.ArgumentTypeError(f"expected NAME=CIDR, such as pods=10.4.0.0/14, saw {text!r}")


async def _serve(emulator: ComposerEmulator, *, project: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with emulator:
        connection = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": emulator.make_airflow_connection(project=project)}
        settings = emulator.make_client_settings() | emulator.make_endpoint_settings() | connection
        lines = [f"Composer and GKE APIs (plain gRPC): {emulator.address}"]
        lines += [f"Compute API (plain HTTP): {emulator.compute_address}"]
        lines += [f"Resource Manager and IAM APIs (plain HTTP): {emulator.iam_address}"]
        lines += [f"CONNECT proxy: {emulator.proxy_url}"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator until SIGINT or SIGTERM; exit with 1 if the port is taken, with 2 for wrong usage.

    :param arguments: the command line without the program's name; ``None`` for the process's own.
    """
    parser = argparse.ArgumentParser(
        prog="python -m lab.cloud",
        description="Emulate Composer and GKE on loopback, and to read only Compute, Resource Manager and IAM.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    creation = "how long a creation takes (default: %(default)s)"
    deletion = "how long a deletion takes (default: %(default)s)"
    project = "project in the printed connection (default: %(default)s)"
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_parse_port, default=0, help="port for plain clients (default: a free one)")
    parser.add_argument("--creation-seconds", type=_parse_seconds, default=5.0, help=creation)
    parser.add_argument("--deletion-seconds", type=_parse_seconds, default=1.0, help=deletion)
    parser.add_argument("--project", default="example-project", help=project)
    parser.add_argument(
        "--secondary-range",
        type=_parse_range,
        action="append",
        default=[],
        metavar="NAME=CIDR",
        dest="secondary_ranges",
        help="secondary range of every subnetwork, for environments that name it; may be given several times (default: "
        f"{', '.join('='.join(pair) for pair in DEFAULT_SECONDARY_RANGES.items())})",
    )
    options = parser.parse_args(arguments)
    durations = Durations(creation_seconds=options.creation_seconds, deletion_seconds=options.deletion_seconds)
    try:
        emulator = ComposerEmulator(
            host=options.host,
            port=options.port,
            durations=durations,
            secondary_ranges={**DEFAULT_SECONDARY_RANGES, **dict(options.secondary_ranges)},
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        asyncio.run(_serve(emulator, project=options.project))
    except OSError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
