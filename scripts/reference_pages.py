"""Writes the pages of the reference that are made from code: the DAGs, the operators, and the list of all codes.

    .venv/bin/python -P scripts/reference_pages.py

``tests/test_reference_pages.py`` compares the pages with the code. The operators' files are read and not imported, so
no Airflow is needed.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from airflow_masq.get_provider_info import get_provider_info  # noqa: E402 - after the path is set
from airflow_masq.preflight.page import write_check_page  # noqa: E402
from airflow_masq.preflight.registry import list_checks  # noqa: E402
from airflow_masq.rules import list_rules, write_page  # noqa: E402
from airflow_masq.verdict import CODES, write_code_page  # noqa: E402
from scripts.reference_dags import write_dags_page  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPERATORS_INTRODUCTION: Final = """\
# Operators, sensor and hooks

Made from the docstrings and signatures of the code by `scripts/reference_pages.py`. Operators take keywords only. Every
operator also takes the arguments of Airflow's `BaseOperator`, and the sensor those of `BaseSensorOperator`. *Templated*
arguments are rendered with Jinja when the task runs.
"""
_CODES_INTRODUCTION: Final = """\
# All codes

Find the code that a message, a table or the page "Masquerade" shows. Its page says what it means, why it happens and
how to fix it. `airflow-masq rule CODE` prints the same page. Made from the code by `scripts/reference_pages.py`.
"""
_HUNDREDS: Final = {
    "MASQ1": "The environment, before it is created",
    "MASQ2": "Address ranges",
    "MASQ3": "Policies and targets",
    "MASQ4": "What a check observed",
    "MASQ5": "What the cloud says before a creation",
}


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a constructor, as its signature and its class's docstring tell it."""

    name: str
    type_text: str
    default: str
    meaning: str
    is_templated: bool


@dataclass(frozen=True, kw_only=True)
class DocumentedClass:
    """A class of the package's public door."""

    name: str
    module: str
    text: str
    arguments: tuple[Argument, ...]
    base_names: tuple[str, ...]


def write_operators_page() -> str:
    """Write the page of all operators, sensors and hooks that the provider declares."""
    info = get_provider_info()
    sections = []
    classes = {each.name: each for path in sorted((REPOSITORY / "airflow_masq").rglob("*.py")) for each in _read(path)}
    for kind, title in (("operators", "Operators"), ("sensors", "Sensor"), ("hooks", "Hooks")):
        modules = [module for group in info[kind] for module in group["python-modules"]]
        found = [each for each in classes.values() if each.module in modules and _is_public(each, kind=kind)]
        sections += [f"## {title}", *(_write_class(each, classes=classes) for each in found)]
    return "\n\n".join([_OPERATORS_INTRODUCTION.rstrip(), *sections]) + "\n"


def list_arguments() -> frozenset[str]:
    """List the names of all arguments that the page of operators has."""
    return frozenset(re.findall(r"^- \*\*`(\w+)`\*\*", write_operators_page(), re.MULTILINE))


def write_codes_page() -> str:
    """Write the list of all codes, by their hundreds, with a link to each one's page."""
    pages = {rule.code: write_page(rule) for rule in list_rules()}
    pages |= {code.value: write_code_page(code) for code in CODES}
    pages |= {check.code: write_check_page(check) for check in list_checks()}
    sections = [_CODES_INTRODUCTION.rstrip()]
    for hundred, title in _HUNDREDS.items():
        rows = [
            f"| [{code}]({code}.md) | {page.partition(chr(10))[0].partition(': ')[2]} |"
            for code, page in sorted(pages.items())
            if code.startswith(hundred)
        ]
        sections.append("\n".join([f"## {title}", "", "| code | title |", "|---|---|", *rows]))
    return "\n\n".join(sections) + "\n"


PAGES: Final = {
    "docs/dags.md": write_dags_page,
    "docs/operators.md": write_operators_page,
    "docs/rules/README.md": write_codes_page,
}
"""The writer of each page, by the page's path."""


