"""Rules that find problems in a plan before anything is created or costs money; each rule is one file."""

from __future__ import annotations

from airflow_masq.rules.page import write_page
from airflow_masq.rules.registry import lint, list_rules
from airflow_masq.rules.rule import Finding, Problem, Rule, Severity

__all__ = ["Finding", "Problem", "Rule", "Severity", "lint", "list_rules", "write_page"]
