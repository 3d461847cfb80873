"""The steps of creating an environment, for the operator that creates one; it must neither defer nor speak Airflow.

It stands apart from the operator because it imports Google's libraries, which take seconds: the operator imports it
when it runs, not when a DAG file is parsed.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_masq.environment import EnvironmentName
from airflow_masq.exceptions import CannotMasqueradeError, InvalidInputError
from airflow_masq.hooks.composer import ComposerHook
from airflow_masq.provisioning.adoption import start_creation, verify
from airflow_masq.provisioning.facts import console_url, environment_facts, finding_facts, range_facts
from airflow_masq.provisioning.request import NameArguments, WantedEnvironment, wanted_environment
from airflow_masq.provisioning.watch import CreationWatch, wait_until_running
from airflow_masq.rules import Finding, lint
from airflow_masq.text import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud.orchestration.airflow.service_v1.types import Environment

    from airflow_masq.clients.composer import ComposerClient

log = logging.getLogger(__name__)

ON_FINDINGS = ("fail", "warn", "ignore")
"""What can be done about findings of severity error."""


@dataclass(frozen=True, kw_only=True)
class BegunCreation:
    """An environment on its way.

    :param watch: tells when it runs.
    :param deadline: when to stop waiting, in seconds since the epoch.
    :param record: JSON values that are known before it runs: address ranges, findings, whether it was adopted, and what
        an adopted one has otherwise than planned.
    """

    watch: CreationWatch
    deadline: float
    record: Mapping[str, Any]


class EnvironmentCreation:
    """The steps, in their order: ``read``, ``lint``, ``begin``, ``wait``, ``facts``.

    :param hook: where to ask.
    """

    def __init__(self, hook: ComposerHook) -> None:
        self._hook = hook

    def connect(self) -> ComposerClient:
        """Make a client of the Composer API; the caller closes it.

        :return: the client.
        """
        return self._hook.get_conn()

    def read(
        self,
        *,
        plan: str | Mapping[str, Any] | None,
        environment: Mapping[str, Any] | Environment | None,
        project_id: str | None,
        region: str | None,
        environment_id: str | None,
    ) -> WantedEnvironment:
        """Read what is wanted, as ``wanted_environment`` does, with the connection's project as the default.

        :param plan: a plan file's path, or a plan.
        :param environment: the resource, or Google's message.
        :param project_id: completes a resource that names no environment; default: the connection's project.
        :param region: completes it.
        :param environment_id: completes it.
        :return: what is wanted.
        :raises InvalidInputError: the arguments cannot be read.
        """
        wanted = wanted_environment(
            plan=plan,
            environment=environment,
            name_arguments=NameArguments(project_id=project_id, region=region, environment_id=environment_id),
            default_project=self._hook.default_project_id,
        )
        if wanted.agent_was_refused:
            log.warning("enableIpMasqAgent was false for %s and is switched on", wanted.name)
        return wanted

    def lint(self, wanted: WantedEnvironment, *, on_findings: str) -> tuple[Finding, ...]:
        """Look for what can never work, and act on it.

        :param wanted: what is wanted.
        :param on_findings: what findings of severity error do.
        :return: the findings; none where they are to be ignored.
        :raises CannotMasqueradeError: there are errors, and they are to fail.
        :raises InvalidInputError: ``on_findings`` is none of its three words.
        """
        if on_findings not in ON_FINDINGS:
            expected = f"one of {', '.join(ON_FINDINGS)}"
            raise InvalidInputError(where="on_findings", expected=expected, seen=describe(on_findings))
        if on_findings == "ignore":
            return ()
        findings = lint(wanted.plan)
        for finding in findings:
            log.warning("%s %s %s: %s", finding.code, finding.severity, finding.where, finding.message)
        if on_findings == "fail":
            _refuse_errors(findings, name=wanted.name)
        return findings

    def begin(
        self,
        client: ComposerClient,
        wanted: WantedEnvironment,
        *,
        findings: Sequence[Finding],
        creation_timeout_seconds: float,
    ) -> BegunCreation:
        """Create the environment, or adopt the one that exists.

        :param client: where to ask.
        :param wanted: what is wanted.
        :param findings: goes into the record.
        :param creation_timeout_seconds: how long to wait for it, from now.
        :return: the environment on its way.
        :raises AirflowMasqError: as ``start_creation``.
        """
        deadline = time.time() + creation_timeout_seconds
        start = start_creation(client, wanted.name, resource=wanted.plan.environment)
        log.info("Waiting at most %.0f s; see %s", creation_timeout_seconds, console_url(wanted.name))
        record = {
            **range_facts(wanted.plan.ranges),
            "findings": [finding_facts(finding) for finding in findings],
            "adopted": start.adopted,
            "differences": [str(difference) for difference in start.differences],
        }
        watch = CreationWatch(client=client, name=wanted.name, operation_name=start.operation_name)
        return BegunCreation(watch=watch, deadline=deadline, record=record)

    def wait(self, begun: BegunCreation, *, poll_interval_seconds: float) -> None:
        """Wait in this thread until the environment runs.

        :param begun: the environment on its way.
        :param poll_interval_seconds: the pause between two looks.
        :raises AirflowMasqError: as ``wait_until_running``.
        """
        wait_until_running(
            begun.watch,
            deadline=begun.deadline,
            poll_interval_seconds=poll_interval_seconds,
            now=time.time,
            sleep=time.sleep,
        )

    def facts(self, client: ComposerClient, name: str, *, record: Mapping[str, Any]) -> dict[str, Any]:
        """Verify the environment and list its facts.

        :param client: where to ask.
        :param name: the environment's full name.
        :param record: what was known before it ran.
        :return: the facts, as ``environment_facts`` lists them.
        :raises AirflowMasqError: as ``verify`` and ``ComposerClient.get``.
        """
        environment_name = EnvironmentName.parse(name)
        found = client.get(environment_name)
        verify(environment_name, found=found)
        log.info("%s is running with the IP masquerade agent", name)
        return environment_facts(environment_name, found=found, record=record)


def environment_creation(
    *,
    gcp_conn_id: str,
    impersonation_chain: str | Sequence[str] | None,
    api_timeout_seconds: float,
) -> EnvironmentCreation:
    """Make the steps for one connection.

    :param gcp_conn_id: the Google connection.
    :param impersonation_chain: service account to impersonate, or a chain of them.
    :param api_timeout_seconds: how long one call may take.
    :return: the steps.
    """
    hook = ComposerHook(
        gcp_conn_id=gcp_conn_id, impersonation_chain=impersonation_chain, api_timeout_seconds=api_timeout_seconds
    )
    return EnvironmentCreation(hook)


def _refuse_errors(findings: Sequence[Finding], *, name: EnvironmentName) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        reasons = "; ".join(f"{error.code} {error.where}: {error.message}" for error in errors)
        raise CannotMasqueradeError(f"{name} was not created: {reasons}")
