"""The page in a real browser where checks are odd or very many, where Airflow does not answer, and as time goes by."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from tests.plugins.browsing import needs_chromium, open_tab, run_chromium
from tests.plugins.history import POD, POD_6, SMUGGLED
from tests.plugins.live_airflow import LiveAirflow, run_airflow
from tests.plugins.odd_history import ENVIRONMENTS, RARE_HOURS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.airflow, needs_chromium, pytest.mark.xdist_group("odd Airflow")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests."""
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """Give a running Airflow 3.3 with odd checks."""
    with run_airflow(tmp_path_factory.mktemp("odd") / "home", version="3", hours="odd") as airflow:
        yield airflow


def open_overview(page: Page, airflow: LiveAirflow, *, search: str = "") -> dict[str, str]:
    """Wait until all is loaded, and give the text of each row by its environment and DAG."""
    page.goto(airflow.page_url)
    expect(page.locator("table.overview tbody tr").first).to_be_visible()
    expect(page.locator("#reload")).to_be_enabled()
    page.locator("#search").fill(search)
    rows = page.locator("table.overview tbody tr")
    return {" ".join(re.split(r"\s+", text)[:4:3]): text for text in rows.all_inner_texts()}


def test_targets_without_a_column_share_one(browser: Browser, odd: LiveAirflow) -> None:
    """Of 30 targets those with trouble have columns of their own; the others share one, with the worst of them."""
    with open_tab(browser, odd) as (page, troubles):
        open_overview(page, odd, search="check_many")
        page.locator("#search").fill("many-targets")
        heads = page.locator("table.overview thead th").all_inner_texts()
        assert len(heads) == 4 + 12 + 1
        assert heads[:6] == [
            "Environment",
            "Last checked",
            "Nodes seen",
            "What changed",
            "service-with-a-long-name-7",
            "service-with-a-long-name-29",
        ]
        assert heads[-1] == f"{TARGETS - 12} more targets"
        late: list[Route] = []
        page.route("**/xcomEntries/**", lambda route: late.append(route))  # noqa: PLW0108 - Playwright takes no builtin
        page.get_by_role("button", name=f"many-targets, {TARGETS - 12} more targets: PASS. Open").click()
        expect(page.locator("#detail section")).to_have_count(TARGETS)
        page.get_by_role("button", name="Address map").click()
        expect(page.get_by_role("heading", name="Address map")).to_be_focused()
        late.pop().continue_()  # the report makes what stands above the map longer
        expect(page.locator("#detail")).to_contain_text("Evidence: 1 attempt")
        expect(page.get_by_role("heading", name="Address map")).to_be_in_viewport()
        first, second = (page.locator("#detail section h3").nth(number).inner_text() for number in (0, 1))
    assert troubles == []
    assert (first, second) == ("service-with-a-long-name-29 FAIL", "service-with-a-long-name-7 INCONCLUSIVE")


def test_ipv6_has_its_own_scale_on_the_map(browser: Browser, odd: LiveAirflow) -> None:
    """IPv6 ranges are drawn to a scale of their own, with the addresses that services saw in the right range."""
    with open_tab(browser, odd) as (page, _):
        page.goto(f"{odd.page_url}#/check_ipv6/dual-stack")
        expect(page.locator("#detail")).to_contain_text("NO_MASQUERADING_FOR_IPV6")
        rows = page.locator(".map-row")
        pods = rows.filter(has_text="Pod 2600:1900:4000:bbbb::/64")
        expect(pods).to_contain_text(f"{POD_6} FAIL")
        expect(pods).to_contain_text("2^64 addresses")
        expect(pods.locator("line.tick.FAIL")).to_have_count(3)
        assert {each.get_attribute("width") for each in rows.locator("rect.range.pod").all()} == {"100%"}
        expect(rows.filter(has_text="none of these ranges")).to_have_count(0)
        expect(page.locator("#detail")).to_contain_text("IPv4 and IPv6 each by themselves")


