"""Runs the create task's parts in processes of their own, as workers and triggerers do, so that tests can kill them.

    Zygote (this process) ──▶ python -m tests.task_processes ──fork──▶ one part: execute, trigger or complete

The forked processes have everything imported already, which would take seconds each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, Self

import grpc

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.environment import EnvironmentResource
from lab.cloud.errors import ApiError
from tests.emulated_cloud import (
    IMAGE,
    LOCATION,
    NAME,
    PROJECT,
    SERVICE_ACCOUNT,
    EmulatedCloud,
    environment_resource,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from lab.cloud.faults import Moment

MOST_TRIES = 4


class Zygote:
    """A process that forks one process for each part; a context manager.

    :ivar process_id: the part that runs; ``None`` between two.
    """

    def __init__(self) -> None:
        self._known = threading.Event()
        self.process_id: int | None = None

    def run(self, order: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run one part; ``None`` if it was killed."""
        self._known.clear()
        self._input.write(json.dumps(order) + "\n")
        self._input.flush()
        self.process_id = int(json.loads(self._output.readline())["pid"])
        self._known.set()
        answer: dict[str, Any] | None = json.loads(self._output.readline())
        self.process_id = None
        return answer

    def kill(self) -> None:
        """Kill the part that runs, at once."""
        assert self._known.wait(timeout=10)
        assert self.process_id is not None
        os.kill(self.process_id, signal.SIGKILL)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.task_processes"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input: IO[str] = self._process.stdin
        self._output: IO[str] = self._process.stdout
        assert json.loads(self._output.readline()) == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._input.close()
        self._process.wait(timeout=30)
        self._output.close()


@dataclass(kw_only=True)
class KilledRun:
    """One run of the task, with Airflow's retries, in which one process is killed.

    :param kill_call: the number of the call, from 0, at which the process is killed.
    :param kill_moment: before the call took effect, or after.
    :param recreate_failed: the operator's argument of that name.
    :param is_stock: run Google's own operator instead.
    :param most_tries: how often Airflow runs the task.
    :param also_observe: called with the moment and the method of each call.
    """

    zygote: Zygote
    cloud: EmulatedCloud
    deferrable: bool
    kill_call: int
    kill_moment: Moment
    recreate_failed: bool = False
    is_stock: bool = False
    most_tries: int = MOST_TRIES
    also_observe: Callable[[Moment, str], None] = lambda _moment, _method: None
    was_killed: bool = field(default=False, init=False)
    _calls: int = field(default=0, init=False)

    def run(self) -> dict[str, Any]:
        """Run the task to its end.

        :return: ``{"facts": …}``, or ``{"failed": …}``.
        """
        self.cloud.faults.observe = self._observe
        tries, part = 1, self._order("execute", try_number=1)
        while True:
            answer = self.zygote.run(part)
            if answer is None and part["part"] == "trigger":
                continue  # another triggerer takes the row
            if answer is None or answer.get("again"):
                tries += 1
                if tries > self.most_tries:
                    return answer or {"failed": "killed"}
                part = self._order("execute", try_number=tries)
            elif "trigger" in answer:
                part = self._order("trigger", trigger=answer["trigger"])
            elif "event" in answer:
                part = self._order("complete", event=answer["event"], try_number=tries)
            else:
                return answer

    def _order(self, part: str, **more: object) -> dict[str, Any]:
        arguments = {"deferrable": self.deferrable, "recreate_failed": self.recreate_failed}
        ours = {"AIRFLOW_CONN_TEST_GOOGLE": self.cloud.airflow_connection}
        settings = self.cloud.stock_settings if self.is_stock else ours
        return {"part": part, "settings": settings, "is_stock": self.is_stock, "arguments": arguments, **more}

    def _observe(self, moment: Moment, method: str) -> None:
        """Kill the caller at its moment; end a held creation when its operation has been looked at twice."""
        number = self._calls
        if moment == "after":
            self._calls += 1
            if method == "GetOperation" and self.cloud.faults.count_calls("GetOperation") > 1:
                self.cloud.release_creations()
        if (number, moment) == (self.kill_call, self.kill_moment) and not self.was_killed:
            self.was_killed = True
            self.zygote.kill()
            if moment == "before":  # the call never arrived
                raise ApiError(grpc.StatusCode.ABORTED, "the caller is dead")
        self.also_observe(moment, method)


def run_killed(
    zygote: Zygote,
    *,
    deferrable: bool,
    kill_call: int,
    kill_moment: Moment,
    failed_creations: int = 0,
    is_stock: bool = False,
) -> bool | None:
    """Run the task once with one kill.

    :param failed_creations: how many creations fail: the first before the task runs, which may then delete it, the
        second during its run, which then must leave it.
    :param is_stock: run Google's own operator, which cannot say whether it created what it returns.
    :return: whether exactly one right environment is there in the end; ``None`` if the task made fewer calls.
    """
    with EmulatedCloud() as cloud:
        former = fail_creation(cloud) if failed_creations else None
        if failed_creations > 1:
            cloud.faults.fail_creation(NAME.environment_id, grpc.StatusCode.INTERNAL, "again")
        else:
            cloud.hold_creations()
        run = KilledRun(
            zygote=zygote,
            cloud=cloud,
            deferrable=deferrable,
            kill_call=kill_call,
            kill_moment=kill_moment,
            recreate_failed=failed_creations > 0,
            is_stock=is_stock,
        )
        answer = run.run()
        cloud.faults.observe = lambda _moment, _method: None
        is_right = _is_right_stock(answer, cloud=cloud) if is_stock else _is_right(answer, cloud=cloud, former=former)
        is_right = is_right and cloud.deletions == min(failed_creations, 1)
        return is_right if run.was_killed else None


