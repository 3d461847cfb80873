"""The reference of what tasks leave and of settings names everything that there is, and nothing else."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import airflow_masq.exceptions
from airflow_masq.cli.command_line import COMMANDS
from airflow_masq.get_provider_info import get_provider_info
from airflow_masq.verdict import encode_report
from airflow_masq.verdict.event_summary import EventSource, summarise_reports
from tests.test_words_of_commands import options_of
from tests.verdict.reports import failing, passing, report

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "outputs.md").read_text(encoding="utf-8")
SETTINGS = (REPOSITORY / "docs" / "connections.md").read_text(encoding="utf-8")
REPORT = report(passing(), failing(name="b"))
SOURCE = EventSource(dag_id="d", run_id="r", task_id="t", check_task_ids=("c",))
OF_A_POD = {"AIRFLOW_MASQ_PLAN_TEXT"}
"""What the package sets in a Pod that it makes."""

SOURCES = {path: path.read_text(encoding="utf-8") for path in (REPOSITORY / "airflow_masq").rglob("*.py")}


def section(title: str, *, page: str = PAGE) -> str:
    """Give a section of the page, up to the next heading."""
    (text,) = re.findall(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    return str(text)


def keys_of(title: str) -> list[str]:
    """List the keys that the first column of a section's table names."""
    cells = re.findall(r"^\| (`[^|]+) \|", section(title), re.MULTILINE)
    return [key for cell in cells for key in re.findall(r"`([^`]+)`", cell)]


def test_a_reports_keys() -> None:
    """The table of a report has its keys, and those of its verdicts."""
    encoded: dict[str, Any] = encode_report(REPORT)
    assert sorted(keys_of("A report")) == sorted(encoded)
    named = re.findall(r"`([^`]+)`", re.findall(r"^\| `verdicts` \| (.*)$", section("A report"), re.MULTILINE)[0])
    assert named == list(encoded["verdicts"][0])
    assert encoded["schema"] in PAGE


def test_an_events_keys() -> None:
    """The table of the check's event has its keys, and those of its environments and verdicts."""
    event = summarise_reports([REPORT], source=SOURCE)
    assert sorted(keys_of("The check's event")) == sorted(event)
    text = section("The check's event")
    (environment,) = event["environments"]
    assert re.findall(r"`([^`]+)`", text.partition("each with ")[2].partition(" |")[0]) == list(environment)
    brief = text.partition("environments the best have ")[2].partition(" alone")[0]
    many = [replace(REPORT, environment=f"environment-{number}") for number in range(21)]
    event_of_many = summarise_reports(many, source=SOURCE)
    assert re.findall(r"`([^`]+)`", brief) == list(event_of_many["environments"][-1])
    verdict = text.partition("Its `verdicts` have ")[2].partition(";")[0]
    assert re.findall(r"`([^`]+)`", verdict) == list(environment["verdicts"][0])
    assert event["schema"] in PAGE


def test_every_asset_and_xcom_is_named() -> None:
    """Each asset, and each key under which code pushes an XCom, is on the page."""
    code = "\n".join(SOURCES.values())
    assets = re.findall(r'^\w+_ASSET_URI: Final = "([^"]+)"', code, re.MULTILINE)
    keys = re.findall(r'^\w+_XCOM_KEY: Final = "([^"]+)"', code, re.MULTILINE)
    assert (len(assets), len(keys)) == (2, 6)
    assert [name for name in (*assets, *keys) if f"`{name}`" not in PAGE] == []


def test_the_tree_of_errors() -> None:
    """The tree is that of the module which has them."""
    words = airflow_masq.exceptions.__doc__ or ""
    (tree,) = re.findall(r"^    AirflowMasqError\n(?:    .*\n)+", words, re.MULTILINE)
    assert f"```text\n{textwrap.dedent(tree)}```" in PAGE


def test_every_setting_is_named() -> None:
    """Each option of Airflow's configuration, and each of our variables, is in the table of settings."""
    table = section("Settings", page=SETTINGS)
    options = [name for part in get_provider_info()["config"].values() for name in part["options"]]
    code = "\n".join(SOURCES.values())
    read = {*re.findall(r"\bAIRFLOW_MASQ_(?:\w+_)*[A-Z]+\b", code)} - OF_A_POD
    read |= {
        f"AIRFLOW_MASQ_{option[2:].upper().replace('-', '_')}"
        for command in COMMANDS
        for option in options_of(command)
        if option.endswith("-endpoint") and option != "--cluster-endpoint"
    }
    assert sorted(re.findall(r"`(AIRFLOW_MASQ_\w+)`", table)) == sorted(read)
    assert [name for name in options if f"`{name}`" not in table] == []
