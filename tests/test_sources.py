"""Each outside fact is once in docs/sources.md, and code names it by its key.

``AIRFLOW_MASQ_WRITE_PAGES=1`` also writes ``airflow_masq/sources.json``, the links that pages for users show.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_masq.audit.masquerading import SOURCE_KEYS
from airflow_masq.preflight.registry import list_checks
from airflow_masq.rules import list_rules
from airflow_masq.sources import link_sources
from airflow_masq.verdict import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = (REPOSITORY / "docs" / "sources.md").read_text(encoding="utf-8")
FOLDERS = ("airflow_masq", "lab", "tests", "dags", "benchmarks", "scripts")

NAMED = re.compile(r"\[source: ([^]]*)\]")
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# A source that a comment tells by itself: an address on the internet (not "https://HOST", "http://127.0.0.1:PORT" or a
# name that is kept for examples), or the date on which something was read or tried.
LINK = re.compile(r"https?://(?!(?:[\w-]+\.)*example\b)(?:[\w-]+\.)+[a-z]{2,}(?![\w.-])")
DATE = re.compile(r"\b20[0-9]{2}-[01][0-9]-[0-3][0-9]\b")

# Modules whose docstrings link a page for readers in Airflow's interface.
NO_SOURCES = frozenset({"dags/provision_masquerade_environment.py"})

# What pages for users are made from: the texts of rules and codes, and the reasons that audits give.
PAGE_TEXTS = [
    *(rule.text or "" for rule in list_rules()),
    *(check.text or "" for check in list_checks()),
    *(text for row in CODES.values() for text in (row.title, row.meaning, row.causes, row.what_to_do)),
    *(f"[source: {key}]" for key in SOURCE_KEYS),
]
LINKS = REPOSITORY / "airflow_masq" / "sources.json"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A row of docs/sources.md."""

    key: str
    proves: str
    source: str

    @property
    def citation(self) -> str:
        """What a page for users shows in place of the key: the links and the date of reading, or what was observed."""
        return (
            self.source if self.source.startswith("observed") else re.sub(r", (?=20[0-9]{2}-)", ", read ", self.source)
        )


def read_sources(text: str = SOURCES) -> Iterator[Source]:
    """Read the rows of all tables, without their headings."""
    for line in text.splitlines():
        if line.startswith("| `"):
            key, proves, source = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            yield Source(key=key.strip("`"), proves=proves, source=source)


def find_prose(path: Path) -> Iterator[str]:
    """Find a module's blocks of comments and its docstrings, each on one line."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    block: list[str] = []
    last_line = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last_line + 1:
                yield " ".join(block)
                block = []
            block.append(token.string.lstrip("#: "))
            last_line = token.start[0]
    yield " ".join(block)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
            continue
        if isinstance(node.value.value, str):
            yield " ".join(node.value.value.split())


MODULES = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
PROSE = {str(path.relative_to(REPOSITORY)): list(find_prose(path)) for path in MODULES}
PROSE["pages of rules and codes"] = [" ".join(text.split()) for text in PAGE_TEXTS]


def list_keys(texts: Iterable[str]) -> list[str]:
    """List the keys that texts name."""
    return [key.strip() for text in texts for keys in NAMED.findall(text) for key in keys.split(",")]


NAMED_KEYS = {name: list_keys(texts) for name, texts in PROSE.items()}


def test_each_source_has_a_key_a_sentence_a_date_and_a_place() -> None:
    """Every row of docs/sources.md says what it proves, and when and where it was read or observed."""
    rows = list(read_sources())
    assert rows
    assert [row.key for row in rows if not KEY.fullmatch(row.key)] == []
    assert [row.key for row in rows if not row.proves.endswith(".")] == []
    assert [row.key for row in rows if not DATE.search(row.source)] == []
    assert [row.key for row in rows if "https://" not in row.source and "observed" not in row.source] == []


def test_each_key_is_unique() -> None:
    """No two rows of docs/sources.md have the same key."""
    assert [key for key, count in Counter(row.key for row in read_sources()).items() if count > 1] == []


def test_each_key_that_code_names_exists() -> None:
    """A reader who follows a key finds its row in docs/sources.md."""
    known = {row.key for row in read_sources()}
    unknown = {name: sorted({*keys} - known) for name, keys in NAMED_KEYS.items()}
    assert {name: keys for name, keys in unknown.items() if keys} == {}


def test_each_key_is_named() -> None:
    """Code relies on each fact of docs/sources.md and names its key."""
    named = {key for keys in NAMED_KEYS.values() for key in keys}
    assert [row.key for row in read_sources() if row.key not in named] == [], "name the key, or remove the row"


def test_pages_link_what_the_sources_say() -> None:
    """A user's page shows the link and the date that docs/sources.md has; the wheel has a copy of these alone."""
    named = {*list_keys(PROSE["pages of rules and codes"])}
    links = {row.key: row.citation for row in sorted(read_sources(), key=lambda row: row.key) if row.key in named}
    text = json.dumps(links, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        LINKS.write_text(text, encoding="utf-8")
    assert LINKS.read_text(encoding="utf-8") == text, (
        "run AIRFLOW_MASQ_WRITE_PAGES=1 ./scripts/test tests/test_sources.py"
    )


def test_a_page_shows_a_link_in_place_of_each_key() -> None:
    """Several keys become several links, two keys of one page read on one day a single one; other text stays."""
    links = {row.key: row.citation for row in read_sources()}
    end, images = links["composer-end-of-life"], links["composer-unsupported-image"]
    linked = link_sources("It ended [source: composer-end-of-life, composer-unsupported-image]. [No source]")
    assert linked == f"It ended ({end}; {images}). [No source]"
    assert link_sources("[source:\ncomposer-end-of-life, composer-autopilot]") == f"({end})"


def tells_a_source(texts: Iterable[str]) -> bool:
    """Say whether a module's comments or docstrings hold a link or a date of their own."""
    return any(LINK.search(text) or DATE.search(text) for text in texts)


def test_sources_are_told_in_one_place() -> None:
    """A comment, docstring or page's text names a key; links and dates of facts are in docs/sources.md only."""
    telling = {name for name, texts in PROSE.items() if tells_a_source(texts)} - NO_SOURCES
    assert sorted(telling) == [], "name a key of docs/sources.md instead"
