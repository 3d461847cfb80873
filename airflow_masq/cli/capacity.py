"""``airflow-masq capacity PLAN``: how many nodes and Pods the ranges hold, and which addresses masquerading saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.files import read_plan, shown_name
from airflow_masq.cli.output import GAP, Colour, aligned, line_width, paint, print_json, print_lines, wrapped
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY, POD_FIELD
from airflow_masq.network.capacity import Capacity, CapacityLimit, RangeCapacity
from airflow_masq.network.ranges import IPV4
from airflow_masq.plan.capacity import plan_capacity
from airflow_masq.plan.environment_section import require_own_network
from airflow_masq.rules.views.environment import text_field
from airflow_masq.text import format_count, printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_masq.plan import Plan

_LONGEST_BAR: Final = 40
_INDENT: Final = "    "
_BOUND_BY: Final = {
    CapacityLimit.PODS: "the Pod ranges run out first",
    CapacityLimit.NODES: "the node ranges run out first",
    None: "no range runs out before the others",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes.

    :param parser: the command's parser.
    """
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")


def run(arguments: Namespace) -> int:
    """Say what a plan's ranges have room for.

    :param arguments: as ``add_arguments`` declared them, and ``format``.
    :return: 0; whether the room suffices is a finding of ``lint``.
    :raises InvalidInputError: when the plan cannot be read, or is one of Composer 3.
    """
    plan = read_plan(arguments.plan)
    require_own_network(plan.environment)
    room = plan_capacity(plan)
    if arguments.format == "json":
        print_json(_as_json(room))
    else:
        print_lines(*_report(plan, room, name=arguments.plan))
    return 0


def _as_json(room: Capacity) -> dict[str, object]:
    return {
        "nodes_by_pod_range": room.nodes_by_pod_range,
        "nodes_by_node_range": room.nodes_by_node_range,
        "limit": room.limit,
        "nodes": room.nodes,
        "pods": room.pods,
        "pod_addresses": room.pod_addresses,
        "service_addresses": room.service_addresses,
        "node_addresses": room.node_addresses,
        "routable_addresses_saved": room.routable_addresses_saved,
        "routable_addresses_needed": room.routable_addresses_needed,
        "wanted_nodes": room.wanted_nodes,
        "is_enough": room.is_enough,
        "pod_ranges": _ranges_as_json(room.pod_ranges),
        "node_ranges": _ranges_as_json(room.node_ranges),
    }


def _ranges_as_json(ranges: Iterable[RangeCapacity]) -> list[dict[str, object]]:
    return [{"cidr": str(each.cidr), "nodes": each.nodes, "pods": each.pods} for each in ranges]


def _report(plan: Plan, room: Capacity, *, name: str) -> Iterator[str]:
    source = shown_name(name)
    rows = list(_rows(room))
    not_counted = [wrapped(sentence) for sentence in _not_counted(plan, room)]
    if not rows:
        which = " that counts" if not_counted else ""
        yield f"{source}: no Pod range and no node range{which}, so nothing can be said."
        yield from not_counted
        yield "Next: write network.pod_ranges and network.node_ranges, as IPv4 CIDRs, into the plan."
        return
    yield wrapped(f"{source}: {_verdict(room)}", indent=_INDENT, first="")
    yield from (f"{_INDENT}{line}" for line in aligned(_with_bars(rows)))
    yield ""
    yield from not_counted
    yield wrapped(f"{_taken_off(room)}; {_staying(room)}.")
    yield wrapped(_next_step(room, source=source), indent=_INDENT, first="")


