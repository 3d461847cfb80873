"""The fields of the environment resource that hold a CIDR, and which blocks each of them takes: one table.

Rules judge the blocks, each with its own message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NODE_CONFIG: Final = ("config", "nodeConfig")
IP_ALLOCATION_POLICY: Final = (*_NODE_CONFIG, "ipAllocationPolicy")
"""The section with the ranges of Pods and Services."""

_PRIVATE_ENVIRONMENT_CONFIG: Final = ("config", "privateEnvironmentConfig")

BARE_SIZE: Final = re.compile(r"/([1-9]|[12][0-9]|3[0-2])")
"""A size such as ``/14``, for which Google chooses the block."""


@dataclass(frozen=True, kw_only=True)
class CidrField:
    """One field with a CIDR.

    :param purpose: what its addresses are for, as in "the Pod range".
    :param path: the field's names on the way down.
    :param shortest_prefix: of the largest block allowed.
    :param longest_prefix: of the smallest block allowed.
    :param takes_bare_size: whether ``/14`` lets Google choose the block.
    :param range_name_path: the field that may name a secondary range instead.
    """

    purpose: str
    path: tuple[str, ...]
    shortest_prefix: int = 1
    longest_prefix: int = 32
    takes_bare_size: bool = False
    range_name_path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The field's own name."""
        return self.path[-1]

    @property
    def where(self) -> str:
        """The field's place in a plan."""
        return ".".join(("environment", *self.path))


POD_FIELD: Final = CidrField(
    purpose="Pod",
    path=(*IP_ALLOCATION_POLICY, "clusterIpv4CidrBlock"),
    takes_bare_size=True,
    range_name_path=(*IP_ALLOCATION_POLICY, "clusterSecondaryRangeName"),
)
SERVICE_FIELD: Final = CidrField(
    purpose="Service",
    path=(*IP_ALLOCATION_POLICY, "servicesIpv4CidrBlock"),
    takes_bare_size=True,
    range_name_path=(*IP_ALLOCATION_POLICY, "servicesSecondaryRangeName"),
)

MASTER_FIELD: Final = CidrField(
    purpose="GKE master",
    path=(*_PRIVATE_ENVIRONMENT_CONFIG, "privateClusterConfig", "masterIpv4CidrBlock"),
    shortest_prefix=23,
    longest_prefix=28,
)
CLOUD_SQL_FIELD: Final = CidrField(
    purpose="Cloud SQL", path=(*_PRIVATE_ENVIRONMENT_CONFIG, "cloudSqlIpv4CidrBlock"), longest_prefix=24
)
WEB_SERVER_FIELD: Final = CidrField(
    purpose="web server",
    path=(*_PRIVATE_ENVIRONMENT_CONFIG, "webServerIpv4CidrBlock"),
    shortest_prefix=24,
    longest_prefix=29,
)

# Blocks that Google reserves beside the cluster's own. The widths are those that gcloud checks
# [source: gcloud-cidr-widths].
RESERVED_FIELDS: Final = (
    MASTER_FIELD,
    CLOUD_SQL_FIELD,
    CidrField(
        purpose="Composer network",
        path=(*_PRIVATE_ENVIRONMENT_CONFIG, "cloudComposerNetworkIpv4CidrBlock"),
        shortest_prefix=24,
        longest_prefix=29,
    ),
    WEB_SERVER_FIELD,
)

# Not among the reserved ones: several environments may share this block, and it may overlap others, which then cannot
# be reached [source: composer-internal-cidr].
INTERNAL_FIELD: Final = CidrField(
    purpose="Composer 3 internal",
    path=(*_NODE_CONFIG, "composerInternalIpv4CidrBlock"),
    shortest_prefix=20,
    longest_prefix=20,
)

CIDR_FIELDS: Final = (POD_FIELD, SERVICE_FIELD, *RESERVED_FIELDS, INTERNAL_FIELD)
