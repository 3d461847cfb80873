"""An environment's name has three parts, each in Google's form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.environment import EnvironmentName
from airflow_masq.exceptions import InvalidInputError

NAME = "projects/example-project/locations/us-central1/environments/example-environment"


@pytest.mark.parametrize(
    "text",
    [
        NAME,
        "projects/123456789/locations/europe-west1/environments/a",
        "projects/example.com:example-project/locations/us-central1/environments/a-1",
        f"projects/p/locations/l/environments/a{'b' * 63}",
    ],
)
def test_a_name_is_read_and_printed_the_same(text: str) -> None:
    """Project ids, numbers and domain projects are read, and the name prints as it was written."""
    assert str(EnvironmentName.parse(text)) == text


def test_a_name_gives_its_parts() -> None:
    """A name tells project, location, id and the parent that the API wants."""
    name = EnvironmentName.parse(NAME)
    assert name == EnvironmentName(
        project="example-project", location="us-central1", environment_id="example-environment"
    )
    assert name.parent == "projects/example-project/locations/us-central1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "projects/PROJECT/"),
        ("example-environment", "projects/PROJECT/"),
        (f"/{NAME}", "projects/PROJECT/"),
        (f"{NAME}/dags", "projects/PROJECT/"),
        (NAME.replace("projects", "project"), "projects/PROJECT/"),
        (NAME.replace("example-project", "Example Project"), "a project ID or number"),
        (NAME.replace("us-central1", "US"), "a location such as"),
        (NAME.replace("example-environment", "Example"), "an environment ID of up to 64 lowercase letters"),
        (NAME.replace("example-environment", "1example"), "an environment ID of up to 64 lowercase letters"),
        (NAME.replace("example-environment", "example-"), "an environment ID of up to 64 lowercase letters"),
        (NAME.replace("example-environment", "a" * 65), "an environment ID of up to 64 lowercase letters"),
        (f"{NAME}\n", "an environment ID of up to 64 lowercase letters"),
        (f"projects/p/locations/l/environments/{'A' * 500}", "an environment ID of up to 64 lowercase letters"),
    ],
)
def test_a_name_in_any_other_form_is_refused(text: str, expected: str) -> None:
    """The error names the part that is wrong and what belongs there, and quotes no more than is useful."""
    with pytest.raises(InvalidInputError) as caught:
        EnvironmentName.parse(text)
    assert caught.value.expected.startswith(expected)
    assert len(caught.value.seen) < 130


NAMES = (
    r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/locations/[a-z]{2,9}-[a-z]{4,12}[1-9]"
    r"/environments/[a-z]([a-z0-9-]*[a-z0-9])?"
)


@given(
    st.text(max_size=80)
    | st.from_regex(r"projects/.*/locations/.*/environments/.*", fullmatch=True)
    | st.from_regex(NAMES, fullmatch=True)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Every text is either read and printed unchanged, or refused."""
    try:
        name = EnvironmentName.parse(text)
    except InvalidInputError:
        return
    assert str(name) == text
