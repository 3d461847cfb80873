"""The connection form in a real browser on a real Airflow: it is filled in, saved and tested, and the hook reads it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import certifi
import pytest
from playwright.sync_api import expect

from tests.local_observers import LOOPBACK, Observer, observer
from tests.plugins.browsing import needs_chromium, open_tab, run_chromium
from tests.plugins.live_airflow import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.airflow, needs_chromium]

HEADERS = '{"X-Api-Key": "hunter3"}'
FILLED = {"path": "/client-ip", "headers": HEADERS, "ca_file": certifi.where()}

READ_BACK = """
import json, sys
from airflow_masq.hooks.source_ip import ObserverConnection, SourceIpHook
for conn_id in sys.argv[1:]:
    read = ObserverConnection.read(SourceIpHook.get_connection(conn_id), where=conn_id)
    print(json.dumps([read.url, dict(read.headers), read.tls_context is not None]))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests."""
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture
def service() -> Iterator[Observer]:
    """Run an observer that tells the truth."""
    with observer() as server:
        yield server


def open_form(page: Page, live: LiveAirflow) -> Locator:
    """Open the form of a new connection of our type."""
    if live.is_airflow_2:
        page.goto(f"{live.url}/connection/list/")  # to which one is led back after "Save"
        page.goto(f"{live.url}/connection/add")
        page.select_option("#conn_type", "source_ip_observer", force=True)  # what is seen is drawn over it
        return page.locator("form").filter(has=page.locator("#conn_id"))
    page.goto(f"{live.url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.get_by_role("combobox").last.fill("Source IP observer")
    page.keyboard.press("Enter")
    expect(form.get_by_text("Scheme")).to_be_visible()
    return form


def fill(form: Locator, live: LiveAirflow, *, standard: dict[str, str], extra: dict[str, str]) -> None:
    """Fill in fields as a user does, the extra's in the section that Airflow 3 folds away."""
    for name, value in standard.items():
        shown_as = "connection_id" if name == "conn_id" and not live.is_airflow_2 else name
        form.locator(f"input[name={shown_as}]").fill(value)
    if extra and not live.is_airflow_2:
        form.get_by_role("button", name="Extra Fields", exact=True).click()
    for name, label in {"path": "Path", "headers": "Headers", "ca_file": "CA file"}.items():
        if name in extra:
            # Airflow 3 ties its labels of these to nothing, so they are not found by label there.
            field = form.get_by_label(label) if live.is_airflow_2 else form.locator(f"input[name=element_{name}]")
            field.fill(extra[name])


def save(page: Page, form: Locator, live: LiveAirflow) -> None:
    """Press the button "Save", and wait until the connection is saved."""
    form.get_by_role("button", name="Save").click()
    if live.is_airflow_2:
        expect(page.get_by_text("Added Row")).to_be_visible()
    else:
        expect(form).to_have_count(0)


def press_test(page: Page, live: LiveAirflow, conn_id: str) -> str:
    """Press the button "Test" of a saved connection on Airflow 3, of the open form on Airflow 2; give its answer."""
    if live.is_airflow_2:
        page.get_by_role("button", name="Test").click()
        shown = page.locator(".alert", has_text="Asked from")
    else:
        page.goto(f"{live.url}/connections")
        row = page.get_by_role("row").filter(has=page.get_by_text(conn_id, exact=True))
        row.get_by_role("button", name="Test").click()
        shown = page.locator("[data-scope=toast][data-part=root]", has_text="Asked from")
    expect(shown.first).to_be_visible()
    return shown.first.inner_text()


def read_back(live: LiveAirflow, *conn_ids: str) -> list[object]:
    """Read saved connections with the hook, in a process as a task's: the URL, the headers, whether there is a CA."""
    return [json.loads(line) for line in live.run_python(READ_BACK, *conn_ids) if line.startswith('["http')]


def test_a_connection_is_filled_in_tested_and_saved(browser: Browser, live: LiveAirflow, service: Observer) -> None:
    """Save works with all fields and with the optional ones empty; Test asks the observer and says from where."""
    port = str(service.server_address[1])
    asked = f"Asked from the {'web' if live.is_airflow_2 else 'API'} server (host "
    standard = {"conn_id": "erp", "host": LOOPBACK, "port": port, "login": "masq", "password": "hunter2"}
    with open_tab(browser, live) as (page, troubles):
        form = open_form(page, live)
        expect(form.locator("input[name=port]")).to_have_attribute("placeholder", re.compile("Test needs one"))
        fill(form, live, standard=standard, extra=FILLED)
        answer = press_test(page, live, "erp") if live.is_airflow_2 else ""
        save(page, form, live)
        answer = answer or press_test(page, live, "erp")
        assert f"The observer sees {LOOPBACK}. {asked}" in answer
        assert "says nothing about workers" in answer
        assert "hunter" not in answer
        assert service.last_path == "/client-ip"
        assert service.last_headers["X-Api-Key"] == "hunter3"

        form = open_form(page, live)
        fill(form, live, standard={"conn_id": "plain", "host": LOOPBACK, "port": port}, extra={})
        save(page, form, live)
    # Airflow 2's own page of connections has an error in its scripts, whatever the type.
    assert troubles == [] or live.is_airflow_2
    basic = "Basic bWFzcTpodW50ZXIy"
    assert read_back(live, "erp", "plain") == [
        [f"http://{LOOPBACK}:{port}/client-ip", {"Authorization": basic, "X-Api-Key": "hunter3"}, True],
        [f"http://{LOOPBACK}:{port}/", {}, False],
    ]


def test_a_test_that_fails_reads_well(browser: Browser, live: LiveAirflow) -> None:
    """Test says which field is wrong, or that nothing listens there, and shows no secret."""
    with open_tab(browser, live) as (page, _troubles):
        form = open_form(page, live)
        wrong = {"headers": "X-Api-Key: hunter3"}
        fill(form, live, standard={"conn_id": "wrong", "host": LOOPBACK, "port": "9"}, extra=wrong)
        if not live.is_airflow_2:
            save(page, form, live)
        answer = press_test(page, live, "wrong")
    expected = "this connection: extra.headers: expected a JSON object, saw text that is not JSON"
    assert f"No source address was seen: {expected} (unusable-target). Asked from the" in answer
    assert "hunter" not in answer
