"""Gathers the facts of an environment's network: few requests, those that need no answer of another at once.

    environment ─┬─▶ cluster ────┐
                 ├─▶ subnetwork ─┼─▶ further subnetworks, the addresses of the routers that matter
                 └─▶ routers ────┘

What may not or cannot be read becomes a gap with the role that would show it. A read is repeated a few times where the
API is unavailable, never where it refuses.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.exceptions import AirflowMasqError, CloudRefusedError, CloudUnavailableError, InvalidInputError
from airflow_masq.facts import Cluster, ClusterName, NatStatus, RegionalName, Router, Subnetwork
from airflow_masq.facts.nat import NatCover, NatGateway
from airflow_masq.facts.network_facts import CLUSTER_ROLE, NETWORK_ROLE, Gap, NatFacts, NetworkFacts
from airflow_masq.facts.silence import Silence, find_remedy, find_silence
from airflow_masq.text import escape, join_words, quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from airflow_masq.clients.compute import ComputeClient
    from airflow_masq.clients.gke import GkeClient

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 3
"""How often a read is tried while the API is unavailable."""

_MOST_AT_ONCE: Final = 8
_LONGEST_NAME: Final = 100


@dataclass(kw_only=True)
class Gathering:
    """One gathering of facts; ``run`` does it once.

    :param environment: as the Composer API tells it.
    :param gke: ``None`` where the GKE API is not asked, which is a gap.
    :param compute: ``None`` where the Compute API is not asked.
    :param pause: sleeps between two attempts; it gets the number of the failed ones.
    """

    name: EnvironmentName
    environment: EnvironmentResource
    gke: GkeClient | None
    compute: ComputeClient | None
    pause: Callable[[int], None]
    _gaps: list[Gap] = field(default_factory=list, init=False)

    def run(self) -> NetworkFacts:
        """Gather what can be read; errors of the APIs become gaps."""
        facts = NetworkFacts(name=self.name, environment=self.environment)
        if not facts.has_own_cluster:
            return facts
        with ThreadPoolExecutor(max_workers=_MOST_AT_ONCE, thread_name_prefix="network-facts") as pool:
            reading_cluster = pool.submit(self._read_cluster)
            first = self._find_subnetwork()
            early = None if first is None else (pool.submit(self._read_subnetwork, first), first)
            reading_routers = None if first is None else pool.submit(self._read_routers, first)
            cluster = reading_cluster.result()
            wanted = _list_subnetworks(cluster, first=first)
            late = [pool.submit(self._read_subnetwork, name) for name in wanted if name != first]
            if reading_routers is None and wanted:
                reading_routers = pool.submit(self._read_routers, wanted[0])
            reading = [early[0], *late] if early is not None and first in wanted else late
            read = tuple(each for future in reading if (each := future.result()) is not None)
            routers = None if reading_routers is None else reading_routers.result()
            facts = replace(facts, cluster=cluster, subnetworks=read)
            covering = [] if routers is None else _find_covering(routers, facts=facts, subnetworks=wanted)
            names = list(dict.fromkeys(router for router, _gateway, _cover in covering))
            statuses = dict(zip(names, pool.map(self._read_statuses, names), strict=True))
        if not wanted:
            why = "neither the environment nor its cluster names a subnetwork"
            self._gaps.append(Gap(what="the nodes' ranges and Cloud NAT", why=why))
        if facts.unresolved_range_names:
            unresolved = [escape(name, limit=_LONGEST_NAME) for name in facts.unresolved_range_names]
            what = f"the ranges named {join_words(unresolved)}"
            self._gaps.append(Gap(what=what, why="neither the cluster nor a subnetwork told them"))
        nat = tuple(
            NatFacts(router=router, gateway=gateway, cover=cover, status=_pick(statuses[router], gateway.name))
            for router, gateway, cover in covering
        )
        gaps = sorted(self._gaps, key=lambda gap: gap.what)  # threads found them in any order
        return replace(facts, nat=None if routers is None else nat, gaps=tuple(gaps))

    def _find_subnetwork(self) -> RegionalName | None:
        """Find the subnetwork that the environment names, so that it is read while the cluster is."""
        text = self.environment.get_text("config", "nodeConfig", "subnetwork")
        project = NetworkFacts(name=self.name, environment=self.environment).host_project or self.name.project
        try:
            return RegionalName.parse(text, kind="subnetworks", project=project, region=self.name.location)
        except InvalidInputError:
            return None

    def _read_cluster(self) -> Cluster | None:
        what = "the cluster (its versions, its Pod and Service ranges, Pods per node)"
        text = self.environment.get_text("config", "gkeCluster")
        try:
            name = ClusterName.parse(text)
        except InvalidInputError:
            told = f"names {quote(text)}" if text else "names none"
            state = escape(self.environment.state, limit=_LONGEST_NAME)
            self._gaps.append(Gap(what=what, why=f"the environment, in state {state}, {told}"))
            return None
        client = self.gke
        if client is None:
            self._gaps.append(Gap(what=what, why=Silence.NOT_ASKED.value))
            return None
        return self._read(lambda: client.get_cluster(name), what=what, role=CLUSTER_ROLE, project=name.project)

    def _read_subnetwork(self, name: RegionalName) -> Subnetwork | None:
        what = f"the node range of subnetwork {escape(name.resource_id, limit=_LONGEST_NAME)}"
        client = self.compute
        if client is None:
            self._gaps.append(Gap(what=what, why=Silence.NOT_ASKED.value))
            return None
        return self._read(lambda: client.get_subnetwork(name), what=what, role=NETWORK_ROLE, project=name.project)

    def _read_routers(self, near: RegionalName) -> tuple[Router, ...] | None:
        """Read the routers of a subnetwork's region."""
        what = "Cloud NAT"
        client = self.compute
        if client is None:
            self._gaps.append(Gap(what=what, why=Silence.NOT_ASKED.value))
            return None
        project, region = near.project, near.region
        return self._read(
            lambda: client.list_routers(project, region=region), what=what, role=NETWORK_ROLE, project=project
        )

    def _read_statuses(self, router: RegionalName) -> tuple[NatStatus, ...] | None:
        client = self.compute
        what = f"the addresses of Cloud NAT's router {escape(router.resource_id, limit=_LONGEST_NAME)}"
        if client is None:  # then no router was read either
            return None
        return self._read(lambda: client.get_nat_statuses(router), what=what, role=NETWORK_ROLE, project=router.project)

    def _read(self, read: Callable[[], T], *, what: str, role: str, project: str) -> T | None:
        try:
            return read_patiently(read, pause=self.pause)
        except AirflowMasqError as error:
            log.info("%s stays unknown: %s", what, error)
            self._gaps.append(_describe_failure(error, what=what, role=role, project=project))
            return None


