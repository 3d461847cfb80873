"""What holds for every operator and sensor: which arguments are templates, what is stored of them, and what is sent."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

from airflow_masq.get_provider_info import get_provider_info
from tests.airflow_env import DAGS_FOLDER

if TYPE_CHECKING:
    from tests.airflow_runs import AirflowRunner

pytestmark = pytest.mark.airflow

#: The arguments that are no templates, each with its reason.
NOT_TEMPLATED: Final = {
    "instance": "a number that changes nothing; it is there to be mapped over",
    "strict_conf": "an author's decision about the DAG, which a run's conf must not switch off",
    "mode": "the sensor base's own, which the scheduler reads",
    "timeout": "the sensor base's own, which the scheduler reads",
}
DAG_FILES: Final = sorted(path.name for path in DAGS_FOLDER.glob("*.py"))
AIRFLOWS_OWN: Final = frozenset({"mode", "timeout"})

#: Template fields that have another name than their argument, since Airflow's base class uses that name.
STORED_AS: Final = {"is_dry_run": "dry_run"}


def list_modules() -> list[str]:
    """List the modules with operators or sensors, as Airflow is told them."""
    info = get_provider_info()
    return [module for kind in ("operators", "sensors") for each in info[kind] for module in each["python-modules"]]


def find_classes(module: str) -> list[Any]:
    """Find the operators and sensors that a module defines."""
    members = vars(import_module(module)).values()
    return [
        each
        for each in members
        if inspect.isclass(each) and each.__module__ == module and hasattr(each, "template_fields")
    ]


@pytest.mark.parametrize("module", list_modules())
@pytest.mark.usefixtures("airflow")
def test_every_argument_is_a_template(module: str) -> None:
    """Each argument of a constructor can be templated, or has a reason why not."""
    for operator in find_classes(module):
        classes = [each for each in operator.__mro__ if each.__module__.startswith("airflow_masq.")]
        parameters = [each for one in classes for each in inspect.signature(one.__init__).parameters.values()]
        ours = {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
        templated = {STORED_AS.get(each, each) for each in operator.template_fields}
        assert ours - templated == ours & set(NOT_TEMPLATED), operator.__name__
        assert templated <= ours, operator.__name__
        documented = "".join(each.__doc__ or "" for each in classes)
        assert all(each in documented for each in ours - AIRFLOWS_OWN), operator.__name__


@pytest.mark.usefixtures("airflow")
def test_no_operator_is_missed() -> None:
    """The modules above define one class each; a new one is found by itself."""
    assert [len(find_classes(module)) for module in list_modules()] == [1] * len(list_modules())


@pytest.mark.parametrize("dag_file", DAG_FILES)
def test_every_dag_is_documented(airflow: AirflowRunner, dag_file: str) -> None:
    """Each DAG has a page of documentation in Airflow's interface, which names its tasks, and so has each task."""
    dag = airflow.load(dag_file)
    assert dag.doc_md is not None
    assert dag.description
    assert all(f"**{task_id}**" in dag.doc_md for task_id in dag.task_ids)
    documented = [str(task.doc_md).strip() for task in dag.tasks]
    assert all(len(text) > len("None") and ":param" not in text and "[source:" not in text for text in documented)
