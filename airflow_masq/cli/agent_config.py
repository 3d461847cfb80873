"""``airflow-masq agent-config FILE``: reads a config of the IP masquerade agent as the agent would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_masq.agent.config import AgentConfigReading, read_agent_config
from airflow_masq.agent.manifests import find_config
from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrap
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan.other_inputs import describe_other_input
from airflow_masq.plan_file import read_text_file, show_name
from airflow_masq.text import align

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

_INDENT: Final = "    "
_EVERYTHING: Final = {"RETURN": "everything", "MASQUERADE": "everything else"}
_MEANINGS: Final = {"RETURN": "keeps the Pod's address", "MASQUERADE": "gets the node's address"}


EXIT_CODES: Final = {
    0: "the agent accepts the config; there may be warnings and remarks",
    1: "the agent rejects the config",
    2: "wrong usage, or a file that cannot be read or is not a config",
}


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

    :raises InvalidInputError: the file cannot be read, is another input than a config, holds manifests without one
        ConfigMap of the agent, or is too much to be read here.
    """
    source = show_name(arguments.file)
    text = read_text_file(arguments.file)
    found = find_config(text, where=source)
    if found.text is text and (other := describe_other_input(text)) is not None:
        raise InvalidInputError(where=source, expected=f"the agent's config ({other.next_step})", seen=other.name)
    reading = read_agent_config(
        found.text,
        enable_ipv6=arguments.enable_ipv6 or bool(found.enable_ipv6),
        reserved_ranges=arguments.reserved_ranges or bool(found.reserved_ranges),
    )
    if reading.is_unread:
        seen = f"{str(reading.error).rpartition('saw ')[2]}; whether the agent accepts it is not known"
        raise InvalidInputError(where=source, expected="a config that can be read here", seen=seen)
    reading = replace(
        reading,
        remarks=(*found.remarks, *reading.remarks),
        warnings=(*found.warnings, *reading.warnings),
    )
    if arguments.format == "json":
        print_json(
            {
                "accepted": reading.accepted,
                "error": reading.error,
                "ipv4_chain": reading.ipv4_chain,
                "ipv6_chain": reading.ipv6_chain,
                "warnings": (*reading.remarks, *reading.warnings),
            }
        )
    else:
        print_lines(*_report(reading, source=source))
    return 0 if reading.accepted else 1


def _report(reading: AgentConfigReading, *, source: str) -> Iterator[str]:
    probably = "" if reading.certain else "probably "
    if reading.accepted:
        yield f"{source}: {paint(f'{probably}accepted', colour=Colour.GOOD if reading.certain else Colour.DOUBTFUL)}"
        for version, chain in (("IPv4", reading.ipv4_chain), ("IPv6", reading.ipv6_chain)):
            if chain is None:
                yield f"{version}: no chain, so all packets keep the Pod's address"
                continue
            yield f"{version}:"
            # A rule without a destination matches every packet that reaches it.
            rules = [rule.rpartition(" ") for rule in chain]
            rows = [(destination or _EVERYTHING[action], action, _MEANINGS[action]) for destination, _, action in rules]
            yield from (f"{_INDENT}{line}" for line in align(rows))
    else:
        yield f"{source}: {paint(f'{probably}rejected', colour=Colour.BAD)}"
        yield wrap(reading.error or "", indent=_INDENT)
    for remark in reading.remarks:
        yield wrap(f"{paint('remark', colour=Colour.QUIET)}: {remark}", indent=_INDENT, first="")
    for warning in reading.warnings:
        yield wrap(f"{paint('warning', colour=Colour.DOUBTFUL)}: {warning}", indent=_INDENT, first="")
    if not reading.accepted:
        next_step = (
            "correct it before the agent reads it. At its first start, an agent that rejects its config writes no "
            "chain, and all packets keep Pod addresses. Later, it no longer repairs its rules."
        )
    elif not reading.certain:
        next_step = "write the lines that the warnings name in plain YAML, so that the reading is certain."
    elif reading.warnings:
        next_step = "read the warnings; the agent accepts this config without any message."
    else:
        next_step = "add it to a plan (policy: {agent_config: ...}) and run airflow-masq explain for your destinations."
    yield wrap(f"Next: {next_step}", indent=_INDENT, first="")