def gather_facts(
    name: EnvironmentName,
    *,
    environment: EnvironmentResource,
    open_clients: Callable[[], AbstractContextManager[tuple[GkeClient, ComputeClient | None]]],
    pause: Callable[[int], None],
) -> NetworkFacts:
    """Gather what can be read; where no client can be made, that is the gap, and no error.

    :param environment: as the Composer API tells it.
    :param pause: sleeps between two attempts; it gets the number of the failed ones.
    """
    try:
        with open_clients() as (gke, compute):
            return Gathering(name=name, environment=environment, gke=gke, compute=compute, pause=pause).run()
    except AirflowMasqError as error:
        gap = Gap(what="the cluster, the node ranges and Cloud NAT", why=str(error))
        return NetworkFacts(name=name, environment=environment, gaps=(gap,))


def read_patiently(read: Callable[[], T], *, pause: Callable[[int], None]) -> T:
    """Read something, and try again where the API is unavailable, ``MOST_ATTEMPTS`` times in all.

    :param pause: sleeps between two attempts; it gets the number of the failed ones.
    :raises CloudUnavailableError: no attempt was answered.
    :raises CloudRefusedError: the API refused.
    """
    for attempt in range(1, MOST_ATTEMPTS):
        try:
            return read()
        except CloudUnavailableError as error:
            log.info("Attempt %d of %d: %s", attempt, MOST_ATTEMPTS, error)
            pause(attempt)
    return read()


def _describe_failure(error: AirflowMasqError, *, what: str, role: str, project: str) -> Gap:
    if isinstance(error, CloudUnavailableError):
        return Gap(what=what, why=f"no answer in {MOST_ATTEMPTS} attempts ({error.status})")
    if not isinstance(error, CloudRefusedError):
        return Gap(what=what, why=str(error))
    words = ", ".join(filter(None, (error.status, escape(error.reason, limit=_LONGEST_NAME))))
    silence = find_silence(error.status, reason=error.reason)
    if silence is Silence.DENIED:
        return Gap(what=what, why=f"{silence.value} ({words})", role=role, project=project)
    remedy = find_remedy(silence, role=f"{role} in project {project}")
    return Gap(what=what, why=f"{silence.value} ({words}); {remedy}")


def _list_subnetworks(cluster: Cluster | None, *, first: RegionalName | None) -> list[RegionalName]:
    """List the nodes' subnetworks: the cluster's where it tells them, else the environment's."""
    told = () if cluster is None or cluster.subnetwork is None else (cluster.subnetwork, *cluster.more_subnetworks)
    own = () if first is None else (first,)
    return list(dict.fromkeys(told or own))


def _find_covering(
    routers: tuple[Router, ...], *, facts: NetworkFacts, subnetworks: list[RegionalName]
) -> list[tuple[RegionalName, NatGateway, NatCover]]:
    """Find the gateways that translate packets of the nodes' subnetworks.

    Nodes count as covered where all of their subnetworks are.
    """
    known = {each.name: each for each in facts.subnetworks}
    found = []
    for router in routers:
        if router.network != facts.network:
            continue
        for gateway in router.gateways:
            covers = []
            for name in subnetworks:
                inside = known[name].secondary_ranges if name in known else None
                pods = [each for each in facts.pod_range_names if inside is None or each in inside]
                covers.append(gateway.find_covered(name, pod_range_names=pods))
            names = frozenset[str]().union(*(each.pod_range_names for each in covers))
            cover = NatCover(node=all(each.node for each in covers), pod_range_names=names)
            if cover:
                found.append((router.name, gateway, cover))
    return found


def _pick(statuses: tuple[NatStatus, ...] | None, name: str) -> NatStatus | None:
    """Pick a gateway's status; one that the router does not tell uses no address."""
    if statuses is None:
        return None
    return next((each for each in statuses if each.name == name), NatStatus(name=name))
