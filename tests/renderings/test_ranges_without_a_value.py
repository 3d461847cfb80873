"""A list of ranges with an entry that names none is refused, never shortened: what is left out would be let in."""

from __future__ import annotations

import pytest

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.renderings import RENDERINGS
from tests.renderings.examples import page_with, plan_of

ALLOWED = "config.webServerNetworkAccessControl.allowedIpRanges"
AUTHORIZED = "config.masterAuthorizedNetworksConfig"


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
    """An entry without a range would open the web server to everybody, or vanish."""
    with pytest.raises(InexpressibleError, match="nothing stands there") as caught:
        RENDERINGS[form](plan_of(page_with(ALLOWED, ranges)))
    assert caught.value.where == f"environment.{ALLOWED}[{index}].value"


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
@pytest.mark.parametrize("blocks", [[{}], [{"cidrBlock": ""}]])
def test_who_may_reach_the_control_plane(form: str, blocks: list[dict[str, object]]) -> None:
    """An authorized network needs its range as well."""
    networks = {"enabled": True, "cidrBlocks": blocks}
    with pytest.raises(InexpressibleError, match="nothing stands there") as caught:
        RENDERINGS[form](plan_of(page_with(AUTHORIZED, networks)))
    assert caught.value.where == f"environment.{AUTHORIZED}.cidrBlocks[0].cidrBlock"


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
def test_a_range_without_a_description(form: str) -> None:
    """A range alone says enough."""
    text = RENDERINGS[form](plan_of(page_with(ALLOWED, [{"value": "10.0.0.0/8", "description": None}])))
    assert "10.0.0.0/8" in text
    assert "description" not in text
