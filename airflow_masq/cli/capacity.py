"""``airflow-masq capacity PLAN``: how many nodes and Pods the ranges hold, and which addresses masquerading saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.output import Colour, get_line_width, paint, print_json, print_lines, wrap
from airflow_masq.environment.cidr_fields import POD_FIELD
from airflow_masq.network.capacity import Capacity, CapacityLimit, RangeCapacity
from airflow_masq.network.ranges import IPV4
from airflow_masq.plan_file import read_plan_file, require_own_network, show_name
from airflow_masq.text import COLUMN_GAP, align, escape, format_count

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_masq.plan import Plan

_LONGEST_BAR: Final = 40
_INDENT: Final = "    "
_LIMITS: Final = {
    CapacityLimit.PODS: "the Pod ranges run out first",
    CapacityLimit.NODES: "the node ranges run out first",
    None: "the Pod and node ranges run out at the same time",
}


EXIT_CODES: Final = {
    0: "the capacity is shown, even if it is too small (lint reports that)",
    2: "wrong usage, or a plan that cannot be read or is of Composer 3",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")


def run(arguments: Namespace) -> int:
    """Return 0: if the capacity is not enough, ``lint`` has a finding.

    :raises InvalidInputError: the plan cannot be read, or is one of Composer 3.
    """
    plan = read_plan_file(arguments.plan)
    require_own_network(plan, name=arguments.plan)
    capacity = plan.capacity
    if arguments.format == "json":
        print_json(
            {
                "nodes_by_pod_range": capacity.nodes_by_pod_range,
                "nodes_by_node_range": capacity.nodes_by_node_range,
                "limit": capacity.limit,
                "nodes": capacity.nodes,
                "pods": capacity.pods,
                "pod_addresses": capacity.pod_addresses,
                "service_addresses": capacity.service_addresses,
                "node_addresses": capacity.node_addresses,
                "routable_addresses_saved": capacity.routable_addresses_saved,
                "routable_addresses_needed": capacity.routable_addresses_needed,
                "wanted_nodes": capacity.wanted_nodes,
                "is_enough": capacity.is_enough,
                "pod_ranges": _make_json_ranges(capacity.pod_ranges),
                "node_ranges": _make_json_ranges(capacity.node_ranges),
            }
        )
    else:
        print_lines(*_report(plan, capacity, source=show_name(arguments.plan)))
    return 0


def _make_json_ranges(ranges: Iterable[RangeCapacity]) -> list[dict[str, object]]:
    return [{"cidr": str(each.cidr), "nodes": each.nodes, "pods": each.pods} for each in ranges]


def _report(plan: Plan, capacity: Capacity, *, source: str) -> Iterator[str]:
    rows = list(_list_rows(capacity))
    not_counted = [wrap(sentence) for sentence in _describe_not_counted(plan, capacity)]
    if not rows:
        which = " that counts" if not_counted else ""
        yield f"{source}: no Pod range and no node range{which}, so the capacity is not known."
        yield from not_counted
        yield "Next: add network.pod_ranges and network.node_ranges, as IPv4 CIDRs, to the plan."
        return
    held = f"{format_count(capacity.nodes or 0, noun='node')} with {format_count(capacity.pods or 0, noun='Pod')}"
    is_known = capacity.nodes_by_pod_range is not None and capacity.nodes_by_node_range is not None
    limit = f"; {_LIMITS[capacity.limit]}" if is_known else ", as far as the ranges are known"
    yield wrap(f"{source}: {held}{limit}", indent=_INDENT, first="")
    yield from (f"{_INDENT}{line}" for line in align(_add_bars(rows)))
    yield ""
    yield from not_counted
    yield wrap(_describe_savings(capacity))
    yield wrap(f"Next: {_choose_next_step(capacity, source=source)}", indent=_INDENT, first="")


def _list_rows(capacity: Capacity) -> Iterator[tuple[str, int]]:
    for kind, ranges, together in (
        ("Pod", capacity.pod_ranges, capacity.nodes_by_pod_range),
        ("node", capacity.node_ranges, capacity.nodes_by_node_range),
    ):
        yield from ((f"nodes by {kind} range {each.cidr}", each.nodes) for each in ranges)
        if len(ranges) > 1 and together is not None:
            yield f"nodes by all {kind} ranges", together
    if capacity.wanted_nodes is not None and capacity.nodes is not None:
        yield "nodes wanted, one per worker", capacity.wanted_nodes


def _add_bars(rows: Sequence[tuple[str, int]]) -> Iterator[tuple[str, str, str]]:
    """Draw the numbers as bars to scale in the rest of the line; every number above zero has a bar."""
    most = max(number for _, number in rows) or 1
    digits = len(str(most))
    around = len(_INDENT) + max(len(name) for name, _ in rows) + digits + 2 * len(COLUMN_GAP)
    longest = max(min(_LONGEST_BAR, get_line_width() - around), 1)
    for name, number in rows:
        yield name, str(number).rjust(digits), "#" * -(-number * longest // most)


def _describe_not_counted(plan: Plan, capacity: Capacity) -> Iterator[str]:
    """Say why ranges of the plan do not count."""
    for kind, ranges in (("Pod", plan.ranges.pod), ("node", plan.ranges.node)):
        if ranges and all(network.version != IPV4 for network in ranges):
            yield f"The plan's {kind} ranges are IPv6. Only IPv4 addresses are scarce, so only IPv4 ranges count here."
    if plan.ranges.pod or capacity.pod_ranges:
        return
    name = plan.environment.get_text(*POD_FIELD.range_name_path)
    if name:
        yield f"The Pod range is given by its name ({escape(name)}), so its size is not known."
    cidr = plan.environment.get_text(*POD_FIELD.path)
    if cidr:
        yield f"{POD_FIELD.where} is {escape(cidr)}, which is not a CIDR or a size such as /22."


def _describe_savings(capacity: Capacity) -> str:
    pods, services, nodes = capacity.pod_addresses, capacity.service_addresses, capacity.node_addresses
    counts = [f"{pods} Pod" if pods is not None else "", f"{services} Service" if services is not None else ""]
    saved = f"{' and '.join(filter(None, counts))} addresses" if any(counts) else "Pod and Service addresses"
    unknown = [name for name, count in (("Pod", pods), ("Service", services)) if count is None]
    rest = f" ({' and '.join(unknown)} addresses are not counted, since their ranges are not known)" if unknown else ""
    kept = f"the {nodes} of the node ranges" if nodes is not None else "those of the node ranges, which are not known"
    endpoint = ", and the address of the Private Service Connect endpoint" if capacity.endpoint_addresses else ""
    return f"With masquerading, {saved} need not be routable{rest}. These must be: {kept}{endpoint}."


def _choose_next_step(capacity: Capacity, *, source: str) -> str:
    if capacity.is_enough is None and capacity.wanted_nodes is not None:
        unknown = "pod_ranges" if capacity.nodes_by_pod_range is None else "node_ranges"
        return f"add network.{unknown} to the plan. Otherwise it is not known whether the capacity is enough."
    if capacity.is_enough is None:
        return "add network.workers to the plan to compare the capacity with the number of workers."
    if capacity.is_enough:
        return f"the capacity is enough; run airflow-masq lint {source} to check the ranges themselves."
    limits = (("Pod", capacity.nodes_by_pod_range), ("node", capacity.nodes_by_node_range))
    short = [kind for kind, nodes in limits if nodes is not None and nodes < (capacity.wanted_nodes or 0)]
    return (
        f"the ranges are {paint('too small', colour=Colour.BAD)} for the workers wanted. Enlarge the "
        f"{' and '.join(short)} ranges before the environment is created; they cannot be changed later."
    )
