"""Which findings of `lint` foretell which refusal of the emulated API, as tables.

A refusal that the service is known to give is foretold by an error at the field that it is about. Where it is not known
that the service gives it, a warning is enough, and the row says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1, COMPOSER_2, EnvironmentResource
from airflow_masq.rules import Finding, Severity
from tests.agreement.submitting import MALFORMED_NAME, Refusal, Submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_CONFIG: Final = "environment.config"
_NODE: Final = f"{_CONFIG}.nodeConfig"
_POLICY: Final = f"{_NODE}.ipAllocationPolicy"
_PRIVATE: Final = f"{_CONFIG}.privateEnvironmentConfig"
_MASTER: Final = f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock"
_IMAGE: Final = f"{_CONFIG}.softwareConfig.imageVersion"
_RANGES: Final = (_POLICY, _PRIVATE, "network.")
_CIDR: Final = re.compile(r"[0-9.]+/[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Foretelling:
    """How `lint` foretells one kind of refusal.

    :param codes: of the rules that do.
    :param places: of the fields that it is about; a finding stands at one of them, around it or inside it.
    :param names_ranges: whether the finding names every range that the refusal names.
    :param words: what its message says; default anything.
    :param is_doubtful: says of which environments it is not known that the service refuses them.
    :param doubt: why.
    :param severity_in_doubt: what is enough of those; default a warning.
    """

    codes: tuple[str, ...]
    places: tuple[str, ...]
    names_ranges: bool = False
    words: str = ""
    is_doubtful: Callable[[EnvironmentResource], bool] = lambda _: False
    doubt: str = ""
    severity_in_doubt: Severity = Severity.WARNING

    def is_told_by(self, finding: Finding, *, refusal: Refusal, resource: EnvironmentResource) -> bool:
        """Say whether a finding foretells a refusal; one that is not an error does only where there is doubt."""
        if finding.code not in self.codes or self.words not in finding.message:
            return False
        if not any(f"{finding.where}.".startswith(place) or place.startswith(finding.where) for place in self.places):
            return False
        if self.names_ranges and not set(_CIDR.findall(refusal.sentence)) <= set(_CIDR.findall(finding.message)):
            return False
        return finding.severity is Severity.ERROR or (
            finding.severity is self.severity_in_doubt and self.is_doubtful(resource)
        )


def _is_not_of_composer_2(resource: EnvironmentResource) -> bool:
    return resource.generation != COMPOSER_2


def _is_of_unseen_image(resource: EnvironmentResource) -> bool:
    image = resource.image
    return image is not None and image.end_of_life is None and not image.is_no_longer_offered


def _may_be_of_composer_3(resource: EnvironmentResource) -> bool:
    is_missing = not resource.get_text("config", "softwareConfig", "imageVersion")
    return resource.image is not None or (is_missing and not resource.masquerades)


_WITHOUT_GENERATION: Final = Foretelling(
    codes=("MASQ105",),
    places=(_IMAGE,),
    is_doubtful=_may_be_of_composer_3,
    doubt="That the image is one of Composer 3, which these fields depend on, is inferred where it does not say so.",
)
_IN_A_DESCRIPTION: Final = Foretelling(
    codes=("MASQ120",),
    places=("environment",),
    is_doubtful=lambda resource: resource.is_described,
    doubt="A description of an existing environment is not judged as a request; a remark says what to remove for one.",
    severity_in_doubt=Severity.INFO,
)
_OF_ANOTHER_GENERATION: Final = Foretelling(
    codes=("MASQ108",),
    places=(),
    is_doubtful=_is_not_of_composer_2,
    doubt="A block that the generation lacks has one finding; what the service does with the block is not known.",
)
_SEEN_ON_COMPOSER_2: Final = "The words include Composer 3, but they were seen with Composer 2."

FORETELLINGS: Final[Mapping[str, Foretelling]] = {
    MALFORMED_NAME: Foretelling(codes=("MASQ103",), places=("environment.name",)),
    "unexpected_location": Foretelling(
        codes=("MASQ117",),
        places=("environment.name",),
        is_doubtful=lambda _: True,
        doubt="Seen as the answer to a list; the service may have learnt another region yesterday.",
    ),
    "missing_service_account": Foretelling(codes=("MASQ115",), places=(f"{_NODE}.serviceAccount",)),
    "ranges_not_allowed": Foretelling(
        codes=("MASQ204",),
        places=(_POLICY, _MASTER, "network.pod_ranges", "network.service_ranges"),
        names_ranges=True,
        is_doubtful=lambda resource: (
            resource.get_value("config", "privateEnvironmentConfig", "enablePrivatelyUsedPublicIps") is True
        ),
        doubt="Whether a master may have privately used public addresses is not verified.",
    ),
    "unsupported_image": Foretelling(
        codes=("MASQ101", "MASQ102", "MASQ105", "MASQ116"),
        places=(_IMAGE,),
        is_doubtful=_is_of_unseen_image,
        doubt="Which images the service still creates changes every few weeks.",
    ),
    **{
        name: Foretelling(
            codes=("MASQ107", "MASQ108"), places=(place,), is_doubtful=_is_not_of_composer_2, doubt=_SEEN_ON_COMPOSER_2
        )
        for name, place in (
            ("node_count", f"{_CONFIG}.nodeCount"),
            ("node_location", f"{_NODE}.location"),
            ("machine_type", f"{_NODE}.machineType"),
            ("ip_aliases", f"{_POLICY}.useIpAliases"),
            ("web_server_block", f"{_PRIVATE}.webServerIpv4CidrBlock"),
        )
    },
    "subnetwork_elsewhere": Foretelling(codes=("MASQ118",), places=(f"{_NODE}.subnetwork",)),
    "unnamed_network": Foretelling(codes=("MASQ128",), places=(f"{_NODE}.network", f"{_NODE}.subnetwork")),
    "public_high_resilience": Foretelling(codes=("MASQ119",), places=(f"{_CONFIG}.resilienceMode",)),
    "private_cluster": Foretelling(codes=("MASQ108", "MASQ109"), places=(f"{_PRIVATE}.privateClusterConfig",)),
    "public_connection_type": Foretelling(
        codes=("MASQ108", "MASQ109"),
        places=(f"{_PRIVATE}.networkingConfig",),
        is_doubtful=_is_not_of_composer_2,
        doubt="The words are those of the reference, and Composer 3 has no such connection.",
    ),
    "foreign_attachment": Foretelling(codes=("MASQ111",), places=(f"{_NODE}.composerNetworkAttachment",)),
    "agent_on_composer_3": Foretelling(codes=("MASQ101", "MASQ105"), places=(_IMAGE,)),
    "worker_memory": Foretelling(
        codes=("MASQ121",),
        places=(f"{_CONFIG}.workloadsConfig.worker",),
        is_doubtful=lambda _: True,
        doubt="Seen upon an update, and the bounds for each vCPU are inferred.",
    ),
    "triggerer_cpus": Foretelling(
        codes=("MASQ125",),
        places=(f"{_CONFIG}.workloadsConfig.triggerer",),
        is_doubtful=lambda _: True,
        doubt="Seen upon an update.",
    ),
    "environment_variables": Foretelling(codes=("MASQ126",), places=(f"{_CONFIG}.softwareConfig.envVariables",)),
    "short_maintenance": Foretelling(codes=("MASQ127",), places=(f"{_CONFIG}.maintenanceWindow",)),
    "unreadable_blocks": Foretelling(codes=("MASQ203",), places=(_POLICY, _PRIVATE)),
    "master_on_docker_bridge": Foretelling(codes=("MASQ206",), places=(_MASTER,)),
    "overlaps": Foretelling(codes=("MASQ201",), places=_RANGES, names_ranges=True),
}
"""By the names of the emulator's refusals."""

