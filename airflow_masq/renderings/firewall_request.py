"""The document that a network team needs to open its firewalls: for people as Markdown, for tools as CSV.

It is read by people who know firewalls and not Kubernetes, so it says what arrives where, and what happens otherwise.
It must let no text of the plan become a link, a table border or a spreadsheet's formula.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from airflow_masq.renderings.escaping import escape_cell, escape_markdown, write_code_span
from airflow_masq.renderings.firewall_need import FirewallNeed, Sources, firewall_needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.plan import Plan

FORM: Final = "firewall-request"
CSV_FORM: Final = "firewall-request-csv"

_LET_IN: Final = {True: "yes", False: "no", None: "not known"}
_LET_IN_PART: Final = "in part"
_COLUMNS: Final = (
    "service",
    "destination",
    "port",
    "protocol",
    "source_before",
    "source_after",
    "allowed_sources",
    "let_in_before",
    "let_in_after",
    "request",
    "reason",
    "otherwise",
)

_TABLE: Final = """\
| Service | Destination | Port | Firewall lets in | Source before | Let in | Source after | Let in | Please |
|---|---|---|---|---|---|---|---|---|
"""

_HEAD: Final = """\
# Firewall request for {name}

Airflow's tasks run in Pods on the nodes of a Kubernetes cluster. What a firewall sees as the source of their packets is
an address of the Pod, of its node, or of Cloud NAT. "Before" is that source without the IP masquerade agent, "after"
the source under the masquerade policy of this plan ({policy}).

| Addresses | Ranges |
|---|---|
| Nodes | {node} |
| Pods | {pod} |
| Cloud NAT | {nat} |

## What is asked

"""


def render_firewall_request(plan: Plan) -> str:
    """Write the request for people, with the same as CSV at its end.

    :param plan: the plan.
    :return: Markdown.
    :raises InexpressibleError: when the plan has no targets, or does not tell the node or Pod ranges.
    """
    needs = firewall_needs(plan, form=FORM)
    rows = "".join(f"| {' | '.join(_table_row(need))} |\n" for need in needs)
    reasons = "\n".join(_reasons(need) for need in needs)
    table = f"## The same as CSV\n\n```csv\n{_csv(needs)}```\n"
    return f"{_head(plan)}{_TABLE}{rows}\n## Why, and what happens otherwise\n\n{reasons}\n{table}"


def render_firewall_request_csv(plan: Plan) -> str:
    """Write the request for tools: a header, then one line a target.

    :param plan: the plan.
    :return: CSV (RFC 4180, but with line feeds alone), all of it quoted, whose cells no spreadsheet calculates.
    :raises InexpressibleError: as ``render_firewall_request``.
    """
    return _csv(firewall_needs(plan, form=CSV_FORM))


def _head(plan: Plan) -> str:
    ranges = {
        "node": plan.ranges.node,
        "pod": plan.ranges.pod,
        "nat": plan.ranges.nat_addresses,
    }
    listed = {name: _listed(values) or "not known" for name, values in ranges.items()}
    name = plan.environment.name
    shown = write_code_span(name) if name else "a Cloud Composer environment"
    return _HEAD.format(name=shown, policy=escape_markdown(plan.policy.name), **listed)


def _table_row(need: FirewallNeed) -> tuple[str, ...]:
    return (
        write_code_span(need.target.name, is_cell=True),
        write_code_span(need.destination, is_cell=True),
        " ".join(part for part in (need.port, need.protocol) if part),
        _listed(need.target.allowed_sources) or "not known",
        escape_markdown(str(need.before), is_cell=True),
        _let_in(need.before),
        escape_markdown(str(need.after), is_cell=True),
        _let_in(need.after),
        escape_markdown(need.request, is_cell=True),
    )


def _let_in(sources: Sources) -> str:
    return _LET_IN_PART if sources.let_in_part else _LET_IN[sources.let_in]


def _reasons(need: FirewallNeed) -> str:
    lines = [
        f"### {write_code_span(need.target.name)}\n",
        f"- Why: {escape_markdown(need.reason)}",
        f"- If nothing is done: {escape_markdown(need.otherwise)}",
        *(f"- {escape_markdown(step)}" for step in _way(need)),
    ]
    return "\n".join(lines) + "\n"


def _way(need: FirewallNeed) -> Iterator[str]:
    if need.after.prediction is not None:
        yield f"The way of a packet: {'; '.join(need.after.prediction.path)}."


def _csv(needs: tuple[FirewallNeed, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    writer.writerows(map(escape_cell, _csv_row(need)) for need in needs)
    return text.getvalue()


def _csv_row(need: FirewallNeed) -> tuple[str, ...]:
    return (
        need.target.name,
        need.destination,
        need.port,
        need.protocol,
        str(need.before),
        str(need.after),
        _listed(need.target.allowed_sources),
        _let_in(need.before),
        _let_in(need.after),
        need.request,
        need.reason,
        need.otherwise,
    )


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
