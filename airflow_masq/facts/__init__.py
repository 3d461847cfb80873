"""What Google's APIs tell of an environment's network, as values: cluster, subnetworks, Cloud NAT, quotas, roles.

Google's answers are read leniently: a field that is missing or of another type is a fact that is not known, never an
error and never a guess.
"""

from __future__ import annotations

from airflow_masq.facts.cluster import Cluster, ClusterName, NodePool
from airflow_masq.facts.control_plane import ControlPlane, EndpointChoice
from airflow_masq.facts.iam import Binding, IamPolicy, ServiceAccount
from airflow_masq.facts.nat import NatGateway, NatStatus, Router
from airflow_masq.facts.subnetwork import Quota, RegionalName, Subnetwork, read_quotas
from airflow_masq.facts.utilization import Utilization, read_utilizations

__all__ = [
    "Binding",
    "Cluster",
    "ClusterName",
    "ControlPlane",
    "EndpointChoice",
    "IamPolicy",
    "NatGateway",
    "NatStatus",
    "NodePool",
    "Quota",
    "RegionalName",
    "Router",
    "ServiceAccount",
    "Subnetwork",
    "Utilization",
    "read_quotas",
    "read_utilizations",
]
