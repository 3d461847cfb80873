"""What Airflow stores of the operators and what its executors send to the workers: nothing of the arguments is lost."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.other_airflows import EVERY_AIRFLOW, find_python, run_python

if TYPE_CHECKING:
    from pathlib import Path

    from tests.airflow_runs import AirflowRunner

STORED = """
import copy, json, pickle, warnings
warnings.simplefilter("ignore")
from datetime import datetime, timezone
try:
    from airflow.serialization.serialized_objects import DagSerialization as SerializedDAG
except ImportError:  # before Airflow 3.2
    from airflow.serialization.serialized_objects import SerializedDAG
from airflow_masq.airflow_compat import DAG
from airflow_masq.operators.audit_assert import MasqueradeAuditAssertOperator
from airflow_masq.operators.audit_masquerade import CloudComposerAuditMasqueradeOperator
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.operators.gke_egress_nat_policy import GKEApplyEgressNATPolicyOperator
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_node_check import SourceIpNodeCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
from airflow_masq.operators.source_ip_sensor import SourceIpSensor

PLAN = {"targets": [{"name": "erp", "observe": "http://10.0.0.1/", "allowed_sources": ["10.0.0.0/8"]}]}
ASKS = {"plan": PLAN, "targets": ["erp"], "timeout_seconds": "{{ params.seconds }}", "environment": "one"}

with DAG("all", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
    tasks = [
        CloudComposerCreateMasqueradeEnvironmentOperator(
            task_id="create", plan=PLAN, impersonation_chain=["a@example.com", "b@example.com"], deferrable=True,
            poll_interval_seconds=1.5, on_mismatch="fail",
        ),
        SourceIpSensor(task_id="wait", poke_interval=7, **ASKS),
        SourceIpCheckOperator(task_id="check", fail_on=["FAIL"], instance=3, **ASKS),
        SourceIpReportOperator(task_id="report", check_task_ids=["check", "mapped"], nodes_total="{{ params.nodes }}"),
        SourceIpAssertOperator(task_id="assert", report_task_id="report", fail_on=[]),
        SourceIpNodeCheckOperator(
            task_id="node_check", node="node-a", image="masq", plan=PLAN, config_file="/k", startup_timeout_seconds="9",
        ),
        GKEApplyEgressNATPolicyOperator(
            task_id="apply", plan=PLAN, cluster="projects/p/locations/l/clusters/c", destinations=["10.0.0.0/8"],
            manifest={"kind": "EgressNATPolicy"}, dry_run=True, on_conflict="warn",
        ),
        CloudComposerAuditMasqueradeOperator(
            task_id="audit", projects=["p"], plans=[PLAN, "/plan.yaml"], previous={"a": 1}, with_facts=True,
        ),
        MasqueradeAuditAssertOperator(task_id="audit_assert", audit_task_id="audit", on_drift="warn"),
    ]
    SourceIpCheckOperator.partial(task_id="mapped", attempts=2, fail_on=[]).expand_kwargs([ASKS, {"plan": "/b.yaml"}])
    SourceIpCheckOperator.partial(task_id="crossed").expand(environment=["one", "two"], targets=["erp", ["crm"]])

restored = SerializedDAG.from_dict(json.loads(json.dumps(SerializedDAG.to_dict(dag))))

def same(left, right):
    return json.loads(json.dumps(left)) == json.loads(json.dumps(right))

for task in tasks:
    stored = restored.get_task(task.task_id)
    lost = [name for name in task.template_fields if not same(getattr(task, name), getattr(stored, name))]
    links = sorted(each.name for each in task.operator_extra_links) == sorted(stored.extra_links)
    copies = [pickle.loads(pickle.dumps(task)), copy.deepcopy(task)]
    documented = task.doc_md == stored.doc_md and len(task.doc_md) > 50
    kept = documented and all(same(getattr(task, n), getattr(each, n)) for each in copies for n in task.template_fields)
    print("stored", task.task_id, lost, links, kept)
for task_id in ("mapped", "crossed"):
    stored = restored.get_task(task_id)
    is_complete = sorted(stored.template_fields) == sorted(tasks[2].template_fields)
    print("mapped", task_id, "Mapped" in type(stored).__name__, is_complete)
"""


TASKS = ("create", "wait", "check", "report", "assert", "node_check", "apply", "audit", "audit_assert")


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_a_stored_dag_has_every_argument(version: str, tmp_path: Path) -> None:
    """Every operator, the sensor and mapped tasks come back from the database and a pickle as they were written."""
    lines = run_python(find_python(version), STORED, home=tmp_path)
    assert [line for line in lines if line.startswith(("stored ", "mapped "))] == [
        *(f"stored {name} [] True True" for name in TASKS),
        "mapped mapped True True",
        "mapped crossed True True",
    ]


@pytest.fixture
def workload(airflow: AirflowRunner) -> Any:  # noqa: ANN401 - Airflow's own
    """Give what the scheduler hands to an executor for a mapped check whose Pod the author changes."""
    assert airflow is not None
    from airflow.executors.workloads import ExecuteTask  # noqa: PLC0415 - imports Airflow, which takes seconds

    fields = {
        "id": str(uuid.UUID(int=1)),
        "dag_version_id": str(uuid.UUID(int=2)),
        "task_id": "check",
        "dag_id": "check_source_ip",
        "run_id": "scheduled__2026-11-28",
        "try_number": 1,
        "map_index": 3,
        "pool_slots": 1,
        "queue": "default",
        "priority_weight": 1,
    }
    bundle = {"name": "dags-folder", "version": None}
    return ExecuteTask.model_validate(
        {"ti": fields, "token": "t", "dag_rel_path": "check_source_ip.py", "bundle_info": bundle, "log_path": "a.log"}
    )


@pytest.mark.airflow
def test_celery_sends_a_mapped_check(workload: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - as above
    """The CeleryExecutor's message names the task and its instance; the worker reads the same workload from it."""
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "memory://")
    from airflow.executors.workloads import ExecutorWorkload  # noqa: PLC0415 - imports Airflow, which takes seconds
    from airflow.providers.celery.executors import celery_executor_utils as celery  # noqa: PLC0415
    from kombu import Connection  # type: ignore[import-untyped] # noqa: PLC0415
    from pydantic import TypeAdapter  # noqa: PLC0415

    celery.app.conf.update(broker_url="memory://", result_backend="cache+memory://")
    _key, _args, result = celery.send_workload_to_executor((workload.key, workload, "default", None))
    assert not isinstance(result, celery.ExceptionWithTraceback), result.traceback
    with Connection("memory://") as broker:
        message = broker.SimpleQueue("default").get(timeout=5)
        [[sent], _, _] = message.payload
        message.ack()
    assert TypeAdapter(ExecutorWorkload).validate_json(sent) == workload
    assert "plan" not in sent


