"""The demo's Airflow, in a process of its own: provisions, checks, and tells the other side what happened.

    python -m lab.demo.airflow_side SETTINGS

What it tells goes to standard output as one JSON object a line (``Event``); what Airflow prints goes to a log file. It
runs the project's own DAG files, unchanged, and holds no judgement of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.demo.airflow_settings import DAGS_FOLDER, EXECUTION_API_VARIABLE, Settings
from lab.demo.story import WITH_AGENT, WITHOUT_AGENT, StoryEnvironment
from lab.demo.workers import WORKERS_FILE_VARIABLE, Worker, write_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG


CHECK_DAG = "check_source_ip"
PROVISION_DAG = "provision_masquerade_environment"
EXECUTION_API_START_SECONDS = 60.0


class Narrator:
    """Tells the other side what happens, on what was this process's standard output; all else goes to a log file."""

    def __init__(self, log_file: Path) -> None:
        self._events = os.fdopen(os.dup(1), "w", buffering=1)
        log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)

    def tell(self, event: str, **details: object) -> None:
        """Tell one thing.

        :param event: what kind of thing.
        :param details: JSON values.
        """
        self._events.write(json.dumps({"event": event, **details}) + "\n")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Tell that something begins, and how long it took when it is done.

        :param text: what it is, for a person.
        """
        self.tell("begin", text=text)
        started = time.monotonic()
        yield
        self.tell("end", text=text, seconds=time.monotonic() - started)


class DemoAirflow:
    """Airflow with its tables, its Execution API and the project's DAG files.

    :param settings: what the other side told.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._control = Path(settings.home) / "control-workers.json"
        write_workers(self._control, [Worker(hostname="airflow-control", environment_id="control")])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make the tables and serve the Execution API meanwhile."""
        from airflow.utils.db import initdb  # noqa: PLC0415 - Airflow reads its settings when it is imported

        initdb()
        socket_path = Path(os.environ[EXECUTION_API_VARIABLE])
        command = [sys.executable, "-m", "uvicorn", "airflow.api_fastapi.main:app", "--uds", str(socket_path)]
        with subprocess.Popen(command) as server:
            try:
                _wait_for_execution_api(socket_path)
                yield
            finally:
                server.terminate()

    def provision(self, environment: StoryEnvironment) -> DagRun:
        """Run the provisioning DAG with an environment's plan.

        :param environment: the environment.
        :return: the run, ended.
        """
        conf = {
            "plan": self._settings.plans[environment.environment_id],
            "deferrable": False,
            "poll_interval_seconds": 1,
        }
        return self._run(PROVISION_DAG, conf=conf, workers=self._control)

    def check(self, environment: StoryEnvironment) -> DagRun:
        """Run the check DAG in an environment, one instance on a Pod of each node.

        :param environment: the environment.
        :return: the run, ended.
        """
        conf = {
            "plan": self._settings.plans[environment.environment_id],
            "instances": self._settings.nodes,
            "nodes_total": self._settings.nodes,
            "attempts": 1,
            "timeout_seconds": 2,
        }
        return self._run(CHECK_DAG, conf=conf, workers=Path(self._settings.workers[environment.environment_id]))

    def _run(self, dag_id: str, *, conf: dict[str, Any], workers: Path) -> DagRun:
        os.environ[WORKERS_FILE_VARIABLE] = str(workers)
        run: DagRun = _load_dag(dag_id).test(run_conf=conf, use_executor=True)
        return run


def _wait_for_execution_api(socket_path: Path) -> None:
    import httpx  # noqa: PLC0415 - arrives with Airflow

    deadline = time.monotonic() + EXECUTION_API_START_SECONDS
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket_path)), timeout=30) as client:
        while True:
            try:
                client.get("http://execution-api/execution/health").raise_for_status()
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


def _load_dag(dag_id: str) -> DAG:
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415 - as above

    bag = BundleDagBag(dag_folder=DAGS_FOLDER, bundle_path=DAGS_FOLDER, bundle_name="dags-folder")
    dag = bag.dags.get(dag_id)
    if dag is None:
        raise RuntimeError(f"no DAG {dag_id} in {DAGS_FOLDER}; import errors: {bag.import_errors}")
    return dag


def read_reports(run: DagRun) -> list[dict[str, Any]]:
    """Read the reports that a run of the check DAG left.

    :param run: the run.
    :return: the report task's XCom, one report per environment.
    :raises RuntimeError: when there is none.
    """
    from airflow.models.xcom import XComModel  # noqa: PLC0415 - as above
    from airflow.utils.session import create_session  # noqa: PLC0415

    query = XComModel.get_many(run_id=run.run_id, key="return_value", task_ids="report", dag_ids=run.dag_id)
    with create_session() as session:
        reports: list[dict[str, Any]] | str | None = session.scalars(query.with_only_columns(XComModel.value)).first()
    if reports is None:
        raise RuntimeError(f"the report task of {run.run_id} left no report")
    return json.loads(reports) if isinstance(reports, str) else reports


def read_failure(run: DagRun, *, home: Path) -> str:
    """Read from the task logs with which words a run failed, as a person would.

    :param run: the run.
    :param home: the folder of Airflow's files.
    :return: the error's last message; empty where no task said one.
    """
    message = ""
    for log_file in sorted((home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}").rglob("*.log")):
        for line in log_file.read_text().splitlines():
            for detail in json.loads(line).get("error_detail", [])[:1]:
                message = detail["exc_value"]
    return message


def tell_the_story(airflow: DemoAirflow, narrator: Narrator, settings: Settings) -> None:
    """Provision, check both environments, and ask for what cannot be done.

    :param airflow: the running Airflow.
    :param narrator: who tells the other side.
    :param settings: what the other side told.
    """
    with narrator.step(f"creating {WITHOUT_AGENT.environment_id} without the agent, through Google's own client"):
        create_without_agent(settings)
    with narrator.step(f"creating {WITH_AGENT.environment_id} through the DAG {PROVISION_DAG}"):
        run = airflow.provision(WITH_AGENT)
    narrator.tell("provisioned", state=str(run.state), failure=read_failure(run, home=Path(settings.home)))
    for environment in (WITHOUT_AGENT, WITH_AGENT):
        with narrator.step(f"checking {environment.environment_id} from a Pod of each node ({CHECK_DAG})"):
            run = airflow.check(environment)
        narrator.tell("checked", state=str(run.state), reports=read_reports(run))
    with narrator.step(f"asking for the agent on {WITHOUT_AGENT.environment_id}, which exists"):
        run = airflow.provision(WITHOUT_AGENT)
    narrator.tell("refused", state=str(run.state), failure=read_failure(run, home=Path(settings.home)))


def create_without_agent(settings: Settings) -> None:
    """Create the first environment as somebody who does not use this project would.

    :param settings: what the other side told.
    """
    import grpc  # noqa: PLC0415 - slow to import, and this process forks task processes from a clean server anyway
    from google.cloud.orchestration.airflow.service_v1 import Environment, EnvironmentsClient  # noqa: PLC0415
    from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (  # noqa: PLC0415
        EnvironmentsGrpcTransport,
    )

    channel = grpc.insecure_channel(settings.composer_endpoint.removeprefix("http://"))
    client = EnvironmentsClient(transport=EnvironmentsGrpcTransport(channel=channel))
    environment = Environment.from_json(json.dumps(WITHOUT_AGENT.resource()))
    parent = WITHOUT_AGENT.name.rpartition("/environments/")[0]
    client.create_environment(parent=parent, environment=environment).result(timeout=60)  # type: ignore[no-untyped-call]  # Google's
    channel.close()


def main() -> None:
    """Run the story with the settings that the first argument holds as JSON."""
    settings = Settings(**json.loads(sys.argv[1]))
    narrator = Narrator(Path(settings.home) / "airflow.log")
    airflow = DemoAirflow(settings)
    with ExitStack() as stack:
        with narrator.step("starting Airflow"):
            stack.enter_context(airflow.running())
        tell_the_story(airflow, narrator, settings)


if __name__ == "__main__":
    main()
