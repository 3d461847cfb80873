"""What `render` writes for Google's types, gcloud and Terraform is what the operator sends."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.orchestration.airflow.service_v1.types import Environment
from google.protobuf import json_format

from airflow_masq.clients.environment_message import make_message
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.renderings import RENDERINGS
from tests.agreement.drawing import PLANS
from tests.agreement.submitting import MALFORMED_NAME, read_story
from tests.renderings.hcl_reading import plain

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed")

SHARE = 250
CHUNKS = [range(first, first + SHARE) for first in range(0, PLANS, SHARE)]
LEAST_SHARE = 0.4

_PRIVATE = "config.privateEnvironmentConfig"
_POLICY = "config.nodeConfig.ipAllocationPolicy"
_BLOCK = "config.private_environment_config"

# Field, gcloud's flag, and Terraform's argument: for the ranges, the names and the image.
TEXTS = (
    ("config.softwareConfig.imageVersion", "--image-version", "config.software_config.image_version"),
    ("config.nodeConfig.network", "--network", "config.node_config.network"),
    ("config.nodeConfig.subnetwork", "--subnetwork", "config.node_config.subnetwork"),
    ("config.nodeConfig.serviceAccount", "--service-account", "config.node_config.service_account"),
    *(
        (f"{_POLICY}.{field}", flag, f"config.node_config.ip_allocation_policy.{argument}")
        for field, flag, argument in (
            ("clusterIpv4CidrBlock", "--cluster-ipv4-cidr", "cluster_ipv4_cidr_block"),
            ("servicesIpv4CidrBlock", "--services-ipv4-cidr", "services_ipv4_cidr_block"),
            ("clusterSecondaryRangeName", "--cluster-secondary-range-name", "cluster_secondary_range_name"),
            ("servicesSecondaryRangeName", "--services-secondary-range-name", "services_secondary_range_name"),
        )
    ),
    (f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock", "--master-ipv4-cidr", f"{_BLOCK}.master_ipv4_cidr_block"),
    (f"{_PRIVATE}.cloudSqlIpv4CidrBlock", "--cloud-sql-ipv4-cidr", f"{_BLOCK}.cloud_sql_ipv4_cidr_block"),
    (f"{_PRIVATE}.webServerIpv4CidrBlock", "--web-server-ipv4-cidr", f"{_BLOCK}.web_server_ipv4_cidr_block"),
    (
        f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock",
        "--composer-network-ipv4-cidr",
        f"{_BLOCK}.cloud_composer_network_ipv4_cidr_block",
    ),
    (
        f"{_PRIVATE}.cloudComposerConnectionSubnetwork",
        "--connection-subnetwork",
        f"{_BLOCK}.cloud_composer_connection_subnetwork",
    ),
)
# The same for what is true or false. Terraform's block for private environments is their wish itself.
SWITCHES = (
    ("config.nodeConfig.enableIpMasqAgent", "--enable-ip-masq-agent", "config.node_config.enable_ip_masq_agent"),
    (
        f"{_PRIVATE}.enablePrivatelyUsedPublicIps",
        "--enable-privately-used-public-ips",
        f"{_BLOCK}.enable_privately_used_public_ips",
    ),
    (f"{_PRIVATE}.enablePrivateEnvironment", "--enable-private-environment", ""),
)


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}")
def test_rest_is_what_is_sent(numbers: range) -> None:
    """The body that `render` writes is, for Google's own types, the very environment that the package sends."""
    for number in numbers:
        story = read_story(number)
        if story.plan is None or story.as_written is None:
            continue
        text = render("rest", story.plan)
        if story.as_written.complaint:
            assert text is None or not is_taken(text), story.drawn
            continue
        assert text is not None, story.drawn
        written = Environment.from_json(text)
        assert written == make_message(story.plan.environment), story.drawn
        if story.request is not None and story.by_operator is not None:
            # The operator adds the agent, and the name where the plan has none.
            written.name = str(story.request.name)
            written.config.node_config.enable_ip_masq_agent = True
            assert written == story.by_operator.message, story.drawn


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}")
@pytest.mark.parametrize("form", ["gcloud", "terraform"])
def test_other_forms_carry_the_same(form: str, numbers: range) -> None:
    """The command for gcloud and Terraform's resource have the image, ranges and switches of the environment."""
    read = {"gcloud": read_gcloud, "terraform": read_terraform}[form]
    numbers = numbers[::4] if form == "terraform" else numbers  # python-hcl2 takes its time
    count = 0
    for number in numbers:
        story = read_story(number)
        if story.plan is None or story.as_written is None or story.as_written.complaint:
            continue
        text = render(form, story.plan)
        if text is None:
            continue
        count += 1
        resource = story.plan.environment
        found = read(text)
        assert EnvironmentName.parse(resource.name or "") == EnvironmentName(**found.pop("name")), story.drawn
        assert found == expect(resource), story.drawn
        assert MALFORMED_NAME not in {refusal.name for refusal in story.as_written.refusals}
    assert count > LEAST_SHARE * len(numbers)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("10.4.0.0/14", "10.4.0.0/15"),
        ("--enable-ip-masq-agent", ""),
        ("enable_ip_masq_agent", "enable_agent"),
        ("example-project", "another-project"),
        ("2.11.1", "2.10.5"),
    ],
)
def test_the_comparison_can_fail(written: str, instead: str) -> None:
    """A form that loses or changes something is not what is expected."""
    is_noticed = False
    for number in range(SHARE):
        plan = read_story(number).plan
        for form, read in (("gcloud", read_gcloud), ("terraform", read_terraform)):
            text = None if plan is None else render(form, plan)
            if plan is not None and text is not None and written in text:
                found = read(text.replace(written, instead))
                is_noticed |= EnvironmentName(**found.pop("name")) != EnvironmentName.parse(plan.environment.name or "")
                is_noticed |= found != expect(plan.environment)
        if is_noticed:
            return
    pytest.fail("no form was read differently")