#: The field of each purpose that a refusal about ranges names.
_FIELDS_OF_PURPOSES: Final[Mapping[str, str]] = {
    "Cluster": _POLICY,
    "Services": _POLICY,
    "GKE master": f"{_PRIVATE}.privateClusterConfig",
    "Cloud SQL": f"{_PRIVATE}.cloudSqlIpv4CidrBlock",
    "Web server": f"{_PRIVATE}.webServerIpv4CidrBlock",
}
_ABOUT_RANGES: Final = frozenset({"ranges_not_allowed", "unreadable_blocks", "master_on_docker_bridge", "overlaps"})


def _is_public(finding: Finding, resource: EnvironmentResource) -> bool:
    return finding.where.startswith(_CONFIG) and not resource.is_private


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """An error of `lint` that the emulated API does not share.

    :param code: the rule's, or the beginning of several.
    :param reason: why the two differ.
    :param applies: says of which findings; default all.
    """

    code: str
    reason: str
    applies: Callable[[Finding, EnvironmentResource], bool] = lambda _finding, _resource: True


BEYOND_THE_API: Final = (
    Beyond(code="MASQ101", reason="The API creates Composer 3; a plan for masquerading wants the agent."),
    Beyond(
        code="MASQ107",
        reason="Composer 1 is not created at all, so what it would say of its cluster is not known.",
        applies=lambda _, resource: resource.generation == COMPOSER_1,
    ),
    Beyond(
        code="MASQ109",
        reason="Google's descriptions of public environments have these fields, so the emulator takes them.",
        applies=lambda finding, _: (
            not finding.where.startswith((f"{_PRIVATE}.privateClusterConfig", f"{_PRIVATE}.networkingConfig"))
        ),
    ),
    Beyond(code="MASQ110", reason="Documented; no answer of the service is known."),
    Beyond(code="MASQ112", reason="Documented; no answer of the service is known."),
    Beyond(code="MASQ201", reason="In a public environment, the emulator compares no blocks.", applies=_is_public),
    Beyond(
        code="MASQ201",
        reason="The emulator knows one range of Pods and Services, and the plan's network may list more.",
        applies=lambda finding, _: finding.where.startswith("network."),
    ),
    Beyond(code="MASQ205", reason="The widths are gcloud's; no answer of the service is known."),
    Beyond(code="MASQ209", reason="The environment is created, and then has no room for its workers."),
    Beyond(code="MASQ3", reason="About the policy and the targets, which the API does not see."),
)


