"""Runs DAG files of the project in this process and reads back what they left; imports Airflow, so import it late.

``dag.test()`` finds a DAG only inside a configured bundle (``airflow_env.py`` names it). The first run of a process
takes about 10 s with the import and the tables, later ones 0.4 s [source: observed-dag-test-file-database].
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import select

from tests.airflow_env import DAGS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType


@dataclass(frozen=True)
class FinishedRun:
    """A DAG run that has ended, and what it left in the database.

    :param dag_id: the DAG.
    :param run_id: the run.
    :param state: ``success`` or ``failed``.
    :param task_states: the state of every task instance by task id and map index (-1 where it is not mapped).
    :param shown_as: what Airflow's interface shows of the instances of mapped tasks in place of their map index.
    """

    dag_id: str
    run_id: str
    state: str
    task_states: Mapping[tuple[str, int], str | None]
    shown_as: Mapping[str, Sequence[str]]

    def xcom(self, task_id: str, *, key: str = "return_value", map_index: int = -1) -> Any:  # noqa: ANN401 - any JSON
        """Read one XCom; ``None`` if there is none.

        :param task_id: the task that pushed it.
        :param key: the XCom's key.
        :param map_index: which instance of a mapped task; -1 where it is not mapped.
        :return: the value.
        """
        with create_session() as session:
            query = XComModel.get_many(
                run_id=self.run_id, key=key, task_ids=task_id, dag_ids=self.dag_id, map_indexes=map_index
            )
            return session.scalars(query.with_only_columns(XComModel.value)).first()

    def asset_events(self, uri: str) -> list[dict[str, Any]]:
        """Read what this run said about an asset.

        :param uri: the asset's URI.
        :return: the ``extra`` of each of this run's events, oldest first.
        """
        query = (
            select(AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.uri == uri, AssetEvent.source_run_id == self.run_id)
            .order_by(AssetEvent.timestamp)
        )
        with create_session() as session:
            return list(session.scalars(query))


class AirflowRunner:
    """The throw-away Airflow with its tables made; runs DAG files of the project's DAG folder."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Airflow's own deprecations are not this project's
            initdb()

    def run(
        self,
        dag_file: str,
        *,
        conf: Mapping[str, Any] | None = None,
        change: Callable[[DAG], None] = lambda _dag: None,
    ) -> FinishedRun:
        """Run a DAG once, in this process, its retries without their delay.

        :param dag_file: the file's name inside the DAG folder; the DAG's id is the name without ``.py``.
        :param conf: the run's configuration, which overrides the DAG's params.
        :param change: called with the DAG before it runs.
        :return: the run, ended.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as above
            dag = self.load(dag_file)
            for task in dag.tasks:
                task.retry_delay = timedelta(0)
            change(dag)
            run = dag.test(run_conf=dict(conf or {}))
            instances = run.get_task_instances()
            states = {(each.task_id, each.map_index): each.state for each in instances}
            shown: dict[str, list[str]] = {each.task_id: [] for each in instances}
            for each in instances:
                shown[each.task_id].append(str(each.rendered_map_index))
        return FinishedRun(
            dag_id=run.dag_id,
            run_id=run.run_id,
            state=str(run.state),
            task_states={place: None if state is None else str(state) for place, state in states.items()},
            shown_as=shown,
        )

    def load(self, dag_file: str) -> DAG:
        """Import a DAG file afresh, since ``dag.test()`` renders templates into the DAG object it runs.

        :param dag_file: the file's name inside the DAG folder; the DAG's id is the name without ``.py``.
        :return: the DAG.
        """
        module = _import_file(DAGS_FOLDER / dag_file)
        dags = {each.dag_id: each for each in vars(module).values() if isinstance(each, DAG)}
        return dags[Path(dag_file).stem]


def _import_file(path: Path) -> ModuleType:
    name = f"dag_file_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module
