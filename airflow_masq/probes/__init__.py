"""The only place that opens probing sockets: one attempt, one fresh socket, one observation; no Airflow here."""

from airflow_masq.probes.http import probe_http
from airflow_masq.probes.probe import PROBES, Probe, probe
from airflow_masq.probes.resolve import Resolve, resolve_by_system
from airflow_masq.probes.sockets import OpenSocket

__all__ = ["PROBES", "OpenSocket", "Probe", "Resolve", "probe", "probe_http", "resolve_by_system"]