def test_of_many_environments_of_one_run_none_vanishes(browser: Browser, odd: LiveAirflow) -> None:
    """One event tells of many environments; one that has little room in it still opens its report."""
    with open_tab(browser, odd) as (page, troubles):
        rows = open_overview(page, odd, search="check_many_environments")
        assert len(rows) == ENVIRONMENTS
        assert f"environment-{ENVIRONMENTS - 1} check_many_environments" == next(iter(rows))
        assert page.locator("#status").inner_text() == f"{ENVIRONMENTS} environments: 1 FAIL, {ENVIRONMENTS - 1} PASS."
        brief = page.locator("table.overview tbody tr").filter(
            has=page.locator("[title='not in the event, or no target of this environment']")
        )
        expect(brief).to_have_count(ENVIRONMENTS - 20)
        brief.first.locator("a").click()
        expect(page.locator("#detail section")).to_contain_text("10.128.0.10")
        expect(page.locator("#detail")).to_contain_text("had no room in its event")
    assert troubles == []


def test_two_dags_may_check_one_environment(browser: Browser, odd: LiveAirflow) -> None:
    """Each DAG's check has a row; the environment counts once, with its worst verdict, and each row opens its own."""
    with open_tab(browser, odd) as (page, _):
        rows = open_overview(page, odd, search="two-dags")
        assert {name: "FAIL" in text for name, text in rows.items()} == {
            "two-dags check_two_b": True,
            "two-dags check_two_a": False,
        }
        assert page.locator("#status").inner_text() == "1 environment: 1 FAIL."
        page.locator("table.overview tbody tr", has_text="check_two_a").locator("a").click()
        expect(page.locator("#detail section h3")).to_have_text("erp PASS")
        page.goto(f"{odd.page_url}#/check_two_b/two-dags")
        expect(page.locator("#detail section h3")).to_have_text("erp FAIL")
        expect(page.locator("#detail section")).to_contain_text(POD)


def test_a_check_that_could_not_start_is_no_environment(browser: Browser, odd: LiveAirflow) -> None:
    """It has a row, counts as no environment, and is gone once its DAG has checked one."""
    with open_tab(browser, odd) as (page, troubles):
        assert list(open_overview(page, odd, search="check_mended")) == ["mended check_mended"]
        assert page.locator("#status").inner_text() == "1 environment: 1 PASS."
        [row] = open_overview(page, odd, search="check_without_plan").values()
        assert row.startswith("environment not known")
        assert "1 problem" in row
        told = "0 environments. 1 DAG could not check, and the environment is not known."
        assert page.locator("#status").inner_text() == told
        page.get_by_role("link", name="environment not known").click()
        expect(page.get_by_role("heading", name="environment not known")).to_be_visible()
        expect(page.locator("#detail")).to_contain_text("MASQ461 task check could not check")
    assert troubles == []


def test_dags_that_never_reported_say_what_to_do(browser: Browser, odd: LiveAirflow) -> None:
    """Where the DAGs are there and none has run, the next step stands above their rows."""
    producers = [{"dag_id": "check_source_ip", "task_id": "report"}]
    asset = {"id": 1, "uri": "x-airflow-masq://source-ip/check", "producing_tasks": producers}
    nothing = {"asset_events": [], "total_entries": 0}
    with open_tab(browser, odd) as (page, troubles):
        page.route("**/api/v2/assets?*", lambda route: route.fulfill(json={"assets": [asset], "total_entries": 1}))
        page.route("**/api/v2/assets/events?*", lambda route: route.fulfill(json=nothing))
        page.goto(odd.page_url)
        expect(page.locator("table.overview tbody tr")).to_contain_text("never checked")
        expect(page.locator("#overview")).to_contain_text("set the Airflow Variable airflow_masq_plan")
        expect(page.locator("#overview")).not_to_contain_text("into your DAG folder")
    assert troubles == []


