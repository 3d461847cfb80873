"""A client of the emulated Composer API, for every test of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_masq.clients.composer import ComposerClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulated_cloud import EmulatedCloud


@pytest.fixture
def client(cloud: EmulatedCloud) -> Iterator[ComposerClient]:
    """Give a client of the emulated API."""
    with ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        yield client
