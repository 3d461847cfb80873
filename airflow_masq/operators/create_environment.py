"""Creates a Composer environment whose Pods are masqueraded, or adopts the one that exists.

    read ──▶ lint ──▶ look, preflight, create or adopt ──▶ wait (here, or deferred) ──▶ verify ──▶ facts

The agent can be enabled only at creation, a creation takes about 25 minutes, and every step can be interrupted: a task
that runs again finds what exists and continues. Nothing is deleted, except where ``recreate_failed`` says so what a
failed creation left. ``provisioning`` has the steps. It and Google's libraries are imported
when the task runs, since parsing a DAG file must stay cheap.
"""

from __future__ import annotations

import random
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.configuration import conf

from airflow_masq.airflow_compat import AirflowException, AirflowFailException, BaseOperator
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.exceptions import EnvironmentFailedError
from airflow_masq.links.environment import (
    CONSOLE_XCOM_KEY,
    OPERATION_XCOM_KEY,
    ComposerAirflowLink,
    ComposerConsoleLink,
    ComposerOperationLink,
)
from airflow_masq.operators.composer_hook import make_composer_hook
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.preflight_step import make_preflight_step
from airflow_masq.operators.run_settings import find_plan, refuse_unknown_conf
from airflow_masq.operators.settings import read_boolean, read_seconds
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.operators.triggerer import is_triggerer_running
from airflow_masq.operators.xcoms import push_xcom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud.orchestration.airflow.service_v1.types import Environment

    from airflow_masq.airflow_compat import Context
    from airflow_masq.environment import EnvironmentName, EnvironmentResource
    from airflow_masq.hooks.composer import ComposerHook
    from airflow_masq.provisioning import Attempt, CreationStart, CreationSteps, CreationWatch, Pause

DEFERRAL_GRACE_SECONDS = 600.0
"""How much later than the trigger's own deadline Airflow gives up, so that a lost trigger does not defer forever."""

DEFAULT_DEFERRABLE = conf.getboolean("operators", "default_deferrable", fallback=False)
"""Airflow's ``[operators] default_deferrable``, by which a deployment says that a triggerer runs."""


