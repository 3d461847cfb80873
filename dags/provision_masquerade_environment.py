"""Creates, once it is unpaused, a Composer environment whose Pods are masqueraded. It must stay cheap to parse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_masq.airflow_compat import DAG, Param
from airflow_masq.operators.create_environment import (
    DEFAULT_DEFERRABLE,
    CloudComposerCreateMasqueradeEnvironmentOperator,
)
from airflow_masq.operators.run_settings import make_connection_param, make_plan_param, make_reaction_param

DOCUMENTATION = """
### Create a Composer environment with the IP masquerade agent

**create**: read the plan → lint it → create the environment → wait (about 25 minutes) → verify it

With the agent, services see the address of a worker's *node* instead of its *Pod*. The agent can be enabled only when
an environment is created, and not in Google Cloud console
([Google's page](https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent)).

| what exists under the name | what happens |
|---|---|
| nothing | the environment is created |
| a running environment with the agent | it is adopted; the log says where it differs from the plan |
| an environment that is being created | the task waits for it, so a retry continues where the last attempt ended |
| an environment that is being deleted | the task waits until it is gone, then creates it |
| an environment without the agent | the run fails: the environment must be re-created |
| an environment in state ERROR | the run fails: look at its logs, delete it, run again; or see **recreate_failed** |

Nothing is changed, and nothing is deleted, except with `recreate_failed`: then an environment whose creation failed is
deleted and created again, once in a run. One that has run, or may have, is never deleted. What cannot work (Composer 3,
overlapping ranges, …) is refused before any call.
The task's XCom has the facts: name, image, cluster, address ranges, findings.

**Schedule**: `@once`, and paused at first, since an environment costs money. Unpause the DAG to create the
environment; trigger it by hand for more. The form *Trigger* unpauses it, too, unless you clear the box: then the
scheduled run creates the environment of the plan that is set, beside the run of the form. For an environment at a
certain time, give the DAG a cron expression or a `start_date` in the future. A recurring schedule adopts the
environment that exists, but it also re-creates one that was deleted on purpose. Run `check_source_ip` in the new
environment to verify which source address services see.

**The plan** is the field `plan` of a run (a path, or pasted YAML or JSON), else the first that is set of: the Airflow
Variable `airflow_masq_plan`, the environment variable `AIRFLOW_MASQ_PLAN`, the file
`/home/airflow/gcs/data/masquerade-plan.yaml` (on Composer: the bucket's folder `data`). Set it, then unpause the DAG.

The account of the connection needs the role *Composer Administrator* (or *Environment and Storage Object
Administrator*) in the project and *Service Account User* on the environment's service account.
"""

PARAMS = {
    "plan": make_plan_param(),
    "gcp_conn_id": make_connection_param(),
    "creation_timeout_seconds": Param(
        7200,
        type="integer",
        minimum=60,
        maximum=86400,
        title="Seconds to wait",
        description="How long one attempt waits for the environment. The creation itself continues.",
    ),
    "poll_interval_seconds": Param(
        30,
        type="number",
        minimum=1,
        maximum=600,
        title="Seconds between polls",
        description="How often to ask whether the environment is running.",
    ),
    "deferrable": Param(
        DEFAULT_DEFERRABLE,
        type="boolean",
        title="Deferrable",
        description="Wait in the triggerer, which must run. Default: Airflow's [operators] default_deferrable.",
    ),
    "on_mismatch": make_reaction_param(
        "warn",
        title="On differences",
        description="What differences between an existing environment and the plan do. A missing agent always fails.",
    ),
    "recreate_failed": Param(
        False,
        type="boolean",
        title="Re-create after a failed creation",
        description="Delete an environment whose creation failed, and create it again, once; never one that has run.",
    ),
    "on_findings": make_reaction_param(
        "fail",
        title="On findings",
        description="What errors in the plan do: fail before anything is created, warn, or ignore.",
    ),
    "preflight": make_reaction_param(
        "fail",
        title="Preflight",
        description="What errors do that the cloud tells before a creation: missing permissions, ranges that are full, "
        "used-up quotas. With ignore nothing is asked.",
    ),
}

with DAG(
    dag_id="provision_masquerade_environment",
    description="Create a Composer environment whose Pods are masqueraded.",
    doc_md=DOCUMENTATION,
    schedule="@once",
    is_paused_upon_creation=True,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": True},
    render_template_as_native_obj=True,
    params=PARAMS,
    tags=["airflow-masq", "network"],
) as dag:
    CloudComposerCreateMasqueradeEnvironmentOperator(
        task_id="create",
        plan="{{ params.plan }}",
        gcp_conn_id="{{ params.gcp_conn_id }}",
        poll_interval_seconds="{{ params.poll_interval_seconds }}",
        creation_timeout_seconds="{{ params.creation_timeout_seconds }}",
        on_mismatch="{{ params.on_mismatch }}",
        recreate_failed="{{ params.recreate_failed }}",
        on_findings="{{ params.on_findings }}",
        preflight="{{ params.preflight }}",
        deferrable="{{ params.deferrable }}",
        strict_conf=True,
    )
