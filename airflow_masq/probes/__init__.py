"""The only place that opens probing sockets: one attempt, one fresh socket, one observation; no Airflow here."""

from airflow_masq.probes.attempt import OpenSocket, Resolve, resolve_by_system
from airflow_masq.probes.http import probe_http
from airflow_masq.probes.probe import PROBES, Probe, probe

__all__ = ["PROBES", "OpenSocket", "Probe", "Resolve", "probe", "probe_http", "resolve_by_system"]
