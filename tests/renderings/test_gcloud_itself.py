"""The real gcloud, where it is installed, sends exactly the resource that the plan describes."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.renderings import RENDERINGS
from airflow_masq.renderings.gcloud import FLAGS
from airflow_masq.renderings.rest import read_fields
from lab.packets.sandbox import is_inside
from tests.renderings.examples import COMPOSER_1, COMPOSER_2_OTHERWISE, COMPOSER_3, NAME, PAGE, RICH, plan_of
from tests.rules.refused import BY_GCLOUD, SET_ELSEWHERE_BY_GCLOUD, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Without any access control gcloud spells the default out (BuildWebServerAllowedIps in Google Cloud SDK 528.0.0).
OPEN_TO_ALL = {"0.0.0.0/0", "::0/0"}


class ComposerApi(HTTPServer):
    """Keeps what is posted to it, and answers that it is done."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[tuple[str, dict[str, Any]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: ComposerApi

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, json.loads(body)))
        answer = json.dumps({"name": "projects/p/locations/l/operations/o", "done": True}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[ComposerApi]:
    """Serve on loopback until the test ends."""
    with ComposerApi() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _create(command: str, *, api: ComposerApi, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as it would be pasted, against the local server, without an account."""
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not installed")
    if not is_inside():
        pytest.skip("not in a sandbox: run it through scripts/test")
    settings = {
        "API_ENDPOINT_OVERRIDES_COMPOSER": f"http://127.0.0.1:{api.server_port}/",
        "AUTH_DISABLE_CREDENTIALS": "true",
        "COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CORE_CHECK_GCE_METADATA": "false",
        "CORE_DISABLE_PROMPTS": "true",
        "CORE_DISABLE_USAGE_REPORTING": "true",
    }
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "CLOUDSDK_CONFIG": str(home)}
    environment |= {f"CLOUDSDK_{name}": value for name, value in settings.items()}
    words = [word for word in shlex.split(command) if word != "\n"][1:]
    return subprocess.run(
        [program, *words, "--async"], env=environment, check=False, capture_output=True, text=True, timeout=60
    )


def _without_defaults(resource: dict[str, Any]) -> dict[str, Any]:
    """Leave out what gcloud adds by itself: a web server open to all, workloads without any setting."""
    config = {name: value for name, value in resource["config"].items() if not _is_open_to_all(name, value)}
    if "workloadsConfig" in config:
        config["workloadsConfig"] = {name: value for name, value in config["workloadsConfig"].items() if value}
    return resource | {"config": config}


def _is_open_to_all(name: str, value: Any) -> bool:  # noqa: ANN401 - any part of the resource
    allowed = value.get("allowedIpRanges", []) if name == "webServerNetworkAccessControl" else []
    return {each["value"] for each in allowed} == OPEN_TO_ALL


@pytest.mark.packets
@pytest.mark.parametrize(
    "environment",
    [PAGE, RICH, COMPOSER_1, COMPOSER_2_OTHERWISE, COMPOSER_3],
    ids=["the page", "rich", "composer 1", "composer 2 otherwise", "composer 3"],
)
def test_gcloud_sends_the_resource(environment: dict[str, Any], api: ComposerApi, tmp_path: Path) -> None:
    """Every field of an environment arrives at the API as the plan has it, and no other does."""
    done = _create(RENDERINGS["gcloud"](plan_of(environment)), api=api, home=tmp_path)
    assert done.returncode == 0, done.stderr
    ((path, body),) = api.posted
    assert path.partition("?")[0] == f"/v1/{NAME.rpartition('/environments/')[0]}/environments"
    assert _without_defaults(body) == environment


# One of each kind. All rows of the tables were tried with gcloud: it refuses each, takes each mended one, and sets
# another field than SET_ELSEWHERE_BY_GCLOUD names [source: observed-gcloud-demands].
ONE_OF_EACH_KIND = (
    "3-nodeConfig.diskSizeGb",
    "2-privateEnvironmentConfig.cloudSqlIpv4CidrBlock",
    "1-nodeConfig.enableIpMasqAgent",
    "2-nodeConfig.subnetwork",
    "2-recoveryConfig.scheduledSnapshotsConfig.enabled",
    "2-workloadsConfig.worker.memoryGb",
    "2-nodeConfig.tags",
    "2-encryptionConfig.kmsKeyName",
    "1-softwareConfig.pythonVersion",
    "2-nodeConfig.ipAllocationPolicy.servicesIpv4CidrBlock",
)


@pytest.mark.packets
@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_gcloud_refuses_what_lint_reports(name: str, api: ComposerApi, tmp_path: Path) -> None:
    """The command that is written for such an environment is one that gcloud does not carry out."""
    refused = next(each for each in BY_GCLOUD if str(each) == name)
    done = _create(RENDERINGS["gcloud"](plan_of(refused.environment())), api=api, home=tmp_path)
    assert done.returncode != 0
    assert "ERROR: " in done.stderr
    assert api.posted == []


def _write_unchecked(refused: Refused) -> str:
    """Write the flags as the table has them, also for fields that gcloud would send as others."""
    fields = read_fields(plan_of(refused.environment()), form="gcloud", known=FLAGS)
    flags = (words for path, write in FLAGS.items() if path in fields for words in write(fields[path]))
    where = ("--project", "example-project", "--location", "us-central1")
    return shlex.join(["gcloud", "composer", "environments", "create", "example", *where, *chain(*flags)])


@pytest.mark.packets
def test_gcloud_sets_another_field(api: ComposerApi, tmp_path: Path) -> None:
    """The count of schedulers of another generation is taken in silence, for the field of the image's own."""
    refused = SET_ELSEWHERE_BY_GCLOUD[0]
    done = _create(_write_unchecked(refused), api=api, home=tmp_path)
    assert done.returncode == 0, done.stderr
    ((_, body),) = api.posted
    assert "schedulerCount" not in body["config"]["softwareConfig"]
    assert body["config"]["workloadsConfig"]["scheduler"] == {"count": refused.value}


@pytest.mark.packets
@pytest.mark.parametrize(("beside", "is_sent"), [((), False), (("--enable-private-builds-only",), True)])
def test_gcloud_drops_a_private_field_of_composer_3(
    beside: tuple[str, ...], *, is_sent: bool, api: ComposerApi, tmp_path: Path
) -> None:
    """Privately used public addresses are sent only where another flag makes the private section."""
    where = ("--project", "example-project", "--location", "us-central1", "--image-version", "composer-3-airflow-2")
    flags = ("--enable-privately-used-public-ips", *beside)
    done = _create(
        shlex.join(["gcloud", "composer", "environments", "create", "example", *where, *flags]), api=api, home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    ((_, body),) = api.posted
    assert body["config"].get("privateEnvironmentConfig", {}).get("enablePrivatelyUsedPublicIps", False) is is_sent
