"""Versions of Composer and of GKE are read as Google writes them, and tell what follows from them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from airflow_masq.environment import GkeVersion, ImageVersion
from airflow_masq.environment.versions import AIRFLOW_OF_COMPOSER_2, END_OF_LIFE, LAST_MINOR_FAR_BEHIND, NEWEST_IMAGE
from airflow_masq.exceptions import InvalidInputError

SOURCES = Path(__file__).resolve().parents[2] / "docs" / "sources.md"


@pytest.mark.parametrize(
    ("text", "generation", "composer", "airflow", "preview", "build"),
    [
        ("composer-2.14.1-airflow-2.10.5", 2, "2.14.1", "2.10.5", None, None),
        ("composer-2.0.0-preview.3-airflow-2.1.4", 2, "2.0.0", "2.1.4", 3, None),
        ("composer-1.20.12-airflow-1.10.15", 1, "1.20.12", "1.10.15", None, None),
        ("composer-3-airflow-2.10.5-build.3", 3, None, "2.10.5", None, 3),
        ("composer-3-airflow-2", 3, None, None, None, None),
        ("composer-3-airflow-3.1", 3, None, None, None, None),
        ("composer-2-airflow-2", 2, None, None, None, None),
        ("composer-latest-airflow-2", None, None, None, None, None),
        ("composer-latest-airflow-2.10.5", None, None, "2.10.5", None, None),
    ],
)
def test_versions_and_aliases_are_read(  # noqa: PLR0917 - one argument per column
    text: str, generation: int | None, composer: str | None, airflow: str | None, preview: int | None, build: int | None
) -> None:
    """Versions, previews, builds and aliases give what they tell, and nothing where they do not tell it."""
    image = ImageVersion.parse(text)
    assert image == ImageVersion(
        text=text,
        generation=generation,
        composer=None if composer is None else Version(composer),
        airflow=None if airflow is None else Version(airflow),
        preview=preview,
        build=build,
    )
    assert str(image) == text


def test_versions_compare_as_numbers() -> None:
    """Composer 2.9 is older than 2.14."""
    older, newer = (
        ImageVersion.parse(f"composer-{version}-airflow-2.10.5").composer for version in ("2.9.0", "2.14.1")
    )
    assert older is not None
    assert newer is not None
    assert older < newer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "composer-2",
        "composer-2.14-airflow-2.10.5",
        "composer-two-airflow-2",
        "Composer-2-airflow-2",
        "composer-2-airflow-2 ",
        "composer-2-airflow-2\n",
        "composer-\u0662-airflow-2",
        "composer-2.14.1-airflow-2.10.5.1",
        "composer-latest-preview.1-airflow-2",
    ],
)
def test_what_is_no_image_version_is_refused(text: str) -> None:
    """What is no image version is refused with an example of one."""
    with pytest.raises(InvalidInputError, match=r"imageVersion: expected an image version such as composer-2\.17\.9"):
        ImageVersion.parse(text, where="imageVersion")


@given(st.text(max_size=80) | st.from_regex(r"composer-[0-9.]{1,9}-airflow-[0-9.]{1,9}", fullmatch=True))
def test_any_image_version_is_read_or_refused(text: str) -> None:
    """Every text is either read and printed unchanged, or refused."""
    try:
        image = ImageVersion.parse(text)
    except InvalidInputError:
        return
    assert str(image) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("composer-1.20.12-airflow-1.10.15", "Composer 1"),
        ("composer-1-airflow-2", "Composer 1"),
        ("composer-2.0.32-airflow-2.3.4", "Composer 2.0"),
    ],
)
def test_ended_image_versions_are_in_the_table(text: str, name: str) -> None:
    """Every Composer 1 and every Composer 2.0 ended on the day that Google announced."""
    end = ImageVersion.parse(text).end_of_life
    assert end is not None
    assert (end.name, end.ended_on) == (name, date(2026, 9, 15))


@pytest.mark.parametrize(
    "text",
    [
        "composer-2.1.0-airflow-2.4.3",
        "composer-2.14.1-airflow-2.10.5",
        "composer-2-airflow-2",
        "composer-3-airflow-2.10.5-build.3",
        "composer-latest-airflow-2",
    ],
)
def test_other_image_versions_have_not_ended(text: str) -> None:
    """Later versions, and aliases that resolve to current ones, have not ended."""
    assert ImageVersion.parse(text).end_of_life is None


def test_every_row_says_where_google_says_so() -> None:
    """The source of each row of the table is among the sources, a page of Google's."""
    sources = SOURCES.read_text(encoding="utf-8")
    for row in END_OF_LIFE:
        assert re.search(rf"^\| `{row.source}` \|.*https://cloud\.google\.com/", sources, re.MULTILINE), row.name


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1.30.5-gke.1014001", (1, 30, 5, 1014001)),
        ("1.30.5", (1, 30, 5, None)),
        ("1.30", (1, 30, None, None)),
        ("1.0.0-gke.0", (1, 0, 0, 0)),
    ],
)
def test_a_gke_version_says_as_much_as_was_written(text: str, parts: tuple[int | None, ...]) -> None:
    """A version keeps its parts, and those that were left out stay unknown."""
    version = GkeVersion.parse(text)
    assert (version.major, version.minor, version.patch, version.build) == parts
    assert str(version) == text


