"""A cluster's policies are read as its API server has them, and nothing that it accepted makes reading fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.network.live_policy import (
    LiveNode,
    LiveObject,
    LivePolicy,
    is_fixed_name,
    make_manifest,
    read_live_node,
    read_live_object,
    read_live_policy,
    sort_cidrs,
)

DEFAULT: dict[str, Any] = {
    "apiVersion": "networking.gke.io/v1",
    "kind": "EgressNATPolicy",
    "metadata": {
        "name": "default",
        "generation": 1,
        "resourceVersion": "123",
        "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"},
        "managedFields": [
            {"manager": "one", "operation": "Apply", "fieldsV1": {"f:spec": {"f:destinations": {}}}},
            {"manager": "two", "operation": "Update", "fieldsV1": {"f:spec": {".": {}, "f:action": {}}}},
            {"manager": "one", "operation": "Update", "fieldsV1": {"f:spec": {"f:destinations": {}}}},
            {"operation": "Update", "fieldsV1": {"f:spec": {"f:destinations": {}}}},
            "no entry",
        ],
    },
    "spec": {"action": "NoSNAT", "destinations": [{"cidr": "192.168.0.0/16"}, "10.0.0.0/8", {}, 5]},
}


def test_an_object_is_read_as_it_is() -> None:
    """The list keeps its order, a bare string is shown as it is, and who set the list is told once."""
    read = read_live_object(DEFAULT)
    assert read is not None
    assert read.destinations == ("192.168.0.0/16", "10.0.0.0/8", "", "")
    assert (read.name, read.action, read.managers, read.resource_version) == ("default", "NoSNAT", ("one",), "123")
    assert read.as_json() == {
        "name": "default",
        "action": "NoSNAT",
        "destinations": ["192.168.0.0/16", "10.0.0.0/8", "", ""],
        "managers": ["one"],
        "resource_version": "123",
    }


@pytest.mark.parametrize(
    ("metadata", "untouched", "reconciled"),
    [
        ({"generation": 1, "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}}, True, False),
        ({"generation": 2, "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}}, False, False),
        ({"generation": 1, "labels": {"addonmanager.kubernetes.io/mode": "Reconcile"}}, False, True),
        ({"generation": 1}, False, False),
        ({"generation": "1", "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}}, False, False),
    ],
)
def test_what_the_addon_manager_does_is_known(metadata: dict[str, Any], untouched: bool, reconciled: bool) -> None:  # noqa: FBT001 - a row of the table
    """An object for users to edit that nobody has edited is told from an edited one, and from one that is set back."""
    read = read_live_object({"metadata": {"name": "default", **metadata}})
    assert read is not None
    assert (read.is_untouched, read.is_reconciled) == (untouched, reconciled)


def test_what_has_no_name_is_left_out() -> None:
    """Objects without a name are no objects, and two with one name are one, the later."""
    other = {"metadata": {"name": "default"}, "spec": {"destinations": [{"cidr": "10.0.0.0/8"}]}}
    policy = read_live_policy([{"metadata": {}}, {"metadata": "x"}, {}, DEFAULT, other])
    assert policy == LivePolicy(objects=(LiveObject(name="default", action="", destinations=("10.0.0.0/8",)),))


def test_gkes_own_object_is_told_by_its_name() -> None:
    """Objects called as GKE calls its own cannot be changed, and all others can."""
    names = ("default", "extra", "gke-bbfa6c0e-1", "gke-bd9f8eb0b4-1")
    policy = LivePolicy(objects=tuple(LiveObject(name=name) for name in names))
    assert [each.name for each in policy.fixed] == ["gke-bbfa6c0e-1", "gke-bd9f8eb0b4-1"]
    assert [each.name for each in policy.editable] == ["default", "extra"]
    assert not any(map(is_fixed_name, ("gke-1", "gke-xyz-1", "my-gke-bbfa6c0e-1", "gke-bbfa6c0e-1-x")))
    assert policy.find("extra") == LiveObject(name="extra")
    assert policy.find("other") is None


def test_objects_that_say_the_same_are_equal() -> None:
    """Who set a list and when makes no difference; what it says does."""
    one = LiveObject(name="default", destinations=("10.0.0.0/8",), managers=("a",), resource_version="1")
    other = LiveObject(name="default", destinations=("10.0.0.0/8",), managers=("b",), resource_version="2")
    assert LivePolicy(objects=(one,)) == LivePolicy(objects=(other,))
    assert one != LiveObject(name="default", destinations=("10.0.0.0/9",))


def test_a_manifest_is_written_and_read_back() -> None:
    """What an object says survives the way through a manifest."""
    written = LiveObject(name="default", destinations=("10.0.0.0/8", "192.168.0.0/16"))
    assert written.as_manifest() == make_manifest("default", cidrs=["10.0.0.0/8", "192.168.0.0/16"])
    assert read_live_policy([written.as_manifest()]) == LivePolicy(objects=(written,))


def test_ranges_are_sorted_by_address() -> None:
    """Ranges are sorted as numbers, each once; what is no range comes last."""
    cidrs = ["fd00::/8", "nonsense", "10.0.0.0/8", "9.0.0.0/8", "10.0.0.0/16", "10.0.0.0/8", ""]
    assert sort_cidrs(cidrs) == ["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "fd00::/8", "", "nonsense"]


def test_a_node_is_read() -> None:
    """A node's internal addresses and its Pods' blocks are read, also where it has one block in the old field alone."""
    addresses = [{"type": "InternalIP", "address": "10.128.0.2"}, {"type": "Hostname", "address": "n"}, "x"]
    value = {"metadata": {"name": "n"}, "spec": {"podCIDRs": ["192.168.0.0/26"]}, "status": {"addresses": addresses}}
    assert read_live_node(value) == LiveNode(name="n", addresses=("10.128.0.2",), pod_blocks=("192.168.0.0/26",))
    assert read_live_node({"spec": {"podCIDR": "192.168.0.0/26"}}).pod_blocks == ("192.168.0.0/26",)
    assert read_live_node({"spec": {"podCIDRs": "x"}, "status": {"addresses": 5}}) == LiveNode(name="")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "status", "name", "destinations", "cidr", "managedFields", "addresses"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), _JSON))
def test_no_answer_makes_reading_fail(value: dict[str, Any]) -> None:
    """Whatever JSON an API server sends, it is read."""
    read_live_policy([value])
    read_live_node(value)
