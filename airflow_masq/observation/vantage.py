"""Where a probe ran, recognised from what a process can know of itself: its variables, its hostname, its Pod's labels.

Only a worker's Pod speaks for the workers. The scheduler, the triggerer, the web server and a desk have other addresses
on other nodes, so a right address that they show proves nothing. What is not recognised stays unknown; nothing is
guessed from a name alone that any machine may have.

    Pod labels ─▶ KubernetesExecutor's variable ─▶ Composer's variables ─▶ Composer's hostnames
        └── no clue: hostnames of the Helm chart ─▶ what the user says

If the clues contradict each other, the component that is no worker counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from netaddr import IPAddress

COMPOSER_ENVIRONMENT_VARIABLE: Final = "COMPOSER_ENVIRONMENT"
"""Set by Composer on every component [source: composer-reserved-variables]; that it holds the environment's id is
inferred from its name."""

COMPONENT_VARIABLE: Final = "AIRFLOW_MASQ_COMPONENT"
"""Where nothing else tells, a user may set it to ``worker``, for example on a KubernetesPodOperator's Pod."""

POD_LABELS_FILE: Final = "/etc/podinfo/labels"
"""Where Kubernetes' own example of a downward API volume has the Pod's labels [source: k8s-downward-labels]."""

# The last three are names that Kubernetes' and Google's examples use for `spec.nodeName`; none is a standard.
_NODE_NAME_VARIABLES: Final = ("AIRFLOW_MASQ_NODE_NAME", "NODE_NAME", "K8S_NODE_NAME", "MY_NODE_NAME")
_NODE_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LABEL_LINE: Final = re.compile(r'(?P<name>[A-Za-z0-9./_-]{1,317})="(?P<value>[A-Za-z0-9._-]{0,63})"')


class Component(StrEnum):
    """The part of an Airflow environment that a probe ran in."""

    WORKER = "worker"
    TRIGGERER = "triggerer"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag-processor"
    WEB_SERVER = "web-server"
    UNKNOWN = "unknown"


class Clue(StrEnum):
    """What shows which component a vantage is."""

    POD_LABELS = "pod-labels"
    KUBERNETES_EXECUTOR = "kubernetes-executor"
    COMPOSER_CONTAINER = "composer-container"
    HOSTNAME = "hostname"
    LOCAL_EXECUTOR = "local-executor"  # tasks run inside the scheduler
    TOLD = "told"  # by the user, in AIRFLOW_MASQ_COMPONENT
    NONE = "none"


