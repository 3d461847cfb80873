"""The facts of an environment are plain, and what cannot be read is left out, not guessed."""

from __future__ import annotations

import pytest

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.difference import Difference
from airflow_masq.network.ranges import NetworkRanges
from airflow_masq.provisioning import CreationStart, Origin
from airflow_masq.provisioning.facts import list_facts, record_start

NAME = EnvironmentName(project="example-project", location="us-central1", environment_id="example-environment")


@pytest.mark.parametrize(
    ("planned", "own", "listed", "whose"),
    [
        (["10.0.0.0/16"], "10.4.0.0/16", ["10.4.0.0/16"], "environment"),
        ([], "10.4.0.0/16", ["10.4.0.0/16"], "environment"),
        (["10.0.0.0/16"], "/14", ["10.0.0.0/16"], "plan"),
        (["10.0.0.0/16"], None, ["10.0.0.0/16"], "plan"),
        ([], "nonsense", [], None),
    ],
    ids=["both", "the environment's", "only a size", "the plan's", "unreadable"],
)
def test_ranges_are_the_environments_else_the_plans(
    planned: list[str], own: str | None, listed: list[str], whose: str | None
) -> None:
    """The environment's own range wins; where it tells none, the plan's is listed and marked."""
    found = {"config": {"nodeConfig": {"ipAllocationPolicy": {"clusterIpv4CidrBlock": own or ""}}}}
    facts = list_facts(NAME, found=EnvironmentResource.read(found), record={"pod_ranges": planned})
    assert facts["pod_ranges"] == listed
    assert facts["ranges_from"] == {"node_ranges": None, "pod_ranges": whose, "service_ranges": None}


def test_a_record_of_another_version_is_read() -> None:
    """What a record lacks is unknown, and what only another version knows is left out."""
    facts = list_facts(NAME, found=EnvironmentResource(), record={"colour": "blue"})
    assert "colour" not in facts
    assert (facts["adopted"], facts["origin"], facts["differences"], facts["findings"]) == (None, None, [], [])


def test_the_differences_are_bounded() -> None:
    """Of very many differences fifty are listed, and the rest is counted."""
    many = tuple(Difference(path=("labels", str(number)), planned="a", found="b") for number in range(60))
    record = record_start(NetworkRanges(), findings=(), start=CreationStart(origin=Origin.ADOPTED, differences=many))
    assert len(record["differences"]) == 51
    assert record["differences"][-1] == "10 more fields differ"


def test_what_an_environment_does_not_say_is_none() -> None:
    """An environment that does not name its cluster has no cluster in the facts."""
    facts = list_facts(NAME, found=EnvironmentResource(), record={"adopted": True})
    assert facts["gke_cluster"] is None
    assert (facts["enable_ip_masq_agent"], facts["adopted"]) == (False, True)
