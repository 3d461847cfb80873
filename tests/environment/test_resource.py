"""An environment resource is one value in either spelling, and answers what others ask of it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.environment import COMPOSER_1, COMPOSER_2, COMPOSER_3, EnvironmentResource, fields
from airflow_masq.environment.cidr_fields import INTERNAL_FIELD, POD_FIELD, SERVICE_FIELD
from airflow_masq.environment.fields import REST_NAMES
from airflow_masq.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

REST: dict[str, object] = {
    "name": "projects/example-project/locations/us-central1/environments/example-environment",
    "labels": {"cost_center": "a", "costCenter": "b"},
    "config": {
        "softwareConfig": {
            "imageVersion": "composer-2.17.9-airflow-2.11.1",
            "envVariables": {"node_config": "kept", "nodeConfig": "kept too"},
            "airflowConfigOverrides": {"core-dags_are_paused_at_creation": "True"},
            "pypiPackages": {"some_package": "==1.0"},
        },
        "nodeConfig": {"enableIpMasqAgent": True, "ipAllocationPolicy": {"clusterIpv4CidrBlock": "192.168.0.0/16"}},
        "webServerNetworkAccessControl": {"allowedIpRanges": [{"value": "10.0.0.0/8", "description": "office"}]},
    },
}
SNAKE: dict[str, object] = {
    "name": REST["name"],
    "labels": {"cost_center": "a", "costCenter": "b"},
    "config": {
        "software_config": {
            "image_version": "composer-2.17.9-airflow-2.11.1",
            "env_variables": {"node_config": "kept", "nodeConfig": "kept too"},
            "airflow_config_overrides": {"core-dags_are_paused_at_creation": "True"},
            "pypi_packages": {"some_package": "==1.0"},
        },
        "node_config": {
            "enable_ip_masq_agent": True,
            "ipAllocationPolicy": {"cluster_ipv4_cidr_block": "192.168.0.0/16"},
        },
        "web_server_network_access_control": {"allowed_ip_ranges": ({"value": "10.0.0.0/8", "description": "office"},)},
    },
}


def test_both_spellings_give_one_resource() -> None:
    """camelCase, snake_case and a mixture of both mean the same; the user's own keys keep every letter."""
    assert EnvironmentResource.read(SNAKE) == EnvironmentResource.read(REST)
    assert EnvironmentResource.read(SNAKE).as_rest() == EnvironmentResource.read(REST).as_rest() == REST


def test_the_argument_is_never_changed() -> None:
    """Changing an answer changes neither the mapping that was handed in nor the value."""
    before = copy.deepcopy(SNAKE)
    resource = EnvironmentResource.read(SNAKE)
    for answer in (resource.as_rest(), resource.with_agent().as_rest(), resource.with_name("another").as_rest()):
        labels: Any = answer["labels"]
        labels["new"] = "label"
    assert before == SNAKE
    assert resource == EnvironmentResource.read(SNAKE)


def test_unknown_fields_are_passed_on_letter_by_letter() -> None:
    """A field that Google added yesterday, and all within it, arrives as it was written."""
    unknown = {"brand_new_config": {"node_config": [{"env_variables": 1}, [2]]}, "anotherNewField": None}
    assert EnvironmentResource.read({"config": unknown}).as_rest() == {"config": unknown}


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        ({"config": {"nodeConfig": {}, "node_config": {}}}, "config.nodeConfig"),
        (
            {"config": {"softwareConfig": {"image_version": "a", "imageVersion": "a"}}},
            "config.softwareConfig.imageVersion",
        ),
    ],
)
def test_a_field_in_both_spellings_is_refused(resource: dict[str, object], where: str) -> None:
    """Two spellings of one field contradict each other, and neither is dropped silently."""
    with pytest.raises(InvalidInputError) as caught:
        EnvironmentResource.read(resource)
    assert (caught.value.where, caught.value.expected) == (where, "the field once")


@pytest.mark.parametrize("resource", [{1: "a"}, {"config": {2: "a"}}, {"labels": {3: "a"}}, {"unknown": [{4: "a"}]}])
def test_a_key_that_is_no_text_is_refused(resource: dict[str, object]) -> None:
    """Google's resource is JSON, whose keys are text."""
    with pytest.raises(InvalidInputError, match="expected text as key"):
        EnvironmentResource.read(resource)


@pytest.mark.parametrize("key", ["config", "unknown"])
def test_endless_nesting_is_refused(key: str) -> None:
    """A resource that contains itself is refused instead of running until the stack ends."""
    endless: dict[str, object] = {}
    endless[key] = {"unknown": [endless]}
    with pytest.raises(InvalidInputError, match="expected at most 64 levels, saw more"):
        EnvironmentResource.read(endless)


