"""The table of sections is Google's, and what is not in it, or not sent by the client library, is told apart."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from google.cloud.orchestration.airflow import service_v1, service_v1beta1

from airflow_masq.environment import EnvironmentResource
from airflow_masq.environment.fields import (
    ENUM_WORDS,
    FIELDS_NOT_IN_CLIENT_LIBRARY,
    NEWEST_CLIENT_LIBRARY,
    SECTION_LISTS,
    SECTIONS,
    WORDS_NOT_IN_CLIENT_LIBRARY,
)
from airflow_masq.environment.sections import SECTION_FIELDS, find_meant_field, walk_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

V1 = service_v1.Environment.pb(service_v1.Environment()).DESCRIPTOR
V1BETA1 = service_v1beta1.Environment.pb(service_v1beta1.Environment()).DESCRIPTOR


def list_fields(message: Descriptor, section: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    """List Google's own fields, each with the section that it stands in."""
    for field in message.fields:
        yield section, field
        if field.message_type is not None and field.json_name in SECTIONS | SECTION_LISTS:
            yield from list_fields(field.message_type, field.json_name)


def test_the_table_is_googles() -> None:
    """Every field of v1 and v1beta1 stands in its section, and no other but the one that REST's reference adds."""
    of_types = {(section, field.json_name) for each in (V1, V1BETA1) for section, field in list_fields(each)}
    of_table = {(section, name) for section, names in SECTION_FIELDS.items() for name in names}
    assert of_table - of_types == {("privateEnvironmentConfig", "networkingType")}
    assert of_types <= of_table
    assert SECTION_FIELDS.keys() == SECTIONS | SECTION_LISTS | {""}


def test_what_the_newest_library_lacks_is_in_the_tables() -> None:
    """A release of the library that learns one of these makes this fail, and the row goes."""
    fields = dict(list_fields(V1))
    names = {field.json_name for _, field in list_fields(V1)}
    assert {name for all_ in SECTION_FIELDS.values() for name in all_} - names == FIELDS_NOT_IN_CLIENT_LIBRARY
    words = {field.json_name: set(field.enum_type.values_by_name) for _, field in list_fields(V1) if field.enum_type}
    lacking = {word for name, own in words.items() for word in set(ENUM_WORDS[name]) - own}
    assert lacking == WORDS_NOT_IN_CLIENT_LIBRARY
    assert fields
    assert version("google-cloud-orchestration-airflow") == NEWEST_CLIENT_LIBRARY


@pytest.mark.parametrize(
    ("resource", "path", "section", "meant"),
    [
        ({"lables": {"a": "b"}}, ("lables",), "", "labels"),
        ({"config": {"workloadConfig": {"any": 1}}}, ("config", "workloadConfig"), "", "workloadsConfig"),
        (
            {"config": {"nodeConfig": {"enableIPMasqAgent": 1}}},
            ("config", "nodeConfig", "enableIPMasqAgent"),
            "",
            "enableIpMasqAgent",
        ),
        ({"config": {"enable_ip_masq_agent": True}}, ("config", "enableIpMasqAgent"), "nodeConfig", ""),
        ({"imageVersion": "a"}, ("imageVersion",), "softwareConfig", ""),
        ({"config": {"brandNew": {"a": 1}}}, ("config", "brandNew"), "", ""),
        (
            {"config": {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "a"}, {"cidr": "b"}, 7]}}},
            ("config", "masterAuthorizedNetworksConfig", "cidrBlocks[1]", "cidr"),
            "",
            "cidrBlock",
        ),
    ],
)
def test_a_field_that_is_not_known_there_is_told_with_what_it_may_mean(
    resource: dict[str, object], path: tuple[str, ...], section: str, meant: str
) -> None:
    """A typing error gets the nearest field of its section, and a field in the wrong place the section that has it."""
    (unknown,) = (each for each in walk_fields(EnvironmentResource.read(resource).fields) if not each.is_known)
    assert unknown.path == path
    assert find_meant_field(unknown)[0] == section
    if not section:
        assert find_meant_field(unknown)[1] == meant


@pytest.mark.parametrize("config", [{"softwareConfig": {"envVariables": {"nodeCount": "1"}}}, {"nodeConfig": []}, {}])
def test_what_is_the_users_own_is_not_walked(config: object) -> None:
    """Names of variables are the user's, and what is no section has no fields."""
    assert all(each.is_known for each in walk_fields({"config": config, "labels": {"lables": "a"}}))
