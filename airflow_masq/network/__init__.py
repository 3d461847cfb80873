"""Addresses, ranges, masquerade policies and the source address that follows from them; pure, no input or output."""

from __future__ import annotations

from airflow_masq.network.attribution import attribute
from airflow_masq.network.policy import (
    Decision,
    MasqueradePolicy,
    Reason,
    composer_policy,
    decide,
    gke_default_policy,
    no_policy,
)
from airflow_masq.network.prediction import PredictedKind, Prediction, predict
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind, NetworkRanges, SourceKind, parse_address, parse_cidr

__all__ = [
    "AddressKind",
    "Decision",
    "MasqueradePolicy",
    "NetworkRanges",
    "PredictedKind",
    "Prediction",
    "Provenance",
    "Reason",
    "SourceKind",
    "attribute",
    "composer_policy",
    "decide",
    "gke_default_policy",
    "no_policy",
    "parse_address",
    "parse_cidr",
    "predict",
]
