"""``./scripts/demo --ui``: the demo, and then a real Airflow with the page "Masquerade" on what the demo has left.

this process ──▶ lab.demo, in the sandbox, which has no way out
             ──▶ made_up_history, into the same database
             ──▶ airflow api-server, on this machine's loopback, until Ctrl-C
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from lab.demo.made_up_history import LABEL
from lab.demo.server import find_free_port, run_server
from lab.demo.settings import make_airflow_variables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOURS: Final = 24
_USER: Final = "admin"
_TEXT: Final = """
The page "Masquerade" shows what these checks saw:

  address   {url}/plugin/masquerade
  user      {user}
  password  {password}

The last run of each environment is real. The {hours} hours before are made up, with ids that begin with {label}: a node
of with-agent joins and leaks for some hours, and a service does not answer once. Nothing runs further checks.

Ctrl-C ends Airflow.
"""


def show_page(home: Path, *, demo_arguments: Sequence[str]) -> int:
    """Run the demo, show its page until Ctrl-C, and return the demo's exit status.

    :param home: the folder for Airflow's files, which must not exist yet.
    :param demo_arguments: the demo's own arguments, without the folder.
    :raises RuntimeError: Airflow did not start, or ended by itself; the message has the end of its log.
    """
    command = [sys.executable, "-P", "-m", "lab.demo", *demo_arguments, "--keep", str(home)]
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        return status
    url, password = f"http://127.0.0.1:{find_free_port()}", secrets.token_urlsafe(9)
    variables = os.environ | make_server_variables(home, url=url, password=password)
    history = [sys.executable, "-P", "-m", "lab.demo.made_up_history", str(HOURS)]
    if subprocess.run(history, check=False, env=variables).returncode != 0:
        raise RuntimeError("the history could not be written into Airflow's database; the lines above say why")
    server = [sys.executable, "-P", "-m", "airflow", "api-server", "--host", "127.0.0.1", "--workers", "1"]
    server += ["--port", url.rpartition(":")[2]]
    log = home / "api-server.log"
    with (
        run_server(server, variables=variables, log=log, url=f"{url}/api/v2/version") as process,
        suppress(KeyboardInterrupt),
    ):
        sys.stdout.write(_TEXT.format(url=url, user=_USER, password=password, hours=HOURS, label=LABEL))
        sys.stdout.flush()
        process.wait()
        raise RuntimeError(f"Airflow ended by itself: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
    return status


def make_server_variables(home: Path, *, url: str, password: str) -> dict[str, str]:
    """Make the server's own environment variables, with one user, whose password other users cannot read."""
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({_USER: password}), encoding="utf-8")
    return make_airflow_variables(home) | {
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{_USER}:admin",
    }
