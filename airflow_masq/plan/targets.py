"""The targets of a plan: names, observers' URLs and what their firewalls let in.

A URL is checked for its form and for secrets, never opened. What a refused URL held is not repeated in the error where
it may be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from airflow_masq.network.ranges import SourceKind
from airflow_masq.plan.schema import TARGET_KEYS
from airflow_masq.plan.values import Target
from airflow_masq.text import describe

if TYPE_CHECKING:
    from netaddr import IPNetwork

    from airflow_masq.plan.document import Place

SCHEMES: Final = ("http", "https", "stun", "stun+tcp", "dns", "airflow")

_LONGEST_URL_CHARACTERS: Final = 2048
_MOST_TARGETS: Final = 200
# RFC 3986 section 2, without "#": a fragment is never sent.
_URL_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]+")
_SECRET_PARAMETER: Final = re.compile(
    r"token|secret|passw|pwd|api[_-]?key|^key$|signature|^sig$|credential|auth", re.IGNORECASE
)


def read_targets(place: Place) -> tuple[Target, ...]:
    """Read the list of targets.

    :param place: where it stands.
    :return: the targets in the plan's order.
    :raises PlanError: when one is malformed, two have the same name, or there are more than 200.
    """
    targets: dict[str, Target] = {}
    items = place.items()
    if len(items) > _MOST_TARGETS:
        raise place.error(f"at most {_MOST_TARGETS} targets", seen=str(len(items)))
    for item in items:
        target = _read_target(item)
        if target.name in targets:
            raise item.error("a name of its own for every target", seen=f"'{target.name}' twice")
        targets[target.name] = target
    return tuple(targets.values())


def _read_target(place: Place) -> Target:
    entries = place.section(TARGET_KEYS)
    for required in ("name", "observe"):
        if required not in entries:
            raise place.error(f"a target with {required}", seen="none")
    allowed_sources = entries.get("allowed_sources")
    expect = entries.get("expect")
    return Target(
        name=entries["name"].name(entries["name"].text("a name")),
        observe=_read_url(entries["observe"]),
        allowed_sources=() if allowed_sources is None else _read_allowed_sources(allowed_sources),
        expect=None if expect is None else SourceKind(expect.choice(SourceKind)),
    )


def _read_allowed_sources(place: Place) -> tuple[IPNetwork, ...]:
    place.some_items()
    return place.cidrs()


def _read_url(place: Place) -> str:
    url = place.text("a URL")
    if "@" in url:
        raise place.error("a URL without credentials (name a connection: airflow://CONN_ID)", seen="one with them")
    if len(url) > _LONGEST_URL_CHARACTERS or not _URL_CHARACTERS.fullmatch(url):
        raise place.error(f"a URL of at most {_LONGEST_URL_CHARACTERS} URL characters", seen=_shown(url))
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, a port that is no port
        raise place.error("a URL with a valid host and port", seen=_shown(url)) from None
    if parts.scheme not in SCHEMES:
        beginnings = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise place.error(f"a URL that begins with one of {beginnings}", seen=_shown(url))
    if not has_host:
        raise place.error("a URL with a valid host and port", seen=_shown(url))
    _refuse_secret_parameters(place, query=parts.query)
    return url


def _refuse_secret_parameters(place: Place, *, query: str) -> None:
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if _SECRET_PARAMETER.search(name):
            expected = "a URL without secrets (name a connection: airflow://CONN_ID)"
            raise place.error(expected, seen=f"a parameter {describe(name)}")


def _shown(url: str) -> str:
    """Show a refused URL without its query, which may hold a secret."""
    return describe(url.partition("?")[0])
