"""The page in a real browser on a real Airflow: what it shows, to whom, and that nothing in it can be made to run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from tests.plugins.browsing import needs_chromium, open_tab, run_chromium
from tests.plugins.history import SMUGGLED
from tests.plugins.live_airflow import LiveAirflow, run_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.airflow, needs_chromium]

DETAIL = "#/check_environment_0/environment-0/erp"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests."""
    with run_chromium() as chromium:
        yield chromium


def rows_of(page: Page) -> list[str]:
    """Wait for the first screen, and give the text of each row."""
    expect(page.locator("table.overview tbody tr").first).to_be_visible()
    expect(page.locator("text=never_ran").first).to_be_visible()
    return page.locator("table.overview tbody tr").all_inner_texts()


def test_the_first_screen_has_the_worst_environment_first(browser: Browser, live: LiveAirflow) -> None:
    """Each environment is a row with a verdict per target, its coverage, when it was checked, and what changed."""
    with open_tab(browser, live) as (page, troubles):
        page.goto(live.page_url)
        rows = rows_of(page)
        heads = page.locator("table.overview thead th").all_inner_texts()
    assert troubles == []
    assert heads == ["Environment", "Last checked", "Nodes seen", "What changed", "crm", "erp", "partner"]
    first = rows[0]
    assert first.startswith("environment-0")
    assert "FAIL" in first
    assert "3 of 6 nodes seen" in first
    assert "erp: PASS → FAIL" in first
    assert [row.split()[0] for row in rows if "never checked" in row] == ["never_ran"]
    assert "not checked for 2 days" in next(row for row in rows if row.startswith("environment-3"))


def test_nothing_smuggled_runs(browser: Browser, live: LiveAirflow) -> None:
    """Markup in an environment's name, in a reply's text and in a posted event is text, and the page stays usable."""
    with open_tab(browser, live) as (page, troubles):
        page.goto(live.page_url)
        rows = rows_of(page)
        assert any(SMUGGLED in row for row in rows)
        page.locator("table.overview a", has_text="<img").click()
        expect(page.locator("#detail h2").first).to_contain_text(SMUGGLED)
        page.goto(f"{live.page_url}#/check_environment_1/environment-1/crm")
        expect(page.locator("#detail")).to_contain_text(SMUGGLED)
        assert page.locator("#detail img, #overview img").count() == 0
        assert page.title() == "Masquerade"
    assert troubles == []


def test_a_cell_opens_the_evidence(browser: Browser, live: LiveAirflow) -> None:
    """A verdict opens each node with the reason, the attempts, the code's text, the history, the map and the list."""
    with open_tab(browser, live) as (page, troubles):
        page.goto(live.page_url)
        rows_of(page)
        page.get_by_role("button", name="environment-0, erp: FAIL. Open").click()
        detail = page.locator("#detail")
        expect(detail).to_contain_text("this node does not masquerade as the policy says")
        expect(detail.locator("section").first).to_contain_text("gke-node-0")
        detail.locator("summary", has_text="Evidence").first.click()
        expect(detail.locator("table.evidence").first).to_contain_text("192.168.0.2 → 172.20.0.10")
        detail.locator("summary", has_text="What MASQ411 means").click()
        expect(detail).to_contain_text("Compare the nodes in the report")
        strip = detail.locator("section").first.locator("ol.strip li")
        assert [(item.get_attribute("class") or "").split()[0] for item in strip.all()][-4:] == [
            "PASS",
            "FAIL",
            "FAIL",
            "FAIL",
        ]
        assert detail.locator(".map-row", has_text="Pod 192.168.0.0/18").locator("line.tick.FAIL").count() == 1
        expect(detail.locator("table.allowlist")).to_contain_text("10.128.0.0/20")
        page.get_by_role("link", name="All environments").click()
        expect(page.locator("table.overview")).to_be_visible()
    assert troubles == []


def test_without_the_report_the_event_is_enough(browser: Browser, live: LiveAirflow) -> None:
    """Where db clean took the run and its XCom, the page shows what the event kept, and says what is missing."""
    with open_tab(browser, live) as (page, _):  # the browser logs the 404
        page.goto(f"{live.page_url}#/check_environment_3/environment-3")
        expect(page.locator("#detail")).to_contain_text("The run's full report is gone")
        expect(page.locator("#detail section").first).to_contain_text("10.131.0.1")


def test_the_keyboard_suffices(browser: Browser, live: LiveAirflow) -> None:
    """A verdict can be reached and opened without a mouse."""
    with open_tab(browser, live) as (page, _):
        page.goto(live.page_url)
        rows_of(page)
        page.locator("#search").focus()
        for _ in range(20):
            page.keyboard.press("Tab")
            if "erp: FAIL" in (page.evaluate("document.activeElement.getAttribute('aria-label')") or ""):
                break
        page.keyboard.press("Enter")
        expect(page.locator("#detail h2").first).to_be_focused()


