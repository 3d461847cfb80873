"""Audits every week which Composer environments are masqueraded, and what has changed. It must stay cheap to parse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_masq.airflow_compat import DAG, Param
from airflow_masq.operators.audit_assert import MasqueradeAuditAssertOperator
from airflow_masq.operators.audit_masquerade import CloudComposerAuditMasqueradeOperator
from airflow_masq.operators.run_settings import make_connection_param, make_reaction_param

DOCUMENTATION = """
### Which Composer environments are masqueraded?

**audit** → **assert**

1. **audit** lists every environment of the projects, in all regions, and says of each whether it is masqueraded, must
   be re-created (the agent can be enabled only at creation), or never can be masqueraded (Composer 3, or a version that
   has ended), with its findings. It compares the fleet with the last run's audit, and with plans. Nothing is changed.
   It emits an event of the asset `x-airflow-masq://masquerade/audit`.
2. **assert** fails the run for what `on_findings`, `on_drift` and `on_incomplete` say, so that alerts work.

Where to look: the log of **audit** has the table; its XCom has everything.

| what | meaning |
|---|---|
| masqueraded | the environment has the agent; which address services see is for the DAG `check_source_ip` to prove |
| must be re-created | it was created without the agent |
| never can be | Composer 3 has no agent, or the version has ended |
| not known | it is in a state, or of a version, of which nothing can be said |
| not asked | a region gave no answer, or the account may not list the project's environments; never "all well" |

The account of the connection needs the permission `composer.environments.list` in each project. The DAG starts paused:
it asks the connection's project unless `projects` names others.
"""

PARAMS = {
    "projects": Param(
        [],
        type=["array", "null"],  # else the form of Airflow 2 takes no empty field
        items={"type": "string", "minLength": 1},
        maxItems=500,
        title="Projects",
        description="Ids or numbers of projects. Left empty: the connection's project.",
    ),
    "regions": Param(
        [],
        type=["array", "null"],  # else the form of Airflow 2 takes no empty field
        items={"type": "string", "minLength": 1},
        maxItems=100,
        title="Regions",
        description="Left empty: all regions that offer Composer.",
    ),
    "plans": Param(
        [],
        type=["array", "null"],  # else the form of Airflow 2 takes no empty field
        items={"type": "string", "minLength": 1},
        maxItems=500,
        title="Plans",
        description="Paths of plan files on the workers; each names the environment that is compared with it.",
    ),
    "gcp_conn_id": make_connection_param(),
    "on_findings": make_reaction_param(
        "warn", title="On findings", description="What findings of severity error do to the run."
    ),
    "on_drift": make_reaction_param(
        "warn",
        title="On drift",
        description="What differences to a plan or to the last audit do to the run. Upgrades and new environments are "
        "only remarks.",
    ),
    "on_incomplete": make_reaction_param(
        "fail",
        title="On what is not known",
        description="What a region, a project or an environment of which something is not known does to the run.",
    ),
}

with DAG(
    dag_id="audit_masquerade_fleet",
    description="Which Composer environments are masqueraded, and what has changed?",
    doc_md=DOCUMENTATION,
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,  # the connection is set first
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    render_template_as_native_obj=True,
    params=PARAMS,
    tags=["airflow-masq", "network"],
) as dag:
    audit = CloudComposerAuditMasqueradeOperator(
        task_id="audit",
        projects="{{ params.projects }}",
        regions="{{ params.regions }}",
        plans="{{ params.plans }}",
        gcp_conn_id="{{ params.gcp_conn_id }}",
        # Nothing that it finds fails it, or its event would be lost: the last task fails the run.
        on_findings="warn",
        on_drift="warn",
        on_incomplete="warn",
        strict_conf=True,
        execution_timeout=timedelta(hours=1),
    )
    assertion = MasqueradeAuditAssertOperator(
        task_id="assert",
        audit_task_id="audit",
        on_findings="{{ params.on_findings }}",
        on_drift="{{ params.on_drift }}",
        on_incomplete="{{ params.on_incomplete }}",
        retries=0,
    )
    audit >> assertion
