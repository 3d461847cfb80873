"""Image versions are read as Google writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from airflow_masq.environment import ImageVersion
from airflow_masq.exceptions import InvalidInputError


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
def test_anything_else_is_refused(text: str) -> None:
    """What is no image version is refused with an example of one."""
    with pytest.raises(InvalidInputError, match=r"imageVersion: expected an image version such as composer-2\.14\.1"):
        ImageVersion.parse(text, where="imageVersion")


@given(st.text(max_size=80) | st.from_regex(r"composer-[0-9.]{1,9}-airflow-[0-9.]{1,9}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the text, it is read and prints the same again, or it is refused."""
    try:
        image = ImageVersion.parse(text)
    except InvalidInputError:
        return
    assert str(image) == text
