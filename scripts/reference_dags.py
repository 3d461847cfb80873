"""Writes the page of the DAGs from the files in ``dags/``, which are read and not imported, so no Airflow is needed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Final

DAGS: Final = Path(__file__).resolve().parents[1] / "dags"

_INTRODUCTION: Final = """\
# The DAGs and their params

Made from the files in `dags/` by `scripts/reference_pages.py`. Each DAG starts paused. A run takes its params from the
form *Trigger*, or from its conf; a key that is no param is refused. The DAG's own page in
Airflow says how its tasks work together.
"""
# Params whose default or description a helper makes.
_PLAN: Final = (
    "string, or an object on Airflow 3",
    "none",
    "a path that the workers can read, or YAML or JSON; else [what is set](own-airflow.md#set-the-plan-then-unpause)",
)
_DEFAULTS: Final = {"DEFAULT_DEFERRABLE": "Airflow's `[operators] default_deferrable`"}


def write_dags_page() -> str:
    """Write the page of all DAGs: what each does, when it runs, and its params."""
    return "\n\n".join([_INTRODUCTION.rstrip(), *(_write_dag(path) for path in sorted(DAGS.glob("*.py")))]) + "\n"


def _write_dag(path: Path) -> str:
    module = ast.parse(path.read_text(encoding="utf-8"))
    constants: dict[str, Any] = {
        ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target): node.value
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    }
    opened = [item.context_expr for node in module.body if isinstance(node, ast.With) for item in node.items]
    (settings,) = ({each.arg: each.value for each in call.keywords} for call in opened if isinstance(call, ast.Call))
    params = constants["PARAMS"]
    rows = [
        _write_param(ast.literal_eval(key), value, constants=constants)
        for key, value in zip(params.keys, params.values, strict=True)
    ]
    schedule = ast.literal_eval(settings["schedule"])
    runs = f"`{schedule}`" if schedule else "none, by hand"
    return "\n".join(
        [
            f"## {ast.literal_eval(settings['dag_id'])}",
            "",
            f"{ast.literal_eval(settings['description'])} Schedule: {runs}.",
            "",
            "| param | type | default | meaning |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _write_param(name: str, value: ast.Call, *, constants: dict[str, Any]) -> str:
    """Write a param's row, from the call that makes it."""
    if ast.unparse(value.func) == "make_plan_param":
        return f"| `{name}` | {' | '.join(_PLAN)} |"
    schema: dict[str, Any] = {}
    for keyword in value.keywords:
        if keyword.arg is None:  # **_REACTIONS
            schema |= ast.literal_eval(constants[ast.unparse(keyword.value)])
        else:
            schema[keyword.arg] = ast.literal_eval(keyword.value)
    (default,) = value.args
    shown = _DEFAULTS.get(ast.unparse(default)) or _show(ast.literal_eval(default))
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
