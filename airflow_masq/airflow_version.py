"""Which Airflow this is, for modules that every process of Airflow imports; it needs nothing else of Airflow."""

from __future__ import annotations

from typing import Final

from airflow import __version__ as _version

IS_AIRFLOW_2: Final = _version.startswith("2.")
