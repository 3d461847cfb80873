"""The settings of honest observers that docs/observers.md shows, each in the real server on real packets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_masq.verdict import VerdictCode
from tests.traps.scene import SERVICE
from tests.traps.traps import URL

if TYPE_CHECKING:
    from tests.traps.scene import Scene
    from tests.traps.servers import Servers

PAGE = (Path(__file__).parents[2] / "docs" / "observers.md").read_text(encoding="utf-8")


def find_setting(server: str) -> str:
    """Find what the page shows for a server."""
    (setting,) = re.findall(rf"\b{server} with `([^`]+)`", PAGE)
    return str(setting)


@pytest.mark.packets
def test_nginx_as_the_page_shows_it(scene: Scene, servers: Servers) -> None:
    """An nginx with the page's line names the peer of its socket."""
    scene.masquerade(on=True)
    settings = f"server {{ listen {SERVICE.address}:{SERVICE.port}; location / {{ {find_setting('nginx')} }} }}"
    with servers.start_nginx(SERVICE.name, settings, address=SERVICE.address, port=SERVICE.port):
        assert scene.check(URL).code is VerdictCode.EXPECTED_SOURCE


@pytest.mark.packets
def test_haproxy_as_the_page_shows_it(scene: Scene, servers: Servers) -> None:
    """An haproxy with the page's line does as well."""
    scene.masquerade(on=True)
    section = f"frontend observer\n  mode http\n  bind {SERVICE.address}:{SERVICE.port}\n  {find_setting('haproxy')}"
    with servers.start_haproxy(SERVICE.name, section, address=SERVICE.address, port=SERVICE.port):
        assert scene.check(URL).code is VerdictCode.EXPECTED_SOURCE
