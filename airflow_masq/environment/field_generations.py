"""Which generations of Composer have which field of the environment resource: one table.

Fields that every generation has are left out, and so is what the service fills in itself. The table says where the
service is known to refuse a field of another generation; elsewhere what becomes of such a field is not verified.

The descriptions of the fields say it ("This field is supported for Cloud Composer environments in versions
composer-1.*.*-airflow-*.*.*") [source: composer-field-generations]. The rows for Composer 1 and 2 together have a
source of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.environment.versions import COMPOSER_1, COMPOSER_2, COMPOSER_3

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class FieldGenerations:
    """The generations of Composer that have one field.

    :param path: the field's names on the way down.
    :param last: the last generation; ``None`` if the newest has it.
    :param refused_by: the generation whose service was seen to refuse the field; ``None`` if that is not known.
    :param refusal: what the service says then.
    """

    path: tuple[str, ...]
    first: int
    last: int | None
    refused_by: int | None = None
    refusal: str = ""

    def has(self, generation: int) -> bool:
        """Say whether a generation has the field."""
        return self.first <= generation and (self.last is None or generation <= self.last)

    def __str__(self) -> str:
        if self.last is None:
            return f"Composer {self.first} and later"
        return f"Composer {' and '.join(map(str, range(self.first, self.last + 1)))} only"


# What the service answers on Composer 2, each with "... is not supported for Cloud Composer environments in versions
# 2.0.0 and newer" [source: composer-1-fields-refused, composer-web-server-cidr-refused, composer-machine-type-refused].
# No answer is known for the others of Composer 1.
_REFUSED_BY_COMPOSER_2: Final[Mapping[tuple[str, ...], str]] = {
    ("nodeCount",): "Configuring node count is not supported",
    ("nodeConfig", "location"): "Configuring node location is not supported",
    ("nodeConfig", "machineType"): "Configuring node machine type is not supported",
    ("privateEnvironmentConfig", "webServerIpv4CidrBlock"): "Configuring web server CIDR block is not supported",
}

# And on Composer 3 [source: composer-private-cluster-refused].
_REFUSED_BY_COMPOSER_3: Final[Mapping[tuple[str, ...], str]] = {
    ("privateEnvironmentConfig", "privateClusterConfig"): "Configuring private cluster is not supported",
}

# MASQ107 judges useIpAliases, which only Composer 1 has as well.
FIELD_GENERATIONS: Final = (
    *(
        FieldGenerations(
            path=("config", *path),
            first=COMPOSER_1,
            last=COMPOSER_1,
            refused_by=COMPOSER_2 if path in _REFUSED_BY_COMPOSER_2 else None,
            refusal=_REFUSED_BY_COMPOSER_2.get(path, ""),
        )
        for path in (
            ("nodeCount",),
            ("nodeConfig", "location"),
            ("nodeConfig", "machineType"),
            ("nodeConfig", "diskSizeGb"),
            ("nodeConfig", "oauthScopes"),
            ("nodeConfig", "maxPodsPerNode"),
            ("softwareConfig", "pythonVersion"),
            ("softwareConfig", "schedulerCount"),
            ("databaseConfig", "machineType"),
            ("webServerConfig", "machineType"),
            ("privateEnvironmentConfig", "webServerIpv4CidrBlock"),
        )
    ),
    # What belongs to a cluster, or a private network, of your own, which Composer 3 does not have. Terraform's
    # reference names these for Composer 1 and 2, and its provider refuses privateEnvironmentConfig and
    # masterAuthorizedNetworksConfig on Composer 3 with few exceptions [source: terraform-environment-reference,
    # terraform-provider-demands]; Google's own types do not say.
    *(
        FieldGenerations(
            path=("config", *path),
            first=COMPOSER_1,
            last=COMPOSER_2,
            refused_by=COMPOSER_3 if path in _REFUSED_BY_COMPOSER_3 else None,
            refusal=_REFUSED_BY_COMPOSER_3.get(path, ""),
        )
        for path in (
            ("nodeConfig", "ipAllocationPolicy", "clusterIpv4CidrBlock"),
            ("nodeConfig", "ipAllocationPolicy", "clusterSecondaryRangeName"),
            ("nodeConfig", "ipAllocationPolicy", "servicesIpv4CidrBlock"),
            ("nodeConfig", "ipAllocationPolicy", "servicesSecondaryRangeName"),
            ("privateEnvironmentConfig", "privateClusterConfig"),
            ("privateEnvironmentConfig", "cloudSqlIpv4CidrBlock"),
            ("privateEnvironmentConfig", "enablePrivatelyUsedPublicIps"),
            ("masterAuthorizedNetworksConfig",),
        )
    ),
    # gcloud takes their flags for Composer 2 only [source: gcloud-source-flags].
    *(
        FieldGenerations(path=("config", "privateEnvironmentConfig", name), first=COMPOSER_2, last=COMPOSER_2)
        for name in ("cloudComposerConnectionSubnetwork", "networkingConfig")
    ),
    *(
        FieldGenerations(path=("config", *path), first=COMPOSER_2, last=None)
        for path in (
            ("workloadsConfig",),
            ("environmentSize",),
            ("recoveryConfig",),
            ("resilienceMode",),
            ("privateEnvironmentConfig", "cloudComposerNetworkIpv4CidrBlock"),
        )
    ),
    *(
        FieldGenerations(path=("config", *path), first=COMPOSER_3, last=None)
        for path in (
            ("nodeConfig", "composerNetworkAttachment"),
            ("nodeConfig", "composerInternalIpv4CidrBlock"),
            ("softwareConfig", "webServerPluginsMode"),
            ("privateEnvironmentConfig", "enablePrivateBuildsOnly"),
            ("workloadsConfig", "dagProcessor"),
        )
    ),
)


def lacks_field(generation: int | None, *, path: tuple[str, ...]) -> bool:
    """Say whether a generation lacks a field, or the section around it; one that is not known lacks nothing."""
    return generation is not None and any(
        row.path == path[: len(row.path)] and not row.has(generation) for row in FIELD_GENERATIONS
    )
