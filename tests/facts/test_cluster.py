"""A cluster is read as GKE answers it: Autopilot and Standard, private and public, and answers with gaps."""

from __future__ import annotations

from typing import Any

import pytest
from netaddr import IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts import Cluster, ClusterName, NodePool, RegionalName
from tests.facts.resources import CLUSTER_NAME, NETWORK, POOL, SUBNETWORK_NAME, cluster_resource, make_cluster


def pool(pods: int, **network: Any) -> dict[str, Any]:  # noqa: ANN401 - a field is any JSON
    """Make a node pool's resource."""
    return {"maxPodsConstraint": {"maxPodsPerNode": str(pods)}, "networkConfig": network}


def test_an_autopilot_cluster_is_read() -> None:
    """Everything that matters for source addresses is read."""
    cluster = make_cluster()
    assert cluster == Cluster(
        name=CLUSTER_NAME,
        status="RUNNING",
        is_autopilot=True,
        initial_version="1.33.4-gke.1245000",
        current_version="1.33.5-gke.1201000",
        pod_ranges=(IPNetwork("10.4.0.0/17"),),
        pod_range_names=("pods",),
        default_pod_range_name="pods",
        service_ranges=(IPNetwork("10.8.0.0/22"),),
        uses_dataplane_v2=True,
        has_intranode_visibility=True,
        disables_default_snat=False,
        has_private_nodes=True,
        network=NETWORK,
        subnetwork=SUBNETWORK_NAME,
        more_subnetworks=(),
        node_pools=(NodePool.read(POOL),),
        default_pods_per_node=110,
    )
    assert cluster.pods_per_node == 32


@pytest.mark.parametrize(("told", "total"), [(3, 3), ("3", 3), (0, None), (None, None), ("many", None)])
def test_nodes_are_counted_where_gke_counts_them(told: object, total: int | None) -> None:
    """A cluster without the number, or with none of its nodes counted, has an unknown number and not zero."""
    assert make_cluster(currentNodeCount=told).nodes_total == total


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nodePools": None}, None),  # the cluster's own field says 110, which is not true of Autopilot
        ({"nodePools": None, "autopilot": {}}, 110),
        ({"nodePools": None, "autopilot": {}, "defaultMaxPodsConstraint": None}, None),
        ({"nodePools": [pool(32), pool(64)]}, None),
        ({"nodePools": [pool(64), pool(64)]}, 64),
    ],
)
def test_pods_per_node_are_told_by_the_pools(changes: dict[str, Any], expected: int | None) -> None:
    """One number counts only where every node has it."""
    assert make_cluster(**changes).pods_per_node == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"privateClusterConfig": None}, True),  # the pools say it
        ({"privateClusterConfig": None, "nodePools": None}, False),
        ({"nodePools": [pool(32, enablePrivateNodes=False)]}, False),
        ({"nodePools": [pool(32, enablePrivateNodes=False), POOL]}, False),
        ({"nodePools": [pool(32)]}, True),  # the pool has no setting of its own
        ({"nodePools": [pool(32, enablePrivateNodes="no")], "privateClusterConfig": None}, False),  # nor has this one
        ({"privateClusterConfig": None, "nodePools": None, "networkConfig": {"defaultEnablePrivateNodes": True}}, True),
    ],
)
def test_nodes_are_private_where_all_pools_say_so(changes: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a row
    """A pool's own setting counts before the cluster's, in its old and its new place."""
    assert make_cluster(**changes).has_private_nodes is expected


def test_additional_pod_ranges_are_named() -> None:
    """Additional ranges of the cluster, and those of node pools, are Pod ranges, too."""
    policy = cluster_resource()["ipAllocationPolicy"] | {
        "additionalPodRangesConfig": {
            "podRangeNames": ["more-pods"],
        },
    }
    own = pool(32, podRange="own-pods", podIpv4CidrBlock="10.200.0.0/20")
    cluster = make_cluster(ipAllocationPolicy=policy, nodePools=[POOL, own])
    assert cluster.pod_range_names == ("pods", "more-pods", "own-pods")
    assert cluster.pod_ranges == (IPNetwork("10.4.0.0/17"), IPNetwork("10.200.0.0/20"))
    assert cluster.told_pod_range_names == {"pods", "own-pods"}


def test_additional_subnetworks_may_be_named_by_their_id() -> None:
    """A cluster with nodes in several subnetworks names the others by ID or in full; what is neither is left out."""
    full = "projects/host/regions/us-central1/subnetworks/two"
    policy = cluster_resource()["ipAllocationPolicy"] | {
        "additionalIpRangesConfigs": [
            {"subnetwork": "one", "podIpv4RangeNames": ["one-pods"]},
            {"subnetwork": full},
            {"subnetwork": "a/b"},
        ]
    }
    cluster = make_cluster(ipAllocationPolicy=policy)
    assert [each.resource_id for each in cluster.more_subnetworks] == ["one", "two"]
    assert cluster.more_subnetworks[0].project == SUBNETWORK_NAME.project
    assert str(cluster.more_subnetworks[1]) == full
    assert cluster.pod_range_names == ("pods", "one-pods")


def test_a_cluster_that_uses_routes_has_no_range_names() -> None:
    """A Standard cluster without alias ranges names no secondary range."""
    cluster = make_cluster(
        autopilot={},
        ipAllocationPolicy={"useRoutes": True},
        nodePools=[{"name": "default-pool", "podIpv4CidrSize": 24}],
    )
    assert cluster.pod_range_names == ()
    assert cluster.pod_ranges == (IPNetwork("10.4.0.0/17"),)
    assert cluster.told_pod_range_names == frozenset()
    assert cluster.pods_per_node is None


def test_an_answer_with_gaps_is_read() -> None:
    """Nothing is invented, and nothing fails, where GKE tells almost nothing."""
    cluster = Cluster.read({"subnetwork": "default", "network": "default"}, name=CLUSTER_NAME)
    assert cluster.network == "projects/example-project/global/networks/default"
    assert cluster.subnetwork is None
    assert (cluster.initial_version, cluster.pod_ranges, cluster.node_pools) == ("", (), ())


@pytest.mark.parametrize("kind", ["locations", "zones"])
def test_the_name_of_a_cluster_may_have_a_zone(kind: str) -> None:
    """Composer 1 writes zones, and GKE takes locations."""
    name = ClusterName.parse(f"projects/p/{kind}/us-central1-c/clusters/c")
    assert str(name) == "projects/p/locations/us-central1-c/clusters/c"


def test_another_name_is_no_clusters() -> None:
    """An empty name, and one of another form, are refused."""
    with pytest.raises(InvalidInputError, match="gkeCluster: expected projects/PROJECT/locations/LOCATION/clusters/"):
        ClusterName.parse("")


def test_names_are_values() -> None:
    """Names can be keys."""
    assert len({SUBNETWORK_NAME, RegionalName(**vars(SUBNETWORK_NAME)), CLUSTER_NAME}) == 2
