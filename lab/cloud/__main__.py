"""``python -m lab.cloud``: the emulated APIs as a command that runs until it is interrupted, with commands to try."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Final

from lab.cloud.by_hand import LOCATION, WITH_AGENT, WITHOUT_AGENT, ApiServers, furnish
from lab.cloud.lifecycle import Durations, Hooks
from lab.cloud.server import DEFAULT_SECONDARY_RANGES, ComposerEmulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HIGHEST_PORT: Final = 65535

_DESCRIPTION: Final = """\
A Google Cloud project on this machine, to try airflow-masq by hand: the APIs of Composer and GKE, those of Compute,
Resource Manager and IAM to read only, and a Kubernetes API for each environment's cluster. Loopback only.
"""
_EPILOG: Final = """\
What is there from the start, in the project and us-central1:

  with-agent     an environment of Composer 2 with the IP masquerade agent; its EgressNATPolicy is Composer's
  without-agent  one without the agent; its EgressNATPolicy is GKE's default list
  composer@…     the environments' service account, with the roles that a preflight asks for
  egress/nat     Cloud NAT with the address 203.0.113.7

Environments that you create get a cluster with a Kubernetes API, too. --empty leaves the two out.

The command prints its endpoints, and then three blocks to copy into another terminal:

  1. variables and commands of the command line: audit, describe, lint, preflight, explain
  2. a connection, and commands for the operators in an Airflow of yours, whose DAG folder is dags/ of this checkout,
     in the folder with the with-agent.yaml that the first block wrote
  3. variables for Google's own operators and clients, unchanged. They lead composer.googleapis.com, and no other host,
     here. Use a terminal of its own: they also keep everything else from the network.

Plain clients need only the first address:

    channel = grpc.insecure_channel("127.0.0.1:PORT")
    EnvironmentsClient(transport=EnvironmentsGrpcTransport(channel=channel))

No caller needs credentials. Stop it with Ctrl-C or SIGTERM; all environments are gone then.
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


async def _serve(emulator: ComposerEmulator, *, servers: ApiServers, project: str, is_empty: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    servers.attach(emulator)
    with servers:
        async with emulator:
            await furnish(emulator, project=project, is_empty=is_empty)
            for line in _write_lines(emulator, servers=servers, project=project, is_empty=is_empty):
                sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            await stop.wait()


def _write_lines(emulator: ComposerEmulator, *, servers: ApiServers, project: str, is_empty: bool) -> Iterator[str]:
    """Write the endpoints, and the blocks to copy."""
    yield f"Composer and GKE APIs (plain gRPC): {emulator.address}"
    yield f"Compute API (plain HTTP): {emulator.compute_address}"
    yield f"Resource Manager and IAM APIs (plain HTTP): {emulator.iam_address}"
    yield f"CONNECT proxy: {emulator.proxy_url}"
    parent = f"projects/{project}/locations/{LOCATION}/environments"
    environments = [] if is_empty else [f"{parent}/{each}" for each in (WITH_AGENT, WITHOUT_AGENT)]
    for each in environments:
        yield f"Kubernetes API of {each.rpartition('/')[2]} (HTTPS): {servers.find(each).url}"
    yield from ("", "# 1. The command line")
    yield from _export(emulator.make_endpoint_settings())
    yield f"airflow-masq audit {project} --region {LOCATION} --policies"
    for each in environments[:1]:
        yield f"airflow-masq describe {each} --output with-agent.yaml --force"
        yield "airflow-masq lint with-agent.yaml"
        yield "airflow-masq preflight with-agent.yaml"
        yield "airflow-masq explain with-agent.yaml 172.20.0.10 8.8.8.8"
    yield from ("", "# 2. The operators, in an Airflow of yours")
    yield from _export({"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": emulator.make_airflow_connection(project=project)})
    asked = json.dumps({"projects": [project], "regions": [LOCATION]})
    yield f"airflow dags test audit_masquerade_fleet --conf {shlex.quote(asked)}"
    for each in environments[:1]:
        policy = servers.find(each).list_non_masquerade()
        destinations = " ".join([*policy, "172.20.0.0/16"])
        conf = {"plan": "with-agent.yaml", "destinations": destinations, "dry_run": False}
        yield f"airflow dags test apply_egress_nat_policy --conf {shlex.quote(json.dumps(conf))}"
    yield from ("", "# 3. Google's own operators and clients, in a terminal of their own")
    yield from _export(emulator.make_client_settings())


def _export(settings: Mapping[str, str]) -> Iterator[str]:
    return (f"export {name}={shlex.quote(value)}" for name, value in settings.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator until SIGINT or SIGTERM; exit with 1 if the port is taken, with 2 for wrong usage.

    :param arguments: the command line without the program's name; ``None`` for the process's own.
    """
    parser = argparse.ArgumentParser(
        prog="python -m lab.cloud",
        description=_DESCRIPTION,
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
    parser.add_argument("--empty", action="store_true", help="start without environments (default: with two)")
    options = parser.parse_args(arguments)
    durations = Durations(creation_seconds=options.creation_seconds, deletion_seconds=options.deletion_seconds)
    servers = ApiServers()
    try:
        emulator = ComposerEmulator(
            host=options.host,
            port=options.port,
            durations=durations,
            hooks=Hooks(on_running=servers.start, on_deleted=servers.stop),
            secondary_ranges={**DEFAULT_SECONDARY_RANGES, **dict(options.secondary_ranges)},
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        asyncio.run(_serve(emulator, servers=servers, project=options.project, is_empty=options.empty))
    except OSError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
