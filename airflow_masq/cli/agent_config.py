"""``airflow-masq agent-config FILE``: what the IP masquerade agent would make of its config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.agent.config import AgentConfigReading, read_agent_config
from airflow_masq.cli.files import read_text, shown_name
from airflow_masq.cli.output import Colour, aligned, paint, print_json, print_lines, wrapped

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

_INDENT: Final = "    "
_WHAT_DESTINATIONS_SEE: Final = {"RETURN": "sees the Pod's address", "MASQUERADE": "sees the node's address"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "file", metavar="FILE", help="the text under the key config of the agent's ConfigMap, or - for standard input"
    )
    parser.add_argument("--enable-ipv6", action="store_true", help="as the agent's own option: masquerade IPv6 too")
    parser.add_argument(
        "--reserved-ranges",
        action="store_true",
        help="as the agent's --nomasq-all-reserved-ranges, which GKE sets: the default list is all reserved ranges",
    )


def run(arguments: Namespace) -> int:
    """Read a config as the agent would.

    :return: 0 where the agent accepts it, 1 where it rejects it.
    :raises InvalidInputError: when the file cannot be read.
    """
    reading = read_agent_config(
        read_text(arguments.file), enable_ipv6=arguments.enable_ipv6, reserved_ranges=arguments.reserved_ranges
    )
    if arguments.format == "json":
        print_json(
            {
                "accepted": reading.accepted,
                "error": reading.error,
                "ipv4_chain": reading.ipv4_chain,
                "ipv6_chain": reading.ipv6_chain,
                "warnings": reading.warnings,
            }
        )
    else:
        print_lines(*_report(reading, source=shown_name(arguments.file)))
    return 0 if reading.accepted else 1


def _report(reading: AgentConfigReading, *, source: str) -> Iterator[str]:
    if reading.accepted:
        yield f"{source}: {paint('accepted', colour=Colour.GOOD)}"
        yield from _describe_chain("IPv4", reading.ipv4_chain)
        yield from _describe_chain("IPv6", reading.ipv6_chain)
    else:
        yield f"{source}: {paint('rejected', colour=Colour.BAD)}"
        yield wrapped(reading.error or "", indent=_INDENT)
    for warning in reading.warnings:
        yield wrapped(f"{paint('warning', colour=Colour.DOUBTFUL)}: {warning}", indent=_INDENT, first="")
    if not reading.accepted:
        next_step = (
            "correct it before the agent reads it. At its first start the agent writes no chain, and Pod addresses "
            "leak everywhere; later it no longer repairs the rules it has."
        )
    elif reading.warnings:
        next_step = "read the warnings; the agent accepts all of this silently."
    else:
        next_step = (
            "put it into a plan (policy: {agent_config: ...}) and ask airflow-masq explain about your destinations."
        )
    yield wrapped(f"Next: {next_step}", indent=_INDENT, first="")


def _describe_chain(version: str, chain: Sequence[str] | None) -> Iterator[str]:
    if chain is None:
        yield f"{version}: no chain, so every destination sees the Pod's address"
        return
    yield f"{version}:"
    rows = []
    for rule in chain:
        destination, _, action = rule.rpartition(" ")
        # A rule without a destination takes every destination that gets that far.
        rows.append((destination or "everything else", action, _WHAT_DESTINATIONS_SEE[action]))
    yield from (f"{_INDENT}{line}" for line in aligned(rows))