def expect(resource: EnvironmentResource) -> dict[str, object]:
    """List what a form must carry of an environment, by the fields' paths."""
    texts = {path: resource.get_text(*path.split(".")) for path, _, _ in TEXTS}
    switches = {path: resource.get_value(*path.split(".")) is True for path, _, _ in SWITCHES}
    return {path: value for path, value in {**texts, **switches}.items() if value}


def render(form: str, plan: Plan) -> str | None:
    """Write a form; ``None`` if it has no word for the plan."""
    try:
        return RENDERINGS[form](plan)
    except InexpressibleError:
        return None


def is_taken(text: str) -> bool:
    """Say whether Google's types take a body."""
    try:
        Environment.from_json(text)
    except json_format.ParseError:
        return False
    return True


def read_gcloud(text: str) -> dict[str, Any]:
    """Read a command as gcloud's ``argparse`` does."""
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    parser.add_argument("words", nargs="+")
    for flag in ("--project", "--location", *(flag for _, flag, _ in TEXTS)):
        parser.add_argument(flag)
    for _, flag, _ in SWITCHES:
        parser.add_argument(flag, action="store_true")
    words = [word for word in shlex.split(text) if word != "\n"]
    assert words[:4] == ["gcloud", "composer", "environments", "create"]
    parsed = vars(parser.parse_known_args(words)[0])

    def value(flag: str) -> Any:  # noqa: ANN401 - text or a truth value
        return parsed[flag.removeprefix("--").replace("-", "_")]

    name = {"project": parsed["project"], "location": parsed["location"], "environment_id": parsed["words"][4]}
    fields = {path: value(flag) for path, flag, _ in (*TEXTS, *SWITCHES) if value(flag)}
    return {"name": name, **fields}


def read_terraform(text: str) -> dict[str, Any]:
    """Read a file as python-hcl2 does, and the arguments as Google's provider does."""
    ((labels,),) = (plain(hcl2.loads(text))["resource"],)
    (resource,) = labels["google_composer_environment"].values()

    def value(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
        place: Any = resource
        for each in path.split("."):
            place = place[0] if isinstance(place, list) else place
            place = place.get(each) if isinstance(place, dict) else None
        return place

    name = {"project": value("project"), "location": value("region"), "environment_id": value("name")}
    fields = {path: value(argument) for path, _, argument in (*TEXTS, *SWITCHES) if argument and value(argument)}
    # The block is the wish for Composer 1 and 2; Composer 3 has an argument for it [source: terraform-provider-source].
    is_composer_3 = str(fields.get("config.softwareConfig.imageVersion")).startswith("composer-3")
    if value("config.enable_private_environment") or (value(_BLOCK) is not None and not is_composer_3):
        fields[f"{_PRIVATE}.enablePrivateEnvironment"] = True
    return {"name": name, **fields}
