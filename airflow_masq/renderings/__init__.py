"""Renders a plan for other tools and readers; every form is a pure function from a plan to text."""

from __future__ import annotations

from airflow_masq.renderings.forms import RENDERINGS

__all__ = ["RENDERINGS"]
