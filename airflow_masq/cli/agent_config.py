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


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes.

    :param parser: the command's parser.
    """
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

    :param arguments: as ``add_arguments`` declared them, and ``format``.
    :return: 0 where the agent accepts it, 1 where it rejects it.
    :raises InvalidInputError: when the file cannot be read.
    """
    reading = read_agent_config(
        read_text(arguments.file), enable_ipv6=arguments.enable_ipv6, reserved_ranges=arguments.reserved_ranges
    )
    if arguments.format == "json":
        print_json(_as_json(reading))
    else:
        print_lines(*_report(reading, name=arguments.file))
    return 0 if reading.accepted else 1


def _as_json(reading: AgentConfigReading) -> dict[str, object]:
    return {
        "accepted": reading.accepted,
        "error": reading.error,
        "ipv4_chain": _listed(reading.ipv4_chain),
        "ipv6_chain": _listed(reading.ipv6_chain),
        "warnings": list(reading.warnings),
    }


def _listed(chain: Sequence[str] | None) -> list[str] | None:
    return None if chain is None else list(chain)


def _report(reading: AgentConfigReading, *, name: str) -> Iterator[str]:
    source = shown_name(name)
    if reading.accepted:
        yield f"{source}: {paint('accepted', colour=Colour.GOOD)}"
        for version, chain in (("IPv4", reading.ipv4_chain), ("IPv6", reading.ipv6_chain)):
            yield from _chain(version, chain)
    else:
        yield f"{source}: {paint('rejected', colour=Colour.BAD)}"
        yield wrapped(reading.error or "", indent=_INDENT)
    for warning in reading.warnings:
        yield wrapped(f"{paint('warning', colour=Colour.DOUBTFUL)}: {warning}", indent=_INDENT, first="")
    yield wrapped(_next_step(reading), indent=_INDENT, first="")


def _chain(version: str, chain: Sequence[str] | None) -> Iterator[str]:
    if chain is None:
        yield f"{version}: no chain, so every destination sees the Pod's address"
        return
    yield f"{version}:"
    for line in aligned(_row(rule) for rule in chain):
        yield f"{_INDENT}{line}"


def _row(rule: str) -> tuple[str, str, str]:
    """Split a rule; one without a destination takes every destination that gets that far."""
    destination, _, action = rule.rpartition(" ")
    return (destination or "everything else", action, _SIGHTS[action])


_SIGHTS: Final = {"RETURN": "sees the Pod's address", "MASQUERADE": "sees the node's address"}


def _next_step(reading: AgentConfigReading) -> str:
    if not reading.accepted:
        return (
            "Next: put it right before the agent sees it. At its first start it writes no chain at all, and Pod "
            "addresses leak everywhere; later it stops healing the rules it has."
        )
    if reading.warnings:
        return "Next: read the warnings; the agent accepts all of this in silence."
    return (
        "Next: put it into a plan (policy: {agent_config: ...}) and ask airflow-masq explain about your destinations."
    )