def test_a_huge_event_as_the_newest_leaves_the_page_usable(browser: Browser, odd: LiveAirflow) -> None:
    """Five megabytes of long words and markup are cut, inert, and no wider than the window."""
    with open_tab(browser, odd, width=320) as (page, troubles):
        rows = open_overview(page, odd, search="check_huge")
        assert len(rows) == 1
        assert "250 problems" in rows["huge check_huge"]
        page.locator("table.overview a").click()
        expect(page.locator("#detail")).to_contain_text(SMUGGLED)
        expect(page.locator("#detail")).to_contain_text("The run's full report is gone")
        assert page.locator("#detail img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert len(page.locator("#detail").inner_text()) < 200_000
    assert [each for each in troubles if "404" not in each] == []  # the XCom that is gone


def test_what_was_checked_long_ago_says_so(browser: Browser, odd: LiveAirflow) -> None:
    """An environment is shown with the age of its check, also where its DAG has checked others since."""
    with open_tab(browser, odd) as (page, _):
        rows = open_overview(page, odd, search="check_two_environments")
        assert f"not checked for {RARE_HOURS} h" in rows["rarely check_two_environments"]
        assert re.search(r"\d min ago", rows["often check_two_environments"])
        page.goto(f"{odd.page_url}#/check_two_environments/rarely")
        expect(page.locator("#detail")).to_contain_text(f"not checked for {RARE_HOURS} h")


@pytest.mark.parametrize("place", ["", "#/check_two_a/two-dags"], ids=["first screen", "opened"])
def test_an_open_tab_keeps_its_ages_true(browser: Browser, odd: LiveAirflow, place: str) -> None:
    """A tab that was left open says how old what it shows has become."""
    with open_tab(browser, odd) as (page, _):
        page.clock.install()
        page.goto(f"{odd.page_url}{place}")
        shown = page.locator("#detail .check, tr:has-text('check_two_a') .check").first
        expect(shown).to_have_text(re.compile(r"^\d+ min ago$"))
        page.clock.fast_forward("30:00:00")
        expect(shown).to_have_text("not checked for 30 h")


def test_a_reload_asks_for_what_is_new(browser: Browser, odd: LiveAirflow) -> None:
    """The first load asks for the last three hours, each later one for what may have come since the newest event."""
    with open_tab(browser, odd) as (page, _):
        asked: list[str] = []
        page.on("request", lambda request: asked.extend(re.findall(r"timestamp_gte=(\d+-\d+-\d+T\d+)", request.url)))
        open_overview(page, odd)
        first = list(asked)
        asked.clear()
        page.locator("#reload").click()
        expect(page.locator("#reload")).to_be_enabled()
    assert len(first) == len(asked) == 1
    assert datetime.fromisoformat(asked[0]) - datetime.fromisoformat(first[0]) >= timedelta(hours=2)


HANG = "it does not answer"
HURRY = """
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (milliseconds) => timeout(window.isPatient ? milliseconds : milliseconds / 10);
"""


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        ("assets?", 500, "Airflow answered 500 to assets"),
        ("assets?", 403, "your role may not read this"),
        ("assets?", HANG, "did not answer within 30 s"),
        ("assets/events", 503, "Airflow answered 503 to assets/events"),
        ("assets/events", HANG, "did not answer within 30 s"),
        ("assets/events", "{ cut", "ended early or is not JSON"),
        ("assets/events", None, "Airflow cannot be reached"),
    ],
)
def test_it_says_why_nothing_can_be_shown(
    browser: Browser, odd: LiveAirflow, asked: str, answer: int | str | None, said: str
) -> None:
    """Where Airflow fails, or does not answer, there is a reason and a way to try again, and no claim about checks."""

    def reply(route: Route) -> None:
        if answer is None:
            route.abort()
        elif isinstance(answer, int):
            route.fulfill(status=answer, json={})
        elif answer != HANG:
            route.fulfill(body=answer, content_type="application/json")

    with open_tab(browser, odd) as (page, _):
        page.add_init_script(HURRY)
        page.route(lambda url: f"/api/v2/{asked}" in url, reply)
        page.goto(odd.page_url)
        if answer == HANG:
            expect(page.locator("#status")).to_contain_text("Loading")
        expect(page.get_by_role("alert")).to_contain_text(said)
        expect(page.locator("#status")).to_be_empty()
        expect(page.locator("#overview")).to_be_empty()
        page.unroute_all(behavior="ignoreErrors")
        page.evaluate("window.isPatient = true")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("table.overview tbody tr").first).to_be_visible()
        expect(page.get_by_role("alert")).to_be_hidden()


def test_a_report_that_cannot_be_read_is_not_said_to_be_gone(browser: Browser, odd: LiveAirflow) -> None:
    """A failure of Airflow is told apart from a run that was removed."""
    with open_tab(browser, odd) as (page, _):
        page.route(re.compile("xcomEntries"), lambda route: route.fulfill(status=500, json={}))
        page.goto(f"{odd.page_url}#/check_two_a/two-dags")
        expect(page.locator("#detail")).to_contain_text(
            "cannot be read. Airflow's REST API cannot be read: Airflow answered 500"
        )
        expect(page.locator("#detail section")).to_contain_text("10.128.0.10")


