"""What can be said about a plan before any money is spent: one file per rule; pure, no input or output."""

from __future__ import annotations

from airflow_masq.rules.page import page
from airflow_masq.rules.registry import all_rules, lint
from airflow_masq.rules.rule import Finding, Problem, Rule, Severity

__all__ = ["Finding", "Problem", "Rule", "Severity", "all_rules", "lint", "page"]