@pytest.mark.airflow
def test_a_pod_of_the_kubernetes_executor_is_known_as_a_worker(workload: Any) -> None:  # noqa: ANN401 - as above
    """The Pod that the KubernetesExecutor makes has the mark by which a check knows a worker, and its node's name."""
    from airflow.executors.workloads import ExecutorWorkload  # noqa: PLC0415 - imports Airflow, which takes seconds
    from airflow.providers.cncf.kubernetes.pod_generator import (  # noqa: PLC0415
        PodGenerator,
        workload_to_command_args,
    )
    from kubernetes.client import models as k8s  # type: ignore[import-untyped] # noqa: PLC0415
    from pydantic import TypeAdapter  # noqa: PLC0415

    from airflow_masq.observation.vantage import (  # noqa: PLC0415
        Clue,
        Component,
        Surroundings,
        recognise_vantage,
    )

    field = k8s.V1ObjectFieldSelector(field_path="spec.nodeName")
    node_name = k8s.V1EnvVar(name="AIRFLOW_MASQ_NODE_NAME", value_from=k8s.V1EnvVarSource(field_ref=field))
    override = k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", env=[node_name])]))
    template = k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="airflow")]))
    pod = PodGenerator.construct_pod(
        dag_id=workload.ti.dag_id,
        task_id=workload.ti.task_id,
        pod_id="check-3",
        try_number=1,
        kube_image="airflow",
        date=datetime(2026, 11, 28, tzinfo=UTC),
        args=workload_to_command_args(workload),
        pod_override_object=override,
        base_worker_pod=template,
        namespace="airflow",
        scheduler_job_id="1",
        run_id=workload.ti.run_id,
        map_index=3,
    )
    [container] = pod.spec.containers
    assert TypeAdapter(ExecutorWorkload).validate_json(container.args[-1]) == workload
    variables = {each.name: each.value or "from the field" for each in container.env}
    assert variables["AIRFLOW_MASQ_NODE_NAME"] == "from the field"
    labels = "\n".join(f'{name}="{value}"' for name, value in pod.metadata.labels.items())
    for surroundings in (
        Surroundings(hostname=pod.metadata.name, variables=variables | {"AIRFLOW_MASQ_NODE_NAME": "node-7"}),
        Surroundings(hostname=pod.metadata.name, variables={"AIRFLOW_MASQ_NODE_NAME": "node-7"}, labels_text=labels),
    ):
        vantage = recognise_vantage(surroundings, pod_ip=None, environment="e")
        assert vantage.component is Component.WORKER
        assert vantage.known_by in {Clue.KUBERNETES_EXECUTOR, Clue.POD_LABELS}
        assert vantage.node_name == "node-7"
