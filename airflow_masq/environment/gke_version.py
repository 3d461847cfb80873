"""GKE's versions, and from which of them on a cluster can have the IP masquerade agent: one small table.

GKE's builds (``1.22.7-gke.1500``) are no versions in the sense of PEP 440, and a library for those would compare them
wrongly. It must not know which version of a cluster counts: that is the caller's to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

# Kubernetes' version, then GKE's build of it (https://cloud.google.com/kubernetes-engine/versioning, "Versioning
# scheme", read 2026-11-22). The widths are ours: no version has more digits.
_GKE_VERSION: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,4})(?:-gke\.([0-9]{1,10}))?)?")

# The first patch and build of each minor version of Kubernetes 1 that has the agent
# (https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read 2026-11-22). So
# 1.23.0 to 1.23.4-gke.1599 have none, although they sort above 1.22.7.
FIRST_BUILDS: Final = MappingProxyType({22: (7, 1500), 23: (4, 1600)})


@dataclass(frozen=True, kw_only=True)
class GkeVersion:
    """A version of GKE, as far as it was told.

    :param text: as written.
    :param major: Kubernetes' major version.
    :param minor: Kubernetes' minor version.
    :param patch: Kubernetes' patch; ``None`` where nobody said.
    :param build: GKE's build of it; ``None`` where nobody said.
    """

    text: str
    major: int
    minor: int
    patch: int | None
    build: int | None

    @classmethod
    def parse(cls, text: str, *, where: str = "GKE version") -> Self:
        """Read a version.

        :param text: for example ``1.30.5-gke.1014001``; ``1.30.5`` and ``1.30`` say less.
        :param where: the place to name in an error, default ``GKE version``.
        :return: the version.
        :raises InvalidInputError: when it is no version of GKE.
        """
        matched = _GKE_VERSION.fullmatch(text)
        if matched is None:
            expected = "a GKE version such as 1.30.5-gke.1014001"
            raise InvalidInputError(where=where, expected=expected, seen=excerpt(text))
        major, minor, patch, build = matched.groups()
        return cls(text=text, major=int(major), minor=int(minor), patch=_number(patch), build=_number(build))

    def __str__(self) -> str:
        return self.text


def supports_masquerade_agent(version: GkeVersion) -> bool | None:
    """Say whether a cluster created with a version can have the agent.

    :param version: the cluster's version at its creation.
    :return: whether it can; ``None`` where the version says too little.
    """
    if version.major != 1 or version.minor not in FIRST_BUILDS:
        return (version.major, version.minor) > (1, max(FIRST_BUILDS))
    first_patch, first_build = FIRST_BUILDS[version.minor]
    if version.patch is None:
        return None
    if version.patch != first_patch:
        return version.patch > first_patch
    return None if version.build is None else version.build >= first_build


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
