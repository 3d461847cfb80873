"""The scene of the traps: one node with a worker's Pod, a service in the VPC, and the check asked from the Pod.

      worker's Pod ── node ── vpc ── in-vpc 10.200.0.20:8080

The plan says that the environment masquerades, and that the service needs a node's address. The lab decides whether the
node really does.
"""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.probes import Session, probe
from airflow_masq.verdict import judge
from lab.packets.masquerade import MasqueradeChain
from lab.packets.topology import IN_VPC, NODE_RANGE, POD_RANGE

if TYPE_CHECKING:
    from airflow_masq.observation.observation import Observation
    from airflow_masq.verdict import Verdict
    from lab.packets.lab import PacketLab

NODE: Final = "blue-node-0"
POD: Final = "blue-node-0-pod-0"
SERVICE: Final = IN_VPC
COMPOSER: Final = MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE))
TIMEOUT_SECONDS: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one question cost.

    :param kilobytes: the most memory that it had at once.
    """

    seconds: float
    kilobytes: int


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A built lab, and the questions that a check asks in it.

    :param costs: of every question so far.
    """

    lab: PacketLab
    costs: list[Cost] = field(default_factory=list)

    def masquerade(self, *, on: bool) -> None:
        """Let the node's agent masquerade, or not."""
        self.lab.set_masquerade(NODE, COMPOSER if on else None)

    def ask(self, url: str, **settings: Any) -> tuple[Observation, ...]:  # noqa: ANN401 - the probe's own
        """Ask one observer once from the Pod."""
        tracemalloc.start()
        try:
            before, started = tracemalloc.get_traced_memory()[0], time.perf_counter()
            seen = asyncio.run(self._ask(url, **settings))
            seconds, most = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.costs.append(Cost(seconds=seconds, kilobytes=(most - before) // 1024))
        return seen

    async def _ask(self, url: str, **settings: Any) -> tuple[Observation, ...]:  # noqa: ANN401 - as above
        async with Session(open_socket=partial(self.lab.open_socket, POD)) as session:
            return await probe(url, timeout_seconds=TIMEOUT_SECONDS, attempts=1, session=session, **settings)

    def judge(self, url: str, *observations: Observation) -> Verdict:
        """Judge what a worker's Pod saw, where the service needs a node's address."""
        plan = load_plan_from_mapping(
            {
                "network": {"node_ranges": [str(NODE_RANGE)], "pod_ranges": [str(POD_RANGE)]},
                "environment": {"config": {"nodeConfig": {"enableIpMasqAgent": True}}},
                "targets": [{"name": "service", "observe": url, "expect": "node"}],
            },
            source="plan",
        )
        pod = next(pod for cluster in self.lab.clusters for pod in cluster.pods if pod.name == POD)
        vantage = Vantage(
            hostname="airflow-worker-0",
            pod_ip=next((each.local_address for each in observations if each.local_address), None),
            component=Component.WORKER,
            known_by=Clue.COMPOSER_CONTAINER,
            environment="blue",
        )
        assert all(str(each.local_address) == str(pod.address) for each in observations if each.local_address)
        return judge(plan.targets[0], observations, vantage=vantage, plan=plan)

    def check(self, url: str, **settings: Any) -> Verdict:  # noqa: ANN401 - the probe's own
        """Ask one observer once from the Pod, and judge it."""
        return self.judge(url, *self.ask(url, **settings))
