"""Addresses, ranges, masquerade policies and the source address that follows from them; pure, no input or output."""

from __future__ import annotations

from airflow_masq.network.arrival import PredictedKind
from airflow_masq.network.attribution import attribute
from airflow_masq.network.compiled import CompiledPolicy, compile_policy
from airflow_masq.network.egress_nat_policy import (
    EgressNatPolicy,
    ManifestProblem,
    check_egress_nat_policy,
    egress_nat_policies,
    read_egress_nat_policy,
)
from airflow_masq.network.firewall import lets_in
from airflow_masq.network.policy import (
    Chain,
    Decision,
    Exemption,
    MasqueradePolicy,
    Reason,
    composer_policy,
    decide,
    exemptions,
    gke_default_policy,
    no_policy,
)
from airflow_masq.network.prediction import Prediction, predict
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind, NetworkRanges, SourceKind, parse_address, parse_cidr

__all__ = [
    "AddressKind",
    "Chain",
    "CompiledPolicy",
    "Decision",
    "EgressNatPolicy",
    "Exemption",
    "ManifestProblem",
    "MasqueradePolicy",
    "NetworkRanges",
    "PredictedKind",
    "Prediction",
    "Provenance",
    "Reason",
    "SourceKind",
    "attribute",
    "check_egress_nat_policy",
    "compile_policy",
    "composer_policy",
    "decide",
    "egress_nat_policies",
    "exemptions",
    "gke_default_policy",
    "lets_in",
    "no_policy",
    "parse_address",
    "parse_cidr",
    "predict",
    "read_egress_nat_policy",
]
