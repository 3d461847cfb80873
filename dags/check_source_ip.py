"""Checks every hour, from several workers, which source address services see. It must stay cheap to parse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_masq.airflow_compat import DAG, Param, task
from airflow_masq.operators.run_settings import make_fail_on_param, make_plan_param
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
from airflow_masq.operators.task_documentation import describe_task

DOCUMENTATION = """
### Which source address do services see?

**instances** → **check** (N times) → **report** → **assert**

1. **check** runs N times, so that Airflow may run it on several workers. Each instance asks every target of the plan
   which source address it sees, judges the answer and logs a table. No verdict fails it. Airflow cannot aim a task at a
   node, so the report says how many nodes were seen.
2. **report** merges the results of all instances, names those that crashed, logs the table with the coverage, and emits
   an event of the asset `x-airflow-masq://source-ip/check`, with any result.
3. **assert** fails the run if a verdict of `fail_on` was found, so that alerts for failed runs work.

Where to look: the page *Masquerade*, or the log of **report**, which has the table. Its XCom has a code, a reason and
the evidence for every verdict.

| verdict | meaning |
|---|---|
| PASS | the expected address was seen |
| FAIL | another address was seen |
| INCONCLUSIVE | no address was seen (a firewall may drop the packets), or the plan does not say what is expected |
| ERROR | the check could not be carried out |

**The plan** is a YAML file that the workers can read. A scheduled run takes the first that is set of: the Airflow
Variable `airflow_masq_plan` (a path, or the plan's text), the environment variable `AIRFLOW_MASQ_PLAN`, the file
`/home/airflow/gcs/data/masquerade-plan.yaml` (on Composer: the bucket's folder `data`). The DAG starts paused: set the
plan first, then unpause it. The form *Trigger* unpauses it, too, unless you clear the box. The field `plan` of a run
takes a path, or the plan pasted as YAML or JSON.
"""

PARAMS = {
    "plan": make_plan_param(),
    "instances": Param(
        6,
        type="integer",
        minimum=1,
        maximum=200,
        title="Instances",
        description="How many checks to run; more checks reach more nodes.",
    ),
    "nodes_total": Param(
        None,
        type=["integer", "null"],
        minimum=1,
        title="Nodes in the cluster",
        description=(
            "For the coverage ('4 of 6 nodes seen'). Left empty: the plan's cluster.nodes_total. Nodes are told apart "
            "only where the plan gives cluster.pods_per_node."
        ),
    ),
    "fail_on": make_fail_on_param(
        description="The verdicts that fail the run. If a firewall drops the packets, the verdict is INCONCLUSIVE."
    ),
    "attempts": Param(
        3,
        type="integer",
        minimum=1,
        maximum=10,
        title="Attempts",
        description="How often to ask a service that does not answer; each attempt uses a new connection.",
    ),
    "timeout_seconds": Param(
        5,
        type="number",
        minimum=0.1,
        maximum=60,
        title="Seconds per attempt",
        description="The time limit of one attempt.",
    ),
}

with DAG(
    dag_id="check_source_ip",
    description="Which source address do services see from the workers?",
    doc_md=DOCUMENTATION,
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,  # the plan is set first
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=30)},
    render_template_as_native_obj=True,
    params=PARAMS,
    tags=["airflow-masq", "network"],
) as dag:

    @task(task_id="instances")
    def count_instances(instances: Any) -> list[int]:  # noqa: ANN401 - a template, an int once it is rendered
        """List the numbers of this run's checks."""
        return list(range(instances))

    check = SourceIpCheckOperator.partial(
        task_id="check",
        doc_md=describe_task(SourceIpCheckOperator),
        plan="{{ params.plan }}",
        attempts="{{ params.attempts }}",
        timeout_seconds="{{ params.timeout_seconds }}",
        fail_on=[],  # no verdict fails it: its retries are for crashes, and the last task fails the run
        strict_conf=True,
        execution_timeout=timedelta(minutes=15),
    ).expand(instance=count_instances("{{ params.instances }}"))
    report = SourceIpReportOperator(task_id="report", check_task_ids=["check"], nodes_total="{{ params.nodes_total }}")
    assertion = SourceIpAssertOperator(
        task_id="assert", report_task_id="report", fail_on="{{ params.fail_on }}", retries=0
    )
    check >> report >> assertion
