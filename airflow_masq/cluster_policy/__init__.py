"""Decides about a cluster's ``EgressNATPolicy`` objects: what is wanted, what would change, and what is refused.

Nothing is read or written here. Clients read what is live, and operators write what is decided.
"""

from __future__ import annotations

from airflow_masq.cluster_policy.change import PolicyChange, TargetEffect, plan_change
from airflow_masq.cluster_policy.differences import ObjectDifference, PolicyDifference, compare_policies
from airflow_masq.cluster_policy.record import read_recorded_policy
from airflow_masq.cluster_policy.wanted import WantedPolicy, want_destinations, want_manifests, want_plan_policy

__all__ = [
    "ObjectDifference",
    "PolicyChange",
    "PolicyDifference",
    "TargetEffect",
    "WantedPolicy",
    "compare_policies",
    "plan_change",
    "read_recorded_policy",
    "want_destinations",
    "want_manifests",
    "want_plan_policy",
]
