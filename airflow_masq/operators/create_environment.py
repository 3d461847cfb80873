"""Creates a Composer environment whose Pods are masqueraded, or adopts the one that exists; it never deletes one.

    read ──▶ lint ──▶ create or adopt ──▶ wait (here, or deferred) ──▶ verify ──▶ facts

The agent can be enabled only at creation, a creation takes about 25 minutes, and every step can be interrupted: a task
that runs again finds what exists and continues. ``provisioning`` has the steps. It and Google's libraries are imported
when the task runs, since parsing a DAG file must stay cheap.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.configuration import conf

from airflow_masq.airflow_compat import AirflowException, AirflowFailException, BaseOperator
from airflow_masq.links.environment import CONSOLE_XCOM_KEY, ComposerAirflowLink, ComposerConsoleLink
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.run_settings import find_plan, refuse_unknown_conf
from airflow_masq.operators.settings import read_boolean, read_seconds
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud.orchestration.airflow.service_v1.types import Environment

    from airflow_masq.airflow_compat import Context
    from airflow_masq.hooks.composer import ComposerHook
    from airflow_masq.provisioning import CreationWatch

DEFERRAL_GRACE_SECONDS = 600.0
"""How much later than the trigger's own deadline Airflow gives up, so that a lost trigger does not defer forever."""

