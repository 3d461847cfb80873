"""Applies a cluster's ``EgressNATPolicy``, after showing what it changes and refusing what would do harm.

    plan, live cluster ──▶ diff, effects, findings ──▶ refuse, or check on the server ──▶ apply ──▶ read back

``cluster_policy`` decides and ``provisioning.policy_change`` does it. They and Google's libraries are imported when the
task runs, since parsing a DAG file must stay cheap.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.links.cluster import CLUSTER_XCOM_KEY, ClusterConsoleLink, make_cluster_url
from airflow_masq.operators.composer_hook import make_composer_hook
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.run_settings import find_plan, refuse_unknown_conf
from airflow_masq.operators.settings import read_boolean
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.operators.xcoms import push_xcom
from airflow_masq.reading import Place, Reaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Context
    from airflow_masq.cluster_policy import PolicyChange, WantedPolicy
    from airflow_masq.environment import EnvironmentName, EnvironmentResource
    from airflow_masq.facts import Cluster
    from airflow_masq.hooks.composer import ComposerHook
    from airflow_masq.network.live_policy import LivePolicy
    from airflow_masq.plan import Plan

# [source: ip-masq-agent-config-struct, observed-conntrack]; GKE's own delay is not verified.
_APPLIED = (
    "Applied and read back. The nodes follow at their agents' next look, within about a minute (inferred). Connections "
    "that are open keep their source address"
)
_DRY_RUN = "Dry run: the API server accepts the change, and nothing was written"


class GKEApplyEgressNATPolicyOperator(BaseOperator):
    """Apply the ``EgressNATPolicy`` of an Autopilot cluster, such as a Composer 2 environment's.

    The task reads the live objects, judges the new list against the cluster's live ranges and the plan's targets, logs
    a diff, lets the API server check it, applies it server-side and reads it back. A list that lacks the cluster's node
    and Pod ranges is refused, and so is one that covers a target which lets only nodes in. Where the list is in force
    already, nothing is written. Objects of other names stay as they are, and nothing is deleted.

    At most one of ``destinations`` and ``manifest`` says what to apply, else the plan's policy does.

    :param plan: the path of a plan file, read on the worker, or a plan as a mapping or as YAML or JSON text (default
        ``None``: the plan that is set for all DAGs; without one, ``cluster`` and a list are needed). Its targets are
        judged, and its ranges count where the live ones cannot be read.
    :param cluster: ``projects/P/locations/L/clusters/C`` (default: that of the plan's environment).
    :param destinations: the CIDRs that keep the Pod's address, as a list, or as text with commas or blanks between.
    :param manifest: one manifest or more, as a mapping, a list or YAML text; only names and lists are applied.
    :param policy_name: the object that gets ``destinations`` (default ``default``, which replaces Composer's or GKE's
        list; objects of other names add to it).
    :param cluster_endpoint: how to reach the API server: ``dns``, ``private``, ``public``, or ``auto`` (default), which
        takes the DNS-based endpoint where the cluster lets users use it, else the cluster's own.
    :param field_manager: who owns the list afterwards (default ``airflow-masq``).
    :param on_findings: what reasons against the change do: ``fail`` before anything is written (default), ``warn`` or
        ``ignore``. A manifest with a mistake, and an object of GKE's own, are always refused.
    :param on_conflict: what another owner of the list does: ``fail`` (default), or ``warn`` or ``ignore``, which take
        it over. A list that still is as GKE created it has no other owner.
    :param dry_run: show the diff and let the API server check it; write nothing (default ``False``).
    :param gcp_conn_id: the Google connection's id (default ``google_cloud_default``).
    :param impersonation_chain: the service account to impersonate, or a chain of them (default: the connection's).
    :param api_timeout_seconds: the time limit of one API call, 0.01 to 86,400 (default 60).
    :param strict_conf: refuse a run whose conf has a key that is no param of the DAG (default ``False``).
    """

    template_fields: Sequence[str] = (
        "plan",
        "cluster",
        "destinations",
        "manifest",
        "policy_name",
        "cluster_endpoint",
        "field_manager",
        "on_findings",
        "on_conflict",
        "is_dry_run",
        "gcp_conn_id",
        "impersonation_chain",
        "api_timeout_seconds",
    )
    # Empty: a plan's path must reach the worker as a path, not be replaced by the file's text.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json", "manifest": "json"}
    ui_color = "#cfe8fc"
    operator_extra_links = (ClusterConsoleLink(),)

    def __init__(
        self,
        *,
        plan: str | Mapping[str, Any] | None = None,
        cluster: str | None = None,
        destinations: Sequence[str] | str | None = None,
        manifest: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | None = None,
        policy_name: str = "default",
        cluster_endpoint: str = "auto",
        field_manager: str = "airflow-masq",
        on_findings: str = "fail",
        on_conflict: str = "fail",
        dry_run: bool | str = False,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        api_timeout_seconds: float | str = DEFAULT_API_TIMEOUT_SECONDS,
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - Airflow's own arguments
    ) -> None:
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.plan = plan
        self.cluster = cluster
        self.destinations = destinations
        self.manifest = manifest
        self.policy_name = policy_name
        self.cluster_endpoint = cluster_endpoint
        self.field_manager = field_manager
        self.on_findings = on_findings
        self.on_conflict = on_conflict
        self.is_dry_run = dry_run  # ``dry_run`` is a method of every operator
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.api_timeout_seconds = api_timeout_seconds
        self.strict_conf = strict_conf

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the policy, or say that there is nothing to change.

        :return: ``cluster`` (its full name), ``cluster_url``, ``changed``, ``dry_run``, ``before`` and ``after`` (the
            objects), ``diff`` (text), ``effects`` (on targets), ``refusals``, ``findings``, ``remarks``.
        :raises AirflowFailException: the arguments cannot be read, the change is refused, or an API refused a call;
            Airflow does not retry.
        :raises AirflowException: an API did not answer, or another writer changed the policy back; Airflow may retry.
        """
        with translate_errors():
            if self.strict_conf:
                refuse_unknown_conf(context)
            return self._apply(context)

    def _apply(self, context: Context) -> dict[str, Any]:
        from airflow_masq import cluster_policy, provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.facts import EndpointChoice  # noqa: PLC0415 - the same
        from airflow_masq.provisioning import policy_change  # noqa: PLC0415 - the same

        on_findings, on_conflict = (
            Place(where=name, value=getattr(self, name)).read_choice(Reaction)
            for name in ("on_findings", "on_conflict")
        )
        endpoint = Place(where="cluster_endpoint", value=self.cluster_endpoint).read_choice(EndpointChoice)
        dry_run = read_boolean(self.is_dry_run, where="dry_run")
        field_manager = Place(where="field_manager", value=self.field_manager).read_text("a name")
        plan, hook = self._read_plan(), make_composer_hook(self)
        name, environment = self._find_environment(plan, hook=hook)
        open_clients = hook.open_network_clients
        facts = provisioning.gather_facts(name, environment=environment, open_clients=open_clients, pause=time.sleep)
        cluster = policy_change.find_cluster(facts, open_clients=open_clients, pause=time.sleep)
        for gap in facts.gaps:
            self.log.warning("Not known of %s: %s", cluster.name, gap)
        url = self._push_link(context, cluster)
        plan = policy_change.use_live_facts(plan, facts=facts)
        with hook.make_kubernetes_client(cluster.control_plane, choice=endpoint) as client:
            live = policy_change.read_policy(client, pause=time.sleep)
            nodes = policy_change.read_nodes(client, pause=time.sleep)
            change = cluster_policy.plan_change(live, wanted=self._want(plan), plan=plan, nodes=nodes)
            for line in change.list_lines():
                self.log.info("%s", line)
            policy_change.judge_refusals(change, on_findings=on_findings)
            after = policy_change.make_change(
                client,
                change,
                field_manager=field_manager,
                on_conflict=on_conflict,
                dry_run=dry_run,
                pause=time.sleep,
            )
        if change.manifests:
            self.log.info("%s", _DRY_RUN if dry_run else _APPLIED)
        return {
            "cluster": str(cluster.name),
            "cluster_url": url,
            "changed": bool(change.manifests) and not dry_run,
            "dry_run": dry_run,
            **_list_results(change, after=after),
        }

    def _read_plan(self) -> Plan:
        """Read the plan; a cluster and a list need none, although then no target is judged."""
        from airflow_masq.exceptions import InvalidInputError  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.plan import load_plan_from_mapping  # noqa: PLC0415 - the same
        from airflow_masq.plan_file import read_plan  # noqa: PLC0415 - the same

        try:
            found = find_plan(self.plan)
        except InvalidInputError:
            if not self.cluster or not (_is_given(self.destinations) or _is_given(self.manifest)):
                raise
            self.log.warning("There is no plan, so no target is judged")
            return load_plan_from_mapping({"network": {}}, source="plan")
        return read_plan(found)

    def _find_environment(self, plan: Plan, *, hook: ComposerHook) -> tuple[EnvironmentName, EnvironmentResource]:
        """Find whose cluster it is: the one that the task names, or that of the plan's environment."""
        from airflow_masq.environment import EnvironmentName, EnvironmentResource  # noqa: PLC0415 - as above
        from airflow_masq.exceptions import InvalidInputError  # noqa: PLC0415 - the same
        from airflow_masq.facts import ClusterName  # noqa: PLC0415 - the same
        from airflow_masq.provisioning.network_facts import read_patiently  # noqa: PLC0415 - the same

        if self.cluster:
            cluster = ClusterName.parse(self.cluster, where="cluster")
            # The facts of a cluster alone are those of an environment of which nothing else is known.
            name = EnvironmentName(project=cluster.project, location=cluster.location, environment_id="-")
            return name, EnvironmentResource.read({"config": {"gkeCluster": str(cluster)}})
        if not plan.environment.name:
            expected = "projects/P/locations/L/clusters/C, or a plan whose environment has a name"
            raise InvalidInputError(where="cluster", expected=expected, seen="neither")
        name = EnvironmentName.parse(plan.environment.name, where="environment.name")
        with hook.get_conn() as composer:
            return name, read_patiently(lambda: composer.get(name), pause=time.sleep)

    def _want(self, plan: Plan) -> WantedPolicy:
        from airflow_masq import cluster_policy  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.exceptions import InvalidInputError  # noqa: PLC0415 - the same

        if _is_given(self.destinations) and _is_given(self.manifest):
            raise InvalidInputError(where="destinations, manifest", expected="at most one of the two", seen="both")
        if _is_given(self.manifest):
            return cluster_policy.want_manifests(self.manifest)
        if _is_given(self.destinations):
            return cluster_policy.want_destinations(self.destinations, name=self.policy_name)
        return cluster_policy.want_plan_policy(plan)

    def _push_link(self, context: Context, cluster: Cluster) -> str:
        name = cluster.name
        url = make_cluster_url(project=name.project, location=name.location, cluster_id=name.cluster_id)
        push_xcom(context, key=CLUSTER_XCOM_KEY, value=url)
        return url


def _is_given(value: object) -> bool:
    """Say whether an argument is given; a template makes an empty text of one that is not."""
    return value is not None and value != ""


def _list_results(change: PolicyChange, *, after: LivePolicy) -> dict[str, Any]:
    """List what a change is about, as JSON values."""
    return {
        "before": change.before.as_json(),
        "after": after.as_json(),
        "diff": change.difference.text,
        "effects": [{"target": each.target, "before": each.before, "after": each.after} for each in change.effects],
        "refusals": list(change.refusals),
        "findings": [each.as_json() for each in change.findings],
        "remarks": list(change.remarks),
    }
