"""Audits the environments of some projects: which are masqueraded, which must be re-created, and what has changed.

    ask every region ──▶ judge ──▶ compare with plans and with the last audit ──▶ table, XCom, asset event

A task that fails emits no asset event [source: observed-failed-task-no-event], so the DAG of this project lets this
task succeed, and fails the run in a last one (``MasqueradeAuditAssertOperator``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow_masq.airflow_compat import BaseOperator, add_outlet, make_asset
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.exceptions import AirflowMasqError, InvalidInputError
from airflow_masq.operators.composer_hook import make_composer_hook
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.last_run import pull_last_result
from airflow_masq.operators.run_settings import refuse_unknown_conf
from airflow_masq.operators.settings import read_boolean, read_seconds, read_whole_number
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.operators.xcoms import push_xcom
from airflow_masq.reading import Place, Reaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Asset, Context
    from airflow_masq.audit import Audit, EarlierAudit
    from airflow_masq.fleet import DetailReaders
    from airflow_masq.plan import Plan

#: The asset's events are the history of audits, so the URI must not change. Airflow accepts it for an asset and for a
#: dataset [source: observed-asset-uri, observed-uri-handlers-cost].
AUDIT_ASSET_URI: Final = "x-airflow-masq://masquerade/audit"

AUDIT_ASSET_NAME: Final = "masquerade_audit"
"""The asset's name on Airflow 3, as its page "Assets" shows it."""

_RETURNED: Final = "return_value"

NOTHING: Final = "none"
"""The value of ``previous`` that compares with nothing."""

_DESCRIPTION: Final = (
    "Which Composer environments are masqueraded, one event per audit; its extra begins with the totals."
)
_MOST_CONCURRENCY: Final = 64
_PROGRESS_STEPS: Final = 10


def make_audit_asset() -> Asset:
    """Make the asset whose events carry the audits' results; on Airflow 2 it is a dataset."""
    return make_asset(uri=AUDIT_ASSET_URI, name=AUDIT_ASSET_NAME, group="airflow-masq", description=_DESCRIPTION)


