"""The demo as a user runs it: real packets, the emulated Composer API, the project's DAGs in Pods of every node."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.demo.made_up_history import LABEL
from lab.demo.page import HOURS
from lab.demo.scenario import ENVIRONMENTS, NODES, TARGETS, get_expected_outcome
from lab.packets import sandbox

if TYPE_CHECKING:
    from tests.lab.demo.conftest import ShownDemo

REPOSITORY = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.packets,
    pytest.mark.airflow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo"),
    pytest.mark.skipif(not sandbox.is_inside(), reason="needs network namespaces: run ./scripts/test"),
]


def remove_seconds(text: str) -> list[str]:
    """Split an output into lines, and remove the durations of the demo's steps."""
    return re.sub(r"… [0-9.]+ s$", "… s", text, flags=re.MULTILINE).splitlines()


def find_block(document: str, *, beginning: str) -> str:
    """Find the code block of a document that begins with these words."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```\n({beginning}.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(block)


def test_the_demo_writes_its_verdicts(shown_demo: ShownDemo) -> None:
    """Without the agent services see Pod addresses or nothing; with it they see node addresses, from three nodes."""
    environments = {each["name"]: each for each in shown_demo.verdicts["environments"]}
    assert {name: each["masquerade"] for name, each in environments.items()} == {
        each.environment_id: each.masquerade for each in ENVIRONMENTS
    }
    for name, environment in environments.items():
        outcomes = {(each["node"], each["target"]): each["outcome"] for each in environment["verdicts"]}
        assert len(outcomes) == NODES * len(TARGETS)
        assert all(outcome == get_expected_outcome(name, target) for (_, target), outcome in outcomes.items())
    erp = {each["observed"] for each in environments["with-agent"]["verdicts"] if each["target"] == "onprem-erp"}
    assert erp == {"10.128.0.10", "10.128.0.11", "10.128.0.12"}
    assert {
        each["observed"] for each in environments["without-agent"]["verdicts"] if each["target"] == "onprem-erp"
    } == {None}


def test_the_documents_show_its_output(shown_demo: ShownDemo) -> None:
    """The page about the demo shows all of its output, and the README the end of the creation's log."""
    assert remove_seconds(shown_demo.output) == remove_seconds(find_block("docs/demo.md", beginning="A local stand-in"))
    log = "".join(path.read_text(encoding="utf-8") for path in (shown_demo.kept / "logs").rglob("*.log"))
    assert [
        line for line in find_block("README.md", beginning="projects/").splitlines() if f'"{line}"' not in log
    ] == []


def test_the_page_opens_with_what_the_demo_says(shown_demo: ShownDemo) -> None:
    """A user signs in with the name and the password that were printed, and gets the page."""
    assert "<title>Masquerade</title>" in shown_demo.page
    assert f"{HOURS} hours before are made up" in shown_demo.announcement


def test_the_page_has_a_day_of_history(shown_demo: ShownDemo) -> None:
    """Each environment has its real run, and one copy for each hour of a day, whose id says that it is made up."""
    real = [event for event in shown_demo.events if not event["source_run_id"].startswith(LABEL)]
    made_up = [event for event in shown_demo.events if event["source_run_id"].startswith(LABEL)]
    assert (len(real), len(made_up)) == (len(ENVIRONMENTS), HOURS * len(ENVIRONMENTS))
    times = sorted(datetime.fromisoformat(event["timestamp"]) for event in shown_demo.events)
    assert (times[-1] - times[0]).total_seconds() // 3600 == HOURS
    assert {event["extra"]["run_id"] for event in made_up} == {event["source_run_id"] for event in made_up}


def test_ctrl_c_ends_its_processes(shown_demo: ShownDemo) -> None:
    """After Ctrl-C the demo is done, and no Airflow is left behind."""
    assert (shown_demo.status, shown_demo.answers_after_the_end) == (0, False)
    assert (shown_demo.kept / "passwords.json").stat().st_mode & 0o077 == 0
