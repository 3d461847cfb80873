"""The facts of an environment are plain, and what cannot be read is left out, not guessed."""

from __future__ import annotations

import pytest

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.difference import Difference
from airflow_masq.facts.network_facts import NetworkFacts
from airflow_masq.plan import load_plan_from_environment
from airflow_masq.provisioning import CreationRequest, CreationStart, Origin
from airflow_masq.provisioning.facts import FACTS, list_facts, record_start
from tests.facts.resources import make_cluster, make_subnetwork
from tests.facts.test_network_facts import make_facts, make_nat

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
    network = NetworkFacts(name=NAME, environment=EnvironmentResource.read(found))
    facts = list_facts(NAME, network=network, record={"pod_ranges": planned})
    assert facts["pod_ranges"] == listed
    assert facts["ranges_from"].pop("pod_ranges") == whose
    assert set(facts["ranges_from"].values()) == {None}


def test_what_was_read_counts_before_the_plan() -> None:
    """No value of the plan stands where the APIs told one, not even where they told that there is none."""
    record = {"node_ranges": ["10.0.0.0/24"], "nat_addresses": ["203.0.113.99"], "service_ranges": ["10.1.0.0/20"]}
    network = make_facts(make_cluster(), subnetworks=(make_subnetwork(),), nat=())
    facts = list_facts(NAME, network=network, record=record)
    assert (facts["node_ranges"], facts["nat_addresses"], facts["service_ranges"]) == (
        ["10.128.0.0/20"],
        [],
        ["10.8.0.0/22"],
    )
    assert facts["ranges_from"]["nat_addresses"] == "router"
    assert facts["cluster"]["initial_version"] == "1.33.4-gke.1245000"
    unread = list_facts(NAME, network=make_facts(nat=(make_nat(addresses=None),)), record=record)
    assert (unread["nat_addresses"], unread["ranges_from"]["nat_addresses"]) == (["203.0.113.99"], "plan")


def test_a_record_of_another_version_is_read() -> None:
    """What a record lacks is unknown, and what only another version knows is left out."""
    facts = list_facts(
        NAME, network=NetworkFacts(name=NAME, environment=EnvironmentResource()), record={"colour": "blue"}
    )
    assert "colour" not in facts
    assert (facts["adopted"], facts["origin"], facts["differences"], facts["findings"]) == (None, None, [], [])


def test_the_differences_are_bounded() -> None:
    """Of very many differences fifty are listed, and the rest is counted."""
    many = tuple(Difference(path=("labels", str(number)), planned="a", found="b") for number in range(60))
    request = CreationRequest(name=NAME, plan=load_plan_from_environment({}))
    record = record_start(request, start=CreationStart(origin=Origin.ADOPTED, differences=many))
    assert len(record["differences"]) == 51
    assert record["differences"][-1] == "10 more fields differ"


def test_the_facts_are_those_of_the_resource() -> None:
    """Each fact is found where Google's resource has it."""
    found = EnvironmentResource.read(
        {
            "uuid": "1f3c",
            "state": "RUNNING",
            "config": {
                "gkeCluster": "projects/p/locations/l/clusters/c",
                "airflowUri": "https://example.com",
                "dagGcsPrefix": "gs://bucket/dags",
                "softwareConfig": {"imageVersion": "composer-2.17.9-airflow-2.11.1"},
            },
        }
    )
    facts = list_facts(NAME, network=NetworkFacts(name=NAME, environment=found), record={})
    assert {name: facts[name] for name in FACTS} == {
        "uuid": "1f3c",
        "state": "RUNNING",
        "image_version": "composer-2.17.9-airflow-2.11.1",
        "gke_cluster": "projects/p/locations/l/clusters/c",
        "airflow_uri": "https://example.com",
        "dag_gcs_prefix": "gs://bucket/dags",
    }


def test_what_an_environment_does_not_say_is_none() -> None:
    """An environment that does not name its cluster has no cluster in the facts."""
    facts = list_facts(
        NAME, network=NetworkFacts(name=NAME, environment=EnvironmentResource()), record={"adopted": True}
    )
    assert facts["gke_cluster"] is None
    assert (facts["enable_ip_masq_agent"], facts["adopted"]) == (False, True)
