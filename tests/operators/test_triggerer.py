"""Whether a triggerer runs is read from the API server of Airflow 3; where it does not tell, it is not known."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from airflow_masq.operators import triggerer
from airflow_masq.operators.triggerer import HEALTH_PATH, is_triggerer_running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.airflow


class ApiServer(ThreadingHTTPServer):
    """Answers one path with a text."""

    body = b""

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, ApiServer)
        self.send_response(200 if self.path == HEALTH_PATH else 404)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the base
        """Say nothing."""


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    """Run an API server."""
    with ApiServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def health(status: str | None, *, database: str = "healthy") -> dict[str, object]:
    """Write what the API server says."""
    return {"metadatabase": {"status": database}, "triggerer": {"status": status}}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (health("healthy"), True),
        (health("unhealthy"), False),
        (health(None), False),
        (health("unhealthy", database="unhealthy"), None),
        ({"metadatabase": {"status": "healthy"}}, None),
        ([], None),
    ],
)
@pytest.mark.parametrize("setting", ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "AIRFLOW__API__BASE_URL"])
def test_the_api_server_tells(
    api_server: ApiServer, monkeypatch: pytest.MonkeyPatch, setting: str, said: object, *, known: bool | None
) -> None:
    """Healthy is running; unhealthy or never seen is not; a server that cannot read its database does not know."""
    api_server.body = json.dumps(said).encode()
    path = "/execution/" if "EXECUTION" in setting else "/"
    monkeypatch.setenv(setting, api_server.url + path)
    assert is_triggerer_running() is known


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/execution/", "in-process://", "file:///etc/passwd", "nonsense"])
def test_without_an_api_server_it_is_not_known(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A server that does not answer, or another kind of address, is no answer."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
    assert is_triggerer_running() is None


@pytest.mark.parametrize(("said", "known"), [(health("healthy"), True), (health(None), False)])
def test_airflows_own_health_is_understood(
    monkeypatch: pytest.MonkeyPatch, api_server: ApiServer, said: object, *, known: bool | None
) -> None:
    """The fields are those of Airflow's own model of its health."""
    from airflow.api_fastapi.core_api.datamodels.monitor import HealthInfoResponse  # noqa: PLC0415 - takes seconds

    base = {"scheduler": {"status": "healthy", "latest_scheduler_heartbeat": None}}
    assert isinstance(said, dict)
    triggerer_health = {**said["triggerer"], "latest_triggerer_heartbeat": None}
    model = HealthInfoResponse.model_validate({**said, **base, "triggerer": triggerer_health})
    api_server.body = model.model_dump_json().encode()
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", f"{api_server.url}/execution/")
    assert is_triggerer_running() is known


@pytest.mark.parametrize(("age_minutes", "known"), [(None, False), (0, True), (60, False)])
@pytest.mark.usefixtures("airflow")
def test_airflow_2_reads_the_table_of_jobs(
    monkeypatch: pytest.MonkeyPatch, *, age_minutes: int | None, known: bool
) -> None:
    """A triggerer that has never run, or was last heard of an hour ago, does not run."""
    from airflow.jobs.job import Job  # noqa: PLC0415 - takes seconds
    from airflow.utils.session import create_session  # noqa: PLC0415 - as above

    monkeypatch.setattr(triggerer, "IS_AIRFLOW_2", True)
    with create_session() as session:
        session.query(Job).delete()
        if age_minutes is not None:
            job = Job(job_type="TriggererJob", state="running")  # type: ignore[no-untyped-call] # Airflow's is untyped
            job.latest_heartbeat = datetime.now(tz=UTC) - timedelta(minutes=age_minutes)
            session.add(job)
    assert is_triggerer_running() is known
    with create_session() as session:
        session.query(Job).delete()
