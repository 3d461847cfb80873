"""The checks of a preflight, in the order of their codes."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

import airflow_masq.preflight.checks as checks_package

if TYPE_CHECKING:
    from airflow_masq.preflight.check import Check

_CHECK_FILE: Final = re.compile(r"masq5[0-9]{2}_[a-z0-9_]+")


@cache
def list_checks() -> tuple[Check, ...]:
    """List every check: the ``CHECK`` of each file whose name begins with a code."""
    names = sorted(module.name for module in iter_modules(checks_package.__path__))
    modules = [import_module(f"{checks_package.__name__}.{name}") for name in names if _CHECK_FILE.fullmatch(name)]
    return tuple(module.CHECK for module in modules)
