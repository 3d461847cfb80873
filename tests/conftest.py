"""What every test shares: an Airflow of its own, set up before anything can import Airflow."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from tests.airflow_env import use_temporary_home

if TYPE_CHECKING:
    from tests.airflow_runs import AirflowRunner

use_temporary_home()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the project's own options."""
    parser.addoption(
        "--oracle-pairs",
        type=int,
        default=2000,
        metavar="N",
        help="how many pairs of policy and destination the kernel is asked about (default: 2000)",
    )


@pytest.fixture(scope="session")
def airflow() -> AirflowRunner:
    """Give the throw-away Airflow, its tables made once per process (about 10 s with the first import)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own deprecations are not this project's
        from tests.airflow_runs import AirflowRunner  # noqa: PLC0415 - imports Airflow, which takes seconds

    return AirflowRunner()
