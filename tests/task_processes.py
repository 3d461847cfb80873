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
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    """

    zygote: Zygote
    cloud: EmulatedCloud
    deferrable: bool
    kill_call: int
    kill_moment: Moment
    recreate_failed: bool = False
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
                if tries > MOST_TRIES:
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
        return {"part": part, "connection": self.cloud.airflow_connection, "arguments": arguments, **more}

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


def run_killed(
    zygote: Zygote, *, deferrable: bool, kill_call: int, kill_moment: Moment, failed_creations: int = 0
) -> bool | None:
    """Run the task once with one kill.

    :param failed_creations: how many creations fail: the first before the task runs, which may then delete it, the
        second during its run, which then must leave it.
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
        )
        answer = run.run()
        cloud.faults.observe = lambda _moment, _method: None
        facts = answer.get("facts") or {}
        [environment] = cloud.list()
        if failed_creations > 1:
            is_right = (
                environment["state"] == "ERROR"
                and "one of this name was deleted since this run began" in answer["failed"]
            )
        else:
            is_right = (environment["uuid"], environment["state"]) == (facts.get("uuid"), "RUNNING")
            is_right = is_right and facts["enable_ip_masq_agent"] is True and facts["adopted"] is False
        is_right = is_right and environment["uuid"] != former
        is_right = is_right and cloud.deletions == min(failed_creations, 1)
        return is_right if run.was_killed else None


def fail_creation(cloud: EmulatedCloud) -> str:
    """Leave an environment whose creation failed, and return its UUID."""
    cloud.faults.fail_creation(NAME.environment_id, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    with ComposerClient(None, endpoint=cloud.endpoint) as client:
        client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    [failed] = cloud.list()
    return str(failed["uuid"])


def _do_part(order: Mapping[str, Any]) -> dict[str, Any]:
    """Do one part as a worker or a triggerer does it."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - imported before the fork, as those below

    from airflow.sdk.exceptions import TaskDeferred  # noqa: PLC0415

    from airflow_masq.airflow_compat import AirflowException, AirflowFailException  # noqa: PLC0415
    from airflow_masq.operators.create_environment import (  # noqa: PLC0415
        CloudComposerCreateMasqueradeEnvironmentOperator as Operator,
    )
    from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger  # noqa: PLC0415

    os.environ["AIRFLOW_CONN_TEST_GOOGLE"] = order["connection"]
    if order["part"] == "trigger":

        async def wait() -> object:
            async for event in EnvironmentRunningTrigger(**order["trigger"]).run():
                return event.payload
            return None

        return {"event": asyncio.run(wait())}
    operator = Operator(
        task_id="create",
        gcp_conn_id="test_google",
        environment=environment_resource(),
        poll_interval_seconds=0.02,
        creation_timeout_seconds=30,
        api_timeout_seconds=5,
        **order["arguments"],
    )
    instance = SimpleNamespace(try_number=order["try_number"], xcom_push=lambda **_words: None)
    run = SimpleNamespace(start_date=datetime.now(tz=UTC) - timedelta(minutes=5))
    context: Any = {"ti": instance, "dag_run": run}
    try:
        if order["part"] == "complete":
            return {"facts": operator.execute_complete(context, order["event"])}
        return {"facts": operator.execute(context)}
    except TaskDeferred as deferral:
        return {"trigger": deferral.trigger.serialize()[1]}
    except AirflowFailException as error:
        return {"failed": str(error)}
    except AirflowException as error:
        return {"failed": str(error), "again": True}


def _serve() -> None:
    """Fork a process for each order on standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to standard output
    from airflow_masq import provisioning  # noqa: F401, PLC0415 - for the processes to come
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