def test_one_question_that_fails_hides_nothing_else(browser: Browser, live: LiveAirflow) -> None:
    """What could be read is shown, with a notice of what could not."""
    with open_tab(browser, live) as (page, _):  # the browser logs the 500
        page.route(re.compile("events.*never_ran"), lambda route: route.fulfill(status=500, json={}))
        page.goto(live.page_url)
        expect(page.get_by_role("alert")).to_contain_text("Airflow answered 500")
        rows = page.locator("table.overview tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows if row.startswith("environment")] == [
        "environment-0",
        "environment-1",
        "environment-3",
    ]


def test_a_reload_without_news_keeps_the_focus(browser: Browser, live: LiveAirflow) -> None:
    """Who works with the keyboard stays where they are."""
    with open_tab(browser, live) as (page, _):
        page.goto(live.page_url)
        rows_of(page)
        cell = page.get_by_role("button", name="environment-0, erp: FAIL. Open")
        cell.focus()
        page.evaluate("document.getElementById('reload').click()")
        expect(page.locator("#reload")).to_be_enabled()
        expect(cell).to_be_focused()


def test_the_search_leaves_what_matches(browser: Browser, live: LiveAirflow) -> None:
    """The search looks at environments, DAGs and targets."""
    with open_tab(browser, live) as (page, _):
        page.goto(live.page_url)
        rows_of(page)
        page.locator("#search").fill("environment-1")
        expect(page.locator("table.overview tbody tr")).to_have_count(1)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("place", ["", DETAIL], ids=["first screen", "opened"])
def test_axe_finds_nothing(browser: Browser, live: LiveAirflow, place: str, *, dark: bool) -> None:
    """The accessibility checker has no complaint, in either theme."""
    with open_tab(browser, live, dark=dark) as (page, _):
        page.goto(f"{live.page_url}{place}")
        if place:
            expect(page.locator("#detail")).to_contain_text("this node does not masquerade")
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        else:
            rows_of(page)
        assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
        results = Axe().run(page)
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in results.response["violations"]] == []


@pytest.mark.parametrize("width", [320, 3840])
@pytest.mark.parametrize("place", ["", DETAIL], ids=["first screen", "opened"])
def test_it_fits_any_window(browser: Browser, live: LiveAirflow, place: str, width: int) -> None:
    """Nothing sticks out of the window sideways; wide tables scroll by themselves."""
    with open_tab(browser, live, width=width) as (page, _):
        page.goto(f"{live.page_url}{place}")
        expect(page.locator("#detail section, table.overview tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_tasks_link_opens_its_environment(browser: Browser, live: LiveAirflow) -> None:
    """What a task's button "Masquerade page" leads to shows the environment at once."""
    with open_tab(browser, live) as (page, _):
        page.goto(f"{live.page_url}#/check_environment_0/environment-0")
        expect(page.locator("#detail h2").first).to_contain_text("environment-0")
        expect(page.get_by_role("link", name="Airflow", exact=True)).to_be_visible()


def test_one_who_is_signed_out_is_told(browser: Browser, live: LiveAirflow) -> None:
    """When the session ends while the page is open, the next reload says so."""
    with open_tab(browser, live) as (page, _):
        page.goto(live.page_url)
        rows_of(page)
        page.context.clear_cookies()
        page.locator("#reload").click()
        expect(page.get_by_role("alert")).to_contain_text("our session has ended")


def test_before_the_first_check_it_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    """Without any check there is no empty table, but the next step."""
    with (
        run_airflow(tmp_path / "home", version="3", environments=0) as airflow,
        open_tab(browser, airflow) as (page, _),
    ):
        page.goto(airflow.page_url)
        expect(page.locator("#overview")).to_contain_text("Put the file check_source_ip.py into your DAG folder")


def test_airflow_3_shows_it_in_its_menu(browser: Browser, live: LiveAirflow) -> None:
    """The menu's entry opens the page inside Airflow, which it links back to."""
    if live.is_airflow_2:
        pytest.skip("Airflow 2 has another menu")
    with open_tab(browser, live) as (page, _):
        page.goto(f"{live.url}/plugin/masquerade")
        frame = page.frame_locator("iframe")
        frame.locator("table.overview a", has_text="environment-0").click()
        frame.get_by_role("link", name="Open the run in Airflow").click()
        page.wait_for_url("**/dags/check_environment_0/runs/**")
