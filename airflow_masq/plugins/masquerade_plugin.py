"""The plugin as Airflow finds it (entry point ``airflow.plugins``); every process of Airflow imports it.

Airflow 3.1 and later show the page as an external view, Airflow 2 as a view of its own. The class has the attributes of
one version only: an attribute of Airflow 2 makes Airflow 3's API server fail at its start where the FAB provider is
absent [source: observed-appbuilder-attributes].
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from airflow_masq.airflow_version import IS_AIRFLOW_2
from airflow_masq.page.address import PAGE_NAME, PAGE_ROUTE, PAGE_URL_PREFIX


class MasqueradePlugin(AirflowPlugin):
    """Adds the page "Masquerade", for users who may see plugins (Airflow 3) or the menu entry (Airflow 2)."""

    name = "airflow_masq"

    if IS_AIRFLOW_2:

        @cached_property
        def appbuilder_views(self) -> list[dict[str, Any]]:  # type: ignore[override]  # made when it is asked for
            """The page as a view of Airflow 2's web server."""
            from airflow_masq.plugins.web_server import MasqueradeView  # noqa: PLC0415 - the web server alone has Flask

            return [{"name": PAGE_NAME, "category": "Browse", "view": MasqueradeView()}]

    else:
        external_views = [
            {
                "name": PAGE_NAME,
                # Relative, so that Airflow's interface adds the prefix of its own address [source: airflow-base-href].
                "href": f"{PAGE_URL_PREFIX[1:]}/",
                "icon": f"{PAGE_URL_PREFIX[1:]}/icon.svg",
                "url_route": PAGE_ROUTE,
                "destination": "nav",
                "category": "browse",
            }
        ]

        @cached_property
        def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # made when it is asked for
            """The page's files as an app of Airflow 3's API server."""
            from airflow_masq.plugins.api_server import make_page_app  # noqa: PLC0415 - the API server alone needs it

            return [{"name": self.name, "app": make_page_app(), "url_prefix": PAGE_URL_PREFIX}]
