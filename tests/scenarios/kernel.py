"""The kernel's side of a world: a packet lab in which every address answers, with rules that change with the world.

    Pod, Pod ── node ── vpc ──┬── "private"    stands for every address that is not globally reachable
                              └── cloud-nat ── "internet"    stands for all the others

The lab knows nothing of airflow-masq. This module translates a plan for it, and ``chains.py`` translates a policy. It
must not use the predictor.
"""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from airflow_masq.network.ranges import AddressKind
from lab.packets.lab import PacketLab
from lab.packets.observers import Observers
from lab.packets.topology import (
    DEFAULT_CLOUD_NAT,
    DEFAULT_PORT,
    NODE_RANGE,
    POD_RANGE,
    ROUTER,
    CloudNat,
    Destination,
    Topology,
)
from lab.packets.tracer import GRACE_SECONDS, Attempt, Tracer, TraceResult
from tests.scenarios.worlds import (
    ASKING_POD,
    CLUSTER,
    EXTERNAL_ADDRESS,
    NODE,
    OTHER_POD,
    PEERED,
    ROUTER_ADDRESSES,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


#: What is not globally reachable, by IANA's registries of special-purpose addresses, and what is peered
#: [source: iana-special-ipv4, iana-special-ipv6].
_PRIVATE: Final = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
            "199.36.153.4/30", "199.36.153.8/30", "fc00::/7", "2001:db8::/32", str(PEERED),
        ),
    )
)  # fmt: skip

PRIVATE: Final = Destination(
    name="private",
    address=IPv4Address("172.20.0.10"),
    ipv6_address=IPv6Address("fd00:172::10"),
    stands_for=_PRIVATE,
)
INTERNET: Final = Destination(
    name="internet",
    address=IPv4Address("192.175.48.80"),
    ipv6_address=IPv6Address("2600:1900::80"),
    stands_for=(ip_network("0.0.0.0/0"), ip_network("::/0")),
    public=True,
)

#: The parts of the cluster that answer.
_BESIDE: Final = (
    *(
        Destination(name=part.name, address=part.address, ipv6_address=part.ipv6_address)
        for part in (ASKING_POD, OTHER_POD, NODE)
    ),
    Destination(
        name=ROUTER,
        address=IPv4Address(str(ROUTER_ADDRESSES[0])),
        ipv6_address=IPv6Address(str(ROUTER_ADDRESSES[1])),
    ),
)

_TOPOLOGY: Final = Topology(destinations=(PRIVATE, INTERNET), cloud_nat=DEFAULT_CLOUD_NAT, clusters=(CLUSTER,))
_COVERED: Final = {AddressKind.NODE: NODE_RANGE, AddressKind.POD: POD_RANGE}


class Kernel:
    """A built lab whose rules are replaced with those of one world after the other.

    :param tracer: it watches both destinations.
    :param runner: the event loop in which the lab's observers serve.
    """

    def __init__(self, lab: PacketLab, tracer: Tracer, runner: asyncio.Runner) -> None:
        self._lab = lab
        self._tracer = tracer
        self._runner = runner

    def load(self, world: World) -> None:
        """Replace every rule of the lab with the world's."""
        self._lab.set_masquerade(NODE.name, *world.chains)
        covers = tuple(network for kind, network in _COVERED.items() if kind in world.nat_covers)
        self._lab.set_cloud_nat(CloudNat(address=DEFAULT_CLOUD_NAT.address, covers=covers))
        external = {NODE.name: IPv4Address(str(EXTERNAL_ADDRESS))} if world.public_nodes else {}
        self._lab.set_external_addresses(external)
        allowed = tuple(ip_network(str(network)) for network in world.allowed_sources) or None
        for destination in (PRIVATE, INTERNET):
            self._lab.set_allowed_sources(destination.name, allowed)
        services = {
            ip_address(str(question.destination)): ip_address(str(question.backend))
            for question in world.questions
            if question.backend is not None
        }
        self._lab.set_services(NODE.name, services)

    def connect(self, world: World, *, grace_seconds: float = GRACE_SECONDS) -> list[TraceResult]:
        """Connect to every destination of the loaded world; for ``grace_seconds`` see :meth:`Tracer.follow`."""
        part = NODE.name if world.host_network else ASKING_POD.name
        attempts = [
            Attempt(
                part=part,
                address=ip_address(str(question.destination)),
                port=DEFAULT_PORT,
                endpoint=None if question.backend is None else ip_address(str(question.backend)),
            )
            for question in world.questions
        ]
        return self._runner.run(self._tracer.follow(attempts, grace_seconds=grace_seconds))


@contextlib.contextmanager
def start_kernel() -> Iterator[Kernel]:
    """Build the lab, for code that is not asynchronous; no world is loaded yet."""
    with asyncio.Runner() as runner, PacketLab(_TOPOLOGY) as lab:
        stack = contextlib.AsyncExitStack()

        async def start() -> Tracer:
            await stack.enter_async_context(Observers(lab, beside=_BESIDE))
            return stack.enter_context(Tracer(lab, destinations=(PRIVATE.name, INTERNET.name)))

        try:
            yield Kernel(lab, runner.run(start()), runner)
        finally:
            runner.run(stack.aclose())
