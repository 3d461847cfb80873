"""The plan file and its values; pure, no input or output but the packaged schema."""

from __future__ import annotations

from airflow_masq.plan.load import load_plan, load_plan_from_environment, load_plan_from_mapping
from airflow_masq.plan.policy_section import PolicyChoice
from airflow_masq.plan.schema import PLAN_SCHEMA
from airflow_masq.plan.targets import Target
from airflow_masq.plan.values import Plan, Remedy

__all__ = [
    "PLAN_SCHEMA",
    "Plan",
    "PolicyChoice",
    "Remedy",
    "Target",
    "load_plan",
    "load_plan_from_environment",
    "load_plan_from_mapping",
]
