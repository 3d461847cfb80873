"""What the tests of fleets are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.clients.composer import AsyncComposerClient
from airflow_masq.fleet import FleetLimits, audit_fleet
from airflow_masq.fleet import walk as walk_module
from tests.audit.examples import BEGAN
from tests.emulated_cloud import LOCATION, PROJECT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_masq.audit import Audit
    from tests.emulated_cloud import EmulatedCloud


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second round begin at once."""
    monkeypatch.setattr(walk_module, "PAUSE_BETWEEN_ROUNDS_SECONDS", 0.01)


@pytest.fixture
def audit(cloud: EmulatedCloud) -> Callable[..., Awaitable[Audit]]:
    """Give a function that audits the emulated cloud: one project in one region, and little patience."""

    async def run(*, timeout: float = 5.0, **arguments: Any) -> Audit:  # noqa: ANN401, ASYNC109 - audit_fleet's; a call's
        given = {"projects": [PROJECT], "regions": [LOCATION], "began": BEGAN, **arguments}
        given.setdefault("limits", FleetLimits(tolerance_seconds=0.5, time_limit_seconds=30))
        async with AsyncComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=timeout) as client:
            return await audit_fleet(client, **given)

    return run
