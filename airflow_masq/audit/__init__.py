"""Which environments of a fleet are masqueraded, which must be re-created, and what has changed; pure."""

from airflow_masq.audit.audit import Audit, AuditedEnvironment, Drift, EnvironmentRecord, audit_environment
from airflow_masq.audit.bounding import bound_audit, summarise_audit
from airflow_masq.audit.codec import SCHEMA, decode_earlier_audit, encode_audit
from airflow_masq.audit.complaints import (
    Complaint,
    fail_on_complaints,
    list_complaints,
    read_complaints,
    read_reactions,
)
from airflow_masq.audit.drift import EarlierAudit
from airflow_masq.audit.masquerading import Masquerading, Standing, find_standing
from airflow_masq.audit.not_asked import NotAsked
from airflow_masq.audit.table import render_audit

__all__ = [
    "SCHEMA",
    "Audit",
    "AuditedEnvironment",
    "Complaint",
    "Drift",
    "EarlierAudit",
    "EnvironmentRecord",
    "Masquerading",
    "NotAsked",
    "Standing",
    "audit_environment",
    "bound_audit",
    "decode_earlier_audit",
    "encode_audit",
    "fail_on_complaints",
    "find_standing",
    "list_complaints",
    "read_complaints",
    "read_reactions",
    "render_audit",
    "summarise_audit",
]