@pytest.mark.parametrize(
    "text",
    ["", "1", "v1.30.5-gke.1", "1.30-gke.1", "1.30.5-gke", "1.30.5-gke.", "1.30.5-eks.1", "1.30.5\n", "\uff11.30.5"],
)
def test_what_is_no_gke_version_is_refused_with_its_place(text: str) -> None:
    """Other notations are refused, harmlessly quoted, with the place that holds them."""
    with pytest.raises(InvalidInputError, match=r"cluster\.initial_version: expected a GKE version") as caught:
        GkeVersion.parse(text, where="cluster.initial_version")
    assert caught.value.seen.isprintable()


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("1.21.14-gke.18800", False),
        ("1.22.6-gke.9999", False),
        ("1.22.7-gke.1499", False),
        ("1.22.7-gke.1500", True),
        ("1.22.8-gke.1", True),
        ("1.23.0-gke.9999", False),
        ("1.23.4-gke.1599", False),
        ("1.23.4-gke.1600", True),
        ("1.23.5-gke.1", True),
        ("1.24.0-gke.0", True),
        ("1.24", True),
        ("2.0.0-gke.1", True),
        ("0.30.0-gke.1", False),
        ("1.22.6", False),
        ("1.23.5", True),
        ("1.22.7", None),
        ("1.23.4", None),
        ("1.22", None),
        ("1.23", None),
    ],
)
def test_support_of_the_agent_begins_with_an_exact_build_of_each_minor(text: str, *, supported: bool | None) -> None:
    """1.22 begins with 1.22.7-gke.1500 and 1.23 with 1.23.4-gke.1600; what is left out may leave it open."""
    assert GkeVersion.parse(text).supports_agent is supported


@pytest.mark.parametrize(
    ("text", "is_no_longer_offered", "is_far_behind"),
    [
        ("composer-2.4.2-airflow-2", True, True),
        ("composer-2.13.9-airflow-2.10.5", True, True),
        ("composer-2.14.1-airflow-2.10.5", False, True),
        ("composer-2.16.0-airflow-2.10.5", False, False),
        (NEWEST_IMAGE, False, False),
        ("composer-2.18.0-airflow-2.11.1", False, False),
        ("composer-2-airflow-2", False, False),
        ("composer-2.0.32-airflow-2.3.4", False, False),
        ("composer-3-airflow-2.10.5-build.3", False, False),
    ],
)
def test_images_grow_old(text: str, *, is_no_longer_offered: bool, is_far_behind: bool) -> None:
    """Ended images and those far behind the newest are found; aliases, newer ones and other generations are not."""
    image = ImageVersion.parse(text)
    assert (image.is_no_longer_offered, image.is_far_behind) == (is_no_longer_offered, is_far_behind)


@pytest.mark.parametrize(
    ("text", "is_unknown"),
    [
        ("composer-2-airflow-3", True),
        ("composer-2-airflow-2.9", True),
        ("composer-2.17.9-airflow-3.2.2", True),
        ("composer-2-airflow-2", False),
        ("composer-2-airflow-2.10", False),
        ("composer-2.17.9-airflow-2.11.1", False),
        ("composer-2.99.0-airflow-3.2.2", False),
        ("composer-3-airflow-3", False),
        ("composer-1-airflow-1", False),
    ],
)
def test_airflow_that_no_image_holds_is_told(text: str, *, is_unknown: bool) -> None:
    """Airflow 3 on Composer 2 is not known, in an alias too; nothing is known of newer images and other generations."""
    assert ImageVersion.parse(text).has_unknown_airflow is is_unknown


def test_the_newest_image_can_be_read_and_leaves_few_behind() -> None:
    """The dated table agrees with itself: images two minor versions behind the newest one are far behind."""
    newest = ImageVersion.parse(NEWEST_IMAGE)
    assert newest.composer is not None
    assert newest.composer.minor - 2 == LAST_MINOR_FAR_BEHIND
    assert newest.airflow_parts == AIRFLOW_OF_COMPOSER_2[0]