@pytest.mark.parametrize(
    ("resource", "is_enabled"),
    [
        (REST, True),
        (SNAKE, True),
        ({}, False),
        ({"config": None}, False),
        ({"config": {"nodeConfig": "text"}}, False),
        ({"config": {"nodeConfig": {"enableIpMasqAgent": False}}}, False),
        ({"config": {"nodeConfig": {"enableIpMasqAgent": "true"}}}, False),
        ({"config": {"softwareConfig": {"envVariables": {"enableIpMasqAgent": True}}}}, False),
    ],
)
def test_only_true_enables_the_agent(resource: dict[str, object], *, is_enabled: bool) -> None:
    """The agent is asked for by true at its own place, in either spelling, and by nothing else."""
    assert EnvironmentResource.read(resource).masquerades is is_enabled


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"config": None},
        {"config": {"nodeConfig": None}},
        {"config": {"node_config": {"enable_ip_masq_agent": False, "zone": "z"}}},
        REST,
    ],
)
def test_the_agent_can_be_switched_on_in_any_resource(resource: dict[str, object]) -> None:
    """Whether the flag was missing, false or true before, afterwards it is true, and only once."""
    switched = EnvironmentResource.read(resource).with_agent()
    assert switched.masquerades
    assert switched.get_value("config", "node_config") is None


@pytest.mark.parametrize(
    ("resource", "where"), [({"config": "text"}, "config"), ({"config": {"nodeConfig": [1]}}, "config.nodeConfig")]
)
def test_the_agent_cannot_be_switched_on_in_what_is_no_resource(resource: dict[str, object], where: str) -> None:
    """The error names a place that must hold a mapping and does not."""
    read = EnvironmentResource.read(resource)
    with pytest.raises(InvalidInputError) as caught:
        read.with_agent()
    assert (caught.value.where, caught.value.expected) == (where, "a mapping")


def test_a_field_is_looked_up_without_falling() -> None:
    """A field that is not there, or lies below something that is no mapping, is simply not there."""
    resource = EnvironmentResource.read(SNAKE)
    assert resource.get_value("config", "nodeConfig", "enableIpMasqAgent") is True
    assert resource.get_value("config", "nodeConfig", "zone") is None
    assert resource.get_value("name", "nodeConfig") is None
    assert resource.get_text("config", "softwareConfig", "imageVersion") == "composer-2.17.9-airflow-2.11.1"
    assert resource.get_text("config", "nodeConfig") == resource.get_text("config", "nodeConfig", "zone") == ""


def test_an_empty_resource_stands_for_no_environment() -> None:
    """Where there is no environment, every question has the answer of one that says nothing."""
    nothing = EnvironmentResource()
    assert nothing == EnvironmentResource.read({})
    assert not nothing
    assert EnvironmentResource.read({"name": "a"})
    assert (nothing.name, nothing.state, nothing.image) == (None, "STATE_UNSPECIFIED", None)


def test_no_secret_is_in_its_representation() -> None:
    """A resource may hold passwords as environment variables, and ends up in tracebacks."""
    assert "kept" not in repr(EnvironmentResource.read(REST))


@pytest.mark.parametrize(("written", "name"), [({"name": "a"}, "a"), ({"name": ""}, ""), ({"name": None}, None)])
def test_the_name_is_told_as_written(written: dict[str, object], name: str | None) -> None:
    """Whether a name is a good one is for others to say."""
    assert EnvironmentResource.read(written).name == name
    assert EnvironmentResource.read(written).with_name("b").as_rest() == {"name": "b"}


@pytest.mark.parametrize(
    ("image", "generation"),
    [
        ("composer-1.20.12-airflow-1.10.15", COMPOSER_1),
        ("composer-2.17.9-airflow-2.11.1", COMPOSER_2),
        ("composer-3-airflow-2.10.5-build.3", COMPOSER_3),
        ("composer-latest-airflow-2", None),
        ("no image", None),
        (2, None),
        (None, None),
    ],
)
def test_the_image_tells_the_generation(image: object, generation: int | None) -> None:
    """The image alone says which Composer it is, and what follows for its cluster and its network."""
    resource = EnvironmentResource.read({"config": {"softwareConfig": {"imageVersion": image}}})
    assert resource.generation == generation
    assert resource.runs_on_autopilot is (generation != COMPOSER_1)
    assert resource.has_public_nodes is (generation in {COMPOSER_1, COMPOSER_2})
    if generation == COMPOSER_3:
        with pytest.raises(InvalidInputError, match=r"imageVersion: expected Composer 1 or 2, .* saw composer-3-airfl"):
            resource.require_own_network()
    else:
        resource.require_own_network()


