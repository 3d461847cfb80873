"""The environment as JSON is the body that Google's own types accept; field by field, nothing of it is lost."""

from __future__ import annotations

import copy
import json

import pytest

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.renderings import RENDERINGS
from airflow_masq.rules import lint
from tests.renderings.examples import PAGE, RICH, page_with, plan_of

ALLOWED = "config.webServerNetworkAccessControl.allowedIpRanges"
AUTHORIZED = "config.masterAuthorizedNetworksConfig"

render = RENDERINGS["rest"]


def test_the_pages_own_example() -> None:
    """The page's API example comes back value by value."""
    assert json.loads(render(plan_of(PAGE))) == PAGE


@pytest.mark.parametrize("environment", [PAGE, RICH])
def test_google_accepts_it(environment: dict[str, object]) -> None:
    """``Environment.from_json`` reads it, and the message says what the plan says."""
    service = pytest.importorskip("google.cloud.orchestration.airflow.service_v1", reason="Google's types are absent")
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - comes with the types above

    message = service.Environment.from_json(render(plan_of(environment)))
    assert MessageToDict(service.Environment.pb(message)) == environment


def test_both_spellings_and_unknown_fields() -> None:
    """snake_case becomes REST's spelling; an unknown field is written unchanged."""
    plan = plan_of({"config": {"node_config": {"enable_ip_masq_agent": True}, "brand_new": {"some_field": [1, None]}}})
    assert json.loads(render(plan)) == {
        "config": {"nodeConfig": {"enableIpMasqAgent": True}, "brand_new": {"some_field": [1, None]}}
    }


def test_it_cannot_be_garbled_on_its_way() -> None:
    """The text is ASCII without control characters, for every label."""
    text = render(plan_of(page_with("labels.note", "\x1b[31m\u202eschön")))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["labels"] == {"note": "\x1b[31m\u202eschön"}


def test_the_plan_is_left_alone() -> None:
    """Writing a plan changes nothing in it."""
    plan = plan_of(copy.deepcopy(RICH))
    for name in ("rest", "gcloud", "terraform"):
        RENDERINGS[name](plan)
    assert plan.environment.as_rest() == RICH


@pytest.mark.parametrize("form", ["rest", "gcloud", "terraform"])
def test_without_an_environment(form: str) -> None:
    """A plan that describes no environment cannot be written as one, and the error says what to add."""
    plan = load_plan_from_mapping({"network": {"node_ranges": ["10.128.0.0/20"]}}, source="plan")
    with pytest.raises(InexpressibleError) as caught:
        RENDERINGS[form](plan)
    assert str(caught.value) == (
        f"environment: cannot be written as {form}: the plan has no environment; add Google's resource, with its name "
        "and config, under environment"
    )


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
def test_an_environment_without_a_name(form: str) -> None:
    """A form that needs the environment's name says that it is missing, and what it looks like."""
    with pytest.raises(InexpressibleError, match=r"projects/.*; the plan has no name; add it$") as caught:
        RENDERINGS[form](plan_of({"config": {}}))
    assert caught.value.where == "environment.name"


def test_an_empty_cidr_beside_a_range_name() -> None:
    """Google's types refuse two fields of one choice even where one is empty, so an empty one is left out."""
    for unset in ("", None):
        policy: dict[str, object] = {"clusterIpv4CidrBlock": unset, "clusterSecondaryRangeName": "pods"}
        text = render(plan_of(page_with("config.nodeConfig.ipAllocationPolicy", policy)))
        assert json.loads(text)["config"]["nodeConfig"]["ipAllocationPolicy"].get("clusterIpv4CidrBlock") is None


@pytest.mark.parametrize("form", ["rest", "gcloud", "terraform"])
@pytest.mark.parametrize("purpose", ["cluster", "services"])
def test_a_cidr_beside_a_range_name(form: str, purpose: str) -> None:
    """Two fields of which the service takes one are both written, and MASQ202 reports them."""
    policy = {f"{purpose}Ipv4CidrBlock": "192.168.0.0/16", f"{purpose}SecondaryRangeName": "name-of-the-range"}
    plan = plan_of(page_with("config.nodeConfig.ipAllocationPolicy", policy))
    text = RENDERINGS[form](plan)
    assert "192.168.0.0/16" in text
    assert "name-of-the-range" in text
    assert "MASQ202" in {finding.code for finding in lint(plan)}


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
@pytest.mark.parametrize(
    ("ranges", "index"),
    [
        ([{}], 0),
        ([{"value": ""}], 0),
        ([{"value": None}], 0),
        ([{"description": "office"}], 0),
        ([{"value": "10.0.0.0/8"}, {}], 1),
    ],
)
def test_who_may_reach_the_web_server(form: str, ranges: list[dict[str, object]], index: int) -> None:
    """An entry without a range would open the web server to everyone, or vanish, so the list is refused."""
    with pytest.raises(InexpressibleError, match="names no range") as caught:
        RENDERINGS[form](plan_of(page_with(ALLOWED, ranges)))
    assert caught.value.where == f"environment.{ALLOWED}[{index}].value"


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
@pytest.mark.parametrize("blocks", [[{}], [{"cidrBlock": ""}]])
def test_who_may_reach_the_control_plane(form: str, blocks: list[dict[str, object]]) -> None:
    """An authorized network needs its range as well."""
    networks = {"enabled": True, "cidrBlocks": blocks}
    with pytest.raises(InexpressibleError, match="names no range") as caught:
        RENDERINGS[form](plan_of(page_with(AUTHORIZED, networks)))
    assert caught.value.where == f"environment.{AUTHORIZED}.cidrBlocks[0].cidrBlock"


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
def test_a_range_without_a_description(form: str) -> None:
    """A range alone says enough."""
    text = RENDERINGS[form](plan_of(page_with(ALLOWED, [{"value": "10.0.0.0/8", "description": None}])))
    assert "10.0.0.0/8" in text
    assert "description" not in text
