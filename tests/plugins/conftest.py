"""What the tests of the page and of the connection form share: one running Airflow of each version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugins.live_airflow import SHOWN_BY, LiveAirflow, run_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", params=SHOWN_BY)
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """Give a running Airflow behind a prefix with a day of history of four environments."""
    home = tmp_path_factory.mktemp("live") / "home"
    with run_airflow(home, version=request.param, prefix="/team/airflow") as airflow:
        yield airflow
