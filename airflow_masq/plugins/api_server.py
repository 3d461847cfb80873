"""The page's files in Airflow 3's API server.

Airflow does not guard the apps of plugins: FastAPI's own pages and every route answer anyone
[source: airflow-plugin-apps-unguarded]. So the guard stands at the app's level, its documentation is off, and one route
serves an allow-list of names. ``StaticFiles`` would not do: mounted in a guarded app, it answers anonymous callers
[source: observed-static-files-unguarded].
"""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, HTTPException, Response

from airflow_masq.plugins.page_files import HEADERS, read_page_file


def make_page_app() -> FastAPI:
    """Make the app; a user without access to plugins is refused on every route."""
    app = FastAPI(
        title="airflow-masq",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
    )

    @app.get("/")
    def send_index() -> Response:
        """Send the page."""
        return _send("index.html")

    @app.get("/{name}")
    def send_file(name: str) -> Response:
        """Send one of the page's files."""
        return _send(name)

    return app


def _send(name: str) -> Response:
    file = read_page_file(name, api="v2")
    if file is None:
        raise HTTPException(404)
    return Response(file.content, media_type=file.media_type, headers=dict(HEADERS))
