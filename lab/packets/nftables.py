"""Tables of rules as values, and their way into the kernel's nftables.

A :class:`Table` replaces the table of its name and family in one transaction: packets see the old rules or the new
ones, never half of them. The encodings are include/uapi/linux/netfilter/nf_tables.h of Linux 6.12.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

from lab.packets.expressions import Family, Match, Simple, Verdict
from lab.packets.netlink import Flags, Request, attribute, nested

_SUBSYSTEM = 10  # NFNL_SUBSYS_NFTABLES
_BATCH_BEGIN, _BATCH_END = 16, 17  # NFNL_MSG_BATCH_…
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN, _NEW_RULE = 0, 2, 3, 6  # NFT_MSG_…


class Hook(Enum):
    """Where packets meet a chain: the kind of chain, the hook's number and the usual priority there."""

    PREROUTING = ("nat", 0, -100)
    INPUT = ("filter", 1, 0)
    FORWARD = ("filter", 2, 0)
    OUTPUT = ("nat", 3, -100)
    POSTROUTING = ("nat", 4, 100)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A chain of rules.

    :param name: unique in its table.
    :param hook: where packets meet it; ``None`` if they come by a jump only.
    """

    name: str
    hook: Hook | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: where all conditions are met, the verdict applies.

    :param chain: the chain that it is appended to.
    :param verdict: what happens.
    :param matches: the conditions, in order; none means always.
    """

    chain: str
    verdict: Verdict
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    :param family: whose packets it sees.
    :param name: its name; loading replaces the table of that name.
    :param chains: its chains, in any order.
    :param rules: its rules, in order within each chain.
    """

    family: Family
    name: str
    chains: tuple[Chain, ...] = ()
    rules: tuple[Rule, ...] = ()


def replace_table(table: Table) -> list[Request]:
    """Write the transaction that replaces a table.

    :param table: what the kernel shall have under that name and family afterwards.
    :return: one batch, to be sent at once.
    """
    name = attribute(1, table.name)
    requests = [
        _batch_limit(_BATCH_BEGIN),
        _request(table, _NEW_TABLE, name, purpose="make sure of", flags=Flags.CREATE),
        _request(table, _DELETE_TABLE, name, purpose="empty"),
        _request(table, _NEW_TABLE, name, purpose="create", flags=Flags.CREATE),
    ]
    requests += [_chain_request(table, chain) for chain in table.chains]
    requests += [_rule_request(table, rule) for rule in table.rules]
    return [*requests, _batch_limit(_BATCH_END)]


def _batch_limit(kind: int) -> Request:
    payload = struct.pack(">BBH", 0, 0, _SUBSYSTEM)
    return Request(kind=kind, payload=payload, purpose="an nftables transaction", acknowledged=False)


def _request(table: Table, kind: int, body: bytes, *, purpose: str, flags: Flags = Flags.NONE) -> Request:
    return Request(
        kind=_SUBSYSTEM << 8 | kind,
        payload=struct.pack(">BBH", table.family, 0, 0) + body,
        purpose=f"nftables table {table.name!r} ({table.family.name}): {purpose}",
        flags=flags,
    )


def _chain_request(table: Table, chain: Chain) -> Request:
    body = attribute(1, table.name) + attribute(3, chain.name)
    if chain.hook is not None:
        kind, number, priority = chain.hook.value
        hook = nested(4, attribute(1, struct.pack(">I", number)), attribute(2, struct.pack(">i", priority)))
        body += hook + attribute(5, struct.pack(">I", Simple.ACCEPT.value)) + attribute(7, kind)
    return _request(table, _NEW_CHAIN, body, purpose=f"create chain {chain.name!r}", flags=Flags.CREATE)


def _rule_request(table: Table, rule: Rule) -> Request:
    expressions = b"".join(match.encode(table.family) for match in rule.matches) + rule.verdict.encode()
    body = attribute(1, table.name) + attribute(2, rule.chain) + nested(4, expressions)
    purpose = f"append to chain {rule.chain!r}: {rule}"
    return _request(table, _NEW_RULE, body, purpose=purpose, flags=Flags.CREATE | Flags.APPEND)
