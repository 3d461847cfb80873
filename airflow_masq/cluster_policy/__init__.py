"""Decides about a cluster's ``EgressNATPolicy`` objects: what is wanted, what would change, and what is refused.

Nothing is read or written here. Clients read what is live, and operators write what is decided.
"""

from __future__ import annotations

from airflow_masq.cluster_policy.differences import ObjectDifference, PolicyDifference, compare_policies
from airflow_masq.cluster_policy.record import read_recorded_policy

__all__ = ["ObjectDifference", "PolicyDifference", "compare_policies", "read_recorded_policy"]
