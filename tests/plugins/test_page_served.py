"""Who may have the page's files from a real Airflow, and with which headers."""

from __future__ import annotations

import pytest

from airflow_masq.plugins.page_files import HEADERS, PAGE_FILE_NAMES
from tests.plugins.live_airflow import LiveAirflow

pytestmark = pytest.mark.airflow

ROUTES = [
    "",
    *PAGE_FILE_NAMES,
    "docs",
    "redoc",
    "openapi.json",
    "../plugins",
    "nothing",
    "page.js/",
    "%2e%2e/__init__.py",
]


def test_airflows_own_list_of_dags_opens(live: LiveAirflow) -> None:
    """The page is tested in an Airflow whose other pages work."""
    status, _, _ = live.ask("home" if live.is_airflow_2 else "api/v2/dags", user="admin")
    assert status == 200


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_anything_unless_signed_in(live: LiveAirflow, route: str) -> None:
    """Every route refuses, or sends to the page where one signs in; none says which names exist."""
    status, headers, body = live.ask(f"airflow-masq/{route}")
    assert status in {401, 403, 404} or "/login" in headers.get("location", ""), (status, headers)
    assert b"Masquerade" not in body
    assert b"MASQ4" not in body


@pytest.mark.parametrize("route", ["", *PAGE_FILE_NAMES])
def test_a_user_without_a_role_is_refused(live: LiveAirflow, route: str) -> None:
    """To be signed in is not enough."""
    status, headers, body = live.ask(f"airflow-masq/{route}", user="guest")
    assert status in {401, 403} or headers.get("location"), (status, headers)
    assert b"MASQ4" not in body
    assert b"page.js" not in body


@pytest.mark.parametrize("route", ["", *PAGE_FILE_NAMES])
def test_a_viewer_of_airflow_2_is_refused(live: LiveAirflow, route: str) -> None:
    """One who may look at DAGs may not see plugins; Airflow 3's simple auth manager lets all its roles see them."""
    status, headers, body = live.ask(f"airflow-masq/{route}", user="viewer")
    if live.is_airflow_2:
        assert status in {401, 403} or "/login" in headers.get("location", ""), (status, headers)
        assert b"MASQ4" not in body
        assert "content-security-policy" not in headers  # which each of the page's files has
    else:
        assert status == 200


@pytest.mark.parametrize("route", ["", *PAGE_FILE_NAMES])
def test_who_may_see_plugins_gets_the_files(live: LiveAirflow, route: str) -> None:
    """Each file comes with a content security policy that runs no script but the page's own."""
    status, headers, body = live.ask(f"airflow-masq/{route}", user="admin")
    assert (status, bool(body)) == (200, True)
    assert {name: headers.get(name.lower()) for name in HEADERS} == dict(HEADERS)
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("route", ["docs", "openapi.json", "nothing", "%2e%2e/__init__.py", "..%2f__init__.py"])
def test_no_other_name_is_served(live: LiveAirflow, route: str) -> None:
    """The allow-list is all there is."""
    status, _, body = live.ask(f"airflow-masq/{route}", user="admin")
    assert status == 404
    assert b"__future__" not in body
