"""What holds for every operator and sensor: which arguments are templates, what is stored of them, and what is sent."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

from airflow_masq.get_provider_info import get_provider_info

if TYPE_CHECKING:
    from tests.airflow_runs import AirflowRunner

pytestmark = pytest.mark.airflow

#: The arguments that are no templates, each with its reason.
NOT_TEMPLATED: Final = {
    "instance": "a number that changes nothing; it is there to be mapped over",
    "strict_conf": "an author's decision about the DAG, which a run's conf must not switch off",
}


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
        parameters = inspect.signature(operator.__init__).parameters.values()
        ours = {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
        assert ours - set(operator.template_fields) == ours & set(NOT_TEMPLATED), operator.__name__
        assert set(operator.template_fields) <= ours, operator.__name__
        assert all(each in operator.__doc__ for each in ours), operator.__name__


@pytest.mark.usefixtures("airflow")
def test_no_operator_is_missed() -> None:
    """The modules above define one class each; a new one is found by itself."""
    assert [len(find_classes(module)) for module in list_modules()] == [1] * len(list_modules())


@pytest.mark.parametrize(
    "dag_file", ["check_source_ip.py", "check_source_ip_every_node.py", "provision_masquerade_environment.py"]
)
def test_every_dag_is_documented(airflow: AirflowRunner, dag_file: str) -> None:
    """Each DAG has a page of documentation in Airflow's interface, which names its tasks."""
    dag = airflow.load(dag_file)
    assert dag.doc_md is not None
    assert dag.description
    assert all(f"**{task_id}**" in dag.doc_md for task_id in dag.task_ids)