class CloudComposerAuditMasqueradeOperator(BaseOperator):
    """Audit every environment of some projects; nothing is changed.

    The audit is the task's XCom, also where the task fails, and its table is in the log. The settings ``on_…`` are
    ``fail``, ``warn`` or ``ignore``. The settings in seconds may be numbers or text.

    :param projects: 1 to 500 ids or numbers; one may be given as text (default: the connection's project).
    :param regions: at most 100; one may be given as text (default: all that offer Composer).
    :param plans: plans with which environments are compared, each a path on the worker, a mapping or YAML or JSON text.
    :param previous: the audit to compare with: the path of a JSON file on the worker, or a mapping. Default ``None``:
        what this task left in an earlier run of its DAG. The text ``none`` compares with nothing.
    :param with_facts: read each cluster's versions and ranges from GKE, one request a project (default ``False``).
    :param with_policies: read each cluster's ``EgressNATPolicy`` objects from its API server, for drift (default
        ``False``); includes ``with_facts``.
    :param cluster_endpoint: which endpoint of the API servers to ask: ``auto`` (default: the DNS-based one where it is
        open), ``dns``, ``private`` or ``public``.
    :param gcp_conn_id: the Google connection's id (default ``google_cloud_default``).
    :param impersonation_chain: the service account to impersonate, or a chain of them (default: the connection's).
    :param on_findings: what findings of severity error do (default ``warn``).
    :param on_drift: what drift that is no remark does (default ``warn``).
    :param on_incomplete: what a region, a project or an environment of which something is not known does (default
        ``fail``; Airflow retries the task if that alone fails it).
    :param concurrency: how many calls are made at once, 1 to 64 (default 8).
    :param api_timeout_seconds: the time limit of one API call, 0.01 to 86,400 (default 60).
    :param failure_tolerance_seconds: how long a project's calls without an answer are repeated (default 60).
    :param time_limit_seconds: when no region is asked any more, 0.01 to 86,400 (default 900).
    :param strict_conf: refuse a run whose conf has a key that is no param of the DAG (default ``False``).
    """

    template_fields: Sequence[str] = (
        "projects",
        "regions",
        "plans",
        "previous",
        "with_facts",
        "with_policies",
        "cluster_endpoint",
        "gcp_conn_id",
        "impersonation_chain",
        "on_findings",
        "on_drift",
        "on_incomplete",
        "concurrency",
        "api_timeout_seconds",
        "failure_tolerance_seconds",
        "time_limit_seconds",
    )
    # Empty: a path must reach the worker as a path, not be replaced by the file's text.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {"plans": "json", "previous": "json"}
    ui_color = "#cfe8fc"

    def __init__(
        self,
        *,
        projects: Sequence[str] | str | None = None,
        regions: Sequence[str] | str | None = None,
        plans: Sequence[str | Mapping[str, Any]] | str | Mapping[str, Any] | None = None,
        previous: str | Mapping[str, Any] | None = None,
        with_facts: bool | str = False,
        with_policies: bool | str = False,
        cluster_endpoint: str = "auto",
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        on_findings: str = "warn",
        on_drift: str = "warn",
        on_incomplete: str = "fail",
        concurrency: int | str = 8,
        api_timeout_seconds: float | str = DEFAULT_API_TIMEOUT_SECONDS,
        failure_tolerance_seconds: float | str = 60.0,
        time_limit_seconds: float | str = 900.0,
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - Airflow's own arguments
    ) -> None:
        add_outlet(kwargs, asset=make_audit_asset())
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.projects = projects
        self.regions = regions
        self.plans = plans
        self.previous = previous
        self.with_facts = with_facts
        self.with_policies = with_policies
        self.cluster_endpoint = cluster_endpoint
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.on_findings = on_findings
        self.on_drift = on_drift
        self.on_incomplete = on_incomplete
        self.concurrency = concurrency
        self.api_timeout_seconds = api_timeout_seconds
        self.failure_tolerance_seconds = failure_tolerance_seconds
        self.time_limit_seconds = time_limit_seconds
        self.strict_conf = strict_conf

    def execute(self, context: Context) -> dict[str, Any]:
        """Audit, log the table, emit the event, and fail where a setting says so.

        :return: the audit, as ``audit.encode_audit`` writes it.
        :raises AirflowFailException: a setting cannot be read, or findings or drift fail the task.
        :raises AirflowException: something could not be asked.
        """
        from airflow_masq.audit import (  # noqa: PLC0415 - parsing a DAG file must stay cheap
            bound_audit,
            encode_audit,
            fail_on_complaints,
            list_complaints,
            read_reactions,
            render_audit,
            summarise_audit,
        )

        with translate_errors():
            if self.strict_conf:
                refuse_unknown_conf(context)
            reactions = read_reactions(self)
            audit = self._audit(context)
            complaints = list_complaints(audit)
            self.log.info("Which environments are masqueraded:\n%s", render_audit(audit))
            for kind, line in complaints.items():
                if reactions[kind] is Reaction.WARN:
                    self.log.warning("%s: %s", kind.value.capitalize(), line)
            encoded = encode_audit(bound_audit(audit), complaints=complaints)
            if "ti" in context:  # not where a test or a script executes the operator by hand
                instance = context["ti"]
                context["outlet_events"][make_audit_asset()].extra = summarise_audit(
                    audit, dag_id=instance.dag_id, run_id=instance.run_id, task_id=instance.task_id
                )
            try:
                fail_on_complaints(complaints, reactions=reactions)
            except AirflowMasqError:
                push_xcom(context, key=_RETURNED, value=encoded)  # what a task returns is kept only if it succeeds
                raise
        return encoded

    def _audit(self, context: Context) -> Audit:
        from airflow_masq.facts.control_plane import EndpointChoice  # noqa: PLC0415 - parsing must stay cheap
        from airflow_masq.fleet import FleetLimits, audit_fleet, make_readers  # noqa: PLC0415 - as above

        hook = make_composer_hook(self)
        projects = _read_texts(self.projects, where="projects") or [hook.find_default_project_id(where="projects")]
        regions = _read_texts(self.regions, where="regions")
        plans = self._read_plans()
        earlier = self._find_earlier(context)
        limits = FleetLimits(
            concurrency=read_whole_number(self.concurrency, where="concurrency", least=1, most=_MOST_CONCURRENCY),
            tolerance_seconds=read_seconds(
                self.failure_tolerance_seconds, where="failure_tolerance_seconds", least=0.0
            ),
            time_limit_seconds=read_seconds(self.time_limit_seconds, where="time_limit_seconds"),
        )
        credentials = hook.find_credentials()
        read_all = partial(
            make_readers,
            credentials=credentials,
            facts=read_boolean(self.with_facts, where="with_facts"),
            policies=read_boolean(self.with_policies, where="with_policies"),
            choice=Place(where="cluster_endpoint", value=self.cluster_endpoint).read_choice(EndpointChoice),
            is_emulated=hook.is_emulated(),
            api_timeout_seconds=hook.api_timeout_seconds,
        )

        async def audit(readers: DetailReaders) -> Audit:
            async with hook.make_async_client(credentials) as client:
                return await audit_fleet(
                    client,
                    projects=projects,
                    regions=regions,
                    plans=plans,
                    earlier=earlier,
                    began=datetime.now(tz=UTC),
                    limits=limits,
                    readers=readers,
                    progress=self._log_progress,
                )

        with hook.open_network_clients() as (gke, _):
            return asyncio.run(audit(read_all(gke)))

    def _read_plans(self) -> list[Plan]:
        from airflow_masq.plan_file import read_plan  # noqa: PLC0415 - parsing a DAG file must stay cheap

        if not self.plans:
            return []
        plans = [self.plans] if isinstance(self.plans, str | Mapping) else self.plans
        return [read_plan(plan) for plan in plans]

    def _find_earlier(self, context: Context) -> EarlierAudit | None:
        """Find the audit to compare with: the one given, else that of an earlier run of this task.

        :raises InvalidInputError: the one given cannot be read. An XCom that cannot be read is only logged, since
            everyone who may write XComs can write anything into it.
        """
        from airflow_masq.audit import decode_earlier_audit  # noqa: PLC0415 - parsing a DAG file must stay cheap

        if self.previous == NOTHING:
            return None
        if self.previous:
            from airflow_masq.plan_file import read_json_file  # noqa: PLC0415 - as above

            given = self.previous
            content = given if isinstance(given, Mapping) else read_json_file(given, where="previous")
            return decode_earlier_audit(content, where="previous")
        if "ti" not in context:
            return None
        content = pull_last_result(context)
        if content is None:
            self.log.info("No earlier run of this task left an audit, so nothing is compared with it")
            return None
        try:
            return decode_earlier_audit(content)
        except InvalidInputError as error:
            self.log.warning("The last run's audit cannot be read, so nothing is compared with it: %s", error)
            return None

    def _log_progress(self, done: int, every: int) -> None:
        if done == every or (done * _PROGRESS_STEPS) // every > ((done - 1) * _PROGRESS_STEPS) // every:
            self.log.info("Asked %s of %s regions", done, every)


def _read_texts(value: object, *, where: str) -> list[str]:
    """Read a list of texts, of which one may be given alone; nothing is an empty list."""
    if value is None or value == "":
        return []
    place = Place(where=where, value=[value] if isinstance(value, str) else value)
    return [item.read_text() for item in place.read_items()]
