"""Subnetworks, addresses and quotas are read as Compute answers them, and their names in all of Google's forms."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts import Quota, RegionalName, Subnetwork, read_quotas
from airflow_masq.facts.subnetwork import shorten_network
from tests.facts.resources import NETWORK, SUBNETWORK_NAME, URL, make_subnetwork


@pytest.mark.parametrize("text", ["composer", str(SUBNETWORK_NAME), URL + str(SUBNETWORK_NAME)])
def test_a_subnetwork_may_be_named_in_three_forms(text: str) -> None:
    """A URL, the full name and the ID alone name the same subnetwork."""
    found = RegionalName.parse(text, kind="subnetworks", project="example-project", region="us-central1")
    assert found == SUBNETWORK_NAME


@pytest.mark.parametrize("text", ["", "a/b", "projects/p/regions/r/routers/x", "projects/p/global/networks/n"])
def test_other_names_are_refused(text: str) -> None:
    """A name of another kind or form is no subnetwork's."""
    with pytest.raises(
        InvalidInputError, match=r"nodeConfig\.subnetwork: expected projects/PROJECT/regions/REGION/sub"
    ):
        RegionalName.parse(text, kind="subnetworks", project="p", region="r", where="nodeConfig.subnetwork")


@pytest.mark.parametrize("text", ["composer", NETWORK, URL + NETWORK, "global/networks/composer"])
def test_a_network_has_one_form(text: str) -> None:
    """A network's URL, full name and ID become the full name, so that they can be compared."""
    assert shorten_network(text, project="example-project") == NETWORK


def test_no_network_stays_none() -> None:
    """A network that is not told has no name."""
    assert shorten_network("", project="p") == ""


def test_a_subnetwork_has_its_ranges() -> None:
    """The primary range is the nodes', the secondary ones have names."""
    subnetwork = make_subnetwork(pods="10.4.0.0/14", broken="10.4")
    assert subnetwork.primary_range == IPNetwork("10.128.0.0/20")
    assert subnetwork.secondary_ranges == {"pods": IPNetwork("10.4.0.0/14")}
    assert subnetwork.network == NETWORK


def test_an_empty_subnetwork_has_no_ranges() -> None:
    """Nothing is invented where the answer tells nothing."""
    assert Subnetwork.read({}, name=SUBNETWORK_NAME).primary_range is None


def test_quotas_are_read_by_metric() -> None:
    """A quota has a limit and a use; what has no limit is no quota."""
    quotas = [{"metric": "CPUS", "limit": 24, "usage": 3.5}, {"metric": "X", "limit": 1}, {"metric": "Y"}, {"limit": 1}]
    assert read_quotas({"quotas": quotas}) == {
        "CPUS": Quota(metric="CPUS", limit=24.0, usage=3.5),
        "X": Quota(metric="X", limit=1.0, usage=0.0),
    }
