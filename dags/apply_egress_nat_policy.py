"""Shows what a new list of a cluster's EgressNATPolicy changes, and applies it. It must stay cheap to parse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_masq.airflow_compat import DAG, Param
from airflow_masq.operators.gke_egress_nat_policy import GKEApplyEgressNATPolicyOperator
from airflow_masq.operators.run_settings import make_connection_param, make_plan_param, make_reaction_param

DOCUMENTATION = """
### Apply the EgressNATPolicy of an environment's cluster

**apply**: read the cluster's policies → judge the new list → show the diff → apply it → read it back

The list names the destinations that see the address of a worker's *Pod*; all others see its *node*. Unlike the IP
masquerade agent, it can be changed at any time, without a new environment.

A list is refused that lacks the cluster's node and Pod ranges, or that covers a target of the plan which lets only
nodes in. Where the list is in force already, nothing is written, and nothing is ever deleted. The log has the diff and
its effect on each target of the plan.

**Dry run** is on at first: the run shows what would change and lets the API server check it. Switch it off to apply.

**The list** is the plan's policy, or the field `destinations` of a run. **The plan** is the field `plan` of a run (a
path, or pasted YAML or JSON), else the first that is set of: the Airflow Variable `airflow_masq_plan`, the environment
variable `AIRFLOW_MASQ_PLAN`, the file `/home/airflow/gcs/data/masquerade-plan.yaml`.

The account of the connection needs the roles *Kubernetes Engine Developer*, *Composer User* and *Compute Network
Viewer* (in the host project of a Shared VPC), and a way to the cluster's API server.
"""

PARAMS = {
    "plan": make_plan_param(),
    "destinations": Param(
        None,
        type=["string", "null"],
        title="Destinations",
        description="The CIDRs that keep the Pod's address, between commas or blanks. Left empty: the plan's policy.",
    ),
    "dry_run": Param(
        True,
        type="boolean",
        title="Dry run",
        description="Show what would change, and write nothing.",
    ),
    "on_findings": make_reaction_param(
        "fail",
        title="On findings",
        description="What reasons against the change do.",
    ),
    "on_conflict": make_reaction_param(
        "fail",
        title="On conflict",
        description="What another owner of the list does: fail, or take it over with a warning or without.",
    ),
    "cluster_endpoint": Param(
        "auto",
        type="string",
        enum=["auto", "dns", "private", "public"],
        title="Cluster endpoint",
        description="How to reach the cluster's API server.",
    ),
    "gcp_conn_id": make_connection_param(),
}

with DAG(
    dag_id="apply_egress_nat_policy",
    description="Shows what a new list of a cluster's EgressNATPolicy changes, and applies it.",
    doc_md=DOCUMENTATION,
    schedule=None,
    is_paused_upon_creation=True,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": True},
    render_template_as_native_obj=True,
    params=PARAMS,
    tags=["airflow-masq", "network"],
) as dag:
    GKEApplyEgressNATPolicyOperator(
        task_id="apply",
        plan="{{ params.plan }}",
        destinations="{{ params.destinations }}",
        dry_run="{{ params.dry_run }}",
        on_findings="{{ params.on_findings }}",
        on_conflict="{{ params.on_conflict }}",
        cluster_endpoint="{{ params.cluster_endpoint }}",
        gcp_conn_id="{{ params.gcp_conn_id }}",
        strict_conf=True,
    )