class CloudComposerCreateMasqueradeEnvironmentOperator(BaseOperator):
    """Create a Composer 2 environment with the IP masquerade agent, and return the facts of its network.

    At most one of ``plan`` and ``environment`` says what to create, else the plan that is set for all DAGs. The agent
    is enabled in a copy. An environment of that name with the agent is adopted. One without the agent fails the task,
    and Airflow does not retry. One that is still being created, for example by an earlier attempt of this task, is
    waited for. One that is being deleted is waited for, too, and created when it is gone.

    Calls of the API may fail for a while: reads are repeated, and nothing is created before the task has looked
    at what exists. The settings in seconds may be 0.01 to 86,400, as numbers or as text.

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
    :param api_timeout_seconds: the time limit of one API call, 0.01 to 86,400 (default 60).
    :param failure_tolerance_seconds: how long calls may fail in a row before the wait ends (default 600).
    :param on_mismatch: what differences between an adopted environment and the plan do: ``fail``, ``warn`` (default) or
        ``ignore``. What only the service sets does not fail, and a missing agent always does.
    :param recreate_failed: delete an environment in state ERROR whose creation failed, and create it again, once in a
        run, its retries included (default ``False``). One that has run, or may have, is never deleted; the log says
        what is deleted and why. With ``on_mismatch="fail"`` one that differs from the plan is not deleted either.
    :param on_findings: what findings of severity error do: ``fail`` before any call (default), ``warn`` or ``ignore``.
    :param preflight: what errors of the preflight do, which asks the cloud for the image, ranges, permissions, roles,
        quotas, room and Cloud NAT when nothing exists yet: ``fail`` before the creation (default), or ``warn``. With
        ``ignore`` nothing is asked. What cannot be read is a warning. The report is the XCom ``preflight``.
    :param preflight_timeout_seconds: the time limit for all of that (default 10).
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
        "failure_tolerance_seconds",
        "on_mismatch",
        "recreate_failed",
        "on_findings",
        "preflight",
        "preflight_timeout_seconds",
        "deferrable",
    )
    # Empty: a plan's path must reach the worker as a path, not be replaced by the file's text.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json", "environment": "json"}
    ui_color = "#cfe8fc"
    operator_extra_links = (ComposerConsoleLink(), ComposerOperationLink(), ComposerAirflowLink())
    _watch: CreationWatch | None = None  # what on_kill tells of

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
        api_timeout_seconds: float | str = DEFAULT_API_TIMEOUT_SECONDS,
        failure_tolerance_seconds: float | str = 600.0,
        on_mismatch: str = "warn",
        recreate_failed: bool | str = False,
        on_findings: str = "fail",
        preflight: str = "fail",
        preflight_timeout_seconds: float | str = 10.0,
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - Airflow's own arguments
    ) -> None:
        kwargs.setdefault("doc_md", describe_task(type(self)))
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
        self.failure_tolerance_seconds = failure_tolerance_seconds
        self.on_mismatch = on_mismatch
        self.recreate_failed = recreate_failed
        self.on_findings = on_findings
        self.preflight = preflight
        self.preflight_timeout_seconds = preflight_timeout_seconds
        self.strict_conf = strict_conf

    def execute(self, context: Context) -> dict[str, Any]:
        """Create or adopt the environment, wait for it and verify it.

        :return: the facts: ``name``, ``uuid``, ``state``, ``image_version``, ``enable_ip_masq_agent``, ``gke_cluster``,
            ``airflow_uri``, ``dag_gcs_prefix``, ``console_url``, ``cluster`` (versions, kind, Pods per node, and more),
            ``network``, ``subnetworks``, ``host_project``, ``public_nodes``, ``nat`` (each gateway that covers the
            environment), ``node_ranges``, ``pod_ranges``, ``service_ranges``, ``nat_addresses``, ``ranges_from`` (for
            each of the four ``cluster``, ``subnetwork``, ``router``, ``environment``, or ``plan`` where it could not be
            read), ``unknown`` (what could not be read, and the role that would show it), ``findings``, ``adopted``,
            ``origin`` (who created it), ``differences``.
        :raises AirflowFailException: the arguments cannot be read, the plan has errors, the environment exists without
            the agent or failed, or the API refused a call; Airflow does not retry.
        :raises AirflowException: the API did not answer, or the environment is not running yet; Airflow may retry.
        """
        with translate_errors():
            if self.strict_conf:
                refuse_unknown_conf(context)
            return self._create(context, deadline=self._make_deadline())

    def execute_complete(
        self,
        context: Context,
        event: Mapping[str, Any],
        **_of_another_version: Any,  # noqa: ANN401 - any JSON
    ) -> dict[str, Any]:
        """Verify the environment after the trigger has waited for it, or create it after it is gone.

        :param event: the trigger's payload, which another version of this package may have made.
        :return: the facts, as ``execute`` returns them.
        :raises AirflowFailException: the wait or the verification ended in an error that a retry does not cure.
        :raises AirflowException: the wait or the verification ended in an error that may pass.
        """
        from airflow_masq.environment import EnvironmentName  # noqa: PLC0415 - parsing must stay cheap
        from airflow_masq.triggers.environment_running import WaitEnd  # noqa: PLC0415 - as above

        end = WaitEnd.read(event)
        if end.outcome in ("final", "try-again"):  # no set: the outcome may be a list, for example
            raise (AirflowFailException if end.outcome == "final" else AirflowException)(end.message)
        with translate_errors():
            deadline = self._make_deadline() if end.deadline is None else end.deadline
            if end.outcome == "failed":
                failure = EnvironmentFailedError(end.message)
                if not read_boolean(self.recreate_failed, where="recreate_failed"):
                    raise failure
                return self._create(context, deadline=deadline, failure=failure)
            is_known = bool(end.name and end.record) and end.record.get("is_compared") is not False
            if end.outcome == "gone" or not is_known:  # a new start adopts what there is
                return self._create(context, deadline=deadline)
            facts = self._verify(EnvironmentName.parse(end.name), deadline=deadline, record=end.record)
            return facts or self._create(context, deadline=deadline)

    def on_kill(self) -> None:
        """Say what goes on in the cloud and how to find it; nothing is deleted or stopped."""
        watch = self._watch
        if watch is None:
            self.log.warning("The task was ended before it began to create anything")
            return
        from airflow_masq.environment.whereabouts import describe_abandoned  # noqa: PLC0415 - parsing must stay cheap

        text = describe_abandoned(watch.name, operation_name=watch.operation_name, state=watch.state)
        self.log.warning("%s", text)

    def _create(
        self, context: Context, *, deadline: float, failure: EnvironmentFailedError | None = None
    ) -> dict[str, Any]:
        from airflow_masq import provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap

        plan = self.plan or None
        if self.environment is None:
            plan = find_plan(plan)
        hook = make_composer_hook(self)
        request = provisioning.read_request(
            plan=plan,
            environment=self.environment,
            project_id=self.project_id,
            region=self.region,
            environment_id=self.environment_id,
            default_project=hook.find_default_project_id,
        )
        request = provisioning.lint_request(request, on_findings=self.on_findings)
        attempt = _find_attempt(context)
        began = deadline - self._read_seconds("creation_timeout_seconds") if attempt.began is None else attempt.began
        may_recreate = read_boolean(self.recreate_failed, where="recreate_failed")
        steps = provisioning.CreationSteps(
            request=request,
            watch=self._make_watch(request.name, deadline=deadline),
            on_mismatch=self.on_mismatch,
            attempt=attempt,
            recreate_since=began if may_recreate else None,
            failure=failure,
            before_creation=make_preflight_step(
                plan=request.plan,
                hook=hook,
                choice=self.preflight,
                timeout_seconds=self._read_seconds("preflight_timeout_seconds"),
                push=lambda key, value: push_xcom(context, key=key, value=value),
            ),
        )
        found, record = self._run(steps, hook=hook, context=context)
        return self._list_facts(request.name, found=found, record=record, hook=hook)

    def _run(
        self, steps: CreationSteps, *, hook: ComposerHook, context: Context
    ) -> tuple[EnvironmentResource, dict[str, Any]]:
        """Create or adopt the environment and wait for it.

        :return: the environment, and what is known of its start.
        """
        from airflow_masq import provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.environment.whereabouts import make_console_url, make_operation_url  # noqa: PLC0415 - as above

        watch, request = steps.watch, steps.request
        url = make_console_url(request.name)
        push_xcom(context, key=CONSOLE_XCOM_KEY, value=url)
        record: dict[str, Any] = {}

        def note_start(start: CreationStart | None) -> None:
            record.clear()
            if start is None:
                return
            record.update(provisioning.record_start(request, start=start))
            if watch.operation_name is not None:
                operation_url = make_operation_url(request.name, operation_name=watch.operation_name)
                push_xcom(context, key=OPERATION_XCOM_KEY, value=operation_url)
            self.log.info("Waiting at most %.0f s; see %s", max(watch.deadline - time.time(), 0), url)

        pause = partial(self._pause, watch=watch, may_defer=self._may_defer(), record=record)
        with hook.get_conn() as client:
            found = provisioning.run_steps(steps.run(note_start=note_start), client=client, pause=pause)
        return found, record

    def _verify(self, name: EnvironmentName, *, deadline: float, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """Verify the environment and list its facts; ``None`` if it was deleted meanwhile."""
        from airflow_masq import provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap

        watch = self._make_watch(name, deadline=deadline)
        pause = partial(self._pause, watch=watch, may_defer=self._may_defer(), record=record)
        hook = make_composer_hook(self)
        with hook.get_conn() as client:
            found = provisioning.run_steps(provisioning.verify_environment(watch), client=client, pause=pause)
        return None if found is None else self._list_facts(name, found=found, record=record, hook=hook)

    def _list_facts(
        self, name: EnvironmentName, *, found: EnvironmentResource, record: Mapping[str, Any], hook: ComposerHook
    ) -> dict[str, Any]:
        """Read the facts of the network; what cannot be read does not fail the task, whose environment runs."""
        from airflow_masq import provisioning  # noqa: PLC0415 - parsing a DAG file must stay cheap

        open_clients = hook.open_network_clients
        network = provisioning.gather_facts(name, environment=found, open_clients=open_clients, pause=time.sleep)
        for gap in network.gaps:
            self.log.warning("Not known of %s: %s", name, gap)
        return provisioning.list_facts(name, network=network, record=record)

    def _may_defer(self) -> bool:
        if not read_boolean(self.deferrable, where="deferrable"):
            return False
        if is_triggerer_running() is False:
            self.log.warning("deferrable is set, but no triggerer runs, so the task waits in its slot")
            return False
        return True

    def _pause(self, step: Pause, *, watch: CreationWatch, may_defer: bool, record: Mapping[str, Any]) -> None:
        """Sleep, or leave the slot where the cloud is at work."""
        if not (may_defer and step.is_wait):
            time.sleep(step.seconds)
            return
        from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger  # noqa: PLC0415 - as above

        trigger = EnvironmentRunningTrigger(
            name=str(watch.name),
            operation_name=watch.operation_name,
            deadline=watch.deadline,
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            poll_interval_seconds=watch.poll_interval_seconds,
            api_timeout_seconds=self._read_seconds("api_timeout_seconds"),
            failure_tolerance_seconds=watch.failure_tolerance_seconds,
            state=watch.state,
            record=record,
        )
        patience = timedelta(seconds=max(watch.deadline - time.time(), 0) + DEFERRAL_GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=patience)

    def _make_watch(self, name: EnvironmentName, *, deadline: float) -> CreationWatch:
        from airflow_masq.provisioning import CreationWatch  # noqa: PLC0415 - parsing a DAG file must stay cheap

        self._watch = CreationWatch(
            name=name,
            operation_name=None,
            deadline=deadline,
            poll_interval_seconds=self._read_seconds("poll_interval_seconds"),
            failure_tolerance_seconds=self._read_seconds("failure_tolerance_seconds"),
            now=time.time,
            random=random.random,
        )
        return self._watch

    def _make_deadline(self) -> float:
        return time.time() + self._read_seconds("creation_timeout_seconds")

    def _read_seconds(self, name: str) -> float:
        return read_seconds(getattr(self, name), where=name)


def _find_attempt(context: Context) -> Attempt:
    """Find what Airflow knows of this task's own past."""
    from airflow_masq.provisioning import Attempt  # noqa: PLC0415 - parsing a DAG file must stay cheap

    began = getattr(context.get("dag_run"), "start_date", None)
    return Attempt(
        is_retry=getattr(context.get("ti"), "try_number", 1) > 1, began=None if began is None else began.timestamp()
    )
