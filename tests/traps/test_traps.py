"""No trap ends in PASS, no honest observer loses its PASS, and ``docs/traps.md`` says what each comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.traps.traps import TRAPS, Trap

if TYPE_CHECKING:
    from airflow_masq.verdict import VerdictCode
    from tests.traps.scene import Scene
    from tests.traps.servers import Servers

pytestmark = pytest.mark.packets


@pytest.mark.parametrize(("trap", "code"), [pytest.param(trap, code, id=trap.__name__) for trap, code in TRAPS])
def test_the_trap_has_its_verdict(scene: Scene, servers: Servers, trap: Trap, code: VerdictCode) -> None:
    """What a trap sets up is told by the code that the table has for it."""
    verdict = trap(scene, servers)
    assert verdict.code == code, verdict.reason
