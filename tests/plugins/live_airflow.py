"""A real Airflow with a history of checks: its API server, or Airflow 2's web server, as a process on loopback."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import pytest

from lab.demo.server import find_free_port, run_process, run_server
from tests.airflow_env import airflow_settings
from tests.other_airflows import NEWEST, REPOSITORY, find_python, require, run_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

USERS: Final = {"admin": "Admin", "viewer": "Viewer", "guest": ""}
"""Users by name, with their roles; the password is the name. One without a role may see nothing."""

#: For a fixture of a running Airflow: each version, and one process for all of its tests, since it takes 15 s to start.
SHOWN_BY: Final = [
    pytest.param("3", id="3.3", marks=pytest.mark.xdist_group("live Airflow 3")),
    pytest.param("3.1", id="3.1", marks=[require("3.1"), pytest.mark.xdist_group("live Airflow 3.1")]),
    pytest.param("2.11.1", id="2.11.1", marks=[require("2.11.1"), pytest.mark.xdist_group("live Airflow 2")]),
]

_PAGE: Final = "airflow-masq"


@dataclass(frozen=True, kw_only=True)
class LiveAirflow:
    """A running Airflow.

    :param url: its address, with its prefix, without a slash at the end.
    :param version: ``3`` (for 3.3), ``3.1`` or ``2.11.1``.
    :param home: its folder.
    """

    url: str
    version: str
    home: Path
    _sessions: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def page_url(self) -> str:
        """The page, by itself."""
        return f"{self.url}/{_PAGE}/"

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return find_python(NEWEST if self.version == "3" else self.version)

    @property
    def is_airflow_2(self) -> bool:
        """Whether it is Airflow 2, which has other addresses and another way to sign in."""
        return self.version.startswith("2.")

    def ask(
        self,
        path: str,
        *,
        user: str | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask for a path below its address, following no redirect: status, headers (lower case) and body.

        :param user: who asks; nobody by default.
        :param body: posted as JSON; by default nothing is posted.
        :param headers: more request headers.
        """
        sent = {**({} if user is None else self.sign_in(user)), **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.url}/{path}", data=data, headers=sent)  # noqa: S310 - loopback
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()

    def sign_in(self, user: str) -> dict[str, str]:
        """Sign in once, since Airflow 2 limits how often one may, and give the headers that carry the session."""
        if user not in self._sessions:
            self._sessions[user] = {"Cookie": self._make_session(user)}
        return self._sessions[user]

    def run_python(self, code: str, *arguments: str) -> list[str]:
        """Run a program with this Airflow's settings and database, and give the lines that it printed."""
        # Else Airflow 3 looks for connections at a supervisor, which this program does not have.
        settings = _make_settings(self) | {"_AIRFLOW_PROCESS_CONTEXT": "server"}
        return run_python(self.python, code, *arguments, home=self.home, settings=settings)

    def _make_session(self, user: str) -> str:
        if self.is_airflow_2:
            return _sign_in_with_form(self.url, user)
        body = json.dumps({"username": user, "password": user}).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/auth/token", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return f"_token={json.load(answer)['access_token']}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Gives a redirect back as it is: to a page that asks who one is, for example."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow nothing."""


@contextmanager
def run_airflow(
    home: Path,
    *,
    version: str,
    environments: int = 4,
    hours: int | str = 24,
    prefix: str = "",
    settings: dict[str, str] | None = None,
    beside: Sequence[str] = (),
) -> Iterator[LiveAirflow]:
    """Fill a new Airflow with a history and run its server for as long as it is needed.

    :param home: a folder that does not exist yet.
    :param version: ``3`` (for 3.3), ``3.1`` or ``2.11.1``.
    :param environments: how many environments were checked.
    :param hours: for how long; ``odd`` for the odd checks of ``odd_history.py``.
    :param prefix: the path below which Airflow is reached, such as ``/team/airflow``.
    :param settings: more environment variables.
    :param beside: Airflow's commands that run beside the server, such as ``scheduler``.
    """
    home.mkdir()
    port = find_free_port()
    airflow = LiveAirflow(url=f"http://127.0.0.1:{port}{prefix}", version=version, home=home)
    variables = _make_settings(airflow) | (settings or {})
    seed = [str(airflow.python), "-m", f"tests.plugins.seed_airflow_{version[0]}", str(environments), str(hours)]
    subprocess.run(seed, cwd=REPOSITORY, env=variables, check=True, capture_output=True, timeout=300)
    options = ["--hostname" if airflow.is_airflow_2 else "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command = [str(airflow.python), "-m", "airflow"]
    serve = [*command, "webserver" if airflow.is_airflow_2 else "api-server", *options]
    url = f"{airflow.url}/api/{'v1' if airflow.is_airflow_2 else 'v2'}/version"
    with ExitStack() as processes:
        processes.enter_context(run_server(serve, variables=variables, log=home / "server.log", url=url))
        for each in beside:
            processes.enter_context(run_process([*command, each], variables=variables, log=home / f"{each}.log"))
        yield airflow


def _make_settings(airflow: LiveAirflow) -> dict[str, str]:
    """Make the environment variables of the server, with the users of Airflow 3's simple auth manager."""
    passwords = airflow.home / "passwords.json"
    passwords.write_text(json.dumps({user: user for user in USERS}), encoding="utf-8")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))},
        **airflow_settings(airflow.home),
        "PYTHONPATH": str(REPOSITORY),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role.lower()}" for user, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of these tests alone, and long enough for a signature of 512 bits, or so",
        "AIRFLOW__API__BASE_URL": airflow.url,
        "AIRFLOW__WEBSERVER__BASE_URL": airflow.url,
        "AIRFLOW__WEBSERVER__SECRET_KEY": "of these tests alone",
    }


def _sign_in_with_form(url: str, user: str) -> str:
    """Fill in the form of Airflow 2's web server, and give the session's cookie."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), _NoRedirect)
    with opener.open(f"{url}/login/", timeout=30) as answer:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert token is not None
    body = urlencode({"username": user, "password": user, "csrf_token": token[1]}).encode()
    with suppress(urllib.error.HTTPError):  # a redirect, which is not followed
        opener.open(f"{url}/login/", data=body, timeout=30)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
