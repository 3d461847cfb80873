"""Checks from every node of a cluster, in one Pod per node, which source address services see. Cheap to parse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_masq.airflow_compat import DAG, Param, task
from airflow_masq.operators.run_settings import make_plan_param
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_node_check import SourceIpNodeCheckOperator, list_nodes
from airflow_masq.operators.source_ip_report import SourceIpReportOperator

DOCUMENTATION = """
### Which source address do services see, from every node?

**nodes** → **check** (one Pod per node) → **report** → **assert**

The DAG `check_source_ip` sees the nodes on which Airflow's workers happen to run. This one lists the cluster's nodes
and runs `airflow-masq check` in a Pod on each of them, so the coverage is whole.

It needs the provider `apache-airflow-providers-cncf-kubernetes`, an account that may list nodes and create Pods, an
image with `airflow-masq`, and a cluster where Pods may choose their node. **Autopilot, and so Composer 2's own cluster,
refuses that**: use `check_source_ip` there, which says how many nodes it saw.
"""

PARAMS = {
    "plan": make_plan_param(),
    "image": Param(
        "airflow-masq",
        type="string",
        minLength=1,
        title="Image",
        description="A container image with a shell and the program airflow-masq.",
    ),
    "namespace": Param("default", type="string", minLength=1, title="Namespace", description="Where the Pods run."),
    "kubernetes_conn_id": Param(
        "kubernetes_default",
        type="string",
        minLength=1,
        title="Kubernetes connection",
        description="The connection to the cluster whose nodes are checked.",
    ),
    "fail_on": Param(
        ["FAIL", "ERROR", "INCONCLUSIVE"],
        type="array",
        items={"type": "string", "enum": ["FAIL", "ERROR", "INCONCLUSIVE"]},
        uniqueItems=True,
        examples=["FAIL", "ERROR", "INCONCLUSIVE"],
        title="Fail on",
        description="The verdicts that fail the run.",
    ),
}

with DAG(
    dag_id="check_source_ip_every_node",
    description="Which source address do services see from every node?",
    doc_md=DOCUMENTATION,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=30)},
    render_template_as_native_obj=True,
    params=PARAMS,
    tags=["airflow-masq", "network"],
) as dag:

    @task(task_id="nodes")
    def name_nodes(kubernetes_conn_id: str) -> list[str]:
        """List the nodes of the cluster that take Pods."""
        return list_nodes(kubernetes_conn_id=kubernetes_conn_id)

    nodes = name_nodes("{{ params.kubernetes_conn_id }}")
    check = SourceIpNodeCheckOperator.partial(
        task_id="check",
        plan="{{ params.plan }}",
        image="{{ params.image }}",
        namespace="{{ params.namespace }}",
        kubernetes_conn_id="{{ params.kubernetes_conn_id }}",
        fail_on=[],  # the last task fails the run
        strict_conf=True,
        execution_timeout=timedelta(minutes=15),
        max_active_tis_per_dagrun=10,
    ).expand(node=nodes)
    report = SourceIpReportOperator(
        task_id="report",
        check_task_ids=["check"],
        nodes_total="{{ (ti.xcom_pull(task_ids='nodes') or []) | length or none }}",
    )
    assertion = SourceIpAssertOperator(
        task_id="assert", report_task_id="report", fail_on="{{ params.fail_on }}", retries=0
    )
    check >> report >> assertion
