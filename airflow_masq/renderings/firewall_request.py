"""The document that a network team needs to open its firewalls: for people as Markdown, for tools as CSV.

Its readers know firewalls and not Kubernetes, so it says what arrives where, and what happens otherwise. No text of the
plan may become a link, a table border or a spreadsheet's formula.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.prediction import Prediction
from airflow_masq.plan import Plan
from airflow_masq.renderings.escaping import escape_cell, escape_markdown, write_code_span
from airflow_masq.renderings.firewall_need import FirewallNeed, describe_sources, list_firewall_needs
from airflow_masq.text import join_words

FORM: Final = "firewall-request"
CSV_FORM: Final = "firewall-request-csv"

_LET_IN: Final = {
    FirewallAnswer.ALL: "yes",
    FirewallAnswer.NONE: "no",
    FirewallAnswer.SOME: "in part",
    FirewallAnswer.UNKNOWN: "not known",
}
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
| Service | Destination | Port | Firewall lets in | Source before | Let in | Source after | Let in | Request |
|---|---|---|---|---|---|---|---|---|
"""

_HEAD: Final = """\
# Firewall request for {name}

Airflow's tasks run in Pods on the nodes of a Kubernetes cluster. Their packets reach a firewall with the address of the
Pod, of its node, or of Cloud NAT as the source. "Before" is the source without the IP masquerade agent, "after" the
source under the masquerade policy of this plan ({policy}).

| Addresses | Ranges |
|---|---|
| Nodes | {node} |
| Pods | {pod} |
| Cloud NAT | {nat} |

## What is asked

"""


def render_firewall_request(plan: Plan) -> str:
    """Write the request for people.

    :param plan: the plan.
    :return: Markdown, with the same as CSV at its end.
    :raises InexpressibleError: when the plan has no targets, is one of Composer 3, or does not name the node or Pod
        ranges.
    """
    needs = list_firewall_needs(plan, form=FORM)
    ranges = {"node": plan.ranges.node, "pod": plan.ranges.pod, "nat": plan.ranges.nat_addresses}
    head = _HEAD.format(
        name=write_code_span(plan.environment.name) if plan.environment.name else "a Cloud Composer environment",
        policy=escape_markdown(plan.policy.name),
        **{name: join_words(each, most=None) or "not known" for name, each in ranges.items()},
    )
    rows = "".join(f"| {' | '.join(_make_table_row(need))} |\n" for need in needs)
    reasons = "\n".join(_describe_reasons(need) for need in needs)
    table = f"## The same as CSV\n\n```csv\n{_write_csv(needs)}```\n"
    return f"{head}{_TABLE}{rows}\n## Why, and what happens otherwise\n\n{reasons}\n{table}"


def render_firewall_request_csv(plan: Plan) -> str:
    """Write the request for tools.

    :param plan: the plan.
    :return: CSV [source: rfc-4180-csv], but with line feeds alone: a header, then one line a target. All cells are
        quoted, and no spreadsheet takes one for a formula.
    :raises InexpressibleError: as ``render_firewall_request``.
    """
    return _write_csv(list_firewall_needs(plan, form=CSV_FORM))


def _make_table_row(need: FirewallNeed) -> tuple[str, ...]:
    return (
        write_code_span(need.target.name, is_cell=True),
        write_code_span(need.destination, is_cell=True),
        " ".join(part for part in (need.port, need.protocol) if part),
        join_words(need.target.allowed_sources, most=None) or "not known",
        escape_markdown(describe_sources(need.before), is_cell=True),
        _describe_firewall(need.before),
        escape_markdown(describe_sources(need.after), is_cell=True),
        _describe_firewall(need.after),
        escape_markdown(need.request, is_cell=True),
    )


def _describe_firewall(prediction: Prediction | None) -> str:
    return _LET_IN[FirewallAnswer.UNKNOWN if prediction is None else prediction.firewall]


def _describe_reasons(need: FirewallNeed) -> str:
    lines = [
        f"### {write_code_span(need.target.name)}\n",
        f"- Why: {escape_markdown(need.reason)}",
        f"- If nothing is done: {escape_markdown(need.consequence)}",
    ]
    if need.after is not None:
        lines.append("- " + escape_markdown(f"The path of a packet: {'; '.join(need.after.path)}."))
    return "\n".join(lines) + "\n"


def _write_csv(needs: tuple[FirewallNeed, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for need in needs:
        row = (
            need.target.name,
            need.destination,
            need.port,
            need.protocol,
            describe_sources(need.before),
            describe_sources(need.after),
            join_words(need.target.allowed_sources, most=None),
            _describe_firewall(need.before),
            _describe_firewall(need.after),
            need.request,
            need.reason,
            need.consequence,
        )
        writer.writerow(map(escape_cell, row))
    return text.getvalue()
