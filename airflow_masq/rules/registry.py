"""Finds all rules by their file names and applies them; to add a rule, add a file."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

import airflow_masq.rules as rules_package
from airflow_masq.rules.rule import Finding, Problem, Rule, Severity

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

__all__ = ["Finding", "Problem", "Rule", "Severity", "lint", "list_rules"]

_OTHER_GENERATION: Final = "MASQ108"
_RULE_FILE: Final = re.compile(r"masq[0-9]{3}_[a-z0-9_]+")


@cache
def list_rules() -> tuple[Rule, ...]:
    """List every rule, sorted by code: the ``RULE`` of each file whose name begins with a code."""
    names = (module.name for module in iter_modules(rules_package.__path__))
    modules = [import_module(f"{rules_package.__name__}.{name}") for name in names if _RULE_FILE.fullmatch(name)]
    rules: list[Rule] = [module.RULE for module in modules]
    return tuple(sorted(rules, key=lambda rule: rule.code))


def lint(plan: Plan) -> tuple[Finding, ...]:
    """Find what is wrong with a plan.

    A field that the environment's generation lacks has to go, so nothing else is said of it.

    :return: every rule's findings without duplicates, sorted by code, place and message.
    """
    findings = {finding for rule in list_rules() for finding in rule.apply(plan)}
    lacking = tuple(f"{finding.where}." for finding in findings if finding.code == _OTHER_GENERATION)
    kept = (
        finding
        for finding in findings
        if finding.code == _OTHER_GENERATION or not f"{finding.where}.".startswith(lacking)
    )
    return tuple(sorted(kept, key=lambda finding: (finding.code, finding.where, finding.message)))
