"""Creates a Composer environment whose Pods are masqueraded, or takes over the one that exists; it must delete nothing.

    read ──▶ lint ──▶ create or adopt ──▶ wait (here, or deferred) ──▶ verify ──▶ facts

The agent can be enabled only at creation, creation takes about 25 minutes, and every step can be interrupted: a task
that runs again finds what there is and goes on. The steps are in ``environment_creation``, which imports Google's
libraries; here they are only put in their order, since parsing a DAG file must stay cheap.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.configuration import conf

from airflow_masq.airflow_compat import AirflowException, AirflowFailException, BaseOperator
from airflow_masq.operators.error_mapping import errors_for_airflow
from airflow_masq.operators.settings import read_seconds
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud.orchestration.airflow.service_v1.types import Environment

    from airflow_masq.airflow_compat import Context
    from airflow_masq.operators.environment_creation import BegunCreation, EnvironmentCreation

DEFERRAL_GRACE_SECONDS = 600.0
"""How much later than the trigger's own deadline Airflow gives up, so that a lost trigger does not defer for ever."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.01, 86_400.0
"""What the three settings in seconds may be: a day is far above what a creation takes."""


class CloudComposerCreateMasqueradeEnvironmentOperator(BaseOperator):
    """Create a Composer 2 environment with the IP masquerade agent, and return what its network is.

    Exactly one of ``plan`` and ``environment`` says what to create; the agent is switched on in a copy. An environment
    of that name with the agent is adopted, one without it fails the task for good, and one that is still being created,
    for example by an earlier try of this task, is waited for.

    :param plan: a plan file's path, read on the worker, or a plan as a mapping.
    :param environment: Google's REST resource in camelCase or in snake_case, or Google's ``Environment`` message.
    :param project_id: completes a resource without a name; default: the connection's project.
    :param region: completes a resource without a name.
    :param environment_id: completes a resource without a name.
    :param gcp_conn_id: the Google connection (default ``google_cloud_default``); its extra ``composer_endpoint`` leads
        to an emulator or a private endpoint.
    :param impersonation_chain: service account to impersonate, or a chain of them.
    :param deferrable: wait in the triggerer (default: Airflow's ``[operators] default_deferrable``).
    :param poll_interval_seconds: the pause between two looks (default 30).
    :param creation_timeout_seconds: how long one try of the task waits (default 7200, as Terraform does).
    :param api_timeout_seconds: how long one call of the API may take (default 60).
    :param on_findings: what findings of severity error do: ``fail`` before any call (default), ``warn`` or ``ignore``.
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
    )
    # None: a plan's path must reach the worker as a path, not be replaced by the file's text.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json", "environment": "json"}
    ui_color = "#cfe8fc"

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
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval_seconds: float | str = 30.0,
        creation_timeout_seconds: float | str = 7200.0,
        api_timeout_seconds: float | str = 60.0,
        on_findings: str = "fail",
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

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Create or adopt the environment, wait for it and verify it.

        :param context: Airflow's.
        :return: the facts, as ``environment_facts`` lists them.
        :raises AirflowFailException: where trying again does not help.
        :raises AirflowException: where it may.
        """
        with errors_for_airflow():
            poll_interval_seconds = self._seconds("poll_interval_seconds")
            creation_timeout_seconds = self._seconds("creation_timeout_seconds")
            creation = self._creation()
            wanted = creation.read(
                plan=self.plan,
                environment=self.environment,
                project_id=self.project_id,
                region=self.region,
                environment_id=self.environment_id,
            )
            findings = creation.lint(wanted, on_findings=self.on_findings)
            with creation.connect() as client:
                begun = creation.begin(
                    client, wanted, findings=findings, creation_timeout_seconds=creation_timeout_seconds
                )
                if self.deferrable and not begun.watch.is_running():
                    self._defer(begun)
                creation.wait(begun, poll_interval_seconds=poll_interval_seconds)
                return creation.facts(client, str(wanted.name), record=begun.record)

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow's signature
        event: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Verify the environment after the trigger has waited for it.

        :param context: Airflow's.
        :param event: the trigger's payload.
        :return: the facts, as ``execute`` returns them.
        :raises AirflowFailException: where trying again does not help.
        :raises AirflowException: where it may.
        """
        if event["outcome"] == "final":
            raise AirflowFailException(event["message"])
        if event["outcome"] != "running":
            raise AirflowException(event["message"])
        with errors_for_airflow():
            creation = self._creation()
            with creation.connect() as client:
                return creation.facts(client, event["name"], record=event["record"])

    def on_kill(self) -> None:
        """Say that ending the task does not end the creation."""
        self.log.warning(
            "The task ends; a creation that it started goes on in the cloud. Run the task again to go on waiting, or "
            "delete the environment."
        )

    def _seconds(self, name: str) -> float:
        return read_seconds(getattr(self, name), where=name, least=SHORTEST_SECONDS, most=LONGEST_SECONDS)

    def _creation(self) -> EnvironmentCreation:
        from airflow_masq.operators.environment_creation import (  # noqa: PLC0415 - parsing a DAG file must stay cheap
            environment_creation,
        )

        return environment_creation(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            api_timeout_seconds=self._seconds("api_timeout_seconds"),
        )

    def _defer(self, begun: BegunCreation) -> NoReturn:
        trigger = EnvironmentRunningTrigger(
            name=str(begun.watch.name),
            operation_name=begun.watch.operation_name,
            deadline=begun.deadline,
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            poll_interval_seconds=self._seconds("poll_interval_seconds"),
            api_timeout_seconds=self._seconds("api_timeout_seconds"),
            record=begun.record,
        )
        patience = timedelta(seconds=self._seconds("creation_timeout_seconds") + DEFERRAL_GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=patience)