@pytest.mark.parametrize(
    ("networking_type", "flag", "is_private"),
    [
        ("PRIVATE", None, True),
        ("PRIVATE", False, True),
        ("PUBLIC", True, False),
        ("NETWORKING_TYPE_UNSPECIFIED", True, True),
        ("", True, True),
        (None, False, False),
    ],
)
def test_the_newer_field_says_whether_an_environment_is_private(
    networking_type: object, flag: object, *, is_private: bool
) -> None:
    """Google's reference replaces ``enablePrivateEnvironment`` by ``networkingType``."""
    private = {"networkingType": networking_type, "enablePrivateEnvironment": flag}
    resource = EnvironmentResource.read({"config": {"privateEnvironmentConfig": private}})
    assert resource.is_private is is_private


@pytest.mark.parametrize(("flag", "is_private"), [(True, True), (False, False), ("true", False), (None, False)])
def test_nodes_of_a_private_environment_have_no_external_addresses(flag: object, *, is_private: bool) -> None:
    """Only true makes an environment private, and then its nodes have internal addresses only."""
    config = {
        "softwareConfig": {"imageVersion": "composer-2.17.9-airflow-2.11.1"},
        "privateEnvironmentConfig": {"enablePrivateEnvironment": flag},
    }
    resource = EnvironmentResource.read({"config": config})
    assert (resource.is_private, resource.has_public_nodes) == (is_private, not is_private)


@pytest.mark.parametrize(("flag", "refuses"), [(False, True), (True, False), (None, False), ("false", False)])
def test_an_agent_that_is_refused_in_so_many_words_is_told_apart(flag: object, *, refuses: bool) -> None:
    """A plan that says false means it, where one that says nothing may have forgotten it."""
    resource = EnvironmentResource.read({"config": {"nodeConfig": {"enableIpMasqAgent": flag}}})
    assert resource.refuses_agent is refuses


@pytest.mark.parametrize(
    ("text", "cidr", "size"),
    [
        ("192.168.0.0/16", "192.168.0.0/16", None),
        ("/14", None, 14),
        ("/0", None, None),
        ("192.168.1.0/16", None, None),
        (16, None, None),
        (None, None, None),
    ],
)
def test_a_field_holds_a_range_or_a_size(text: object, cidr: str | None, size: int | None) -> None:
    """A field with a range gives a range, one with a size gives a size, and any other text gives neither."""
    policy = {"clusterIpv4CidrBlock": text, "servicesIpv4CidrBlock": text}
    resource = EnvironmentResource.read({"config": {"nodeConfig": {"ipAllocationPolicy": policy}}})
    for field, ranges in ((POD_FIELD, resource.pod_ranges), (SERVICE_FIELD, resource.service_ranges)):
        assert [str(network) for network in ranges] == ([] if cidr is None else [cidr])
        assert (resource.get_cidr(field) is None, resource.get_bare_size(field)) == (cidr is None, size)
    assert resource.get_cidr(INTERNAL_FIELD) is None


def test_the_table_of_fields_is_googles() -> None:
    """Every field that Google's own v1 and v1beta1 types have is in the table, in both spellings and with its type."""
    service_v1 = pytest.importorskip(
        "google.cloud.orchestration.airflow.service_v1", reason="Google's types are absent"
    )
    from google.cloud.orchestration.airflow import service_v1beta1  # noqa: PLC0415 - takes seconds, one test needs it

    kinds: dict[str, str] = {}
    for environment in (service_v1.Environment, service_v1beta1.Environment):
        for field in _fields_below(environment.pb(environment()).DESCRIPTOR):
            assert (REST_NAMES[field.name], REST_NAMES[field.json_name]) == (field.json_name, field.json_name)
            assert _is_map(field) <= (field.json_name in fields.FREE_FORM_MAPS)
            assert kinds.setdefault(field.json_name, _kind(field)) == _kind(field)
    # The REST reference has one field that the types do not have yet [source: composer-networking-type].
    assert kinds | {"networkingType": "enum"} == {name: kind for kind, names in TABLE.items() for name in names}


TABLE = {
    "section": fields.SECTIONS,
    "boolean": fields.BOOLEANS,
    "int32": fields.WHOLE_NUMBERS,
    "text": fields.TEXTS,
    "float": fields.NUMBERS,
    "enum": fields.ENUMS,
    "time": fields.TIMES,
    "map of text": fields.FREE_FORM_MAPS,
    "list of text": fields.TEXT_LISTS,
    "list of section": fields.SECTION_LISTS,
}


def _fields_below(message: Descriptor) -> Iterator[FieldDescriptor]:
    """Walk Google's descriptors, an implementation of the spelling rule that is not ours."""
    for field in message.fields:
        yield field
        if field.message_type is not None and not _is_map(field) and not _is_googles_own(field):
            yield from _fields_below(field.message_type)


