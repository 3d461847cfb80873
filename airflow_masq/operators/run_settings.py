"""Where a run's plan comes from, which settings a run may be given, and the params that several DAGs have.

Nothing is read at parse time: a Variable that is read while a DAG file is parsed costs a query at every parse.
"""

from __future__ import annotations

import json
import logging
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.airflow_compat import IS_AIRFLOW_2, Param, read_variable
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.reading import Reaction
from airflow_masq.text import describe, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_masq.airflow_compat import Context

log = logging.getLogger(__name__)

PLAN_VARIABLE: Final = "airflow_masq_plan"
"""The Airflow Variable that holds a plan's path or text."""

PLAN_ENVIRONMENT_VARIABLE: Final = "AIRFLOW_MASQ_PLAN"
"""The environment variable that holds a plan's path or text."""

COMPOSER_PLAN: Final = Path("/home/airflow/gcs/data/masquerade-plan.yaml")
"""The bucket's folder ``data`` is mounted there on workers [source: composer-data-folder]."""

_PLAN_DESCRIPTION: Final = (
    "The path of a YAML file that the workers can read, or the plan itself, pasted as YAML or JSON. Left empty: the "
    f"Airflow Variable {PLAN_VARIABLE}, else the environment variable {PLAN_ENVIRONMENT_VARIABLE}, else the file "
    f"{COMPOSER_PLAN}."
)


def make_plan_param() -> Param:
    """Make the param ``plan`` of a DAG.

    Airflow 3's form takes the first of several types, so a run may be given the plan as an object, too. Airflow 2's
    form wants JSON as soon as one of the types is an object (``trigger.html``, 2.10.5), so there it is text alone.
    """
    form: dict[str, Any] = {"title": "Plan", "description": _PLAN_DESCRIPTION, "format": "multiline"}
    if IS_AIRFLOW_2:
        return Param(None, type=["string", "null"], **form)
    # The file alone: the room that reads plans takes 30 ms, and parsing a DAG file must stay cheap.
    schema = json.loads(files("airflow_masq").joinpath("plan", "schema.json").read_text(encoding="utf-8"))
    return Param(None, **schema | {"type": ["string", "object", "null"]} | form)


def make_connection_param() -> Param:
    """Make the param ``gcp_conn_id`` of a DAG whose task asks Google's APIs."""
    description = (
        "Its account needs the roles that the DAG's page lists. Its extra composer_endpoint may name an emulator or a "
        "private endpoint."
    )
    return Param("google_cloud_default", type="string", minLength=1, title="Google connection", description=description)


def make_reaction_param(default: str, *, title: str, description: str) -> Param:
    """Make a param that says what trouble does: ``fail``, ``warn`` or ``ignore``."""
    return Param(default, type="string", enum=list(map(str, Reaction)), title=title, description=description)


def make_fail_on_param(*, description: str) -> Param:
    """Make the param ``fail_on`` of a DAG that checks: the outcomes that fail its run, all but PASS unless changed."""
    outcomes = ["FAIL", "ERROR", "INCONCLUSIVE"]
    return Param(
        outcomes,
        type="array",
        items={"type": "string", "enum": outcomes},
        uniqueItems=True,
        examples=outcomes,  # Airflow's forms offer these
        title="Fail on",
        description=description,
    )


def find_plan(given: str | Mapping[str, Any] | None) -> str | Mapping[str, Any]:
    """Find the plan: what the task was given, else the first that is set of Variable, environment variable and file.

    :param given: the task's argument; ``None`` and an empty text mean that none was given.
    :return: a path, a text or a mapping, for ``plan_file.read_plan``.
    :raises InvalidInputError: no plan is set anywhere.
    """
    if given is not None and given != "":
        return given
    places = {
        f"the Airflow Variable {PLAN_VARIABLE}": read_variable(PLAN_VARIABLE),
        f"the environment variable {PLAN_ENVIRONMENT_VARIABLE}": os.environ.get(PLAN_ENVIRONMENT_VARIABLE),
        f"the file {COMPOSER_PLAN}": str(COMPOSER_PLAN) if COMPOSER_PLAN.exists() else None,
    }
    for place, plan in places.items():
        if plan:
            log.info("The plan comes from %s", place)
            return plan
    expected = f"a plan in the task or the run, or in {', or in '.join(places)} (set one of them)"
    raise InvalidInputError(where="plan", expected=expected, seen="none")


def refuse_unknown_conf(context: Context) -> None:
    """Refuse a run whose conf holds a key that is no param of the DAG: Airflow would ignore it.

    :raises InvalidInputError: naming the key and the nearest param.
    """
    known = sorted(context["dag"].params)
    for key in context["dag_run"].conf or {}:
        if key not in known:
            expected = f"one of {', '.join(known)}{suggest(str(key), known)}"
            raise InvalidInputError(where="the run's conf", expected=expected, seen=describe(key))