def run_stock(zygote: Zygote, *, cloud: EmulatedCloud, deferrable: bool) -> bool:
    """Run the stock operator's task once, without kills and retries; whether it ended right."""
    run = KilledRun(
        zygote=zygote,
        cloud=cloud,
        deferrable=deferrable,
        kill_call=-1,
        kill_moment="before",
        is_stock=True,
        most_tries=1,
        also_observe=cloud.faults.observe,
    )
    answer = run.run()
    cloud.faults.observe = lambda _moment, _method: None
    cloud.settle()
    return _is_right_stock(answer, cloud=cloud)


def _is_right(answer: Mapping[str, Any], *, cloud: EmulatedCloud, former: str | None) -> bool:
    [environment] = cloud.list()
    if environment["uuid"] == former:
        return False
    facts = answer.get("facts")
    if facts is None:
        is_told = "one of this name was deleted since this run began" in answer["failed"]
        return is_told and environment["state"] == "ERROR"
    is_same = (environment["uuid"], environment["state"]) == (facts["uuid"], "RUNNING")
    return is_same and facts["enable_ip_masq_agent"] is True and facts["adopted"] is False


def _is_right_stock(answer: Mapping[str, Any], *, cloud: EmulatedCloud) -> bool:
    """Tell whether the stock operator succeeded with one running environment; it does not say whose."""
    return "facts" in answer and [each["state"] for each in cloud.list()] == ["RUNNING"]


def fail_creation(cloud: EmulatedCloud) -> str:
    """Leave an environment whose creation failed, and return its UUID."""
    cloud.faults.fail_creation(NAME.environment_id, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    with ComposerClient(None, endpoint=cloud.endpoint) as client:
        client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    [failed] = cloud.list()
    return str(failed["uuid"])


def _do_part(order: Mapping[str, Any]) -> dict[str, Any]:
    """Do one part as a worker or a triggerer does it, and say what Airflow would make of it."""
    from airflow.sdk.exceptions import TaskDeferred  # noqa: PLC0415 - imported before the fork

    from airflow_masq.airflow_compat import AirflowFailException  # noqa: PLC0415 - as above

    os.environ.update(order["settings"])  # gRPC reads them when it is first used
    try:
        if order["part"] == "trigger":
            return {"event": asyncio.run(_run_trigger(order))}
        return {"facts": _run_operator(order)}
    except TaskDeferred as deferral:
        return {"trigger": deferral.trigger.serialize()[1]}
    except AirflowFailException as error:
        return {"failed": str(error)}
    except Exception as error:  # noqa: BLE001 - Airflow retries after any other error, a trigger's too
        return {"failed": str(error), "again": True}


def _run_operator(order: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - only here

    operator = _make_stock_operator(order) if order["is_stock"] else _make_operator(order)
    instance = SimpleNamespace(try_number=order["try_number"], xcom_push=lambda **_words: None)
    run = SimpleNamespace(start_date=datetime.now(tz=UTC) - timedelta(minutes=5))
    context: Any = {"ti": instance, "dag_run": run, "task": operator}
    if order["part"] == "complete":
        return operator.execute_complete(context, order["event"])
    return operator.execute(context)


async def _run_trigger(order: Mapping[str, Any]) -> object:
    from airflow.providers.google.cloud.triggers.cloud_composer import CloudComposerExecutionTrigger  # noqa: PLC0415

    from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger  # noqa: PLC0415

    trigger_class = CloudComposerExecutionTrigger if order["is_stock"] else EnvironmentRunningTrigger
    async for event in trigger_class(**order["trigger"]).run():
        return event.payload
    return None


def _make_operator(order: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of two operators
    from airflow_masq.operators.create_environment import (  # noqa: PLC0415
        CloudComposerCreateMasqueradeEnvironmentOperator as Operator,
    )

    return Operator(
        task_id="create",
        gcp_conn_id="test_google",
        environment=environment_resource(),
        poll_interval_seconds=0.02,
        creation_timeout_seconds=30,
        api_timeout_seconds=5,
        **order["arguments"],
    )


def _make_stock_operator(order: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of two operators
    from airflow.providers.google.cloud.operators.cloud_composer import (  # noqa: PLC0415
        CloudComposerCreateEnvironmentOperator as Operator,
    )

    node = {"service_account": SERVICE_ACCOUNT, "enable_ip_masq_agent": True}
    return Operator(
        task_id="create",
        project_id=PROJECT,
        region=LOCATION,
        environment_id=NAME.environment_id,
        environment={"config": {"software_config": {"image_version": IMAGE}, "node_config": node}},
        pooling_period_seconds=0.02,  # type: ignore[arg-type] # it sleeps so long, whatever its type says
        deferrable=order["arguments"]["deferrable"],
    )


def _serve() -> None:
    """Fork a process for each order on standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to standard output
    from airflow.providers.google.cloud.operators import cloud_composer  # noqa: F401, PLC0415 - for the processes to come

    from airflow_masq import provisioning  # noqa: F401, PLC0415 - as above
    from airflow_masq.hooks import composer  # noqa: F401, PLC0415 - as above
    from airflow_masq.operators import create_environment  # noqa: F401, PLC0415 - as above

    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        reader, writer = os.pipe()
        process_id = os.fork()
        if process_id == 0:
            os.close(reader)
            with os.fdopen(writer, "w") as result:
                json.dump(_do_part(json.loads(line)), result)
            os._exit(0)
        os.close(writer)
        print(json.dumps({"pid": process_id}), file=answers, flush=True)
        with os.fdopen(reader) as result:
            text = result.read()
        os.waitpid(process_id, 0)
        with suppress(ValueError):
            json.loads(text)
            print(text, file=answers, flush=True)
            continue
        print("null", file=answers, flush=True)


if __name__ == "__main__":
    _serve()
