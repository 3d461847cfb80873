"""The page's files in Airflow 2's web server. Remove this when Composer images with Airflow 2 reach end of life."""
# mypy: ignore-errors
# Airflow 2 is not in the environment that is checked.

from __future__ import annotations

from airflow.auth.managers.models.resource_details import AccessView
from airflow.www.auth import has_access_view
from flask import Response, abort
from flask_appbuilder import BaseView, expose

from airflow_masq.plugins.page_files import HEADERS, read_page_file


class MasqueradeView(BaseView):
    """The page, for users who may see plugins, as in Airflow 3; the menu entry needs ``menu access on Masquerade``."""

    route_base = "/airflow-masq"
    default_view = "send_index"

    @expose("/")
    @has_access_view(AccessView.PLUGINS)
    def send_index(self) -> Response:
        """Send the page."""
        return _send("index.html")

    @expose("/<name>")
    @has_access_view(AccessView.PLUGINS)
    def send_file(self, name: str) -> Response:
        """Send one of the page's files."""
        return _send(name)


def _send(name: str) -> Response:
    file = read_page_file(name, api="v1")
    if file is None:
        abort(404)
    return Response(file.content, content_type=file.media_type, headers=dict(HEADERS))