def _not_counted(plan: Plan, room: Capacity) -> Iterator[str]:
    """Say what the plan has in place of ranges that can be counted, and why it does not count."""
    for kind, ranges in (("Pod", plan.ranges.pod), ("node", plan.ranges.node)):
        if ranges and all(network.version != IPV4 for network in ranges):
            yield f"The {kind} ranges that the plan names are IPv6; only IPv4 is scarce, so only IPv4 counts here."
    if plan.ranges.pod or room.pod_ranges:
        return
    name = text_field(plan, *IP_ALLOCATION_POLICY, "clusterSecondaryRangeName")
    if name:
        yield f"The Pods' range is given by its name ({printable(name)}), which does not tell how large it is."
    cidr = text_field(plan, *POD_FIELD.path)
    if cidr:
        yield f"{POD_FIELD.where} is {printable(cidr)}, which is neither a CIDR nor a size such as /22."


def _taken_off(room: Capacity) -> str:
    if room.routable_addresses_saved is not None and room.service_addresses is not None:
        saved = format_count(
            room.routable_addresses_saved, noun="Pod and Service address", plural="Pod and Service addresses"
        )
        return f"Masquerading takes {saved} off the routable plan"
    for name, number, other in (
        ("Pod", room.pod_addresses, "Service"),
        ("Service", room.service_addresses, "Pod"),
    ):
        if number is not None:
            taken = format_count(number, noun=f"{name} address", plural=f"{name} addresses")
            return f"Masquerading takes {taken} off the routable plan, and the {other} addresses, which are not known"
    return "Masquerading takes the Pod and Service addresses, which are not known, off the routable plan"


def _staying(room: Capacity) -> str:
    endpoints = "" if not room.endpoint_addresses else " and the Private Service Connect endpoint's 1"
    needed = "addresses, which are not known," if room.node_addresses is None else str(room.node_addresses)
    return f"the node ranges' {needed}{endpoints} stay on it"


def _verdict(room: Capacity) -> str:
    held = f"{format_count(room.nodes or 0, noun='node')} with {format_count(room.pods or 0, noun='Pod')}"
    if room.nodes_by_pod_range is None or room.nodes_by_node_range is None:
        return f"{held}, as far as the ranges are known"
    return f"{held}; {_BOUND_BY[room.limit]}"


def _rows(room: Capacity) -> Iterator[tuple[str, int]]:
    for range_name, ranges, together in (
        ("Pod", room.pod_ranges, room.nodes_by_pod_range),
        ("node", room.node_ranges, room.nodes_by_node_range),
    ):
        yield from ((f"nodes by {range_name} range {each.cidr}", each.nodes) for each in ranges)
        if len(ranges) > 1 and together is not None:
            yield f"nodes by all {range_name} ranges", together
    if room.wanted_nodes is not None and room.nodes is not None:
        yield "nodes wanted, one a worker", room.wanted_nodes


def _with_bars(rows: Sequence[tuple[str, int]]) -> Iterator[tuple[str, str, str]]:
    """Draw numbers as bars true to scale, in what is left of a line, except that what is not zero is seen."""
    most = max(number for _, number in rows) or 1
    digits = len(str(most))
    around = len(_INDENT) + max(len(name) for name, _ in rows) + digits + 2 * len(GAP)
    longest = max(min(_LONGEST_BAR, line_width() - around), 1)
    for name, number in rows:
        yield name, str(number).rjust(digits), "#" * -(-number * longest // most)


def _next_step(room: Capacity, *, source: str) -> str:
    if room.is_enough is None and room.wanted_nodes is not None:
        unknown = "pod_ranges" if room.nodes_by_pod_range is None else "node_ranges"
        return f"Next: write network.{unknown} into the plan; without it nobody can say whether the room suffices."
    if room.is_enough is None:
        return "Next: write network.workers into the plan to have the room compared with what is wanted."
    if room.is_enough:
        return f"Next: the room suffices; airflow-masq lint {source} says whether the ranges are sound."
    limits = (("Pod", room.nodes_by_pod_range), ("node", room.nodes_by_node_range))
    short = [kind for kind, nodes in limits if nodes is not None and nodes < (room.wanted_nodes or 0)]
    return (
        f"Next: {paint('too small', colour=Colour.BAD)} for the workers wanted. Widen the {' and '.join(short)} ranges "
        "before the environment is created, since they are fixed then."
    )
