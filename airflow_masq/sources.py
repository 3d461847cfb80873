"""The sources that pages for users name: each key becomes a link with the date on which it was read.

``sources.json`` is made from ``docs/sources.md``, which the wheel does not have. ``tests/test_sources.py`` makes it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Final

_NAMED: Final = re.compile(r"\[source:\s([^]]*)\]")


def link_sources(text: str) -> str:
    """Replace each bracket of a Markdown text that names keys by their links, in parentheses."""
    return _NAMED.sub(lambda named: f"({'; '.join(_cite(named[1]))})", text)


def _cite(keys: str) -> list[str]:
    citations = _read_citations()
    return list(dict.fromkeys(citations[key.strip()] for key in keys.split(",")))


@cache  # read only when a page is written, since few commands write one
def _read_citations() -> dict[str, str]:
    citations: dict[str, str] = json.loads(files("airflow_masq").joinpath("sources.json").read_text(encoding="utf-8"))
    return citations