def find_disagreements(submitted: Submitted) -> Iterator[str]:
    """List where `lint` and the emulated API disagree about an environment that can be sent."""
    foretold: set[Finding] = set()
    for refusal in submitted.refusals:
        tellers = set(_find_tellers(submitted, refusal=refusal))
        if not tellers:
            yield f"the API refuses, and lint does not foretell it: {refusal.name}: {refusal.sentence}"
        foretold |= tellers
    if any(refusal.name == MALFORMED_NAME for refusal in submitted.refusals):
        return  # the API says nothing else
    for finding in submitted.findings:
        if finding.severity is Severity.ERROR and finding not in foretold and not find_excuse(finding, submitted):
            yield f"lint has an error that the API does not share: {finding.code} {finding.where}: {finding.message}"


def find_excuse(finding: Finding, submitted: Submitted) -> Beyond | None:
    """Find the row that says why the emulated API need not share an error."""
    rows = (row for row in BEYOND_THE_API if finding.code.startswith(row.code))
    return next((row for row in rows if row.applies(finding, submitted.resource)), None)


def _find_tellers(submitted: Submitted, *, refusal: Refusal) -> Iterator[Finding]:
    ways = [FORETELLINGS[refusal.name]]
    if submitted.resource.generation is None:
        ways.append(_WITHOUT_GENERATION)
    if submitted.resource.is_described:
        fields = (place.rpartition(".")[2] for place in FORETELLINGS[refusal.name].places)
        ways += [replace(_IN_A_DESCRIPTION, words=field) for field in fields]
    if refusal.name in _ABOUT_RANGES:
        places = tuple(field for purpose, field in _FIELDS_OF_PURPOSES.items() if purpose in refusal.sentence)
        ways.append(replace(_OF_ANOTHER_GENERATION, places=places))
    for finding in submitted.findings:
        if any(way.is_told_by(finding, refusal=refusal, resource=submitted.resource) for way in ways):
            yield finding
