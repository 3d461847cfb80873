"""Where a run finds its plan, and what of its conf is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.operators import run_settings
from airflow_masq.operators.run_settings import find_plan, make_plan_param, refuse_unknown_conf

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.airflow


@pytest.fixture(autouse=True)
def composer_plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let Composer's data folder be a temporary one."""
    monkeypatch.setattr(run_settings, "COMPOSER_PLAN", tmp_path / "plan.yaml")
    return tmp_path / "plan.yaml"


def test_a_plan_is_found_in_order(monkeypatch: pytest.MonkeyPatch, composer_plan: Path) -> None:
    """The task's own plan wins, then the Variable, the environment variable and the file; each only where it is set."""
    for unset in (None, ""):
        with pytest.raises(InvalidInputError, match=r"^plan: expected .* Variable airflow_masq_plan.*, saw none$"):
            find_plan(unset)
    composer_plan.touch()
    assert find_plan(None) == str(composer_plan)
    monkeypatch.setenv("AIRFLOW_MASQ_PLAN", "/from/environment.yaml")
    assert find_plan(None) == "/from/environment.yaml"
    monkeypatch.setenv("AIRFLOW_VAR_AIRFLOW_MASQ_PLAN", "/from/variable.yaml")
    assert find_plan("") == "/from/variable.yaml"
    assert find_plan("/own.yaml") == "/own.yaml"
    assert find_plan({"targets": []}) == {"targets": []}


@pytest.mark.parametrize(
    ("key", "nearest"), [("plna", " (did you mean plan?)"), ("instance", " (did you mean instances?)"), ("zzz", "")]
)
def test_an_unknown_key_of_the_conf_is_refused(key: str, nearest: str) -> None:
    """A key that is no param is refused with the nearest one, and known ones are not."""
    dag = SimpleNamespace(params={"plan": None, "instances": 6})
    known: Any = {"dag": dag, "dag_run": SimpleNamespace(conf={"plan": "/p.yaml"})}
    empty: Any = {"dag": dag, "dag_run": SimpleNamespace(conf=None)}
    refuse_unknown_conf(known)
    refuse_unknown_conf(empty)
    unknown: Any = {"dag": dag, "dag_run": SimpleNamespace(conf={key: 1})}
    with pytest.raises(InvalidInputError) as raised:
        refuse_unknown_conf(unknown)
    assert str(raised.value) == f"the run's conf: expected one of instances, plan{nearest}, saw {key!r}"


@pytest.mark.parametrize("value", [None, "/plan.yaml", "targets: []\n", {"targets": []}])
def test_the_form_takes_a_path_a_text_or_nothing(value: object) -> None:
    """The field is text of several lines that may stay empty; a program may send an object."""
    param = make_plan_param()
    assert param.resolve(value) == value
    assert (param.schema["type"][0], param.schema["format"]) == ("string", "multiline")
