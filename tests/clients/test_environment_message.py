"""An environment reaches Google's client as it was written, or not at all."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from google.cloud.orchestration.airflow.service_v1 import types

from airflow_masq.clients.environment_message import make_message, read_message
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import InvalidInputError

RESOURCE: dict[str, Any] = {
    "name": "projects/example-project/locations/us-central1/environments/example-environment",
    "labels": {"team": "data", "fooBar": "1"},
    "config": {
        "softwareConfig": {
            "imageVersion": "composer-2.17.9-airflow-2.11.1",
            "envVariables": {"UNKNOWN_TO_GOOGLE": "1"},
        },
        "nodeConfig": {
            "enableIpMasqAgent": True,
            "tags": ["a", "b"],
            "ipAllocationPolicy": {"clusterIpv4CidrBlock": "192.168.0.0/16"},
        },
        "masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"displayName": "office"}]},
        "maintenanceWindow": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-01T12:00:00Z"},
    },
}


def test_a_resource_survives_the_way_there_and_back() -> None:
    """What the page prints comes back unchanged, labels and timestamps included."""
    assert read_message(make_message(EnvironmentResource.read(RESOURCE))).as_rest() == RESOURCE


def test_a_message_is_taken_with_its_wrapper_and_without() -> None:
    """Both forms in which Google's libraries hand out an environment are understood."""
    environment = types.Environment(name="a", state=types.Environment.State.RUNNING)
    expected = {"name": "a", "state": "RUNNING"}
    assert read_message(environment).as_rest() == expected
    assert read_message(types.Environment.pb(environment)).as_rest() == expected


@pytest.mark.parametrize(
    ("other", "seen"),
    [(types.NodeConfig(), "a value of type NodeConfig"), ("x", "text"), (None, "nothing"), (7, "a number")],
)
def test_something_else_is_no_environment(other: object, seen: str) -> None:
    """A message of another kind, or no message at all, is refused by its type."""
    with pytest.raises(InvalidInputError, match=f"saw {seen}$"):
        read_message(other)  # type: ignore[arg-type] # the point of the test


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"fooBar": 1}, "config.fooBar"),
        ({"nodeConfig": {"enableIpMasqAgents": True}}, "config.nodeConfig.enableIpMasqAgents"),
        (
            {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{}, {"cidr": "10.0.0.0/8"}]}},
            "config.masterAuthorizedNetworksConfig.cidrBlocks[1].cidr",
        ),
    ],
)
def test_a_field_that_the_library_does_not_know_is_named(config: dict[str, Any], path: str) -> None:
    """A field that could not be sent is not dropped: the message names it and the library."""
    with pytest.raises(InvalidInputError) as caught:
        make_message(EnvironmentResource.read({"config": config}))
    assert caught.value.where == f"environment.{path}"
    assert "google-cloud-orchestration-airflow" in caught.value.expected


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"environmentSize": "ENVIRONMENT_SIZE_EXTRA_LARGE"}, "config.environmentSize"),
        (
            {"privateEnvironmentConfig": {"networkingConfig": {"connectionType": "PEERING"}}},
            "config.privateEnvironmentConfig.networkingConfig.connectionType",
        ),
    ],
)
def test_a_word_that_the_library_does_not_know_is_named(config: dict[str, Any], path: str) -> None:
    """The message does not say that the API has no such word, but that the installed library does not."""
    with pytest.raises(InvalidInputError) as caught:
        make_message(EnvironmentResource.read({"config": config}))
    assert caught.value.where == f"environment.{path}"
    assert caught.value.expected.startswith("a word that google-cloud-orchestration-airflow ")
    assert caught.value.expected.endswith(" (a later version may know more)")
    assert "UNSPECIFIED" not in caught.value.expected


def test_all_unknown_fields_are_named_at_once() -> None:
    """All misspelt fields are named at once, so one run of the task finds them."""
    with pytest.raises(InvalidInputError, match=r"saw one, config\.two"):
        make_message(EnvironmentResource.read({"one": 1, "config": {"two": 2}}))


@pytest.mark.parametrize(
    ("resource", "where", "seen"),
    [
        (
            {"config": {"nodeConfig": {"enableIpMasqAgent": "yes"}}},
            "environment.config.nodeConfig.enableIpMasqAgent",
            "true or false",
        ),
        ({"config": {"nodeConfig": {"tags": "a"}}}, "environment.config.nodeConfig.tags", "repeated field tags"),
        ({"config": {"nodeCount": "x"}}, "environment.config.nodeCount", "invalid literal for int() with base 10: 'x'"),
        ({"config": {"nodeConfig": {"tags": ["a", None]}}}, "environment.config.nodeConfig.tags[1]", "null"),
        ({"createTime": "soon"}, "environment.createTime", "timestamp"),
        (
            {"config": {"softwareConfig": {"envVariables": {"A": "b", "DB": 7}}}},
            "environment.config.softwareConfig.envVariables.DB",
            "a number",
        ),
        ({"labels": ["a"]}, "environment.labels", "list"),
        (
            {"config": {"masterAuthorizedNetworksConfig": {"cidrBlocks": ["10.0.0.0/8"]}}},
            "environment.config.masterAuthorizedNetworksConfig.cidrBlocks[0]",
            "CidrBlock",
        ),
        ({"state": "RUINED"}, "environment.state", "RUINED"),
        ({"config": "text"}, "environment.config", "EnvironmentConfig"),
        (
            {
                "config": {
                    "nodeConfig": {
                        "ipAllocationPolicy": {"clusterIpv4CidrBlock": "a", "clusterSecondaryRangeName": "b"}
                    }
                }
            },
            "environment.config.nodeConfig.ipAllocationPolicy",
            "oneof",
        ),
    ],
)
def test_a_value_that_cannot_be_sent_is_placed(resource: dict[str, Any], where: str, seen: str) -> None:
    """A wrong type, an unknown state or two fields that exclude each other are refused in one line with their place."""
    with pytest.raises(InvalidInputError) as caught:
        make_message(EnvironmentResource.read(resource))
    assert caught.value.where == where
    assert seen in caught.value.seen
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["hunter2", ["hunter2"], {"A": ["hunter2"]}, {"A": {"B": "hunter2"}}])
def test_a_value_of_the_users_own_maps_is_not_quoted(value: object) -> None:
    """Environment variables may hold secrets: a wrong one is placed, and not shown, not even as a cause."""
    resource = EnvironmentResource.read({"config": {"softwareConfig": {"envVariables": value}}})
    with pytest.raises(InvalidInputError) as caught:
        make_message(resource)
    assert caught.value.where.startswith("environment.config.softwareConfig.envVariables")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value, limit=0))


def test_an_unknown_field_is_one_short_line() -> None:
    """A field's name that a terminal would act upon, or that is very long, is escaped and cut."""
    with pytest.raises(InvalidInputError) as caught:
        make_message(EnvironmentResource.read({"config": {"\x1b[31m\n" * 100_000: 1}}))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800
