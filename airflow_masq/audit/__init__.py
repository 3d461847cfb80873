"""Which environments of a fleet are masqueraded, which must be re-created, and what has changed; pure."""

from airflow_masq.audit.audit import Audit, AuditedEnvironment, Drift, EnvironmentRecord, audit_environment
from airflow_masq.audit.codec import SCHEMA, decode_earlier_audit, encode_audit
from airflow_masq.audit.drift import EarlierAudit
from airflow_masq.audit.masquerading import Masquerading, Standing, find_standing
from airflow_masq.audit.not_asked import MOST_PLACES, NotAsked

__all__ = [
    "MOST_PLACES",
    "SCHEMA",
    "Audit",
    "AuditedEnvironment",
    "Drift",
    "EarlierAudit",
    "EnvironmentRecord",
    "Masquerading",
    "NotAsked",
    "Standing",
    "audit_environment",
    "decode_earlier_audit",
    "encode_audit",
    "find_standing",
]
