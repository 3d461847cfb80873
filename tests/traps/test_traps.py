"""No trap ends in PASS, no honest observer loses its PASS, and ``docs/traps.md`` lists them all.

``AIRFLOW_MASQ_WRITE_PAGES=1 ./scripts/test -n 0 tests/traps`` writes the page, with what each question cost here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_masq.verdict import CODES
from tests.traps.traps import TRAPS, WITH_IPV6, Trap

if TYPE_CHECKING:
    from airflow_masq.verdict import VerdictCode
    from tests.traps.scene import Cost, Scene
    from tests.traps.servers import Servers

PAGE = Path(__file__).parents[2] / "docs" / "traps.md"
INTRODUCTION = """\
# What can fool a check

Each row is a situation that `tests/traps/` builds on real packets, with Debian's own nginx, haproxy, squid, tinyproxy
and unbound, with PyPI's httpbin, or with a reply written by hand, and the verdict that the check must give. The target
needs a node's address. A row that is no trap shows that an honest observer keeps its verdict.

Time and memory are those of the last question: the wall's clock, once on a busy machine of two cores, and the most
memory that the question had at once. An attempt may take 2 s. A name is asked by the command `airflow-masq check`, and
its cost is that of the whole command, with the start of Python.

| what is set up | verdict | code | time | memory |
|---|---|---|---|---|
"""
COST = re.compile(
    r"^(?P<row>\| (?P<sentence>.*) \| [A-Z]+ \| \S+ \|) (?P<cost>[\d.]+ s \| [\d,]+ kB|- \| -) \|$", re.MULTILINE
)
MOST_KILOBYTES = 1_000
COSTS: dict[str, Cost] = {}


@pytest.mark.packets
@pytest.mark.parametrize(
    ("scene", "trap", "code"),
    [pytest.param(trap in WITH_IPV6, trap, code, id=trap.__name__) for trap, code in TRAPS],
    indirect=["scene"],
)
def test_the_trap_has_its_verdict(scene: Scene, servers: Servers, trap: Trap, code: VerdictCode) -> None:
    """What a trap sets up is told by the code that the table has for it, and takes little memory."""
    verdict = trap(scene, servers)
    assert verdict.code == code, verdict.reason
    cost = COSTS[trap.__name__] = scene.costs[-1]
    assert cost.kilobytes < MOST_KILOBYTES or trap.__module__.endswith(".names")


def test_the_page_lists_every_trap() -> None:
    """The page has a row for each trap, in the table's order, with what it cost."""
    page = PAGE.read_text(encoding="utf-8")
    known = {match["sentence"]: match["cost"] for match in COST.finditer(page)}
    rows = []
    for trap, code in TRAPS:
        sentence, cost = trap.__doc__ or "", COSTS.get(trap.__name__)
        shown = known.get(sentence, "- | -")
        if cost is not None and os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
            shown = f"{cost.seconds:.2f} s | {cost.kilobytes:,} kB"
        rows.append(f"| {sentence} | {CODES[code].outcome} | [{code}](rules/{code}.md) | {shown} |\n")
    real = INTRODUCTION + "".join(rows)
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        PAGE.write_text(real, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == real
    assert "- | - |" not in real
