"""The targets of a plan: names, observers' URLs and what their firewalls let in.

A URL is checked for its form and for secrets, never opened. An error does not repeat what may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import SOURCE_KINDS, AddressKind, parse_address
from airflow_masq.observation.observation import LONGEST_URL_CHARACTERS
from airflow_masq.plan.document import Place
from airflow_masq.plan.schema import TARGET_KEYS
from airflow_masq.text import describe

if TYPE_CHECKING:
    from netaddr import IPAddress, IPNetwork


SCHEMES: Final = ("http", "https", "stun", "stun+tcp", "dns", "airflow")

# Each scheme's default port [source: rfc-9110-default-ports, rfc-8489-ports, rfc-1035-transport]
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "stun": 3478, "stun+tcp": 3478, "dns": 53}
_CONNECTION: Final = "airflow"

_EXPECTABLE: Final = tuple(kind for kind in AddressKind if kind in SOURCE_KINDS)
_MOST_TARGETS: Final = 2_000
# The characters of a URI [source: rfc-3986-characters], without "#": a fragment is never sent.
_URL_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]+")
_SECRET_PARAMETER: Final = re.compile(
    r"token|secret|passw|pwd|api[_-]?key|^key$|signature|^sig$|credential|auth", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service that workers talk to, and the observer beside it.

    :param name: unique within its plan.
    :param observe: the observer's URL, without credentials; ``airflow://CONN_ID`` names a connection.
    :param allowed_sources: what the target's firewall lets in; empty where the plan does not say.
    :param expect: the source from which packets must arrive; ``None`` if the plan does not say.
    :param nonce: whether requests carry a number that no cache can know, in their query.
    :param canary: whether an answer is tested by a second request, with an invented client address.
    """

    name: str
    observe: str
    allowed_sources: tuple[IPNetwork, ...] = ()
    expect: AddressKind | None = None
    nonce: bool = True
    canary: bool = True

    @property
    def host(self) -> str | None:
        """The observer's name or address, as the URL has it; ``None`` if a connection holds it."""
        parts = urlsplit(self.observe)
        if parts.scheme == _CONNECTION or parts.hostname is None:
            return None
        # urlsplit gives it in lower case; a message shows it as it was written.
        start = parts.netloc.lower().rfind(parts.hostname)
        return parts.netloc[start : start + len(parts.hostname)]

    @property
    def address(self) -> IPAddress | None:
        """The observer's address, where the URL names one literally; names are not resolved."""
        try:
            return parse_address(self.host or "")
        except InvalidInputError:
            return None

    @property
    def port(self) -> int | None:
        """The observer's port, by default the scheme's; ``None`` if a connection holds it."""
        parts = urlsplit(self.observe)
        return None if parts.scheme == _CONNECTION else parts.port or _DEFAULT_PORTS.get(parts.scheme)


def read_targets(place: Place) -> tuple[Target, ...]:
    """Read the list of targets.

    :raises PlanError: one is malformed, two have the same name, or there are more than 2,000.
    """
    targets: dict[str, Target] = {}
    items = place.read_items()
    if len(items) > _MOST_TARGETS:
        raise place.make_error(f"at most {_MOST_TARGETS} targets", seen=str(len(items)))
    for item in items:
        entries = item.read_section(TARGET_KEYS)
        for required in ("name", "observe"):
            if required not in entries:
                raise item.make_error(f"a target with {required}", seen="none")
        name = entries["name"].check_name(entries["name"].read_text("a name"))
        observe = _read_url(entries["observe"])
        allowed_sources: tuple[IPNetwork, ...] = ()
        if "allowed_sources" in entries:
            entries["allowed_sources"].read_some_items()
            allowed_sources = entries["allowed_sources"].read_cidrs()
        expect = entries["expect"].read_choice(_EXPECTABLE) if "expect" in entries else None
        if name in targets:
            raise item.make_error("a unique name for every target", seen=f"'{name}' twice")
        targets[name] = Target(
            name=name,
            observe=observe,
            allowed_sources=allowed_sources,
            expect=expect,
            nonce=entries["nonce"].read_boolean() if "nonce" in entries else True,
            canary=entries["canary"].read_boolean() if "canary" in entries else True,
        )
    return tuple(targets.values())


def _read_url(place: Place) -> str:
    url = place.read_text("a URL")
    shown = describe(url.partition("?")[0])  # the query may hold a secret
    if "@" in url:
        raise place.make_error("a URL without credentials (name a connection: airflow://CONN_ID)", seen="one with them")
    if len(url) > LONGEST_URL_CHARACTERS or not _URL_CHARACTERS.fullmatch(url):
        raise place.make_error(f"a URL of at most {LONGEST_URL_CHARACTERS} URL characters", seen=shown)
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, a port that is no port
        raise place.make_error("a URL with a valid host and port", seen=shown) from None
    if parts.scheme not in SCHEMES:
        beginnings = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise place.make_error(f"a URL that begins with one of {beginnings}", seen=shown)
    if not has_host:
        raise place.make_error("a URL with a valid host and port", seen=shown)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET_PARAMETER.search(name):
            expected = "a URL without secrets (name a connection: airflow://CONN_ID)"
            raise place.make_error(expected, seen=f"a parameter {describe(name)}")
    return url
