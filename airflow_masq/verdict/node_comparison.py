"""What only several nodes together show: an address that is one node's cannot be that of another.

A proxy whose own address lies in the plan's node ranges, and which leaves no trace in replies, looks like a node that
masquerades. It shows the same address from every node.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from netaddr import IPNetwork

from airflow_masq.network.ranges import IPV4, AddressKind
from airflow_masq.text import join_words
from airflow_masq.verdict.codes import Outcome, VerdictCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netaddr import IPAddress

    from airflow_masq.verdict.report import Verdict


def compare_nodes(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Take back each PASS whose node address was seen from several nodes by one target."""
    are_named = all(verdict.vantage.node_name for verdict in verdicts)
    nodes: defaultdict[tuple[str, IPAddress | None], set[str]] = defaultdict(set)
    for verdict in verdicts:
        node = verdict.vantage.node_name if are_named else _find_ipv4_block(verdict)
        if node is not None and verdict.attribution is AddressKind.NODE:
            nodes[verdict.target, verdict.observed].add(node)
    return tuple(_take_back(verdict, nodes=nodes[verdict.target, verdict.observed]) for verdict in verdicts)


def _find_ipv4_block(verdict: Verdict) -> str | None:
    """Find the block that names the node; a node may have one of each IP version, so only one version is compared."""
    is_ipv4 = verdict.node is not None and IPNetwork(verdict.node).version == IPV4
    return verdict.node if is_ipv4 else None


def _take_back(verdict: Verdict, *, nodes: set[str]) -> Verdict:
    is_shared = verdict.attribution is AddressKind.NODE and len(nodes) > 1
    if verdict.outcome is not Outcome.PASS or not is_shared:
        return verdict
    reason = (
        f"{verdict.reason.rstrip('.')}, but {len(nodes)} nodes ({join_words(sorted(nodes), most=3)}) show this one "
        "address, which can be one node's only: a proxy is in between, or cluster.pods_per_node is too small."
    )
    return replace(verdict, code=VerdictCode.SOMETHING_IN_BETWEEN, outcome=Outcome.INCONCLUSIVE, reason=reason)
