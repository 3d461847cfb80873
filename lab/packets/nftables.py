"""Tables of firewall and NAT rules as values, and as the bytes that the kernel's nftables takes.

A :class:`Table` replaces the table of its name and family in one transaction, so packets never meet half of the new
rules. A rule is a chain's name, conditions and a verdict, each an :class:`Expression` [source: linux-nf-tables].
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from ipaddress import IPv4Address

from lab.packets.netlink import Flags, Request, pack_attribute, pack_nested
from lab.packets.topology import Address, Network

_SUBSYSTEM = 10  # NFNL_SUBSYS_NFTABLES
_BATCH_BEGIN, _BATCH_END = 16, 17  # NFNL_MSG_BATCH_…
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN, _NEW_RULE = 0, 2, 3, 6  # NFT_MSG_…

_VERDICT_REGISTER, _REGISTER, _PORT_REGISTERS = 0, 1, (2, 3)
_EQUAL, _NOT_EQUAL = 0, 1
_NETWORK_HEADER = 1
_SOURCE_OFFSETS = {4: 12, 6: 8}  # in the IP header; the destination follows [source: rfc-791-header, rfc-8200-header]
_INTERFACE_NAME_BYTES = 16
_INPUT_INTERFACE, _OUTPUT_INTERFACE = 6, 7  # NFT_META_IIFNAME, NFT_META_OIFNAME
_BY_DESTINATION, _ADDRESS_TYPE = 1 << 1, 3  # NFTA_FIB_F_DADDR, NFT_FIB_RESULT_ADDRTYPE
_ROUTE_TYPE_LOCAL = 2  # RTN_LOCAL
_STATE, _STATE_NEW = 0, 1 << 3  # NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW)
_DROP, _ACCEPT, _JUMP, _RETURN = 0, 1, -3, -5  # NF_DROP, NF_ACCEPT, NFT_JUMP, NFT_RETURN
_SOURCE_NAT, _DESTINATION_NAT = 0, 1  # NFT_NAT_SNAT, NFT_NAT_DNAT
_RANDOM_FULLY = 1 << 4  # NF_NAT_RANGE_PROTO_RANDOM_FULLY


class Family(IntEnum):
    """Whose packets a table sees (``NFPROTO_…``)."""

    IPV4 = 2
    IPV6 = 10

    @property
    def version(self) -> int:
        """The version of IP, as :mod:`ipaddress` numbers it."""
        return 4 if self is Family.IPV4 else 6


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

    :param hook: where packets meet it; ``None`` if only a jump leads to it.
    """

    name: str
    hook: Hook | None = None


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A condition or a verdict.

    :param text: what it says, for error messages.
    :param code: nftables' expressions for it.
    :param version: the version of IP that it holds for; ``None`` for both.
    """

    text: str
    code: bytes
    version: int | None = None

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule at the end of a chain: if a packet meets all conditions, the verdict applies."""

    chain: str
    verdict: Expression
    matches: tuple[Expression, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of chains and their rules.

    :param rules: in order within each chain.
    :raises ValueError: if a rule is for the other family; it would compare other bytes of the header.
    """

    family: Family
    name: str
    chains: tuple[Chain, ...] = ()
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        for rule in self.rules:
            for expression in (*rule.matches, rule.verdict):
                if expression.version not in (None, self.family.version):
                    raise ValueError(f"table {self.name!r} is for {self.family.name}, saw the expression {expression}")


def match_source(network: Network) -> Expression:
    """Match packets from a network."""
    return _match_network(network, offset=_SOURCE_OFFSETS[network.version], what="source")


def match_destination(network: Network) -> Expression:
    """Match packets to a network."""
    offset = _SOURCE_OFFSETS[network.version] + network.max_prefixlen // 8
    return _match_network(network, offset=offset, what="destination")


def match_non_local_destination() -> Expression:
    """Match packets to no address of the machine itself (iptables' ``-m addrtype ! --dst-type LOCAL``)."""
    code = _pack_expression("fib", _REGISTER, _ADDRESS_TYPE, _BY_DESTINATION)
    code += _compare(struct.pack("=I", _ROUTE_TYPE_LOCAL), operator=_NOT_EQUAL)
    return Expression(text="destination not local", code=code)


def match_input_interface(name: str) -> Expression:
    """Match packets that came in through an interface."""
    return _match_interface(name, key=_INPUT_INTERFACE, what="input interface")


def match_output_interface(name: str) -> Expression:
    """Match packets that go out through an interface."""
    return _match_interface(name, key=_OUTPUT_INTERFACE, what="output interface")


def match_new_connection() -> Expression:
    """Match packets that open a connection."""
    state = struct.pack("=I", _STATE_NEW)
    code = _pack_expression("ct", _REGISTER, _STATE) + _mask(state) + _compare(bytes(len(state)), operator=_NOT_EQUAL)
    return Expression(text="connection is new", code=code)


def jump_to(chain: str) -> Expression:
    """Continue in another chain, and come back at its end."""
    return Expression(text=f"jump to {chain!r}", code=_decide(_JUMP, pack_attribute(2, chain)))


def masquerade(*, random_fully: bool) -> Expression:
    """Replace the source with the address of the interface through which the packet leaves.

    :param random_fully: choose the port at random, as iptables' ``--random-fully`` does.
    """
    return Expression(text="masquerade", code=_pack_expression("masq", *([_RANDOM_FULLY] if random_fully else [])))


def translate_source(address: Address, *, ports: tuple[int, int] | None = None) -> Expression:
    """Replace the source with an address.

    :param ports: the first and the last port that connections get; the kernel drops what finds none free.
    """
    return _translate(address, kind=_SOURCE_NAT, what="source", ports=ports)


def translate_destination(address: Address) -> Expression:
    """Replace the destination with an address."""
    return _translate(address, kind=_DESTINATION_NAT, what="destination")


def replace_table(table: Table) -> list[Request]:
    """Write the batch that replaces a table, or creates it; it must be sent at once."""
    subsystem = struct.pack(">BBH", 0, 0, _SUBSYSTEM)
    header = struct.pack(">BBH", table.family, 0, 0)
    table_name = pack_attribute(1, table.name)

    def make_request(kind: int, body: bytes, *, purpose: str, flags: Flags = Flags.NONE) -> Request:
        purpose = f"nftables table {table.name!r} ({table.family.name}): {purpose}"
        return Request(kind=_SUBSYSTEM << 8 | kind, payload=header + body, purpose=purpose, flags=flags)

    requests = [
        Request(kind=_BATCH_BEGIN, payload=subsystem, purpose="begin an nftables batch", acknowledged=False),
        make_request(_NEW_TABLE, table_name, purpose="create it if it is missing", flags=Flags.CREATE),
        make_request(_DELETE_TABLE, table_name, purpose="delete it"),
        make_request(_NEW_TABLE, table_name, purpose="create it", flags=Flags.CREATE),
    ]
    for chain in table.chains:
        body = table_name + pack_attribute(3, chain.name)
        if chain.hook is not None:
            kind, number, priority = chain.hook.value
            place = (pack_attribute(1, _pack_number(number)), pack_attribute(2, _pack_number(priority)))
            body += pack_nested(4, *place) + pack_attribute(5, _pack_number(_ACCEPT)) + pack_attribute(7, kind)
        requests.append(make_request(_NEW_CHAIN, body, purpose=f"create chain {chain.name!r}", flags=Flags.CREATE))
    for rule in table.rules:
        code = b"".join(expression.code for expression in (*rule.matches, rule.verdict))
        body = table_name + pack_attribute(2, rule.chain) + pack_nested(4, code)
        purpose = f"append to chain {rule.chain!r}: {rule}"
        requests.append(make_request(_NEW_RULE, body, purpose=purpose, flags=Flags.CREATE | Flags.APPEND))
    return [*requests, Request(kind=_BATCH_END, payload=subsystem, purpose="end the batch", acknowledged=False)]


def _pack_number(value: int) -> bytes:
    return struct.pack(">i", value)


def _pack_expression(name: str, *values: int | bytes) -> bytes:
    """Pack an expression whose attributes are numbered from 1: numbers, and bytes that contain attributes."""
    attributes = (
        pack_attribute(kind, _pack_number(value)) if isinstance(value, int) else pack_nested(kind, value)
        for kind, value in enumerate(values, start=1)
    )
    return pack_nested(1, pack_attribute(1, name), pack_nested(2, *attributes))


def _compare(value: bytes, *, operator: int = _EQUAL) -> bytes:
    return _pack_expression("cmp", _REGISTER, operator, pack_attribute(1, value))


def _mask(mask: bytes) -> bytes:
    """Keep those bits of the register that the mask has."""
    operands = pack_attribute(1, mask), pack_attribute(1, bytes(len(mask)))
    return _pack_expression("bitwise", _REGISTER, _REGISTER, len(mask), *operands)


def _match_network(network: Network, *, offset: int, what: str) -> Expression:
    code = _pack_expression("payload", _REGISTER, _NETWORK_HEADER, offset, network.max_prefixlen // 8)
    if network.prefixlen < network.max_prefixlen:
        code += _mask(network.netmask.packed)
    code += _compare(network.network_address.packed)
    return Expression(text=f"{what} in {network}", code=code, version=network.version)


def _match_interface(name: str, *, key: int, what: str) -> Expression:
    code = _pack_expression("meta", _REGISTER, key) + _compare(name.encode().ljust(_INTERFACE_NAME_BYTES, b"\0"))
    return Expression(text=f"{what} {name!r}", code=code)


def _decide(verdict: int, *details: bytes) -> bytes:
    return _pack_expression(
        "immediate", _VERDICT_REGISTER, pack_nested(2, pack_attribute(1, _pack_number(verdict)), *details)
    )


def _translate(address: Address, *, kind: int, what: str, ports: tuple[int, int] | None = None) -> Expression:
    family = Family.IPV4 if isinstance(address, IPv4Address) else Family.IPV6
    code = _pack_expression("immediate", _REGISTER, pack_attribute(1, address.packed))
    text = f"translate the {what} to {address}"
    if ports is None:
        code += _pack_expression("nat", kind, family, _REGISTER)
    else:
        for register, port in zip(_PORT_REGISTERS, ports, strict=True):
            code += _pack_expression("immediate", register, pack_attribute(1, port.to_bytes(2, "big")))
        code += _pack_expression("nat", kind, family, _REGISTER, _REGISTER, *_PORT_REGISTERS)
        text += f", ports {ports[0]} to {ports[1]}"
    return Expression(text=text, code=code, version=family.version)


DROP = Expression(text="drop", code=_decide(_DROP))
ACCEPT = Expression(text="accept", code=_decide(_ACCEPT))
RETURN = Expression(text="return", code=_decide(_RETURN))
