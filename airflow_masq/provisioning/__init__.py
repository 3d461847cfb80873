"""How an environment comes about: request, adoption, watch, facts. The client of the Composer API is passed in."""

from __future__ import annotations

from airflow_masq.provisioning.adoption import CreationStart, start_creation, verify_environment
from airflow_masq.provisioning.facts import list_facts, make_console_url, record_start
from airflow_masq.provisioning.request import CreationRequest, lint_request, read_request
from airflow_masq.provisioning.watch import CreationWatch

__all__ = [
    "CreationRequest",
    "CreationStart",
    "CreationWatch",
    "lint_request",
    "list_facts",
    "make_console_url",
    "read_request",
    "record_start",
    "start_creation",
    "verify_environment",
]
