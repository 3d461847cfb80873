"""Where a probe ran is recognised from what a process can know of itself, and nothing is guessed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress

from airflow_masq.observation.vantage import (
    Clue,
    Component,
    Surroundings,
    Vantage,
    read_pod_labels,
    recognise_vantage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

POD = IPAddress("192.168.0.2")
# What Composer sets on its components; CONTAINER_NAME differs.
COMPOSER = {
    "AIRFLOW_HOME": "/etc/airflow",
    "COMPOSER_ENVIRONMENT": "production",
    "COMPOSER_VERSION": "2.17.9",
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
}
CHART = {"AIRFLOW_HOME": "/opt/airflow", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}
LAPTOP = {"AIRFLOW_HOME": "/home/someone/airflow", "HOME": "/home/someone"}
KUBERNETES_EXECUTOR = {**CHART, "AIRFLOW_IS_K8S_EXECUTOR_POD": "True", "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}


def recognise(hostname: str, variables: Mapping[str, str], labels_text: str = "") -> Vantage:
    """Recognise a vantage of the example environment."""
    surroundings = Surroundings(hostname=hostname, variables=variables, labels_text=labels_text)
    return recognise_vantage(surroundings, pod_ip=POD, environment="production")


@pytest.mark.parametrize(
    ("hostname", "variables", "labels", "component", "known_by"),
    [
        # Composer
        ("airflow-worker-7k2xq", COMPOSER, "", Component.WORKER, Clue.HOSTNAME),
        ("airflow-worker-7k2xq", {"COMPOSER_ENVIRONMENT": "production"}, "", Component.WORKER, Clue.HOSTNAME),
        ("airflow-scheduler-55f-x", COMPOSER, "", Component.SCHEDULER, Clue.HOSTNAME),
        ("airflow-triggerer-6d5f-x", COMPOSER, "", Component.TRIGGERER, Clue.HOSTNAME),
        ("airflow-dag-processor-55-x", COMPOSER, "", Component.DAG_PROCESSOR, Clue.HOSTNAME),
        ("airflow-webserver-55-x", COMPOSER, "", Component.WEB_SERVER, Clue.HOSTNAME),
        (
            "airflow-worker-7k2xq",
            {**COMPOSER, "CONTAINER_NAME": "airflow-worker"},
            "",
            Component.WORKER,
            Clue.COMPOSER_CONTAINER,
        ),
        ("x", {**COMPOSER, "CONTAINER_NAME": "airflow-worker"}, "", Component.WORKER, Clue.COMPOSER_CONTAINER),
        ("x", {**COMPOSER, "CONTAINER_NAME": "airflow-scheduler"}, "", Component.SCHEDULER, Clue.COMPOSER_CONTAINER),
        ("x", {**COMPOSER, "CONTAINER_NAME": "gcs-syncd"}, "", Component.UNKNOWN, Clue.NONE),
        ("x", {**LAPTOP, "CONTAINER_NAME": "airflow-worker"}, "", Component.UNKNOWN, Clue.NONE),
        (
            "airflow-k8s-worker-poc-task-g3zlp2ri",
            {**COMPOSER, "AIRFLOW_IS_K8S_EXECUTOR_POD": "True", "CONTAINER_NAME": "airflow-scheduler"},
            "",
            Component.WORKER,
            Clue.KUBERNETES_EXECUTOR,
        ),
        ("airflow-k8s-worker-poc-task-g3zlp2ri", COMPOSER, "", Component.WORKER, Clue.HOSTNAME),
        ("x", COMPOSER, 'composer-system-pod="true"\nrun="airflow-worker"\n', Component.WORKER, Clue.POD_LABELS),
        # a name and a container that contradict each other: the one that is no worker counts
        (
            "airflow-triggerer-6d5f-x",
            {**COMPOSER, "CONTAINER_NAME": "airflow-worker"},
            "",
            Component.TRIGGERER,
            Clue.HOSTNAME,
        ),
        ("airflow-worker-1", COMPOSER, 'run="airflow-triggerer"', Component.TRIGGERER, Clue.POD_LABELS),
        # Airflow's Helm chart
        ("airflow-worker-0", CHART, "", Component.WORKER, Clue.HOSTNAME),
        ("my-release-worker-5c9f7d-x2vbn", CHART, "", Component.WORKER, Clue.HOSTNAME),
        ("my-triggerer-0", CHART, "", Component.TRIGGERER, Clue.HOSTNAME),
        ("my-release-api-server-5c9f7d-x2vbn", CHART, "", Component.WEB_SERVER, Clue.HOSTNAME),
        ("x", CHART, 'component="worker"\ntier="airflow"', Component.WORKER, Clue.POD_LABELS),
        ("x", CHART, 'component="api-server"\ntier="airflow"', Component.WEB_SERVER, Clue.POD_LABELS),
        ("x", CHART, 'component="flower"\ntier="airflow"', Component.UNKNOWN, Clue.NONE),
        ("x", CHART, 'component="worker"\ntier="backend"', Component.UNKNOWN, Clue.NONE),
        # Pods that a task got for itself are named for it
        ("check-scheduler-worker-x1", KUBERNETES_EXECUTOR, "", Component.WORKER, Clue.KUBERNETES_EXECUTOR),
        ("check-triggerer-0", KUBERNETES_EXECUTOR, "", Component.WORKER, Clue.KUBERNETES_EXECUTOR),
        ("x", CHART, 'dag_id="a"\nkubernetes_executor="True"', Component.WORKER, Clue.POD_LABELS),
        ("check-x1", {}, 'kubernetes_pod_operator="True"', Component.WORKER, Clue.POD_LABELS),
        ("check-x1", {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, "", Component.UNKNOWN, Clue.NONE),
        ("x", CHART, 'kubernetes_pod_operator="False"', Component.UNKNOWN, Clue.NONE),
        # tasks that run inside the scheduler
        (
            "my-scheduler-0",
            {**CHART, "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"},
            "",
            Component.WORKER,
            Clue.LOCAL_EXECUTOR,
        ),
        (
            "my-scheduler-0",
            {**CHART, "AIRFLOW__CORE__EXECUTOR": "airflow.executors.local_executor.LocalExecutor"},
            "",
            Component.WORKER,
            Clue.LOCAL_EXECUTOR,
        ),
        (
            "my-scheduler-0",
            {**CHART, "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor"},
            "",
            Component.WORKER,
            Clue.LOCAL_EXECUTOR,
        ),
        (
            "my-scheduler-0",
            {**CHART, "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"},
            "",
            Component.SCHEDULER,
            Clue.HOSTNAME,
        ),
        (
            "my-scheduler-0",
            {**LAPTOP, "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"},
            "",
            Component.SCHEDULER,
            Clue.HOSTNAME,
        ),
        # a desk, and machines with a worker's name
        ("someones-laptop", LAPTOP, "", Component.UNKNOWN, Clue.NONE),
        ("someones-laptop", {**LAPTOP, "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}, "", Component.UNKNOWN, Clue.NONE),
        ("airflow-worker-7k2xq", LAPTOP, "", Component.UNKNOWN, Clue.NONE),
        ("build-worker-1", {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, "", Component.UNKNOWN, Clue.NONE),
        ("build-worker-1", CHART | {"KUBERNETES_PORT": "x"}, "", Component.WORKER, Clue.HOSTNAME),
        ("my-airflow-worker", CHART, "", Component.UNKNOWN, Clue.NONE),
        ("airflow-worker", COMPOSER, "", Component.WORKER, Clue.HOSTNAME),
        ("airflow-workers-1", COMPOSER, "", Component.UNKNOWN, Clue.NONE),
        ("", {}, "", Component.UNKNOWN, Clue.NONE),
        # what the user says fills a gap, and overrules nothing
        ("check-x1", {"AIRFLOW_MASQ_COMPONENT": "worker"}, "", Component.WORKER, Clue.TOLD),
        ("check-x1", {"AIRFLOW_MASQ_COMPONENT": "triggerer"}, "", Component.UNKNOWN, Clue.NONE),
        (
            "airflow-triggerer-6d5f-x",
            {**COMPOSER, "AIRFLOW_MASQ_COMPONENT": "worker"},
            "",
            Component.TRIGGERER,
            Clue.HOSTNAME,
        ),
    ],
)
def test_the_component_is_recognised(
    hostname: str, variables: Mapping[str, str], labels: str, component: Component, known_by: Clue
) -> None:
    """Composer's, the chart's and the Kubernetes executor's workers are known, and nothing else passes for one."""
    vantage = recognise(hostname, variables, labels)
    assert (vantage.component, vantage.known_by) == (component, known_by)
    assert (vantage.hostname, vantage.pod_ip, vantage.environment) == (hostname, POD, "production")