def test_a_report_that_could_not_be_read_is_asked_for_again(browser: Browser, odd: LiveAirflow) -> None:
    """Once Airflow answers again, a reload shows the report of what is open."""
    with open_tab(browser, odd) as (page, _):
        page.route(re.compile("xcomEntries"), lambda route: route.fulfill(status=500, json={}))
        page.goto(f"{odd.page_url}#/check_two_a/two-dags")
        expect(page.locator("#detail")).to_contain_text("The run's full report cannot be read.")
        page.unroute_all(behavior="wait")
        page.locator("#reload").click()
        expect(page.locator("#detail summary", has_text="Evidence").first).to_be_visible()
        expect(page.locator("#detail")).not_to_contain_text("cannot be read")


def test_a_reload_that_fails_keeps_what_is_shown(browser: Browser, odd: LiveAirflow) -> None:
    """Where Airflow does not say any more who reports, what is known can be searched and opened."""
    with open_tab(browser, odd) as (page, troubles):
        open_overview(page, odd)
        page.route(lambda url: "/api/v2/assets?" in url, lambda route: route.fulfill(status=500, json={}))
        page.locator("#reload").click()
        expect(page.get_by_role("alert")).to_contain_text("What could be read is shown.")
        page.locator("#search").fill("check_two_a")
        expect(page.locator("#status")).to_have_text("1 environment: 1 PASS.")
        page.locator("table.overview a").first.click()
        expect(page.locator("#detail .strip li").first).to_be_visible()
    assert [each for each in troubles if "500" not in each] == []


def test_targets_that_are_too_many_are_counted(browser: Browser, odd: LiveAirflow) -> None:
    """A report of very many targets is cut, and says how many are missing."""
    verdicts = [{"target": f"target-{number}", "outcome": "PASS"} for number in range(205)]
    report = [{"environment": "two-dags", "verdicts": verdicts}]
    with open_tab(browser, odd) as (page, _):
        page.route(re.compile("xcomEntries"), lambda route: route.fulfill(json={"value": json.dumps(report)}))
        page.goto(f"{odd.page_url}#/check_two_a/two-dags")
        expect(page.locator("#detail section")).to_have_count(200)
        expect(page.locator("#detail")).to_contain_text("6 more targets are in the log of the report's task.")


def test_a_codes_text_is_laid_out(browser: Browser, odd: LiveAirflow) -> None:
    """The Markdown of a code's text becomes lists, code and links, and no mark of it is left."""
    with open_tab(browser, odd) as (page, _):
        page.goto(f"{odd.page_url}#/check_many/many-targets")
        page.locator("summary", has_text="What MASQ").first.wait_for()
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        prose = page.locator(".prose").all_inner_texts()
        assert page.locator(".prose code").count() > 0
    assert [each for each in prose if re.search(r"`|\]\(|^- ", each, re.MULTILINE)] == []


@pytest.mark.parametrize("width", [320, 1280, 3840])
@pytest.mark.parametrize("place", ["", "#/check_many/many-targets", "#/check_ipv6/dual-stack", "#/check_huge/huge"])
def test_nothing_sticks_out(browser: Browser, odd: LiveAirflow, place: str, width: int) -> None:
    """Long words, many columns and everything unfolded stay within the window."""
    with open_tab(browser, odd, width=width) as (page, _):
        page.goto(f"{odd.page_url}{place}")
        expect(page.locator("#detail section, table.overview tbody tr").first).to_be_visible()
        expect(page.locator("#detail")).not_to_contain_text("Loading the report")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(browser: Browser, odd: LiveAirflow, width: int, *, dark: bool) -> None:
    """The accessibility checker has no complaint: about tables that became cards, nor about any verdict's colours."""
    with open_tab(browser, odd, width=width, dark=dark) as (page, _):
        open_overview(page, odd)
        outcomes = {each.inner_text() for each in page.locator("#overview .outcome").all()}
        results = Axe().run(page)
    assert outcomes >= {"FAIL", "ERROR", "INCONCLUSIVE", "PASS"}
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in results.response["violations"]] == []
