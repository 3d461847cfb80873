"""What a Composer environment is called, which image it runs and what its resource says; pure, no input or output."""

from __future__ import annotations

from airflow_masq.environment.end_of_life import EndOfLife, end_of_life
from airflow_masq.environment.gke_version import GkeVersion, supports_masquerade_agent
from airflow_masq.environment.image import ImageVersion
from airflow_masq.environment.name import EnvironmentName
from airflow_masq.environment.resource import masquerade_enabled, normalise, value_at, with_masquerade

__all__ = [
    "EndOfLife",
    "EnvironmentName",
    "GkeVersion",
    "ImageVersion",
    "end_of_life",
    "masquerade_enabled",
    "normalise",
    "supports_masquerade_agent",
    "value_at",
    "with_masquerade",
]
