"""Every place in a plan has a line, under the name that rules give it."""

from __future__ import annotations

import pytest

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import load_plan, load_plan_from_mapping

PLAN = """\
environment:
  name: projects/p/locations/l/environments/e
  config:
    node_config:
      ip_allocation_policy:
        cluster_ipv4_cidr_block: 192.168.0.0/16
      tags:
        - a
network:
  node_ranges:
    - 10.128.0.0/20
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("environment.name", 2),
        ("environment.config.nodeConfig", 4),
        ("environment.config.nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock", 6),
        ("environment.config.node_config.tags[0]", 8),
        ("environment.config.nodeConfig.tags[0]", 8),
        ("environment.config.nodeConfig.enableIpMasqAgent", 4),
        ("environment.config.softwareConfig.imageVersion", 3),
        ("network.node_ranges[0]", 11),
        ("network.pod_ranges", 6),
        ("network.service_ranges", 9),
        ("targets", 1),
        ("", 1),
    ],
)
def test_a_place_has_a_line(where: str, line: int) -> None:
    """A place is on its own line, in either spelling; one that is not there is on the line of what is around it.

    Pod and Service ranges that the environment gives are on the environment's line.
    """
    assert load_plan(PLAN, source="plan.yaml").find_line(where) == line


def test_the_plans_own_ranges_have_their_own_line() -> None:
    """Where the plan gives Pod ranges itself, their line is not the environment's."""
    plan = load_plan(f"{PLAN}  pod_ranges: [100.64.0.0/16]\n", source="plan.yaml")
    assert plan.find_line("network.pod_ranges[0]") == 12


def test_what_came_without_a_text_has_no_lines() -> None:
    """A plan from a DAG's parameters names no lines."""
    plan = load_plan_from_mapping({"network": {}}, source="params")
    assert (plan.find_line("network"), plan.find_line("")) == (None, None)


def test_an_error_in_a_field_in_snake_case_has_its_line() -> None:
    """An error names the line of the field in either spelling."""
    with pytest.raises(PlanError) as caught:
        load_plan(PLAN.replace("192.168.0.0/16", "8"), source="plan.yaml")
    assert caught.value.line == 6


def test_where_a_plan_says_something_does_not_matter() -> None:
    """Two plans that say the same on different lines are equal."""
    assert load_plan(PLAN, source="a") == load_plan(f"# a comment\n{PLAN}", source="b")
