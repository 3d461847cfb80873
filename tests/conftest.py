"""What every test shares: an Airflow of its own, set up before anything can import Airflow."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.airflow_env import use_temporary_home
from tests.other_airflows import NEWEST, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.clients.composer import ComposerClient
    from tests.airflow_runs import AirflowRunner
    from tests.emulated_cloud import EmulatedCloud

use_temporary_home()

# A busy machine is no failure: pytest-timeout ends what hangs.
hypothesis.settings.register_profile("no_deadline", deadline=None)
hypothesis.settings.load_profile("no_deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the project's own options."""
    parser.addoption(
        "--oracle-pairs",
        type=int,
        default=2000,
        metavar="N",
        help="how many pairs of policy and destination the kernel is asked about (default: 2000)",
    )
    parser.addoption(
        "--airflow",
        choices=[NEWEST, *VERSIONS],
        metavar="VERSION",
        help="only tests of what faces Airflow, on this version (default: all tests)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of one Airflow where the option asks for one."""
    wanted = config.getoption("--airflow")
    if wanted is None:
        return
    others = [item for item in items if find_airflow(item) != wanted]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if find_airflow(item) == wanted]


def find_airflow(item: pytest.Item) -> str | None:
    """Tell which Airflow a test is about: that of its parameter, else the newest if it is marked; ``None`` for none."""
    parameters = getattr(item, "callspec", None)
    named = (
        [each for each in parameters.params.values() if isinstance(each, str) and each in VERSIONS]
        if parameters
        else []
    )
    if named:
        return str(named[0])
    return NEWEST if item.get_closest_marker("airflow") else None


@pytest.fixture(scope="session")
def airflow() -> AirflowRunner:
    """Give the throw-away Airflow, its tables made once per process (about 10 s with the first import)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own deprecations are not this project's
        from tests.airflow_runs import AirflowRunner  # noqa: PLC0415 - imports Airflow, which takes seconds

    return AirflowRunner()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedCloud]:
    """Give an emulated Composer API, and the Airflow connection ``test_google`` that leads to it."""
    from tests.emulated_cloud import EmulatedCloud  # noqa: PLC0415 - imports Google's libraries, which take seconds

    with EmulatedCloud() as cloud:
        monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", cloud.airflow_connection)
        yield cloud


@pytest.fixture
def client(cloud: EmulatedCloud) -> Iterator[ComposerClient]:
    """Give a client of the emulated API."""
    from airflow_masq.clients.composer import ComposerClient  # noqa: PLC0415 - imports Google's libraries

    with ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        yield client
