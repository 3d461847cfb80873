"""What an adopted environment has otherwise than planned is named, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.environment import EnvironmentResource
from airflow_masq.environment.difference import ChangeKind, Difference, find_differences

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE = "composer-2.17.9-airflow-2.11.1"


def compare(planned: Mapping[str, object], *, found: Mapping[str, object]) -> tuple[Difference, ...]:
    """Compare two resources as a user would write them."""
    return find_differences(EnvironmentResource.read(planned), found=EnvironmentResource.read(found))


def _software(**fields: object) -> dict[str, Any]:
    return {"config": {"softwareConfig": fields}}


def pods(cidr: str) -> dict[str, Any]:
    """Write a resource with a Pod range."""
    return {"config": {"nodeConfig": {"ipAllocationPolicy": {"clusterIpv4CidrBlock": cidr}}}}


def test_what_the_plan_leaves_open_is_no_difference() -> None:
    """Fields that only the service sets are not differences."""
    assert compare({"name": "a"}, found={**_software(imageVersion=IMAGE), "uuid": "u", "state": "RUNNING"}) == ()


def test_a_planned_value_that_stands_otherwise_is_named() -> None:
    """A difference shows the place, the plan's value and the value found."""
    found = compare({"config": {"node_config": {"tags": ["a"]}}}, found={"config": {"nodeConfig": {"tags": ["b"]}}})
    assert found == (Difference(path=("config", "nodeConfig", "tags"), planned=["a"], found=["b"]),)
    assert str(found[0]) == "config.nodeConfig.tags: planned ['a'], found ['b'] (needs re-creation)"


def test_a_planned_value_that_is_missing_is_named() -> None:
    """What was planned and is not there is a difference."""
    assert compare({"labels": {"team": "data"}}, found={}) == (
        Difference(path=("labels", "team"), planned="data", found=None),
    )


@pytest.mark.parametrize(
    ("planned", "found", "place"),
    [
        (_software(envVariables={"DB": "hunter2"}), {}, "config.softwareConfig.envVariables.DB"),
        (_software(envVariables={"zone": "hunter2"}), {}, "config.softwareConfig.envVariables.zone"),
        (
            _software(envVariables={"zone": "planned"}),
            _software(envVariables={"zone": "hunter2"}),
            "config.softwareConfig.envVariables.zone",
        ),
        (
            {"config": {"software_config": {"airflow_config_overrides": {"core-fernet_key": "hunter2"}}}},
            {},
            "config.softwareConfig.airflowConfigOverrides.core-fernet_key",
        ),
        ({"labels": {"location": "hunter2"}}, {}, "labels.location"),
        ({"labels": None}, {"labels": {"location": "hunter2"}}, "labels"),
        ({"config": {"learntYesterday": "hunter2"}}, {}, "config.learntYesterday"),
        ({"config": {"learntYesterday": {"zone": "hunter2"}}}, {}, "config.learntYesterday.zone"),
        ({"config": {"nodeConfig.zone": "hunter2"}}, {}, "config.nodeConfig.zone"),
        (
            {"config": {"softwareConfig": None}},
            _software(imageVersion=IMAGE, envVariables={"zone": "hunter2"}),
            "config.softwareConfig",
        ),
        ({"config": {"allowedIpRanges": [{"learntYesterday": "hunter2"}]}}, {}, "config.allowedIpRanges"),
        (
            {"config": {"allowedIpRanges": []}},
            {"config": {"allowedIpRanges": [{"value": "10.0.0.0/8", "learntYesterday": "hunter2"}]}},
            "config.allowedIpRanges",
        ),
    ],
)
def test_a_value_that_may_be_a_secret_is_not_shown(planned: dict[str, Any], found: dict[str, Any], place: str) -> None:
    """Only the place is shown for the user's own maps and for fields that are not known, for every name of a key."""
    [difference] = compare(planned, found=found)
    assert str(difference) == f"{place}: differs ({difference.kind})"
    assert "hunter2" not in repr(difference)


def test_a_known_fields_value_is_shown() -> None:
    """The twin: both values are shown where every field is Google's and none is the user's own map."""
    ranges = [{"value": "10.0.0.0/8", "description": "office"}]
    access = {"webServerNetworkAccessControl": {"allowedIpRanges": ranges}}
    [difference] = compare({"config": access}, found={})
    assert (
        str(difference)
        == f"config.webServerNetworkAccessControl.allowedIpRanges: planned {ranges}, found None (can be updated)"
    )


def test_a_difference_is_one_harmless_line() -> None:
    """Long values are cut, and what a terminal would act upon is escaped."""
    planned = {"config": {"nodeConfig": {"tags": ["\x1b[31m\n" * 10_000]}}, "labels": {"a\nb" * 10_000: "c"}}
    differences = compare(planned, found={})
    assert len(differences) == 2
    for difference in differences:
        assert str(difference).isprintable()
        assert len(str(difference)) < 400


@pytest.mark.parametrize("planned", [False, 0, "", []])
def test_a_default_that_the_api_leaves_out_is_no_difference(planned: object) -> None:
    """The API does not print fields at their default."""
    assert compare({"config": {"nodeCount": planned}}, found={"config": {}}) == ()


def test_what_only_the_service_sets_is_not_compared() -> None:
    """A plan made by describing another environment carries fields that cannot be the same."""
    planned = {"name": "a", "uuid": "u", "state": "RUNNING", "createTime": "t", "updateTime": "t"}
    assert compare(planned, found={}) == ()


