"""The documents say what is true: their links lead somewhere, and their snippets print what they show."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.get_provider_info import get_provider_info
from airflow_masq.plan import PLAN_SCHEMA
from tests.lab.packets.conftest import find_obstacle
from tests.pod_sessions import run_in_worker_pod

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    *sorted(REPOSITORY.glob("*.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
    REPOSITORY / "docs" / "rules" / "README.md",
]

# A file that a page shows, named by its first line, and a session that a page shows, with the longest fence it needs.
FILE = re.compile(r"^```yaml\n(?P<content># (?P<name>\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(
    r"^(?P<fence>`{3,})console\n\$ (?P<command>[^\n]*\bairflow-masq [^\n]*)\n(?P<output>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
ASKING_CLOUD = frozenset({"preflight.md"})
# What asks observers needs some that answer: it runs in a Pod of the lab.
ASKING = re.compile(r"\bairflow-masq (?:probe|check) ")
IN_ONE_SHELL = frozenset({"tutorial.md"})
"""Its commands build on each other; tests/lab/demo/test_tutorial.py runs them."""
PAGES_WITH_SESSIONS = [
    path for path in DOCUMENTS if SESSION.search(path.read_text(encoding="utf-8")) and path.name not in IN_ONE_SHELL
]


def name_of(path: Path) -> str:
    """Name a document as it is found from the top of the repository."""
    return str(path.relative_to(REPOSITORY))


@pytest.fixture(scope="module")
def cloud_settings() -> Iterator[dict[str, str]]:
    """Give the environment variables that lead the command line to the cloud that docs/preflight.md is about."""
    from tests.emulated_cloud import EmulatedCloud  # noqa: PLC0415 - imports Google's libraries, which take seconds
    from tests.preflight.scene import prepare_page  # noqa: PLC0415 - as above

    with EmulatedCloud() as cloud:
        prepare_page(cloud)
        yield cloud.endpoint_settings


def run_in_shell(command: str, *, directory: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a shell command here; its error output is part of its output."""
    program_directory = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=directory,
        timeout=60,
        env={**os.environ, **settings, "PATH": f"{program_directory}{os.pathsep}{os.environ['PATH']}"},
    )


def run_session(session: re.Match[str], *, directory: Path, settings: dict[str, str]) -> str:
    """Run a session's command in a shell, and write the session anew with what it prints.

    A session that asks observers stays as it is where no lab can be built.
    """
    if ASKING.search(session["command"]):
        if find_obstacle():
            return session[0]
        ended = run_in_worker_pod(session["command"], directory=directory)
    else:
        ended = run_in_shell(session["command"], directory=directory, settings=settings)
    printed = "".join(f"{line.rstrip()}\n" for line in ended.stdout.splitlines())
    ending = f"[exit code {ended.returncode}]\n" if ended.returncode else ""
    return f"{session['fence']}console\n$ {session['command']}\n{printed}{ending}{session['fence']}"


