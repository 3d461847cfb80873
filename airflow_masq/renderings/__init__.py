"""A plan in the words of other tools and other readers; pure: every form is a function from a plan to text."""

from __future__ import annotations

from airflow_masq.renderings.forms import RENDERINGS

__all__ = ["RENDERINGS"]
