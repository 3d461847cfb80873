"""Whether an existing environment masquerades, by its own description, and if not, whether a new one could.

    no readable image, or a generation that is not known ──▶ UNKNOWN
    Composer 3, or the flag on a cluster that is too old ──▶ NEVER
    the flag, in state RUNNING or UPDATING ──▶ MASQUERADED          in another state ──▶ UNKNOWN
    no flag, and an image of a version that has ended ──▶ NEVER     else ──▶ RECREATE

A description is what the service says, and no observation: which address services see is for the check to prove.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from airflow_masq.environment import COMPOSER_3, EnvironmentResource, GkeVersion
from airflow_masq.environment.versions import NEWEST_IMAGE
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.sources import link_sources
from airflow_masq.text import escape

_AT_WORK: Final = frozenset({"RUNNING", "UPDATING"})


class Masquerading(StrEnum):
    """What an audit says of an environment, the worst first."""

    UNKNOWN = "unknown"
    NEVER = "never"
    RECREATE = "recreate"
    MASQUERADED = "masqueraded"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether an environment masquerades, and why.

    :param reason: one or two sentences: why, and what to do where it does not.
    :param code: the code whose page explains the reason; empty where the reason has none.
    :param source_key: the key of the fact in ``docs/sources.md`` from which the reason follows; empty where it follows
        from none.
    """

    masquerading: Masquerading
    reason: str
    code: str = ""
    source_key: str = ""

    @property
    def source(self) -> str:
        """The link to the source, with the date on which it was read; empty where there is none."""
        return link_sources(f"[source: {self.source_key}]")[1:-1] if self.source_key else ""


SOURCE_KEYS: Final = (
    "composer-3-networking",
    "composer-agent-creation-only",
    "composer-agent-definition",
    "composer-agent-gke-version",
    "composer-end-of-life",
)
"""The keys that reasons name, for the links that the package brings."""


def find_standing(resource: EnvironmentResource, *, cluster_version: str | None = None) -> Standing:
    """Say whether an environment masquerades, by its description.

    :param resource: Google's description of it.
    :param cluster_version: the GKE version that its cluster was created with; ``None`` where it was not read.
    """
    if resource.image is None or resource.generation is None or resource.generation > COMPOSER_3:
        shown = escape(resource.get_text("config", "softwareConfig", "imageVersion")) or "none"
        reason = f"This release of airflow-masq cannot read its image version ({shown})."
        return Standing(masquerading=Masquerading.UNKNOWN, reason=reason)
    if resource.generation == COMPOSER_3:
        return Standing(
            masquerading=Masquerading.NEVER,
            reason="Composer 3 has no IP masquerade agent. For fixed source addresses, attach it to a VPC network and "
            "use private networking, or move to Composer 2.",
            code="MASQ101",
            source_key="composer-3-networking",
        )
    if resource.masquerades:
        return _find_standing_with_flag(resource, cluster_version=cluster_version)
    end = resource.image.end_of_life
    if end is not None:
        return Standing(
            masquerading=Masquerading.NEVER,
            reason=f"It has no agent, and {end.name} reached its end of life on {end.ended_on}, so no environment of "
            f"that version can be created. Create one from a current image, such as {NEWEST_IMAGE}.",
            code="MASQ102",
            source_key="composer-end-of-life",
        )
    is_old = resource.image.is_no_longer_offered
    image = f" from a current image, such as {NEWEST_IMAGE}, since its own is no longer offered" if is_old else ""
    return Standing(
        masquerading=Masquerading.RECREATE,
        reason="It was created without the IP masquerade agent, which can be enabled only at creation. Create a new "
        f"environment with enableIpMasqAgent: true{image}, and move to it.",
        code="MASQ104",
        source_key="composer-agent-creation-only",
    )


def _find_standing_with_flag(resource: EnvironmentResource, *, cluster_version: str | None) -> Standing:
    try:
        version = None if cluster_version is None else GkeVersion.parse(cluster_version)
    except InvalidInputError:
        version = None
    if version is not None and version.supports_agent is False:
        return Standing(
            masquerading=Masquerading.NEVER,
            reason=f"Its cluster was created with GKE {version}, which has no agent, also after an upgrade. Create a "
            "new environment.",
            code="MASQ106",
            source_key="composer-agent-gke-version",
        )
    if resource.state not in _AT_WORK:
        reason = f"It has the agent's flag, and is in state {escape(resource.state)}, so it is not known whether its "
        return Standing(masquerading=Masquerading.UNKNOWN, reason=f"{reason}agent runs.")
    return Standing(
        masquerading=Masquerading.MASQUERADED,
        reason="It was created with the IP masquerade agent. Which address services see is for the check to prove.",
        source_key="composer-agent-definition",
    )
