"""Where a person finds an environment and its operation: pages of Google Cloud console, and gcloud's commands."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from airflow_masq.environment.name import EnvironmentName

_CONSOLE = "https://console.cloud.google.com"


def make_console_url(name: EnvironmentName) -> str:
    """Link to the environment's page in Google Cloud console.

    The path is that of the google provider's link [source: composer-console-page].
    """
    project, location, environment_id = (
        quote(part, safe="") for part in (name.project, name.location, name.environment_id)
    )
    return f"{_CONSOLE}/composer/environments/detail/{location}/{environment_id}/monitoring?project={project}"


def make_operation_url(name: EnvironmentName, *, operation_name: str) -> str:
    """Link to the log entries of an operation on the environment, in the Logs Explorer.

    The console has no page for an operation (not verified); its audit log entries carry its full name
    [source: composer-operation-log, logs-explorer-url].
    """
    query = f'resource.type="cloud_composer_environment"\noperation.id="{operation_name}"'
    return f"{_CONSOLE}/logs/query;query={quote(query, safe='')}?project={quote(name.project, safe='')}"


def describe_abandoned(name: EnvironmentName, *, operation_name: str | None, state: str | None) -> str:
    """Say what goes on in the cloud after a task was ended by a person, how to find it, and what to do.

    :param operation_name: the operation that the task waited for; ``None`` where it knew none.
    :param state: the environment's state when the task last saw it; ``None`` before the first look.
    """
    place = shlex.join(["--location", name.location, "--project", name.project])
    operation = operation_name.rpartition("/")[2] if operation_name else ""
    seen = f"was last seen in state {state}" if state else "was not looked at yet"
    under_way = f"; operation {operation_name} is under way" if operation_name else ""
    commands = [f"gcloud composer environments describe {shlex.quote(name.environment_id)} {place}"]
    if operation:
        commands.append(f"gcloud composer operations describe {shlex.quote(operation)} {place}")
    return (
        f"The task was ended, but nothing was deleted or stopped in the cloud: {name} {seen}{under_way}. Look at "
        f"{make_console_url(name)} or run: {'; '.join(commands)}. Run the task again to continue waiting. An "
        "environment costs money; if you do not want it, delete it when it is in state RUNNING or ERROR"
    )
