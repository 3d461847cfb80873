"""Image versions and their aliases."""

from __future__ import annotations

import pytest

from lab.cloud.images import CREATABLE_IMAGES, Image, resolve_image

_IMAGES = (
    "composer-2.14.1-airflow-2.10.5",
    "composer-2.14.1-airflow-2.9.3",
    "composer-2.13.9-airflow-2.10.5",
    "composer-2.13.0-preview.1-airflow-2.10.5",
    "composer-3-airflow-2.10.5-build.13",
    "composer-3-airflow-2.10.5-build.12",
)


@pytest.mark.parametrize(
    ("asked", "resolved"),
    [
        ("", "composer-2.14.1-airflow-2.10.5"),
        ("composer-2.13.9-airflow-2.10.5", "composer-2.13.9-airflow-2.10.5"),
        ("composer-2-airflow-2", "composer-2.14.1-airflow-2.10.5"),
        ("composer-latest-airflow-2", "composer-2.14.1-airflow-2.10.5"),
        ("composer-2-airflow-2.9", "composer-2.14.1-airflow-2.9.3"),
        ("composer-2.13.9-airflow-2", "composer-2.13.9-airflow-2.10.5"),
        ("composer-2.13.0-preview.1-airflow-2", "composer-2.13.0-preview.1-airflow-2.10.5"),
        ("composer-3-airflow-2", "composer-3-airflow-2.10.5-build.13"),
        ("composer-3-airflow-2.10.5-build.12", "composer-3-airflow-2.10.5-build.12"),
    ],
)
def test_alias_stands_for_the_newest_image_that_satisfies_it(asked: str, resolved: str) -> None:
    """An alias is replaced with the newest matching image of the list, a full version with itself."""
    assert resolve_image(asked, creatable=_IMAGES) == resolved


@pytest.mark.parametrize(
    "asked",
    [
        "composer-2.14.10-airflow-2.10.5",
        "composer-2.1.4-airflow-2",
        "composer-2.13.0-airflow-2.10.5",
        "composer-2.14-airflow-2",
        "composer-20-airflow-2",
        "composer-2-airflow-2.1",
        "composer-2-airflow-3",
        "composer-3-airflow-2.10.5-build.1",
        "2.14.1",
        "composer-2-airflow-2\n",
    ],
)
def test_image_that_is_not_creatable_is_not_found(asked: str) -> None:
    """A version that only looks similar as text, or has an invalid form, stands for no image."""
    assert resolve_image(asked, creatable=_IMAGES) is None


def test_lab_creates_the_newest_images_of_composer_2_and_3() -> None:
    """The default is Composer 3's, as Google's is, and an alias of Composer 2 stands for its newest image."""
    assert resolve_image("", creatable=CREATABLE_IMAGES) == "composer-3-airflow-2.11.1-build.14"
    assert resolve_image("composer-latest-airflow-3", creatable=CREATABLE_IMAGES) == "composer-3-airflow-3.2.2-build.1"
    assert resolve_image("composer-2-airflow-2", creatable=CREATABLE_IMAGES) == "composer-2.17.9-airflow-2.11.1"
    images = [Image.parse(image) for image in CREATABLE_IMAGES]
    assert [image.generation for image in images if image is not None] == [3, 3, 3, 3, 2, 2, 2, 2]