def _is_public(each: DocumentedClass, *, kind: str) -> bool:
    return each.name.endswith({"operators": "Operator", "sensors": "Sensor", "hooks": "Hook"}[kind])


def _read(path: Path) -> Iterator[DocumentedClass]:
    """Read the classes of a file that have a docstring and a constructor."""
    module = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef) or not ast.get_docstring(node):
            continue
        text, meanings = _split_docstring(ast.get_docstring(node) or "")
        constructors = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        if constructors:
            arguments = _list_arguments(constructors[0], meanings=meanings, templated=_find_templated(node))
            bases = tuple(ast.unparse(base) for base in node.bases)
            yield DocumentedClass(name=node.name, module=module, text=text, arguments=arguments, base_names=bases)


def _split_docstring(docstring: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into its text and the meanings of its arguments."""
    text, *fields = re.split(r"^:", inspect.cleandoc(docstring), flags=re.MULTILINE)
    meanings = {}
    for field in fields:
        kind, _, meaning = field.partition(": ")
        words = kind.split()
        meanings[words[-1] if words[0] == "param" else kind] = _to_markdown(" ".join(meaning.split()))
    return _to_markdown(text.strip()), meanings


def _to_markdown(text: str) -> str:
    linked = re.sub(r"\[source: ([^]]+)\]", r"([source](sources.md): \1)", text)
    return linked.replace("``", "`")


def _find_templated(node: ast.ClassDef) -> frozenset[str]:
    """Find the names in ``template_fields``."""
    assignments = [each for each in node.body if isinstance(each, ast.AnnAssign) and each.value is not None]
    values = [each.value for each in assignments if ast.unparse(each.target) == "template_fields"]
    constants = (part for value in values if value for part in ast.walk(value) if isinstance(part, ast.Constant))
    return frozenset(str(constant.value) for constant in constants)


def _list_arguments(
    constructor: ast.FunctionDef, *, meanings: dict[str, str], templated: frozenset[str]
) -> tuple[Argument, ...]:
    signature = constructor.args
    defaults = [None] * (len(signature.args) - len(signature.defaults)) + list(signature.defaults)
    pairs = [
        *zip(signature.args, defaults, strict=True),
        *zip(signature.kwonlyargs, signature.kw_defaults, strict=True),
    ]
    return tuple(
        Argument(
            name=argument.arg,
            type_text=ast.unparse(argument.annotation) if argument.annotation else "",
            default=_write_default(default),
            meaning=meanings.get(argument.arg, ""),
            is_templated=bool({argument.arg, f"is_{argument.arg}"} & templated),
        )
        for argument, default in pairs
        if argument.arg != "self"
    )


def _write_default(default: ast.expr | None) -> str:
    if default is None:
        return "required"
    return "optional" if isinstance(default, ast.Name) else f"default `{ast.unparse(default)}`"


def _write_class(each: DocumentedClass, *, classes: dict[str, DocumentedClass]) -> str:
    """Write a class's section: what it does, how to import it, and its arguments with those of its own base."""
    bases = [classes[name] for name in each.base_names if name in classes]
    own = {argument.name for argument in each.arguments}
    inherited = [argument for base in bases for argument in base.arguments if argument.name not in own]
    templated = {argument.name for base in bases for argument in base.arguments if argument.is_templated}
    paragraphs = [" ".join(paragraph.split()) for paragraph in each.text.split("\n\n")]
    items = [
        _wrap(f"- {_write_argument(argument, templated=templated)}", indent="  ")
        for argument in (*each.arguments, *inherited)
    ]
    heading = [f"### {each.name}", f"`from {each.module} import {each.name}`"]
    return "\n\n".join([*heading, *map(_wrap, paragraphs), "\n".join(items)])


def _write_argument(argument: Argument, *, templated: set[str]) -> str:
    facts = [f"`{argument.type_text}`", argument.default]
    if argument.is_templated or argument.name in templated:
        facts.append("templated")
    return f"**`{argument.name}`** ({', '.join(facts)}): {argument.meaning}"


def _wrap(text: str, *, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    """Write all pages."""
    for name, write in PAGES.items():
        (REPOSITORY / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
