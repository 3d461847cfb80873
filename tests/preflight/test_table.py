"""The report as text: the most urgent first, in the width of the terminal, with what foreign text holds escaped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_masq.preflight.table import write_lines
from tests.preflight.scene import HOST, look, make_plan, prepare

if TYPE_CHECKING:
    from tests.emulated_cloud import EmulatedCloud


def test_the_most_urgent_comes_first(cloud: EmulatedCloud) -> None:
    """Errors, warnings, unknowns, remarks, then what is ok; each row has a code, and the counts are told at the end."""
    prepare(cloud)
    cloud.access.deny(
        "example-project", "composer.environments.create", "container.clusters.get", "compute.regions.get"
    )
    lines = list(write_lines(look(cloud), paint=lambda text, severity: f"<{severity}>{text}"))
    heads = [line.partition(">")[0][1:] for line in lines if line.startswith("<")]
    titles = ["Ranges, of the plan or as they were read", "Predicted source addresses", "Addresses to allowlist"]
    assert [line for line, before in zip(lines[1:], lines, strict=False) if not before] == [*titles, lines[-1]]
    assert Counter(heads) == {"error": 1, "warning": 1, "unknown": 1, "info": 1, "ok": 9}
    assert "<error>error    MASQ503  environment.name" in lines
    assert heads == sorted(heads, key=("error", "warning", "unknown", "info", "ok").index)
    assert lines[-1].startswith(
        "projects/example-project/locations/us-central1/environments/example-environment: 1 error,"
    )
    assert lines[-1].endswith("1 warning, 1 unknown, 1 remark, 9 ok.")


def test_lines_fit_and_are_harmless(cloud: EmulatedCloud) -> None:
    """Lines are wrapped, and a name with an escape sequence is shown as an escape."""
    prepare(cloud)
    plan = make_plan(
        ipAllocationPolicy={"clusterSecondaryRangeName": "po\x1b[31mds", "servicesSecondaryRangeName": "s"}
    )
    lines = list(write_lines(look(cloud, plan=plan), width=80))
    messages = [line for line in lines if line.startswith("         ")]
    assert max(len(line) for line in messages if max(map(len, line.split())) < 40) <= 80
    assert any("po\\x1b[31mds" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_where_nothing_is_known_the_sections_say_so(cloud: EmulatedCloud) -> None:
    """Ranges, room and addresses that nobody could read are not claimed."""
    prepare(cloud)
    cloud.access.deny(HOST, "compute.subnetworks.get", "compute.routers.list")
    lines = list(write_lines(look(cloud)))
    assert "  nodes     not known" in lines
    assert "  room      not known" in lines
    assert "  none is known; the rows above say why" in lines
