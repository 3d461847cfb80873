"""No trap ends in PASS, no honest observer loses its PASS, and ``docs/traps.md`` lists them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_masq.verdict import CODES
from tests.traps.traps import TRAPS, Trap

if TYPE_CHECKING:
    from airflow_masq.verdict import VerdictCode
    from tests.traps.scene import Scene
    from tests.traps.servers import Servers

PAGE = Path(__file__).parents[2] / "docs" / "traps.md"
INTRODUCTION = """\
# What can fool a check

Each row is a situation that `tests/traps/` builds on real packets, with Debian's own nginx, haproxy, squid and
tinyproxy or with a reply written by hand, and the verdict that the check must give. The target needs a node's address.
A row that is no trap shows that an honest observer keeps its verdict. Names with several addresses are tested beside
them, through unbound.

| what is set up | verdict | code |
|---|---|---|
"""


@pytest.mark.packets
@pytest.mark.parametrize(("trap", "code"), [pytest.param(trap, code, id=trap.__name__) for trap, code in TRAPS])
def test_the_trap_has_its_verdict(scene: Scene, servers: Servers, trap: Trap, code: VerdictCode) -> None:
    """What a trap sets up is told by the code that the table has for it."""
    verdict = trap(scene, servers)
    assert verdict.code == code, verdict.reason


def test_the_page_lists_every_trap() -> None:
    """The page has a row for each trap, in the table's order."""
    rows = (f"| {trap.__doc__} | {CODES[code].outcome} | [{code}](rules/{code}.md) |\n" for trap, code in TRAPS)
    page = INTRODUCTION + "".join(rows)
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page
