"""The only place that opens probing sockets: one attempt, one fresh socket, one observation; no Airflow here."""

from airflow_masq.probes.probe import MOST_ADDRESSES, PROBES, Probe, probe
from airflow_masq.probes.resolver import Resolve, Resolved
from airflow_masq.probes.session import (
    DEFAULT_CONCURRENCY,
    DEFAULT_JITTER,
    DEFAULT_RATE_PER_SECOND,
    OpenSocket,
    Session,
    make_tls_context,
)

__all__ = [
    "DEFAULT_CONCURRENCY",
    "DEFAULT_JITTER",
    "DEFAULT_RATE_PER_SECOND",
    "MOST_ADDRESSES",
    "PROBES",
    "OpenSocket",
    "Probe",
    "Resolve",
    "Resolved",
    "Session",
    "make_tls_context",
    "probe",
]
