"""What a Composer environment is called, which image it runs and what its resource says; pure, no input or output."""

from __future__ import annotations

from airflow_masq.environment.end_of_life import EndOfLife, end_of_life
from airflow_masq.environment.gke_version import GkeVersion, supports_masquerade_agent
from airflow_masq.environment.image import COMPOSER_1, COMPOSER_2, COMPOSER_3, ImageVersion
from airflow_masq.environment.name import EnvironmentName
from airflow_masq.environment.resource import IMAGE_VERSION_PLACE, OUT_OF_YOUR_NETWORK, EnvironmentResource

__all__ = [
    "COMPOSER_1",
    "COMPOSER_2",
    "COMPOSER_3",
    "IMAGE_VERSION_PLACE",
    "OUT_OF_YOUR_NETWORK",
    "EndOfLife",
    "EnvironmentName",
    "EnvironmentResource",
    "GkeVersion",
    "ImageVersion",
    "end_of_life",
    "supports_masquerade_agent",
]
