"""A Composer environment as a value: its name, its versions and its resource; pure, no input or output."""

from __future__ import annotations

from airflow_masq.environment.name import EnvironmentName
from airflow_masq.environment.offered_images import OfferedImage, list_newest, resolve_image
from airflow_masq.environment.resource import IMAGE_VERSION_PLACE, OUT_OF_YOUR_NETWORK, EnvironmentResource
from airflow_masq.environment.versions import (
    COMPOSER_1,
    COMPOSER_2,
    COMPOSER_3,
    EndOfLife,
    GkeVersion,
    ImageVersion,
)

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
    "OfferedImage",
    "list_newest",
    "resolve_image",
]
