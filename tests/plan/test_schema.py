"""The published JSON Schema and the reader agree, and the schema serves a DAG's parameters."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import PLAN_SCHEMA, load_plan_from_mapping

VALIDATOR = jsonschema.Draft7Validator(PLAN_SCHEMA)


def test_the_schema_is_one() -> None:
    """The schema is valid draft 7, which Airflow uses for parameters, and refers to nothing outside itself."""
    jsonschema.Draft7Validator.check_schema(PLAN_SCHEMA)
    assert "$ref" not in str(PLAN_SCHEMA)


def test_every_property_is_described() -> None:
    """Each key of the plan says what it is for, so that an editor or a form can show it."""

    def undescribed(schema: dict[str, Any], where: str) -> list[str]:
        missing = [] if "description" in schema else [where]
        for name, inner in schema.get("properties", {}).items():
            missing += undescribed(inner, f"{where}.{name}")
        for name, inner in schema.get("items", {}).get("properties", {}).items():
            missing += undescribed(inner, f"{where}[].{name}")
        for form in schema.get("oneOf", ()):
            missing += undescribed(form, f"{where}|") if "properties" in form else []
        return missing

    assert undescribed(PLAN_SCHEMA, "plan") == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=8), values, max_size=3),
    max_leaves=8,
)
CIDRS = st.lists(st.sampled_from(["10.0.0.0/8", "10.0.0.1/8", "2001:db8::/32"]), max_size=2) | ANYTHING
SECTIONS = {
    "apiVersion": st.just("airflow-masq/v1") | ANYTHING,
    "environment": st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(max_size=8) | ANYTHING,
            "config": st.fixed_dictionaries(
                {}, optional={"nodeConfig": ANYTHING, "node_config": ANYTHING, "softwareConfig": ANYTHING}
            ),
        },
    )
    | ANYTHING,
    "cluster": st.fixed_dictionaries(
        {},
        optional={
            "initial_version": st.text(max_size=8),
            "pods_per_node": st.integers(0, 300) | ANYTHING,
            "nodes_total": st.integers(0, 66_000) | ANYTHING,
        },
    )
    | ANYTHING,
    "network": st.fixed_dictionaries(
        {},
        optional={
            "node_ranges": CIDRS,
            "pod_ranges": CIDRS,
            "other_ranges": st.dictionaries(st.text(max_size=3), CIDRS, max_size=2) | ANYTHING,
            "nat_addresses": st.lists(st.sampled_from(["203.0.113.7", "x"]), max_size=2) | ANYTHING,
            "nat_covers": st.lists(st.sampled_from(["node", "pod", "nat"]), max_size=2) | ANYTHING,
            "public_nodes": st.booleans() | ANYTHING,
            "workers": st.integers(-1, 5) | ANYTHING,
        },
    )
    | ANYTHING,
    "policy": st.sampled_from(["composer", "gke-default", "none", "other"])
    | st.fixed_dictionaries(
        {},
        optional={
            "egress_nat_policies": st.lists(st.dictionaries(st.text(max_size=4), ANYTHING) | ANYTHING, max_size=2),
            "agent_config": st.sampled_from(["", "nonMasqueradeCIDRs: []", "{"]) | ANYTHING,
            "reserved_ranges": st.booleans() | ANYTHING,
            "daemon_set": st.booleans(),
            "enable_ipv6": st.booleans() | ANYTHING,
        },
    )
    | ANYTHING,
    "targets": st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "b", ""]), "observe": st.sampled_from(["http://a", "airflow://b", "c"])},
            optional={"allowed_sources": CIDRS, "expect": st.sampled_from(["pod", "node", "x"]), "x": ANYTHING},
        )
        | ANYTHING,
        max_size=2,
    )
    | ANYTHING,
}
PLANS = st.fixed_dictionaries({}, optional=SECTIONS)


# The first text that is ever drawn on a machine takes seconds, since Hypothesis first tabulates Unicode.
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS)
def test_any_mapping_is_a_plan_or_a_plan_error_and_the_schema_agrees(mapping: dict[str, Any]) -> None:
    """All parameters are either a plan or refused on one line, and every plan satisfies the schema."""
    try:
        load_plan_from_mapping(mapping, source="params")
    except PlanError as error:
        assert str(error).isprintable()  # noqa: PT017 - either outcome is right, this one has a form
    else:
        VALIDATOR.validate(mapping)


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"apiVersion": "v2"},
        {"environments": {}},
        {"environment": []},
        {"cluster": {"pods_per_node": 7}},
        {"cluster": {"nodes_total": 65_001}},
        {"network": {"pod_range": []}},
        {"network": {"nat_covers": ["nat"]}},
        {"network": {"workers": 0}},
        {"policy": {}},
        {"policy": {"agent_config": {}}},
        {"policy": {"agent_config": "", "egress_nat_policies": []}},
        {"policy": {"egress_nat_policies": [], "daemon_set": True}},
        {"policy": {"egress_nat_policies": ["10.0.0.0/8"]}},
        {"targets": [{"name": "a"}]},
        {"targets": [{"name": "a", "observe": "http://a", "expect": "dropped"}]},
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(mapping: dict[str, Any]) -> None:
    """A structural flaw is one to both."""
    assert not VALIDATOR.is_valid(mapping)
    with pytest.raises(PlanError):
        load_plan_from_mapping(mapping, source="params")
