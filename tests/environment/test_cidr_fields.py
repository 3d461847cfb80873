"""The table of CIDR fields names fields that Google has, with widths that make sense."""

from __future__ import annotations

from airflow_masq.environment.cidr_fields import CIDR_FIELDS, POD_FIELD
from airflow_masq.environment.fields import FIELD_NAMES


def test_every_field_is_one_of_googles() -> None:
    """Each name on the way to a field is a field name of the environment resource."""
    assert all(FIELD_NAMES.issuperset(field.path) for field in CIDR_FIELDS)
    assert len({field.path for field in CIDR_FIELDS}) == len(CIDR_FIELDS)


def test_a_field_knows_its_own_place() -> None:
    """A field's place begins at the plan's environment and ends with its own name."""
    assert POD_FIELD.name == "clusterIpv4CidrBlock"
    assert POD_FIELD.where == "environment.config.nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock"


def test_only_pods_and_services_take_a_bare_size() -> None:
    """A size without a block is understood for Pods and Services alone."""
    assert [field.purpose for field in CIDR_FIELDS if field.takes_bare_size] == ["Pod", "Service"]
    assert all(1 <= field.shortest_prefix <= field.longest_prefix <= 32 for field in CIDR_FIELDS)