@pytest.mark.parametrize("path", PAGES_WITH_SESSIONS, ids=name_of)
def test_each_session_shows_what_the_command_prints(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each ``$ airflow-masq …`` of a document prints, for the files of the same document, what stands below it.

    After a change of output: ``AIRFLOW_MASQ_WRITE_PAGES=1 ./scripts/test tests/test_documents.py``.
    """
    page = path.read_text(encoding="utf-8")
    for file in FILE.finditer(page):
        (tmp_path / file["name"]).write_text(file["content"], encoding="utf-8")
    asks_cloud = path.name in ASKING_CLOUD
    settings = request.getfixturevalue("cloud_settings") if asks_cloud else {}
    real = SESSION.sub(lambda session: run_session(session, directory=tmp_path, settings=settings), page)
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        path.write_text(real, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == real


def test_sessions_are_found() -> None:
    """The README and the page about the command line show sessions, so the test above has something to run."""
    assert {"README.md", "docs/command-line.md"} <= {name_of(path) for path in PAGES_WITH_SESSIONS}
    for path in PAGES_WITH_SESSIONS:
        page = path.read_text(encoding="utf-8")
        assert len(SESSION.findall(page)) == len(re.findall(r"^\$ .*airflow-masq", page, re.MULTILINE))


# Programs whose name at the beginning of a line, in a block of a document, makes it a command.
PROGRAM = re.compile(r"(?:\./scripts/|\.venv/bin/|airflow |airflow-masq |gcloud |pip |uv |printf |kubectl )")
WHERE_COMMANDS_RUN = {
    "./scripts/demo": "tests/lab/demo/test_demo.py",
    "./scripts/lint": None,  # .ci/run
    "./scripts/setup --airflow 3.1": None,  # 2 GB; ./scripts/test --airflow 3.1 runs it
    "./scripts/test": None,  # this very run
    ".venv/bin/python -m lab.cloud --port 8765": "tests/test_own_airflow.py",
    "airflow connections add": "tests/hooks/test_connection_ways.py",
    "airflow dags test ": "tests/test_own_airflow.py",
    "airflow db clean": None,  # it is named, not shown
    "airflow-masq audit ": "tests/cli/test_audit.py",
    "airflow-masq check": "tests/cli/test_probe_and_check.py",
    "airflow-masq describe": "tests/cli/test_describe.py",
    "airflow-masq lint": "tests/cli/test_lint.py",
    "gcloud ": None,  # it asks Google; tests/renderings/test_gcloud_itself.py runs what we render
    "pip --version": None,  # a peer of a benchmark
    "pip install": None,  # it is named, not shown; tests/test_lower_bounds.py installs the wheel
    "pip wheel --no-deps .": "tests/test_wheel.py",  # by hatchling, since pip asks an index for it
    "printf '%s\\n' furo myst-parser sphinx | uv pip compile ": None,  # it asks an index, which no test may
    "uv pip compile ": None,  # as above; tests/test_constraints.py reads what it wrote
}
"""The beginnings of commands that stand without a prompt, with the test that runs them."""


def list_commands(path: Path) -> list[str]:
    """List a document's commands without a prompt: lines of blocks, and code in a sentence without placeholders."""
    page = path.read_text(encoding="utf-8")
    fence = re.compile(r"^(`{3,})\w*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
    prose = fence.sub("", page)
    blocks = [block for _, block in fence.findall(page) if not block.startswith("$ ")]
    indented = [line.strip() for line in re.findall(r"^ {4}\S.*$", prose, re.MULTILINE)]
    spans = [span for span in re.findall(r"`([^`\n]+)`", prose) if not re.search(r"\b[A-Z]{4,}\b|…", span)]
    lines = [line for block in blocks for line in block.splitlines()] + indented + spans
    return [line for line in lines if PROGRAM.match(line) and " " in line]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_each_command_is_run_by_a_test(path: Path) -> None:
    """A command in a block runs in a test, or there is a reason why none can run it."""
    prompts = re.findall(r"^\$ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if path.name not in IN_ONE_SHELL:  # where each command of a session runs
        assert [command for command in prompts if not re.search(r"\bairflow-masq ", command)] == []
    unknown = [line for line in list_commands(path) if not line.startswith(tuple(WHERE_COMMANDS_RUN))]
    assert unknown == []


@pytest.mark.parametrize("beginning", WHERE_COMMANDS_RUN)
def test_each_reason_is_needed(beginning: str) -> None:
    """The table names commands that documents have, and tests that are there."""
    assert [line for path in DOCUMENTS for line in list_commands(path) if line.startswith(beginning)]
    test = WHERE_COMMANDS_RUN[beginning]
    assert test is None or (REPOSITORY / test).exists()


def test_each_setting_of_airflow_is_one_that_it_knows() -> None:
    """A piece of Airflow's configuration that a document shows has a section and an option of the provider."""
    known = get_provider_info()["config"]
    pieces = [
        block
        for path in DOCUMENTS
        for block in re.findall(r"^```ini\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ]
    assert pieces
    for piece in pieces:
        read = configparser.ConfigParser(interpolation=None)
        read.read_string(piece)
        for section in read.sections():
            assert {*read[section]} <= {*known[section]["options"]}


def test_the_landing_page_names_every_page() -> None:
    """A reader finds every page of docs/ from its first one; Sphinx says the same of its navigation."""
    landing = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in (REPOSITORY / "docs").glob("*.md")} - {"README.md"}
    assert [name for name in sorted(names) if f"]({name})" not in landing] == []


def anchors_of(path: Path) -> set[str]:
    """Name the headings of a page as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_each_link_leads_somewhere(path: Path) -> None:
    """A link to a file of the repository names one that exists, and a link to a heading one that the page has."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")) if "://" not in link]
    for link in links:
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_each_file_that_is_named_exists(path: Path) -> None:
    """A path in backquotes that begins with one of the repository's folders names something that is there."""
    folders = "airflow_masq|lab|tests|dags|docs|scripts|benchmarks|constraints"
    found = re.findall(rf"`(?:\./)?((?:{folders})/[\w./-]+)`", path.read_text(encoding="utf-8"))
    names = [name for name in found if not re.search("NAME|nnn", name)]
    assert [name for name in names if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_each_picture_is_told_in_words(path: Path) -> None:
    """A reader who sees no pictures reads what they show, and so does one who sees them."""
    pictures = re.findall(r"!\[([^]]*)\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert [name for words, name in pictures if len(words.split()) < 5] == []


@pytest.mark.parametrize("path", sorted((REPOSITORY / "docs" / "images").iterdir()), ids=name_of)
def test_each_picture_is_small_and_can_be_read_in_the_dark(path: Path) -> None:
    """A picture has at most 120 kB; a drawing has a title, colours for a dark page, and no script."""
    assert path.stat().st_size <= 120_000
    if path.suffix == ".svg":
        drawing = path.read_text(encoding="utf-8")
        assert "<title" in drawing
        assert "prefers-color-scheme:dark" in drawing
        assert "<script" not in drawing


def test_the_readme_is_short() -> None:
    """The README is read in a few minutes: at most 10 KB."""
    assert (REPOSITORY / "README.md").stat().st_size <= 10_240


def test_the_readmes_rows_are_those_of_the_demo() -> None:
    """Each row that the README shows of the demo's table is in docs/demo.md, which has all of the output."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    demo = (REPOSITORY / "docs" / "demo.md").read_text(encoding="utf-8").splitlines()
    (table,) = re.findall(r"^```\n(ENVIRONMENT .*?)^```$", readme, re.MULTILINE | re.DOTALL)
    rows = table.splitlines()
    assert [row for row in rows if row not in demo] == []
    assert sum(" MASQ4" in row for row in rows) == 6


def keys_of(schema: dict[str, Any], *, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """List the keys that a schema knows, with their schemas, as docs/plan.md names them."""
    for name, below in schema.get("properties", {}).items():
        yield f"{prefix}{name}", below
        yield from keys_of(below, prefix=f"{prefix}{name}.")
        yield from keys_of(below.get("items", {}), prefix=f"{prefix}{name}[].")
    for choice in schema.get("oneOf", ()):
        yield from keys_of(choice, prefix=prefix)


PLAN_KEYS = dict(keys_of(PLAN_SCHEMA))
PLAN_ROWS = {
    row["key"]: row
    for row in re.finditer(
        r"^\| `(?P<key>[^`]+)` \| (?P<type>.*?) \| ?(?P<default>.*?) \| (?P<meaning>.*) \|$",
        (REPOSITORY / "docs" / "plan.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def test_the_page_about_plans_names_every_key() -> None:
    """docs/plan.md has a row for each key of the schema, in its order, and for no other."""
    assert list(PLAN_ROWS) == list(PLAN_KEYS)


@pytest.mark.parametrize("key", PLAN_KEYS)
def test_the_page_about_plans_agrees_with_the_schema(key: str) -> None:
    """A row tells the schema's type, words, bounds and default, and whether the key is required."""
    schema, row = PLAN_KEYS[key], PLAN_ROWS[key]
    words = [
        word for part in (schema, schema.get("items", {}), *schema.get("oneOf", ())) for word in part.get("enum", ())
    ]
    assert [word for word in words if f"`{word}`" not in row["type"]] == []
    if "type" in schema and not words:
        assert row["type"].startswith({"array": "list"}.get(schema["type"], schema["type"]))
    bounds = [schema[name] for name in ("minimum", "maximum", "maxLength", "minItems", "maxItems") if name in schema]
    assert [bound for bound in bounds if not re.search(rf"\b{bound}\b", row["type"])] == []
    if "default" in schema:
        assert row["default"].strip("`") == str(schema["default"]).lower()
    required = {f"targets[].{name}" for name in PLAN_KEYS["targets"]["items"]["required"]}
    assert (row["default"] == "required") is (key in required)
