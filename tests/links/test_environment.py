"""The buttons beside a task that created an environment."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.get_provider_info import get_provider_info
from airflow_masq.links import environment
from airflow_masq.links.environment import ComposerAirflowLink, ComposerConsoleLink, ComposerOperationLink
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import BaseOperator

OPERATORS = [
    CloudComposerCreateMasqueradeEnvironmentOperator,
    SourceIpAssertOperator,
    SourceIpCheckOperator,
    SourceIpReportOperator,
]

pytestmark = pytest.mark.airflow

URL = "https://example.composer.googleusercontent.com"


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_link_of_an_operator_is_registered(operator: type[BaseOperator]) -> None:
    """Airflow shows the links that the provider info names, and no operator has others."""
    links = {f"{type(link).__module__}.{type(link).__qualname__}" for link in operator.operator_extra_links}
    assert len(links) == len(operator.operator_extra_links) >= 2
    assert links <= set(get_provider_info()["extra-links"])


def test_every_registered_link_is_in_the_table_of_links() -> None:
    """Each class that the provider info names can be imported, as Airflow does, and a user finds what it leads to."""
    classes = [name.rpartition(".") for name in get_provider_info()["extra-links"]]
    names = [getattr(import_module(module), attribute).name for module, _, attribute in classes]
    page = Path(__file__).resolve().parents[2].joinpath("docs", "connections.md").read_text(encoding="utf-8")
    _, _, table = page.partition("| task | button | leads to |\n")
    rows = [row.split("|") for row in table.partition("\n\n")[0].splitlines()[1:]]
    assert sorted(names) == sorted(row[2].strip() for row in rows)


@pytest.mark.parametrize(
    ("value", "link"),
    [(URL, URL), (None, ""), ("", ""), ("javascript:alert(1)", ""), ("http://plain.example", ""), (7, "")],
)
def test_a_link_leads_to_an_https_page_or_nowhere(monkeypatch: pytest.MonkeyPatch, value: object, link: str) -> None:
    """A URL that another task wrote does not run in the user's browser, and one that is missing gives no link."""
    xcoms: dict[str, object] = {"console_url": value, "operation_url": value, "return_value": {"airflow_uri": value}}
    monkeypatch.setattr(environment, "read_xcom", lambda _ti_key, *, key: xcoms[key])
    operator: Any = None
    assert ComposerConsoleLink().get_link(operator, ti_key=None) == link
    assert ComposerOperationLink().get_link(operator, ti_key=None) == link
    assert ComposerAirflowLink().get_link(operator, ti_key=None) == link


def test_facts_that_are_none_give_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that has not ended, or left something else, has no Airflow to link to."""
    monkeypatch.setattr(environment, "read_xcom", lambda _ti_key, *, key: [key])
    operator: Any = None
    assert ComposerAirflowLink().get_link(operator, ti_key=None) == ""
