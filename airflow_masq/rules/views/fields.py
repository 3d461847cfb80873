"""Fields of the environment that one rule reports, so that no other rule reports them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from airflow_masq.environment import COMPOSER_3, EnvironmentResource
from airflow_masq.environment.fields import ENUM_WORDS, SECTIONS

_PRIVATE: Final = ("config", "privateEnvironmentConfig")
_PRIVATE_FIELDS: Final = (
    (*_PRIVATE, "cloudComposerConnectionSubnetwork"),
    (*_PRIVATE, "cloudComposerNetworkIpv4CidrBlock"),
    (*_PRIVATE, "cloudSqlIpv4CidrBlock"),
    (*_PRIVATE, "enablePrivatelyUsedPublicIps"),
    (*_PRIVATE, "networkingConfig", "connectionType"),
    (*_PRIVATE, "privateClusterConfig", "enablePrivateEndpoint"),
    (*_PRIVATE, "privateClusterConfig", "masterIpv4CidrBlock"),
    (*_PRIVATE, "webServerIpv4CidrBlock"),
)
_UNSPECIFIED: Final = "CONNECTION_TYPE_UNSPECIFIED"


@dataclass(frozen=True, kw_only=True)
class UnknownWord:
    """A field with a word that Google's API is not known to have.

    :param known: the words that are known.
    """

    path: tuple[str, ...]
    word: str
    known: tuple[str, ...]


def list_private_fields(environment: EnvironmentResource) -> list[tuple[str, ...]]:
    """List the fields that need a private environment and are set in a public one, which MASQ109 reports."""
    # Composer 3 has no private cluster of yours; what it does with these fields is not verified.
    if environment.is_private or environment.generation == COMPOSER_3 or environment.is_described:
        return []
    return [path for path in _PRIVATE_FIELDS if environment.get_value(*path) not in (None, "", False, _UNSPECIFIED)]


def list_unknown_words(environment: EnvironmentResource) -> list[UnknownWord]:
    """List the fields with unknown words, which MASQ123 reports; Google's own description is right about its words."""
    return [] if environment.is_described else list(_find_unknown_words(environment.fields, ()))


def _find_unknown_words(values: Mapping[str, object], around: tuple[str, ...]) -> Iterator[UnknownWord]:
    for name, value in values.items():
        path = (*around, name)
        if name in SECTIONS and isinstance(value, Mapping):
            yield from _find_unknown_words(value, path)
            continue
        known = ENUM_WORDS.get(name)
        if known is not None and isinstance(value, str) and value not in known and not value.endswith("_UNSPECIFIED"):
            yield UnknownWord(path=path, word=value, known=known)
