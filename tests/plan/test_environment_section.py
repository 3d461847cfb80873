"""What an environment's resource says about its generation."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.plan.environment_section import (
    COMPOSER_1,
    COMPOSER_2,
    COMPOSER_3,
    composer_generation,
    runs_on_autopilot,
)


@pytest.mark.parametrize(
    ("image", "generation"),
    [
        ("composer-1.20.12-airflow-1.10.15", COMPOSER_1),
        ("composer-2.14.1-airflow-2.10.5", COMPOSER_2),
        ("composer-3-airflow-2.10.5-build.3", COMPOSER_3),
        ("composer-latest-airflow-2", None),
        (2, None),
        (None, None),
    ],
)
def test_the_image_tells_the_generation(image: object, generation: int | None) -> None:
    """The image alone says which Composer it is, and only Composer 1 runs on Standard clusters."""
    resource: dict[str, Any] = {"config": {"softwareConfig": {"imageVersion": image}}}
    assert composer_generation(resource) == generation
    assert runs_on_autopilot(resource) is (generation != COMPOSER_1)
