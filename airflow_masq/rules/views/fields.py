"""Fields of the environment that one rule reports, so that no other rule reports them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.environment.field_generations import lacks_field

if TYPE_CHECKING:
    from airflow_masq.environment import EnvironmentResource

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


def list_private_fields(environment: EnvironmentResource) -> list[tuple[str, ...]]:
    """List the fields that need a private environment and are set in a public one, which MASQ109 reports.

    MASQ108 reports those that the environment's generation lacks.
    """
    # Composer 3 has no private cluster of yours; what it does with these fields is not verified.
    if environment.is_private or environment.generation == COMPOSER_3 or environment.is_described:
        return []
    return [
        path
        for path in _PRIVATE_FIELDS
        if environment.value(*path) not in (None, "", False, _UNSPECIFIED)
        and not lacks_field(environment.generation, path=path)
    ]
