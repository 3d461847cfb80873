"""Where the page "Masquerade" is. Every process of Airflow imports this, so it imports nothing."""

from __future__ import annotations

from typing import Final

PAGE_NAME: Final = "Masquerade"
"""The page's name in the menu."""

PAGE_ROUTE: Final = "masquerade"
"""Its address in Airflow 3's interface, after ``/plugin/``."""

PAGE_URL_PREFIX: Final = "/airflow-masq"
"""Where its files are, below Airflow's own address."""
