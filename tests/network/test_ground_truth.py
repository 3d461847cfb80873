"""Predictions and the real agent: one test for each cell of what its binary was seen to do."""

from __future__ import annotations

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.agent.config import derive_agent_policy, read_agent_config
from airflow_masq.network.policy import MasqueradePolicy
from airflow_masq.network.prediction import predict
from airflow_masq.network.ranges import AddressKind, NetworkRanges
from tests.scenarios import ground_truth
from tests.scenarios.ground_truth import CELL_NAMES, CELLS, IPV6_DESTINATION, ROWS, Row

RANGES = NetworkRanges(
    node=(IPNetwork(ground_truth.NODE_RANGE), IPNetwork("fd00:128::/64")),
    pod=(IPNetwork(ground_truth.POD_RANGE), IPNetwork("fd00:64::/48")),
)
POD_IPV6, NODE_IPV6 = "fd00:64::5", "fd00:128::10"
KINDS = {"Pod": AddressKind.POD, "node": AddressKind.NODE}


def policy_of(row: Row) -> MasqueradePolicy:
    """Read a row's config as its agent did."""
    reading = read_agent_config(row.config, enable_ipv6=row.ipv6, reserved_ranges=row.reserved_ranges)
    return derive_agent_policy(reading)


@pytest.mark.parametrize("row", ROWS, ids=[row.policy for row in ROWS])
def test_a_config_leads_to_the_real_agents_list(row: Row) -> None:
    """What is read from a config is the list that the real agent wrote, or no chain where it wrote none."""
    lists = [[str(exemption.cidr) for exemption in chain.exemptions] for chain in policy_of(row).chains]
    assert lists == ([] if row.non_masquerade is None else [list(row.non_masquerade)])


@pytest.mark.parametrize(("row", "destination", "whom"), CELLS, ids=CELL_NAMES)
def test_the_prediction_agrees_with_the_real_agent(row: Row, destination: str, whom: str) -> None:
    """For every policy and destination the prediction names the source address that the real agent's rules led to."""
    ipv6 = destination == IPV6_DESTINATION
    pod, node = (POD_IPV6, NODE_IPV6) if ipv6 else (ground_truth.POD, ground_truth.NODE)
    prediction = predict(
        RANGES,
        policy=policy_of(row),
        pod=IPAddress(pod),
        destination=IPAddress(destination),
        node_address=IPAddress(node),
    )
    assert prediction.arrives_as is KINDS[whom]
    assert prediction.sources == (IPNetwork({"Pod": pod, "node": node}[whom]),)