def _kind(field: FieldDescriptor) -> str:
    if field.message_type is not None and _is_map(field):
        of_entry = field.message_type.fields_by_name
        assert of_entry["key"].type == field.TYPE_STRING
        return f"map of {_kind(of_entry['value'])}"
    return f"list of {_kind_of_one(field)}" if field.is_repeated else _kind_of_one(field)


def _kind_of_one(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        is_time = field.message_type.full_name == "google.protobuf.Timestamp"
        return "time" if is_time else "section"
    return {
        field.TYPE_BOOL: "boolean",
        field.TYPE_INT32: "int32",
        field.TYPE_STRING: "text",
        field.TYPE_FLOAT: "float",
        field.TYPE_ENUM: "enum",
    }[field.type]


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _is_googles_own(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name.startswith("google.protobuf.")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(REST_NAMES)) | st.text(max_size=5), values, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(REST_NAMES)) | st.text(max_size=5), JSON_VALUES, max_size=4))
def test_reading_twice_changes_nothing_more(resource: dict[str, object]) -> None:
    """Any resource is refused or reaches its one form at once."""
    try:
        once = EnvironmentResource.read(resource)
    except InvalidInputError:
        return
    assert EnvironmentResource.read(once.as_rest()) == once


@pytest.mark.parametrize(
    ("mark", "is_described"),
    [
        ({"uuid": "0"}, True),
        ({"state": "RUNNING"}, True),
        ({"create_time": "2026-01-01T00:00:00Z"}, True),
        ({"config": {"gkeCluster": "c"}}, True),
        ({"config": {"airflow_uri": "https://u"}}, True),
        ({"uuid": "", "config": {"nodeConfig": {}}}, False),
        ({}, False),
    ],
)
def test_googles_own_description_is_known_by_what_only_google_sets(
    mark: dict[str, object], *, is_described: bool
) -> None:
    """An output-only field with a value tells a description from a request."""
    assert EnvironmentResource.read(mark).is_described is is_described


@pytest.mark.parametrize(
    ("private", "uses_it"),
    [
        ({"networkingConfig": {"connectionType": "PRIVATE_SERVICE_CONNECT"}}, True),
        ({"cloudComposerConnectionSubnetwork": "s"}, True),
        ({"networkingConfig": {"connectionType": "VPC_PEERING"}}, False),
        ({}, False),
    ],
)
def test_private_service_connect_is_asked_for_in_two_ways(private: dict[str, object], *, uses_it: bool) -> None:
    """The connection type or the subnetwork alone asks for it."""
    resource = EnvironmentResource.read({"config": {"privateEnvironmentConfig": private}})
    assert resource.uses_private_service_connect is uses_it


def test_empty_texts_are_unset() -> None:
    """An empty text of a known field is left out; an empty name, the user's own maps and unknown fields are kept."""
    resource = EnvironmentResource.read(
        {
            "name": "",
            "labels": {"zone": ""},
            "brandNew": "",
            "config": {"resilienceMode": "", "nodeConfig": {"zone": "", "serviceAccount": "", "tags": [""]}},
        }
    )
    assert resource.as_rest() == {
        "name": "",
        "labels": {"zone": ""},
        "brandNew": "",
        "config": {"nodeConfig": {"tags": [""]}},
    }


@pytest.mark.parametrize(
    ("resource", "where", "seen"),
    [
        ({"apiVersion": "composer.cnrm.cloud.google.com/v1beta1"}, "apiVersion", "an object of Config Connector"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "apiVersion", "a Kubernetes object"),
        ({"spec": {}}, "apiVersion", "a Kubernetes object"),
        ({"config": [{}]}, "config", "Terraform's state, in which every block is a list"),
        ({"type": "google_composer_environment"}, "config", "Terraform's state, in which every block is a list"),
    ],
)
def test_other_forms_of_an_environment_are_named(resource: dict[str, object], where: str, seen: str) -> None:
    """What is no REST resource is refused as what it is, with what is wanted instead."""
    with pytest.raises(InvalidInputError, match="Google's REST resource") as caught:
        EnvironmentResource.read(resource)
    assert (caught.value.where, caught.value.seen) == (where, seen)


@pytest.mark.parametrize("inside", [{1: 2}, None], ids=["a key that is no text", "too deep"])
def test_an_error_in_a_field_is_one_short_line(inside: dict[Any, Any] | None) -> None:
    """The place of an error is escaped and cut, whatever the names on the way down."""
    name = "\x1b[31m\n" * 10_000
    value: Any = inside
    for _ in range(100 if inside is None else 1):
        value = {name: value}
    with pytest.raises(InvalidInputError) as caught:
        EnvironmentResource.read(value if inside is None else {"config": value})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600