# Names of Airflow's parts, as they stand in workloads, labels and hostnames.
_COMPONENT_OF_NAME: Final = {
    "worker": Component.WORKER,
    "k8s-worker": Component.WORKER,  # a Pod of the KubernetesExecutor on Composer [source: composer-k8s-worker]
    "triggerer": Component.TRIGGERER,
    "scheduler": Component.SCHEDULER,
    "dag-processor": Component.DAG_PROCESSOR,
    "webserver": Component.WEB_SERVER,
    "api-server": Component.WEB_SERVER,  # what Airflow 3 has in the web server's place
}
_NAMES: Final = "|".join(_COMPONENT_OF_NAME)
# Composer's workloads are `airflow-worker`, `airflow-triggerer` and so on [source: composer-workload-names]; their Pods
# add to that name, and the container's name is the same [source: composer-container-name].
_COMPOSER_WORKLOAD: Final = re.compile(rf"airflow-(?P<name>{_NAMES})(?:-.+)?")
# The Helm chart's Pods: the release, the component, then a number or two hashes [source: airflow-chart-labels].
_CHART_HOSTNAME: Final = re.compile(rf"(?:[a-z0-9.-]+-)?(?P<name>{_NAMES})-[a-z0-9]+(?:-[a-z0-9]+)?")
_LOCAL_EXECUTORS: Final = frozenset({"LocalExecutor", "SequentialExecutor"})


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a process can know of the place where it runs.

    :param variables: its environment variables.
    :param labels_text: the Pod's labels as a downward API volume holds them, one ``name="value"`` a line; default
        none, since a Pod has that file only where its author asked for it.
    """

    hostname: str
    variables: Mapping[str, str] = field(repr=False)  # they may hold secrets
    labels_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Vantage:
    """Where a probe ran.

    :param hostname: the Pod's hostname.
    :param pod_ip: the Pod's own address, as its sockets have it; ``None`` if no socket got that far.
    :param component: what the Pod runs.
    :param environment: the environment's name.
    :param known_by: what shows the component.
    :param node_name: the name of the Pod's node, where the Pod was told it.
    :raises ValueError: when the component is known by nothing, or unknown although something shows it.
    """

    hostname: str
    pod_ip: IPAddress | None
    component: Component
    environment: str
    known_by: Clue
    node_name: str | None = None

    def __post_init__(self) -> None:
        if (self.component is Component.UNKNOWN) != (self.known_by is Clue.NONE):
            raise ValueError("a component is known by something, and an unknown one by nothing")


def recognise_vantage(surroundings: Surroundings, *, pod_ip: IPAddress | None, environment: str) -> Vantage:
    """Recognise where a process runs by its surroundings.

    :param pod_ip: the Pod's own address, as the probing sockets had it.
    :param environment: the environment's name.
    """
    component, known_by = _recognise_component(
        surroundings.hostname,
        variables=surroundings.variables,
        labels=read_pod_labels(surroundings.labels_text),
    )
    return Vantage(
        hostname=surroundings.hostname,
        pod_ip=pod_ip,
        component=component,
        environment=environment,
        known_by=known_by,
        node_name=_find_node_name(surroundings.variables),
    )


def read_pod_labels(text: str) -> dict[str, str]:
    """Read labels as the downward API writes them [source: k8s-downward-labels]; other lines are left out."""
    matches = (_LABEL_LINE.fullmatch(line) for line in text.splitlines())
    return {match["name"]: match["value"] for match in matches if match}


def _recognise_component(
    hostname: str, *, variables: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[Component, Clue]:
    found = list(_list_clues(hostname, variables=variables, labels=labels))
    if not found and (name := _CHART_HOSTNAME.fullmatch(hostname)):
        component = _COMPONENT_OF_NAME[name["name"]]
        # Any machine may be called "build-worker-1", so a worker's name needs Kubernetes and Airflow around it.
        is_airflow_pod = "KUBERNETES_SERVICE_HOST" in variables and "AIRFLOW_HOME" in variables
        if component is not Component.WORKER or is_airflow_pod:
            found = [(component, Clue.HOSTNAME)]
    others = [each for each in found if each[0] is not Component.WORKER]
    component, known_by = next(iter(others or found), (Component.UNKNOWN, Clue.NONE))
    executor = variables.get("AIRFLOW__CORE__EXECUTOR", "").rpartition(".")[2]
    if component is Component.SCHEDULER and executor in _LOCAL_EXECUTORS and "KUBERNETES_SERVICE_HOST" in variables:
        return Component.WORKER, Clue.LOCAL_EXECUTOR
    # Composer sets a user's variables on every component, so they never turn another component into a worker.
    if component is Component.UNKNOWN and variables.get(COMPONENT_VARIABLE) == Component.WORKER:
        return Component.WORKER, Clue.TOLD
    return component, known_by


def _list_clues(
    hostname: str, *, variables: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[tuple[Component, Clue]]:
    """List what each fact shows, the strongest first."""
    # Pods that a task got for itself [source: airflow-kubernetes-executor-pod, airflow-kubernetes-pod-operator].
    if "True" in {labels.get("kubernetes_executor"), labels.get("kubernetes_pod_operator")}:
        yield Component.WORKER, Clue.POD_LABELS
    names = [labels.get("component", "")] if labels.get("tier") == "airflow" else []  # [source: airflow-chart-labels]
    if run := _COMPOSER_WORKLOAD.fullmatch(labels.get("run", "")):  # [source: composer-container-name]
        names.append(run["name"])
    for name in names:
        if name in _COMPONENT_OF_NAME:
            yield _COMPONENT_OF_NAME[name], Clue.POD_LABELS
    if variables.get("AIRFLOW_IS_K8S_EXECUTOR_POD"):  # [source: airflow-kubernetes-executor-pod]
        yield Component.WORKER, Clue.KUBERNETES_EXECUTOR
        return  # such a Pod is named for its DAG and task, which may be called anything
    if COMPOSER_ENVIRONMENT_VARIABLE not in variables:
        return
    # Users cannot set CONTAINER_NAME [source: composer-reserved-names].
    facts = {Clue.COMPOSER_CONTAINER: variables.get("CONTAINER_NAME", ""), Clue.HOSTNAME: hostname}
    for clue, text in facts.items():
        if workload := _COMPOSER_WORKLOAD.fullmatch(text):
            yield _COMPONENT_OF_NAME[workload["name"]], clue


def _find_node_name(variables: Mapping[str, str]) -> str | None:
    """Find the node's name in a variable that the Pod's author filled from ``spec.nodeName``."""
    names = (variables.get(variable, "") for variable in _NODE_NAME_VARIABLES)
    return next(filter(_NODE_NAME.fullmatch, names), None)
