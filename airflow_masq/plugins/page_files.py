"""The files of the page "Masquerade" by name, with the headers that they are served with; nothing else is served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_masq.sources import link_sources
from airflow_masq.verdict import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEDIA_TYPES: Final = MappingProxyType(
    {
        "index.html": "text/html; charset=utf-8",
        "page.js": "text/javascript; charset=utf-8",
        "page.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }
)
_CODES_NAME: Final = "codes.json"

PAGE_FILE_NAMES: Final = (*_MEDIA_TYPES, _CODES_NAME)
"""Every name that is served; ``codes.json`` has the texts of the verdicts' codes."""

# What observers answered is on the page, so a script that was smuggled in must not run: it could use the session's
# token [source: airflow-token-cookie]. Airflow's own interface frames the page.
HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-cache",  # a browser asks again, since an upgrade changes the files
    }
)
"""The headers of every file."""


@dataclass(frozen=True, kw_only=True)
class PageFile:
    """One file as it is sent.

    :param content: its bytes.
    :param media_type: its ``Content-Type``.
    """

    content: bytes
    media_type: str


def read_page_file(name: str, *, api: str) -> PageFile | None:
    """Read one of the page's files.

    :param name: one of ``PAGE_FILE_NAMES``; any other name gives ``None``.
    :param api: which of Airflow's REST APIs the page asks, ``v1`` or ``v2``.
    """
    return _read_file(name, api=api) if name in PAGE_FILE_NAMES else None


@cache  # for the names above alone, since users may ask for any other
def _read_file(name: str, *, api: str) -> PageFile:
    if name == _CODES_NAME:
        return PageFile(content=_write_codes().encode(), media_type="application/json")
    media_type = _MEDIA_TYPES[name]
    content = files("airflow_masq").joinpath("page", name).read_bytes()
    if name == "index.html":
        content = content.replace(b'data-api="v2"', f'data-api="{api}"'.encode())
    return PageFile(content=content, media_type=media_type)


def _write_codes() -> str:
    return json.dumps(
        {
            code.value: {
                "title": row.title,
                "meaning": row.meaning,
                "causes": link_sources(row.causes),
                "what_to_do": row.what_to_do,
            }
            for code, row in CODES.items()
        }
    )
