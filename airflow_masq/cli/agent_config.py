"""``airflow-masq agent-config FILE``: reads a config of the IP masquerade agent as the agent would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_masq.agent.config import AgentConfigReading, read_agent_config
from airflow_masq.agent.manifests import find_config
from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrap
from airflow_masq.plan_file import read_text_file, show_name
from airflow_masq.text import align

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

_INDENT: Final = "    "
_MEANINGS: Final = {"RETURN": "keeps the Pod's address", "MASQUERADE": "gets the node's address"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="the agent's ConfigMap, also as kubectl prints it, or the text of its key config; - for standard input",
    )
    parser.add_argument("--enable-ipv6", action="store_true", help="like the agent's own option: masquerade IPv6 too")
    parser.add_argument(
        "--reserved-ranges",
        action="store_true",
        help="like the agent's --nomasq-all-reserved-ranges, which GKE sets: the default list is all reserved ranges",
    )


def run(arguments: Namespace) -> int:
    """Return 0 if the agent accepts the config, 1 if it rejects it.

    :raises InvalidInputError: the file cannot be read, or holds manifests without one ConfigMap of the agent.
    """
    found = find_config(read_text_file(arguments.file), where=show_name(arguments.file))
    reading = read_agent_config(
        found.text,
        enable_ipv6=arguments.enable_ipv6 or bool(found.enable_ipv6),
        reserved_ranges=arguments.reserved_ranges or bool(found.reserved_ranges),
    )
    reading = replace(reading, warnings=(*found.remarks, *reading.warnings))
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
        print_lines(*_report(reading, name=arguments.file))
    return 0 if reading.accepted else 1


def _report(reading: AgentConfigReading, *, name: str) -> Iterator[str]:
    source = show_name(name)
    if reading.accepted:
        yield f"{source}: {paint('accepted', colour=Colour.GOOD)}"
        for version, chain in (("IPv4", reading.ipv4_chain), ("IPv6", reading.ipv6_chain)):
            if chain is None:
                yield f"{version}: no chain, so all packets keep the Pod's address"
                continue
            yield f"{version}:"
            # A rule without a destination matches every packet that reaches it.
            rules = [rule.rpartition(" ") for rule in chain]
            rows = [(destination or "everything else", action, _MEANINGS[action]) for destination, _, action in rules]
            yield from (f"{_INDENT}{line}" for line in align(rows))
    else:
        yield f"{source}: {paint('rejected', colour=Colour.BAD)}"
        yield wrap(reading.error or "", indent=_INDENT)
    for warning in reading.warnings:
        yield wrap(f"{paint('warning', colour=Colour.DOUBTFUL)}: {warning}", indent=_INDENT, first="")
    if not reading.accepted:
        next_step = (
            "correct it before the agent reads it. At its first start, the agent would write no chain, and all "
            "packets would keep Pod addresses. Later, it would no longer repair its rules."
        )
    elif reading.warnings:
        next_step = "read the warnings; the agent accepts this config without any message."
    else:
        next_step = "add it to a plan (policy: {agent_config: ...}) and run airflow-masq explain for your destinations."
    yield wrap(f"Next: {next_step}", indent=_INDENT, first="")
