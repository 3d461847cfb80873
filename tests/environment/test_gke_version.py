"""GKE's versions are read as GKE writes them, and compared build by build."""

from __future__ import annotations

import pytest

from airflow_masq.environment import GkeVersion, supports_masquerade_agent
from airflow_masq.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1.30.5-gke.1014001", (1, 30, 5, 1014001)),
        ("1.30.5", (1, 30, 5, None)),
        ("1.30", (1, 30, None, None)),
        ("1.0.0-gke.0", (1, 0, 0, 0)),
    ],
)
def test_a_version_says_as_much_as_was_written(text: str, parts: tuple[int | None, ...]) -> None:
    """A version keeps its parts, and those that were left out stay unknown."""
    version = GkeVersion.parse(text)
    assert (version.major, version.minor, version.patch, version.build) == parts
    assert str(version) == text


@pytest.mark.parametrize(
    "text",
    ["", "1", "v1.30.5-gke.1", "1.30-gke.1", "1.30.5-gke", "1.30.5-gke.", "1.30.5-eks.1", "1.30.5\n", "\uff11.30.5"],
)
def test_what_is_no_version_is_refused_with_its_place(text: str) -> None:
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
def test_support_begins_with_an_exact_build_of_each_minor(text: str, *, supported: bool | None) -> None:
    """1.22 begins with 1.22.7-gke.1500 and 1.23 with 1.23.4-gke.1600; what is left out may leave it open."""
    assert supports_masquerade_agent(GkeVersion.parse(text)) is supported
