"""An environment gets the image that the service offers for its image version or alias."""

from __future__ import annotations

import pytest

from airflow_masq.environment import ImageVersion, OfferedImage, list_newest, resolve_image

OFFERED = (
    OfferedImage(text="composer-3-airflow-2.11.1-build.14", is_default=True),
    OfferedImage(text="composer-3-airflow-2.11.1-build.9"),
    OfferedImage(text="composer-2.9.10-airflow-2.10.5"),
    OfferedImage(text="composer-2.17.9-airflow-2.10.5"),
    OfferedImage(text="composer-2.17.9-airflow-2.11.1"),
    OfferedImage(text="composer-2.18.0-preview.1-airflow-2.11.1"),
    OfferedImage(text="composer-2.19.0-airflow-2.11.1", is_creatable=False),
    OfferedImage(text="a form of tomorrow"),
)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("composer-2.17.9-airflow-2.10.5", "composer-2.17.9-airflow-2.10.5"),
        ("composer-2-airflow-2", "composer-2.17.9-airflow-2.11.1"),
        ("composer-2-airflow-2.10", "composer-2.17.9-airflow-2.10.5"),
        ("composer-2.9.10-airflow-2", "composer-2.9.10-airflow-2.10.5"),
        ("composer-2.18.0-preview.1-airflow-2", "composer-2.18.0-preview.1-airflow-2.11.1"),
        ("composer-3-airflow-2", "composer-3-airflow-2.11.1-build.14"),
        ("composer-latest-airflow-2", "composer-3-airflow-2.11.1-build.14"),
        ("composer-2.19.0-airflow-2.11.1", None),
        ("composer-2.1.3-airflow-2.3.4", None),
    ],
)
def test_an_alias_stands_for_the_newest_image(text: str, resolved: str | None) -> None:
    """Versions are compared as versions, previews only by their name, and what cannot be created is not offered."""
    found = resolve_image(ImageVersion.parse(text), offered=OFFERED)
    assert (found and found.text) == resolved


def test_no_image_means_the_services_default() -> None:
    """An environment without an image version gets the default, if one can be created."""
    found = resolve_image(None, offered=OFFERED)
    assert found is not None
    assert found.is_default
    assert resolve_image(None, offered=OFFERED[1:]) is None


def test_the_newest_images_of_a_generation_are_listed() -> None:
    """Newest first, and no previews."""
    assert [image.text for image in list_newest(OFFERED, generation=2)] == [
        "composer-2.17.9-airflow-2.11.1",
        "composer-2.17.9-airflow-2.10.5",
        "composer-2.9.10-airflow-2.10.5",
    ]
