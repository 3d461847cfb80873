"""The ways to make a connection that docs/connections.md shows: each leads to the same observer."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.airflow_runs import AirflowRunner

pytestmark = pytest.mark.airflow

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "connections.md").read_text(encoding="utf-8")
EXPORTS = re.findall(r"^export (AIRFLOW_CONN_ERP_OBSERVER)='(.*)'$", PAGE, re.MULTILINE)
[COMMAND] = re.findall(r"^airflow (connections add .*?[^\\])$", PAGE, re.MULTILINE | re.DOTALL)
OBSERVER = "https://observer.example.com:8443/client-ip"


def read(connection: Any) -> str:  # noqa: ANN401 - Airflow's own
    """Read where a connection leads."""
    from airflow_masq.hooks.source_ip import ObserverConnection  # noqa: PLC0415 - imports Airflow, which takes seconds

    return ObserverConnection.read(connection, where="c").url


@pytest.mark.parametrize(("name", "value"), EXPORTS, ids=["JSON", "URI"])
@pytest.mark.usefixtures("airflow")
def test_a_variable_makes_the_connection(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable holds the connection as JSON or as a URI."""
    from airflow_masq.hooks.source_ip import SourceIpHook  # noqa: PLC0415 - as above

    monkeypatch.setenv(name, value)
    assert read(SourceIpHook.get_connection("erp_observer")) == OBSERVER


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")  # Airflow's own command asks for them
def test_the_command_line_makes_the_connection(airflow: AirflowRunner, capsys: pytest.CaptureFixture[str]) -> None:
    """Airflow's command line knows the type, and stores the connection; a URI with underscores is refused."""
    assert airflow is not None
    from airflow.cli.cli_parser import get_parser  # noqa: PLC0415 - as above
    from airflow.models.connection import Connection  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    arguments = get_parser().parse_args(shlex.split(COMMAND.replace("\\\n", " ")))
    assert arguments.conn_type == "source_ip_observer"
    arguments.func(arguments)
    assert "Successfully added" in capsys.readouterr().out
    with create_session() as session:
        stored = session.scalars(select(Connection).where(Connection.conn_id == "erp_observer")).one()
        assert read(stored) == OBSERVER
        session.delete(stored)
    refused = get_parser().parse_args(["connections", "add", "u", "--conn-uri", "source_ip_observer://a/https"])
    with pytest.raises(SystemExit, match="URI provided to --conn-uri is invalid"):
        refused.func(refused)