@pytest.mark.parametrize(
    ("alias", "is_difference"),
    [
        (IMAGE, False),
        ("composer-2-airflow-2.11.1", False),
        ("composer-2-airflow-2", False),
        ("composer-latest-airflow-2.11.1", False),
        ("composer-2.13.9-airflow-2.10.5", True),
        ("composer-3-airflow-2.11.1", True),
        ("composer-2-airflow-2.9.3", True),
        ("composer-2-airflow-2.9", True),
        ("composer-2-airflow-3", True),
        ("no image", True),
    ],
)
def test_an_alias_of_the_image_is_no_difference(*, alias: str, is_difference: bool) -> None:
    """The service resolves aliases; another version is a difference all the same."""
    assert bool(compare(_software(imageVersion=alias), found=_software(imageVersion=IMAGE))) is is_difference


@pytest.mark.parametrize(
    ("planned", "is_difference"), [("/16", False), ("/17", True), ("192.168.0.0/16", False), ("10.0.0.0/16", True)]
)
def test_a_bare_size_is_resolved_by_the_service(*, planned: str, is_difference: bool) -> None:
    """A range planned by its size only may lie anywhere."""
    assert bool(compare(pods(planned), found=pods("192.168.0.0/16"))) is is_difference


@pytest.mark.parametrize(
    ("planned", "kind"),
    [
        ({"labels": {"team": "data"}}, ChangeKind.UPDATE),
        (_software(imageVersion=IMAGE), ChangeKind.UPDATE),
        (_software(envVariables={"a": "b"}), ChangeKind.UPDATE),
        ({"config": {"workloadsConfig": {"worker": {"maxCount": 9}}}}, ChangeKind.UPDATE),
        ({"config": {"environmentSize": "ENVIRONMENT_SIZE_LARGE"}}, ChangeKind.UPDATE),
        ({"config": {"nodeConfig": {"network": "other"}}}, ChangeKind.RECREATE),
        (pods("10.0.0.0/8"), ChangeKind.RECREATE),
        ({"config": {"privateEnvironmentConfig": {"enablePrivateEnvironment": True}}}, ChangeKind.RECREATE),
        ({"config": {"gkeCluster": "c"}}, ChangeKind.SERVICE),
        ({"config": {"learntYesterday": 1}}, ChangeKind.UNKNOWN),
    ],
)
def test_a_difference_says_what_it_takes(planned: dict[str, Any], kind: ChangeKind) -> None:
    """A label can be updated, a Pod range needs a new environment, and the cluster's name is the service's."""
    [difference] = compare(planned, found={})
    assert difference.kind is kind
    assert str(difference).endswith(f"({kind})")


def test_what_the_plan_leaves_empty_is_the_services_choice() -> None:
    """An empty list is the same as none to Google's types, so the service fills it; a false is the plan's own."""
    found = {"config": {"nodeConfig": {"tags": ["a"]}, "privateEnvironmentConfig": {"enablePrivateEnvironment": True}}}
    planned = {"config": {"nodeConfig": {"tags": []}, "privateEnvironmentConfig": {"enablePrivateEnvironment": False}}}
    kinds = [difference.kind for difference in compare(planned, found=found)]
    assert kinds == [ChangeKind.SERVICE, ChangeKind.RECREATE]


NETWORK = "projects/p/global/networks/n"


@pytest.mark.parametrize(
    ("planned", "found", "is_difference"),
    [
        (NETWORK, f"https://www.googleapis.com/compute/v1/{NETWORK}", False),
        (f"https://www.googleapis.com/compute/v1/{NETWORK}", NETWORK, False),
        (f"https://compute.googleapis.com/compute/v1/{NETWORK}", NETWORK, False),
        (f"//compute.googleapis.com/compute/v1/{NETWORK}", NETWORK, False),
        ("n", NETWORK, False),
        ("global/networks/n", NETWORK, False),
        ("n", "projects/host/global/networks/n", True),
        ("projects/host/global/networks/n", NETWORK, True),
        ("m", NETWORK, True),
        ("n", "global/networks/n", False),
    ],
)
def test_a_network_is_the_same_by_its_name_and_its_url(*, planned: str, found: str, is_difference: bool) -> None:
    """A name, a path and a URL can mean one network; a name alone means one of the environment's own project."""
    name = "projects/p/locations/l/environments/e"
    resources = [{"name": name, "config": {"nodeConfig": {"network": network}}} for network in (planned, found)]
    assert bool(compare(resources[0], found=resources[1])) is is_difference


def test_the_order_of_tags_and_ranges_is_no_difference() -> None:
    """Tags and allowed ranges are sets; another tag is a difference all the same."""

    def make(*tags: str, fields: tuple[str, ...] = ("value", "description")) -> dict[str, Any]:
        ranges = [{field: f"{field} of {tag}" for field in fields} for tag in tags]
        access = {"webServerNetworkAccessControl": {"allowedIpRanges": ranges}}
        return {"config": {"nodeConfig": {"tags": list(tags)}, **access}}

    assert compare(make("a", "b"), found=make("b", "a", fields=("description", "value"))) == ()
    assert len(compare(make("a", "b"), found=make("a", "c"))) == 2


def test_a_users_own_map_is_compared_letter_by_letter() -> None:
    """An environment variable called network is no network."""
    planned, found = (_software(envVariables={"network": value}) for value in ("n", NETWORK))
    assert len(compare(planned, found=found)) == 1
