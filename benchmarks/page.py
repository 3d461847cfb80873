"""Measures how soon the page "Masquerade" shows its first screen, compared with Airflow's own page of the same asset.

    ./scripts/bench page

200 environments were checked every hour for a month: 144,000 asset events, in the database of a real Airflow 3.3.
Chromium opens both pages in turn, each time with an empty cache. Ours is there when all rows are, Airflow's when
its first event is. The last line is one JSON object.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.plugins.browsing import CHROMIUM, open_tab, run_chromium
from tests.plugins.live_airflow import LiveAirflow, run_airflow

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ENVIRONMENTS = 200
HOURS = 720
RUNS = 5

COPY_EVENTS = """
INSERT INTO asset_event (asset_id, extra, source_task_id, source_dag_id, source_run_id, source_map_index, timestamp)
SELECT asset_id, extra, source_task_id, source_dag_id, source_run_id || ?, source_map_index,
       strftime('%Y-%m-%d %H:%M:%f000', timestamp, ?)
FROM asset_event WHERE id <= ? AND source_dag_id IS NOT NULL AND length(extra) < 100000
"""


def add_a_month(database: Path) -> int:
    """Repeat every environment's event for each hour of a month; give the number of events."""
    with closing(sqlite3.connect(database)) as connection, connection:
        last = connection.execute("SELECT max(id) FROM asset_event").fetchone()[0]
        for hour in range(1, HOURS):
            connection.execute(COPY_EVENTS, (f"-{hour}", f"-{hour} hours", last))
        return int(connection.execute("SELECT count(*) FROM asset_event").fetchone()[0])


def measure(browser: Browser, airflow: LiveAirflow, url: str, *, until: str) -> tuple[float, int]:
    """Open a page with an empty cache; give the seconds until something is there, and how many requests it took."""
    with open_tab(browser, airflow) as (page, _):
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        started = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator(until).first.wait_for()
        return time.perf_counter() - started, len(requests)


def main() -> None:
    """Measure both pages in turn."""
    if CHROMIUM is None:
        raise SystemExit("page: no Chromium here; ./scripts/setup_browser installs it")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with run_airflow(home, version="3", environments=ENVIRONMENTS, hours=0) as airflow, run_chromium() as browser:
            events = add_a_month(home / "airflow.db")
            _, _, body = airflow.ask("api/v2/assets?limit=1", user="admin")
            asset_id = json.loads(body)["assets"][0]["id"]
            last_row = f"table.overview tbody tr:nth-child({ENVIRONMENTS})"
            an_event = "text=check_environment_"  # each is listed with the DAG that it is from
            ours, theirs = [], []
            for _ in range(RUNS):
                ours.append(measure(browser, airflow, airflow.page_url, until=last_row))
                theirs.append(measure(browser, airflow, f"{airflow.url}/assets/{asset_id}", until=an_event))
    ours_s, theirs_s = (statistics.median(each[0] for each in runs) for runs in (ours, theirs))
    print(f"{events:,} events of {ENVIRONMENTS} environments, median of {RUNS}")
    for name, seconds, (_, requests) in (
        ("Masquerade", ours_s, ours[-1]),
        ("the asset in Airflow", theirs_s, theirs[-1]),
    ):
        print(f"{name:22}{seconds:6.2f} s{requests:6} requests")
    result = {"events": events, "first_screen_s": ours_s, "asset_page_s": theirs_s, "vs_asset_page": ours_s / theirs_s}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
