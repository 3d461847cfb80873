"""The facts of an environment are plain, and what nobody can read is left out rather than guessed."""

from __future__ import annotations

import pytest

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.provisioning.facts import console_url, environment_facts

NAME = EnvironmentName(project="example-project", location="us-central1", environment_id="example-environment")


@pytest.mark.parametrize(
    ("planned", "own", "told"),
    [
        (["10.0.0.0/16"], "10.4.0.0/16", ["10.0.0.0/16"]),
        ([], "10.4.0.0/16", ["10.4.0.0/16"]),
        ([], "/14", []),
        ([], "nonsense", []),
    ],
    ids=["the plan's", "the environment's", "only a size", "unreadable"],
)
def test_ranges_are_the_plans_else_the_environments(planned: list[str], own: str, told: list[str]) -> None:
    """What the plan says wins; else the environment's own range is told, where it can be read."""
    found = {"config": {"nodeConfig": {"ipAllocationPolicy": {"clusterIpv4CidrBlock": own}}}}
    assert (
        environment_facts(NAME, found=EnvironmentResource.read(found), record={"pod_ranges": planned})["pod_ranges"]
        == told
    )


def test_what_an_environment_does_not_say_is_none() -> None:
    """An environment that is silent about its cluster has no cluster in the facts."""
    facts = environment_facts(NAME, found=EnvironmentResource(), record={"adopted": True})
    assert facts["gke_cluster"] is None
    assert (facts["enable_ip_masq_agent"], facts["adopted"]) == (False, True)


def test_a_project_with_a_domain_is_quoted_in_the_link() -> None:
    """Projects of older organisations have a colon in their id."""
    name = EnvironmentName(project="example.com:project", location="us-central1", environment_id="e")
    assert console_url(name).endswith("?project=example.com%3Aproject")
