"""The buttons beside a task that created an environment."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from airflow_masq.get_provider_info import get_provider_info
from airflow_masq.links import environment
from airflow_masq.links.environment import ComposerAirflowLink, ComposerConsoleLink
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator

pytestmark = pytest.mark.airflow

URL = "https://example.composer.googleusercontent.com"


def test_every_link_of_an_operator_is_registered() -> None:
    """Airflow shows the links that the provider info names, and the operator has no others."""
    links = CloudComposerCreateMasqueradeEnvironmentOperator.operator_extra_links
    classes = {f"{type(link).__module__}.{type(link).__qualname__}" for link in links}
    assert classes == set(get_provider_info()["extra-links"])
    for name in classes:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute)


@pytest.mark.parametrize(
    ("value", "link"),
    [(URL, URL), (None, ""), ("", ""), ("javascript:alert(1)", ""), ("http://plain.example", ""), (7, "")],
)
def test_a_link_leads_to_an_https_page_or_nowhere(monkeypatch: pytest.MonkeyPatch, value: object, link: str) -> None:
    """A URL that another task wrote does not run in the user's browser, and one that is missing gives no link."""
    xcoms: dict[str, object] = {"console_url": value, "return_value": {"airflow_uri": value}}
    monkeypatch.setattr(environment, "read_xcom", lambda _ti_key, *, key: xcoms[key])
    operator: Any = None
    assert ComposerConsoleLink().get_link(operator, ti_key=None) == link
    assert ComposerAirflowLink().get_link(operator, ti_key=None) == link


def test_facts_that_are_none_give_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that has not ended, or left something else, has no Airflow to link to."""
    monkeypatch.setattr(environment, "read_xcom", lambda _ti_key, *, key: [key])
    operator: Any = None
    assert ComposerAirflowLink().get_link(operator, ti_key=None) == ""