@pytest.mark.parametrize(
    ("variables", "node_name"),
    [
        ({}, None),
        ({"NODE_NAME": "gke-a-pool-1-0a1b2c3d-xyz9"}, "gke-a-pool-1-0a1b2c3d-xyz9"),
        ({"MY_NODE_NAME": "gke-b"}, "gke-b"),
        ({"NODE_NAME": "gke-b", "AIRFLOW_MASQ_NODE_NAME": "gke-a"}, "gke-a"),
        ({"NODE_NAME": "", "K8S_NODE_NAME": "gke-c.internal"}, "gke-c.internal"),
        ({"NODE_NAME": "two\nlines"}, None),
        ({"NODE_NAME": "Prod"}, None),
        ({"NODE_NAME": "n" * 254}, None),
    ],
)
def test_the_nodes_name_is_taken_where_the_pod_was_told_it(variables: Mapping[str, str], node_name: str | None) -> None:
    """A variable that the Pod's author filled from ``spec.nodeName`` names the node; other text does not."""
    assert recognise("x", variables).node_name == node_name


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", {}),
        ('a="1"\nb.example/c="two"\n', {"a": "1", "b.example/c": "two"}),
        ('a=""', {"a": ""}),
        ('a="1" ', {}),
        ("a=1\nb", {}),
        ('a="x\\ny"', {}),
        ('a="1"\r\nb="2"', {"a": "1", "b": "2"}),
    ],
)
def test_labels_are_read_as_the_downward_api_writes_them(text: str, labels: dict[str, str]) -> None:
    """One label a line, its value in quotes; what is no label is left out."""
    assert read_pod_labels(text) == labels


@given(st.text(), st.dictionaries(st.text(), st.text()), st.text())
def test_nothing_that_a_process_was_told_crashes(hostname: str, variables: dict[str, str], labels: str) -> None:
    """Hostnames, variables and labels may hold anything."""
    vantage = recognise(hostname, variables, labels)
    assert vantage.component in Component


def test_surroundings_show_no_secrets() -> None:
    """Variables may hold passwords, so they are not part of what a log shows."""
    assert "letmein" not in repr(Surroundings(hostname="x", variables={"PASSWORD": "letmein"}))


def test_a_component_is_known_by_something() -> None:
    """A vantage that claims a component without a clue, or an unknown one with a clue, is refused."""
    worker = recognise("airflow-worker-1", COMPOSER)
    for change in ({"known_by": Clue.NONE}, {"component": Component.UNKNOWN}):
        with pytest.raises(ValueError, match="known by something"):
            dataclasses.replace(worker, **change)


def test_the_words_of_reports_stay() -> None:
    """Reports hold these words, and another version of the package may read them: none may change."""
    assert " ".join(Component) == "worker triggerer scheduler dag-processor web-server unknown"
    assert " ".join(Clue) == ("pod-labels kubernetes-executor composer-container hostname local-executor told none")