DEFAULT_DEFERRABLE = conf.getboolean("operators", "default_deferrable", fallback=False)
"""Airflow's ``[operators] default_deferrable``, by which a deployment says that a triggerer runs."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.01, 86_400.0
"""The bounds of the three settings in seconds: a day is far more than a creation takes."""


class CloudComposerCreateMasqueradeEnvironmentOperator(BaseOperator):
    """Create a Composer 2 environment with the IP masquerade agent, and return the facts of its network.

    At most one of ``plan`` and ``environment`` says what to create, else the plan that is set for all DAGs. The agent
    is enabled in a copy. An environment of that name with the agent is adopted. One without the agent fails the task,
    and Airflow does not retry. One that is still being created, for example by an earlier attempt of this task, is
    waited for.

    The three settings in seconds may be 0.01 to 86,400, as numbers or as text.

    :param plan: the path of a plan file, read on the worker, or a plan as a mapping or as YAML or JSON text (default
        ``None``: without ``environment`` the first that is set of the Airflow Variable ``airflow_masq_plan``, the
        environment variable ``AIRFLOW_MASQ_PLAN`` and the file ``/home/airflow/gcs/data/masquerade-plan.yaml``).
    :param environment: Google's REST resource in camelCase or in snake_case, or Google's ``Environment`` message.
    :param project_id: the project of a resource without a name (default: the connection's project).
    :param region: the region of a resource without a name, for example ``us-central1``.
    :param environment_id: the id of a resource without a name.
    :param gcp_conn_id: the Google connection's id (default ``google_cloud_default``). Its extra ``composer_endpoint``
        may name an emulator or a private endpoint.
    :param impersonation_chain: the service account to impersonate, or a chain of them (default: the connection's).
    :param deferrable: wait in the triggerer (default: Airflow's ``[operators] default_deferrable``).
    :param poll_interval_seconds: the pause between two polls (default 30).
    :param creation_timeout_seconds: how long one attempt of the task waits (default 7200, as Terraform does).
    :param api_timeout_seconds: the time limit of one API call (default 60).
    :param on_findings: what findings of severity error do: ``fail`` before any call (default), ``warn`` or ``ignore``.
    :param strict_conf: refuse a run whose conf has a key that is no param of the DAG (default ``False``).
    """

    template_fields: Sequence[str] = (
        "plan",
        "environment",
        "project_id",
        "region",
        "environment_id",
        "gcp_conn_id",
        "impersonation_chain",
        "poll_interval_seconds",
        "creation_timeout_seconds",
        "api_timeout_seconds",
        "on_findings",
        "deferrable",
    )
    # Empty: a plan's path must reach the worker as a path, not be replaced by the file's text.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json", "environment": "json"}
    ui_color = "#cfe8fc"
    operator_extra_links = (ComposerConsoleLink(), ComposerAirflowLink())

    def __init__(
        self,
        *,
        plan: str | Mapping[str, Any] | None = None,
        environment: Mapping[str, Any] | Environment | None = None,
        project_id: str | None = None,
        region: str | None = None,
        environment_id: str | None = None,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        deferrable: bool | str = DEFAULT_DEFERRABLE,
        poll_interval_seconds: float | str = 30.0,
        creation_timeout_seconds: float | str = 7200.0,
        api_timeout_seconds: float | str = 60.0,
        on_findings: str = "fail",
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - Airflow's own arguments
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.environment = environment
        self.project_id = project_id
        self.region = region
        self.environment_id = environment_id
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.deferrable = deferrable
        self.poll_interval_seconds = poll_interval_seconds
        self.creation_timeout_seconds = creation_timeout_seconds
        self.api_timeout_seconds = api_timeout_seconds
        self.on_findings = on_findings
        self.strict_conf = strict_conf

    def execute(self, context: Context) -> dict[str, Any]:
        """Create or adopt the environment, wait for it and verify it.

        :return: the facts: ``name``, ``uuid``, ``state``, ``image_version``, ``enable_ip_masq_agent``, ``gke_cluster``,
            ``airflow_uri``, ``dag_gcs_prefix``, ``console_url``, ``node_ranges``, ``pod_ranges``, ``service_ranges``,
            ``findings``, ``adopted``, ``differences``.
        :raises AirflowFailException: the arguments cannot be read, the plan has errors, the environment exists without
            the agent or failed, or the API refused a call; Airflow does not retry.
        :raises AirflowException: the API did not answer, or the environment is not running yet; Airflow may retry.
        """
        from airflow_masq import provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap

        with translate_errors():
            if self.strict_conf:
                refuse_unknown_conf(context)
            plan = self.plan or None
            if self.environment is None:
                plan = find_plan(plan)
            deferrable = read_boolean(self.deferrable, where="deferrable")
            poll_interval_seconds = self._read_seconds("poll_interval_seconds")
            creation_timeout_seconds = self._read_seconds("creation_timeout_seconds")
            hook = self._make_hook()
            request = provisioning.read_request(
                plan=plan,
                environment=self.environment,
                project_id=self.project_id,
                region=self.region,
                environment_id=self.environment_id,
                default_project=hook.find_default_project_id,
            )
            findings = provisioning.lint_request(request, on_findings=self.on_findings)
            with hook.get_conn() as client:
                deadline = time.time() + creation_timeout_seconds
                start = provisioning.start_creation(client, request)
                url = provisioning.make_console_url(request.name)
                if "ti" in context:  # not where a test or a script executes the operator by hand
                    context["ti"].xcom_push(key=CONSOLE_XCOM_KEY, value=url)
                self.log.info("Waiting at most %.0f s; see %s", creation_timeout_seconds, url)
                record = provisioning.record_start(request.plan.ranges, findings=findings, start=start)
                watch = provisioning.CreationWatch(
                    client=client,
                    name=request.name,
                    operation_name=start.operation_name,
                    deadline=deadline,
                    poll_interval_seconds=poll_interval_seconds,
                )
                if deferrable and not watch.poll():
                    self._defer(watch, record=record)
                watch.wait(now=time.time, sleep=time.sleep)
                found = provisioning.verify_environment(client, request.name)
                return provisioning.list_facts(request.name, found=found, record=record)

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow's signature
        event: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Verify the environment after the trigger has waited for it.

        :param event: the trigger's payload.
        :return: the facts, as ``execute`` returns them.
        :raises AirflowFailException: the wait or the verification ended in an error that a retry does not cure.
        :raises AirflowException: the wait or the verification ended in an error that may pass.
        """
        from airflow_masq import provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.environment import EnvironmentName  # noqa: PLC0415 - with it

        if event["outcome"] == "final":
            raise AirflowFailException(event["message"])
        if event["outcome"] != "running":
            raise AirflowException(event["message"])
        with translate_errors(), self._make_hook().get_conn() as client:
            name = EnvironmentName.parse(event["name"])
            found = provisioning.verify_environment(client, name)
            return provisioning.list_facts(name, found=found, record=event["record"])

    def on_kill(self) -> None:
        """Log that ending the task does not end the creation."""
        self.log.warning(
            "The task ends, but a creation that it started continues in the cloud. Run the task again to continue "
            "waiting, or delete the environment."
        )

    def _read_seconds(self, name: str) -> float:
        return read_seconds(getattr(self, name), where=name, least=SHORTEST_SECONDS, most=LONGEST_SECONDS)

    def _make_hook(self) -> ComposerHook:
        from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's libraries take seconds

        return ComposerHook(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            api_timeout_seconds=self._read_seconds("api_timeout_seconds"),
        )

    def _defer(self, watch: CreationWatch, *, record: Mapping[str, Any]) -> NoReturn:
        trigger = EnvironmentRunningTrigger(
            name=str(watch.name),
            operation_name=watch.operation_name,
            deadline=watch.deadline,
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            poll_interval_seconds=watch.poll_interval_seconds,
            api_timeout_seconds=self._read_seconds("api_timeout_seconds"),
            record=record,
        )
        patience = timedelta(seconds=self._read_seconds("creation_timeout_seconds") + DEFERRAL_GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=patience)
