"""What else is read of environments: their clusters, one call a project, and their clusters' policies, one call each.

The clients of these APIs block, so they are called in threads.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from airflow_masq.environment import COMPOSER_1, COMPOSER_2, EnvironmentResource
from airflow_masq.exceptions import AirflowMasqError, CloudUnavailableError, InvalidInputError
from airflow_masq.facts import Cluster, ClusterName
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from google.auth.credentials import Credentials

    from airflow_masq.audit.audit import AuditedEnvironment
    from airflow_masq.clients.gke import ClusterList, GkeClient
    from airflow_masq.facts.control_plane import EndpointChoice
    from airflow_masq.fleet.patience import Patience
    from airflow_masq.network.live_policy import LivePolicy

K = TypeVar("K")
T = TypeVar("T")

_LONGEST_PROBLEM = 600


@dataclass(frozen=True, kw_only=True)
class DetailReaders:
    """Reads what the Composer API does not tell; each may be called by several threads at once.

    :param clusters: reads the clusters of a project; default: they are not read.
    :param policy: reads the policy of a cluster that was read; default: none is read.
    """

    clusters: Callable[[str], ClusterList] | None = None
    policy: Callable[[Cluster], LivePolicy] | None = None


@dataclass(kw_only=True)
class ClusterDirectory:
    """The clusters of some projects, as far as they could be read.

    :param is_asked: whether they were to be read at all.
    """

    is_asked: bool
    _clusters: dict[tuple[str, str, str], Cluster] = field(default_factory=dict, init=False)
    _problems: dict[str, str] = field(default_factory=dict, init=False)

    def add(self, project: str, answer: ClusterList | AirflowMasqError) -> None:
        """Add what a project answered."""
        if isinstance(answer, AirflowMasqError):
            self._problems[project] = escape(str(answer), limit=_LONGEST_PROBLEM)
            return
        for cluster in answer.clusters:
            self._clusters[project, cluster.name.location, cluster.name.cluster_id] = cluster
        if answer.missing_zones:
            self._problems[project] = f"GKE could not list the clusters of {join_words(answer.missing_zones)}"

    def find(self, resource: EnvironmentResource, *, project: str) -> tuple[Cluster | None, str]:
        """Find an environment's cluster, or say why it is not known; neither where there is none to find."""
        name = resource.get_text("config", "gkeCluster")
        if not (self.is_asked and name) or resource.generation not in {COMPOSER_1, COMPOSER_2}:
            return None, ""
        try:
            parsed = ClusterName.parse(name)
        except InvalidInputError as error:
            return None, f"its cluster's name cannot be read: {error}"
        # A project that was asked by its number has clusters that name its id.
        found = self._clusters.get((project, parsed.location, parsed.cluster_id))
        if found is not None:
            return found, ""
        return None, f"its cluster was not read: {self._problems.get(project, 'GKE lists none of that name')}"


def make_readers(
    gke: GkeClient,
    *,
    credentials: Credentials | None,
    facts: bool,
    policies: bool,
    choice: EndpointChoice,
    is_emulated: bool,
    api_timeout_seconds: float,
) -> DetailReaders:
    """Make the readers of a fleet's clusters and policies.

    :param facts: whether clusters are read.
    :param policies: whether clusters and their policies are read.
    :param choice: which endpoint of the clusters' API servers to ask.
    :param is_emulated: whether Composer's API is an emulator, beside which nothing is sent to another machine.
    """

    def read_policy(cluster: Cluster) -> LivePolicy:
        """Read a policy; no answer is usual where the endpoint is private and this machine is outside."""
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415 - few audits need it

        from airflow_masq.clients.kubernetes import open_cluster  # noqa: PLC0415 - as above

        caller = credentials or AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
        with open_cluster(
            cluster.control_plane,
            choice=choice,
            credentials=caller,
            is_emulated=is_emulated,
            api_timeout_seconds=api_timeout_seconds,
        ) as client:
            return client.list_policies()

    return DetailReaders(
        clusters=gke.list_clusters if facts or policies else None, policy=read_policy if policies else None
    )


@dataclass(frozen=True, kw_only=True)
class DetailReading:
    """One reading of clusters and policies, within the limits of an audit.

    :param concurrency: how many calls are made at once.
    :param end: when nothing more is read, in seconds on the clock of ``patience``.
    """

    readers: DetailReaders
    patience: Patience
    concurrency: int
    end: float

    async def read_clusters(self, projects: Iterable[str]) -> ClusterDirectory:
        """Read the clusters of all projects."""
        read = self.readers.clusters
        directory = ClusterDirectory(is_asked=read is not None)
        if read is not None:
            answers = await self._read_all([(project, project) for project in projects], read)
            for project, answer in answers.items():
                directory.add(project, answer)
        return directory

    async def read_policies(self, environments: Sequence[AuditedEnvironment]) -> list[AuditedEnvironment]:
        """Add the live policy of each environment's cluster; of Composer 2 alone, whose clusters have such objects."""
        read = self.readers.policy
        if read is None:
            return list(environments)
        keys = [
            (each.cluster, each.record.project)
            for each in environments
            if each.cluster is not None and each.generation == COMPOSER_2
        ]
        answers = await self._read_all(keys, read)
        return [_add_policy(each, None if each.cluster is None else answers.get(each.cluster)) for each in environments]

    async def _read_all(self, keys: Iterable[tuple[K, str]], read: Callable[[K], T]) -> dict[K, T | AirflowMasqError]:
        """Read several things at once, in threads.

        :param keys: what ``read`` takes, each with its project.
        """
        loop = asyncio.get_running_loop()
        answers: dict[K, T | AirflowMasqError] = {}
        slots = asyncio.Semaphore(self.concurrency)

        async def ask(key: K, project: str) -> None:
            async with slots:
                if self.patience.now() >= self.end:
                    answers[key] = CloudUnavailableError("the audit's time limit passed before it was read")
                    return
                try:
                    answers[key] = await self.patience.ask(project, partial(loop.run_in_executor, pool, read, key))
                except AirflowMasqError as error:
                    answers[key] = error

        with ThreadPoolExecutor(max_workers=self.concurrency) as pool:
            await asyncio.gather(*(ask(key, project) for key, project in keys))
        return answers


def _add_policy(each: AuditedEnvironment, answer: LivePolicy | AirflowMasqError | None) -> AuditedEnvironment:
    if isinstance(answer, AirflowMasqError):
        problem = f"its cluster's policy was not read: {escape(str(answer), limit=_LONGEST_PROBLEM)}"
        return replace(each, problems=(*each.problems, problem))
    return replace(each, record=replace(each.record, policy=answer))
