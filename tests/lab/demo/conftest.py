"""One run of ``./scripts/demo --ui`` for all tests of what the demo shows, since it takes more than a minute."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
_BEGINNING = '\nThe page "Masquerade" shows'


@dataclass(frozen=True, kw_only=True)
class ShownDemo:
    """What a run of the demo left.

    :param output: what it printed before the page was there.
    :param announcement: what it printed about the page.
    :param verdicts: the content of the file of ``--json``.
    :param kept: the folder of ``--keep``.
    :param page: the page's first file, as a user gets it who signed in.
    :param events: the asset events that the page asks Airflow for.
    :param status: its exit status after Ctrl-C.
    :param answers_after_the_end: whether its Airflow still answered then.
    """

    output: str
    announcement: str
    verdicts: dict[str, Any]
    kept: Path
    page: str
    events: list[dict[str, Any]]
    status: int
    answers_after_the_end: bool


@pytest.fixture(scope="session")
def shown_demo(tmp_path_factory: pytest.TempPathFactory) -> ShownDemo:
    """Run the demo with its page, look at the page as a program can, and end it as Ctrl-C does."""
    folder = tmp_path_factory.mktemp("demo")
    kept, verdicts = folder / "first-run", folder / "verdicts.json"
    # A shell starts what it runs in the background with SIGINT ignored, which a test run hands on.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "lab.demo", "--ui"]
    command += ["--json", str(verdicts), "--keep", str(kept)]
    variables = {name: text for name, text in os.environ.items() if name != "COLUMNS"}  # pytest's
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=variables) as process:
        try:
            assert process.stdout is not None
            printed = ""
            for line in process.stdout:
                printed += line
                if line.startswith("Ctrl-C"):
                    break
            output, beginning, rest = printed.partition(_BEGINNING)
            assert beginning, printed
            announcement = beginning + rest
            url, token = sign_in(announcement)
            page = ask(f"{url}/airflow-masq/", token=token)
            events = json.loads(ask(f"{url}/api/v2/assets/events?limit=100", token=token))["asset_events"]
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=60)
        finally:
            process.terminate()
    return ShownDemo(
        output=output,
        announcement=announcement,
        verdicts=json.loads(verdicts.read_text(encoding="utf-8")),
        kept=kept,
        page=page,
        events=events,
        status=status,
        answers_after_the_end=answers(url),
    )


def sign_in(announcement: str) -> tuple[str, str]:
    """Sign in as the demo tells its user to: Airflow's address, and a token for its API."""
    told = dict(re.findall(r"^  (address|user|password) +(\S+)$", announcement, re.MULTILINE))
    url = told["address"].removesuffix("/plugin/masquerade")
    body = json.dumps({"username": told["user"], "password": told["password"]}).encode()
    request = urllib.request.Request(f"{url}/auth/token", data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return url, json.load(answer)["access_token"]


def ask(url: str, *, token: str) -> str:
    """Ask Airflow as the signed-in user."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return str(answer.read().decode())


def answers(url: str) -> bool:
    """Tell whether Airflow answers."""
    try:
        urllib.request.urlopen(f"{url}/api/v2/version", timeout=5).close()  # noqa: S310 - loopback
    except OSError:
        return False
    return True
