"""Asks for every environment of a fleet, many regions at once, and audits what is there; it reads only."""

from airflow_masq.fleet.auditing import FleetLimits, audit_fleet, list_places
from airflow_masq.fleet.details import DetailReaders, make_readers

__all__ = ["DetailReaders", "FleetLimits", "audit_fleet", "list_places", "make_readers"]
