"""Asks for every environment of a fleet, many regions at once, and audits what is there; it reads only."""

from airflow_masq.fleet.auditing import audit_fleet, list_places
from airflow_masq.fleet.walk import WalkLimits

__all__ = ["WalkLimits", "audit_fleet", "list_places"]
