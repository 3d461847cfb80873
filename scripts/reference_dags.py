"""Writes the page of the DAGs from what Airflow makes of the files in ``dags/``.

A process of its own loads them, since an import of Airflow takes seconds and writes into ``AIRFLOW_HOME``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

DAGS: Final = Path(__file__).resolve().parents[1] / "dags"

_INTRODUCTION: Final = """\
# The DAGs and their params

Made from the files in `dags/` by `scripts/reference_pages.py`. Each DAG starts paused. A run takes its params from the
form *Trigger*, or from its conf; a key that is no param is refused. The DAG's own page in
Airflow says how its tasks work together.
"""
# What is set elsewhere, or differs between versions of Airflow.
_PLAN: Final = (
    "string, or an object on Airflow 3",
    "none",
    "a path that the workers can read, or YAML or JSON; else [what is set](own-airflow.md#set-the-plan-then-unpause)",
)
_DEFAULTS: Final = {"deferrable": "Airflow's `[operators] default_deferrable`"}
_LIST: Final = """\
import json, pathlib, runpy, sys
dags = [runpy.run_path(str(path))["dag"] for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py"))]
shown = [
    {
        "dag_id": dag.dag_id,
        "description": dag.description,
        "schedule": dag.schedule,
        "params": {
            name: {**param.schema, "default": param.value, "description": param.description}
            for name, param in ((name, dag.params.get_param(name)) for name in dag.params)
        },
    }
    for dag in dags
]
print(json.dumps(shown))
"""


def write_dags_page() -> str:
    """Write the page of all DAGs: what each does, when it runs, and its params."""
    with TemporaryDirectory() as home:
        settings = {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
        command = [sys.executable, "-c", _LIST, str(DAGS)]
        listed = subprocess.run(command, env=os.environ | settings, stdout=subprocess.PIPE, check=True)  # noqa: S603
    dags = json.loads(listed.stdout.splitlines()[-1])
    return "\n\n".join([_INTRODUCTION.rstrip(), *map(_write_dag, dags)]) + "\n"


def _write_dag(dag: dict[str, Any]) -> str:
    runs = f"`{dag['schedule']}`" if dag["schedule"] else "none, by hand"
    return "\n".join(
        [
            f"## {dag['dag_id']}",
            "",
            f"{dag['description']} Schedule: {runs}.",
            "",
            "| param | type | default | meaning |",
            "|---|---|---|---|",
            *(_write_param(name, schema) for name, schema in dag["params"].items()),
        ]
    )


def _write_param(name: str, schema: dict[str, Any]) -> str:
    """Write a param's row."""
    if name == "plan":
        return f"| `{name}` | {' | '.join(_PLAN)} |"
    shown = _DEFAULTS.get(name) or _show(schema["default"])
    meaning = re.sub(r"^[A-Z](?=[a-z ])", lambda first: first[0].lower(), schema["description"]).rstrip(".")
    return f"| `{name}` | {_write_type(schema)} | {shown} | {meaning} |"


def _write_type(schema: dict[str, Any]) -> str:
    """Write a schema's type with its words and bounds."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    text = " or ".join(each for each in types if each != "null").replace("array", "list")
    words = schema.get("enum") or schema.get("items", {}).get("enum")
    if words:
        text = ("list of " if "array" in types else "") + ", ".join(f"`{word}`" for word in words)
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None:
        text += f", {least} to {most}" if most is not None else f", at least {least}"
    return f"{text}, at most {schema['maxItems']}" if "maxItems" in schema else text


def _show(default: object) -> str:
    if default in (None, []):
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return ", ".join(f"`{each}`" for each in (default if isinstance(default, list) else [default]))
