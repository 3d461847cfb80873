"""From where the button "Test" asks: Airflow runs it in its API server, and Airflow 3.3 in a worker, too.

Only an answer to a worker says what the workers' packets look like, so the button names its own process. What the Pod
shows decides (``observation/vantage.py``); where it shows nothing, Airflow's own marks of its processes do.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from airflow_masq.airflow_compat import IS_AIRFLOW_2
from airflow_masq.observation.vantage import Clue, Component, recognise_vantage
from airflow_masq.text import escape

if TYPE_CHECKING:
    from netaddr import IPAddress

    from airflow_masq.observation.vantage import Surroundings

_NAMES: Final = {
    Component.WORKER: "a worker",
    Component.TRIGGERER: "the triggerer",
    Component.SCHEDULER: "the scheduler",
    Component.DAG_PROCESSOR: "the DAG processor",
    Component.WEB_SERVER: "the web server" if IS_AIRFLOW_2 else "the API server",
    Component.UNKNOWN: "a process that is not known to be a worker",
}


def describe_asker(surroundings: Surroundings, *, local_address: IPAddress | None) -> str:
    """Say from where this process asks, and whether that says anything about workers.

    :param local_address: the address that its socket had; ``None`` where no socket got that far.
    """
    component = _find_component(surroundings, local_address=local_address)
    address = "" if local_address is None else f", own address {local_address}"
    asked = f"Asked from {_NAMES[component]} (host {escape(surroundings.hostname)}{address})"
    if component is Component.WORKER:
        return f"{asked}. Workers on other nodes may be seen otherwise: the DAG check_source_ip asks from several."
    return f"{asked}, so this says nothing about workers: the DAG check_source_ip asks from them."


def _find_component(surroundings: Surroundings, *, local_address: IPAddress | None) -> Component:
    vantage = recognise_vantage(surroundings, pod_ip=local_address, environment="")
    # A user's variable is set for every process alike, so Airflow's mark of the process counts more.
    if vantage.known_by not in {Clue.NONE, Clue.TOLD}:
        return vantage.component
    return _find_marked_component() or vantage.component


def _find_marked_component() -> Component | None:
    """Find what Airflow says of this process [source: airflow-connection-test]."""
    if IS_AIRFLOW_2:
        flask = sys.modules.get("flask")
        return Component.WEB_SERVER if flask is not None and flask.has_request_context() else None
    context = os.environ.get("_AIRFLOW_PROCESS_CONTEXT")
    if context == "server" and "airflow.api_fastapi.main" in sys.modules:
        return Component.WEB_SERVER
    # An executor sets it around a test that was enqueued; the parsing of a DAG file and the triggerer set it, too, but
    # no connection is tested there.
    return Component.WORKER if context == "client" else None
