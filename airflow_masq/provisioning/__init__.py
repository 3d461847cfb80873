"""How an environment comes about: request, adoption, watch, facts. What comes next is decided here; drivers do it."""

from __future__ import annotations

from airflow_masq.provisioning.adoption import (
    Attempt,
    CreationStart,
    CreationSteps,
    Origin,
    await_environment,
    verify_environment,
)
from airflow_masq.provisioning.facts import list_facts, record_start
from airflow_masq.provisioning.network_facts import gather_facts
from airflow_masq.provisioning.request import CreationRequest, lint_request, read_request
from airflow_masq.provisioning.steps import Pause, run_steps, run_steps_async
from airflow_masq.provisioning.watch import CreationWatch

__all__ = [
    "Attempt",
    "CreationRequest",
    "CreationStart",
    "CreationSteps",
    "CreationWatch",
    "Origin",
    "Pause",
    "await_environment",
    "gather_facts",
    "lint_request",
    "list_facts",
    "read_request",
    "record_start",
    "run_steps",
    "run_steps_async",
    "verify_environment",
]
