"""The demo's Airflow, in a process of its own: it provisions, checks, and reports events to the other process.

    python -m lab.demo.airflow_side SETTINGS

Events go to standard output, one JSON object a line; Airflow's own output goes to a log file. It runs the project's DAG
files unchanged and makes no judgement.
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

from lab.demo.past_runs import read_report
from lab.demo.scenario import WITH_AGENT, WITHOUT_AGENT, DemoEnvironment
from lab.demo.settings import (
    DAGS_FOLDER,
    EXECUTION_API_VARIABLE,
    WORKERS_FILE_VARIABLE,
    Settings,
    Worker,
    write_workers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.models.dagrun import DagRun


CHECK_DAG = "check_source_ip"
PROVISION_DAG = "provision_masquerade_environment"
EXECUTION_API_START_SECONDS = 60.0


class EventWriter:
    """Writes events to what was this process's standard output; all other output goes to a log file from now on."""

    def __init__(self, log_file: Path) -> None:
        self._events = os.fdopen(os.dup(1), "w", buffering=1)
        log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)

    def write(self, event: str, **details: object) -> None:
        """Write one event; the details are JSON values."""
        self._events.write(json.dumps({"event": event, **details}) + "\n")

    @contextmanager
    def time_step(self, text: str) -> Iterator[None]:
        """Report that a step begins, and how long it took when it ends."""
        self.write("begin", text=text)
        started = time.monotonic()
        yield
        self.write("end", text=text, seconds=time.monotonic() - started)


class DemoAirflow:
    """Airflow with its tables, its Execution API and the project's DAG files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._control = Path(settings.home) / "control-workers.json"
        write_workers(self._control, [Worker(hostname="airflow-control", environment_id="control")])

    @contextmanager
    def serve(self) -> Iterator[None]:
        """Make the tables, and run the Execution API during the block, which begins when the API answers."""
        import httpx  # noqa: PLC0415 - arrives with Airflow
        from airflow.utils.db import initdb  # noqa: PLC0415 - Airflow reads its settings when it is imported

        initdb()
        path = os.environ[EXECUTION_API_VARIABLE]
        deadline = time.monotonic() + EXECUTION_API_START_SECONDS
        with subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "airflow.api_fastapi.main:app", "--uds", path]
        ) as server:
            try:
                with httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=30) as client:
                    while True:
                        try:
                            client.get("http://execution-api/execution/health").raise_for_status()
                            break
                        except httpx.TransportError:
                            if time.monotonic() > deadline:
                                raise
                            time.sleep(0.1)
                yield
            finally:
                server.terminate()

    def provision(self, environment: DemoEnvironment) -> DagRun:
        """Run the provisioning DAG with an environment's plan, to its end."""
        plan = self._settings.plans[environment.environment_id]
        conf = {"plan": plan, "deferrable": False, "poll_interval_seconds": 1}
        return self._run(PROVISION_DAG, conf=conf, workers=self._control)

    def check(self, environment: DemoEnvironment) -> DagRun:
        """Run the check DAG in an environment to its end, one instance on a Pod of each node."""
        nodes = self._settings.nodes
        plan = self._settings.plans[environment.environment_id]
        conf = {"plan": plan, "instances": nodes, "nodes_total": nodes, "attempts": 1, "timeout_seconds": 2}
        return self._run(CHECK_DAG, conf=conf, workers=Path(self._settings.workers[environment.environment_id]))

    def _run(self, dag_id: str, *, conf: dict[str, Any], workers: Path) -> DagRun:
        from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415 - as above

        os.environ[WORKERS_FILE_VARIABLE] = str(workers)
        bag = BundleDagBag(dag_folder=DAGS_FOLDER, bundle_path=DAGS_FOLDER, bundle_name="dags-folder")
        dag = bag.dags.get(dag_id)
        if dag is None:
            raise RuntimeError(f"expected the DAG {dag_id} in {DAGS_FOLDER}; import errors: {bag.import_errors}")
        run: DagRun = dag.test(run_conf=conf, use_executor=True)
        return run


def read_reports(run: DagRun) -> list[dict[str, Any]]:
    """Read the report task's XCom of a check run: one report for each environment.

    :raises RuntimeError: if there is none.
    """
    from airflow.utils.session import create_session  # noqa: PLC0415 - as above

    with create_session() as session:
        text = read_report(session, dag_id=run.dag_id, run_id=run.run_id)
    if text is None:
        raise RuntimeError(f"the report task of {run.run_id} left no report")
    reports: list[dict[str, Any]] = json.loads(text)
    return reports


def read_failure(run: DagRun, *, home: Path) -> str:
    """Read the last error message from a run's task logs, as a person would; empty if there is none."""
    message = ""
    for log_file in sorted((home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}").rglob("*.log")):
        for line in log_file.read_text().splitlines():
            for detail in json.loads(line).get("error_detail", [])[:1]:
                message = detail["exc_value"]
    return message


def create_without_agent(settings: Settings) -> None:
    """Create the first environment with Google's client, as a person without this project would."""
    import grpc  # noqa: PLC0415 - slow to import, and task processes are forked from a clean server anyway
    from google.cloud.orchestration.airflow.service_v1 import Environment, EnvironmentsClient  # noqa: PLC0415
    from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (  # noqa: PLC0415
        EnvironmentsGrpcTransport,
    )

    channel = grpc.insecure_channel(settings.composer_endpoint.removeprefix("http://"))
    client = EnvironmentsClient(transport=EnvironmentsGrpcTransport(channel=channel))
    environment = Environment.from_json(json.dumps(WITHOUT_AGENT.resource))
    parent = WITHOUT_AGENT.name.rpartition("/environments/")[0]
    client.create_environment(parent=parent, environment=environment).result(timeout=60)  # type: ignore[no-untyped-call]  # Google's
    channel.close()


def run_scenario(airflow: DemoAirflow, events: EventWriter, settings: Settings) -> None:
    """Create and check both environments, then request the agent on an environment that exists."""
    home = Path(settings.home)
    with events.time_step(f"creating {WITHOUT_AGENT.environment_id} without the agent, with Google's own client"):
        create_without_agent(settings)
    with events.time_step(f"creating {WITH_AGENT.environment_id} with the DAG {PROVISION_DAG}"):
        run = airflow.provision(WITH_AGENT)
    events.write("provisioned", state=str(run.state), failure=read_failure(run, home=home))
    for environment in (WITHOUT_AGENT, WITH_AGENT):
        with events.time_step(f"checking {environment.environment_id} from a Pod of each node ({CHECK_DAG})"):
            run = airflow.check(environment)
        events.write("checked", state=str(run.state), reports=read_reports(run))
    with events.time_step(f"requesting the agent on {WITHOUT_AGENT.environment_id}, which exists"):
        run = airflow.provision(WITHOUT_AGENT)
    events.write("refused", state=str(run.state), failure=read_failure(run, home=home))


def main() -> None:
    """Run the scenario with the settings in the first argument, which is JSON."""
    settings = Settings(**json.loads(sys.argv[1]))
    events = EventWriter(Path(settings.home) / "airflow.log")
    airflow = DemoAirflow(settings)
    with ExitStack() as stack:
        with events.time_step("starting Airflow"):
            stack.enter_context(airflow.serve())
        run_scenario(airflow, events, settings)


if __name__ == "__main__":
    main()
