"""What Google's APIs tell of an environment's network, as values: cluster, subnetworks, Cloud NAT, quotas.

Google's answers are read leniently: a field that is missing or of another type is a fact that is not known, never an
error and never a guess.
"""

from __future__ import annotations

from airflow_masq.facts.cluster import Cluster, ClusterName, NodePool
from airflow_masq.facts.control_plane import ControlPlane, EndpointChoice
from airflow_masq.facts.nat import NatGateway, NatStatus, Router
from airflow_masq.facts.subnetwork import Quota, RegionalName, ReservedAddress, Subnetwork, read_quotas

__all__ = [
    "Cluster",
    "ClusterName",
    "ControlPlane",
    "EndpointChoice",
    "NatGateway",
    "NatStatus",
    "NodePool",
    "Quota",
    "RegionalName",
    "ReservedAddress",
    "Router",
    "Subnetwork",
    "read_quotas",
]
