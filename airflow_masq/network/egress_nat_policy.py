"""The EgressNATPolicy objects of an Autopilot cluster, and the policy that they amount to.

Two exist from the start: ``default``, which may be edited, and ``gke-<hash>-1``, which holds the nodes, Pods and
Services and which nobody can change; more may be created beside them
(https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read 2026-11-22).

A manifest is checked for what would keep it from meaning what its author meant. This module must not police keys that
it does not know: Google's definition of the object may have learnt them later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.policy import (
    GKE_CHAIN,
    Chain,
    Exemption,
    MasqueradePolicy,
    exemptions,
    gke_default_exemptions,
    gke_fixed,
)
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import NetworkRanges, parse_cidr
from airflow_masq.text import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from netaddr import IPNetwork


API_VERSION: Final = "networking.gke.io/v1"
KIND: Final = "EgressNATPolicy"
ACTION: Final = "NoSNAT"
DEFAULT_NAME: Final = "default"

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names (DNS subdomain names), read 2026-11-22.
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, kw_only=True)
class EgressNatPolicy:
    """One object, read.

    :param name: its name in the cluster.
    :param destinations: those that keep the Pod's address, in the object's order.
    """

    name: str
    destinations: tuple[IPNetwork, ...]


@dataclass(frozen=True, kw_only=True)
class ManifestProblem:
    """Something in a manifest that is not as it must be.

    :param where: the place inside the manifest: ``spec.destinations[0].cidr``.
    :param expected: what belongs there.
    :param seen: what stands there, capped and escaped.
    """

    where: str
    expected: str
    seen: str

    @property
    def message(self) -> str:
        """What was expected and what was seen."""
        return f"expected {self.expected}, saw {self.seen}"


def check_egress_nat_policy(manifest: object) -> tuple[ManifestProblem, ...]:
    """Find whatever is wrong with a manifest.

    Whether the API server refuses each of these is not verified; none of them can mean what it says.

    :param manifest: what was found, of any type.
    :return: the problems from top to bottom; none where it can be read.
    """
    return tuple(_problems(manifest))


def read_egress_nat_policy(manifest: Mapping[str, object]) -> EgressNatPolicy:
    """Read a manifest.

    :param manifest: the object as YAML or JSON has it.
    :return: the object.
    :raises InvalidInputError: with the first problem that ``check_egress_nat_policy`` finds.
    """
    for problem in _problems(manifest):
        raise InvalidInputError(where=problem.where, expected=problem.expected, seen=problem.seen)
    metadata, spec = _section(manifest, "metadata"), _section(manifest, "spec")
    listed = spec["destinations"]
    entries = listed if isinstance(listed, list | tuple) else ()
    return EgressNatPolicy(
        name=str(metadata["name"]), destinations=tuple(parse_cidr(str(entry["cidr"])) for entry in entries)
    )


def egress_nat_policies(
    manifests: Iterable[Mapping[str, object]], *, ranges: NetworkRanges, has_agent: bool = False
) -> MasqueradePolicy:
    """Give the policy that several objects amount to: a destination keeps the Pod's address where any of them names it.

    An object called ``default`` takes the place of GKE's, or of Composer's where the environment has the agent; where
    none is, that one stays in force beside the others (that Composer's has this name too is inferred). That
    objects add up is inferred from all of them being lists of exceptions. Objects belong to the whole cluster, so that
    of two with one name the later replaces the earlier.

    :param manifests: the objects that were made or edited, in the order in which they are applied; GKE's own one for
        its fixed ranges may be left out.
    :param ranges: the cluster's ranges.
    :param has_agent: whether the environment has the agent, so that Composer's policy is the default one, default not.
    :return: the policy, with GKE's fixed ranges beside it.
    :raises InvalidInputError: when a manifest cannot be read.
    """
    read = [read_egress_nat_policy(manifest) for manifest in manifests]
    objects = {each.name: each for each in read}
    replaces_default = DEFAULT_NAME in objects
    is_alone = len(objects) == 1 and replaces_default
    provenance = Provenance.DOCUMENTED if is_alone else Provenance.INFERRED
    stated = [exemption for each in objects.values() for exemption in _exemptions_of(each, provenance=provenance)]
    untouched = exemptions(ranges.pod, origin="Composer's policy") if has_agent else gke_default_exemptions()
    default = () if replaces_default else untouched
    chain = Chain(name=GKE_CHAIN, exemptions=(*stated, *default, *gke_fixed(ranges)))
    return MasqueradePolicy(name="egress_nat_policies", chains=(chain,), provenance=provenance)


def _exemptions_of(policy: EgressNatPolicy, *, provenance: Provenance) -> tuple[Exemption, ...]:
    return exemptions(policy.destinations, origin=f"{KIND} {policy.name}", provenance=provenance)


def _problems(manifest: object) -> Iterator[ManifestProblem]:
    if not isinstance(manifest, Mapping):
        yield _problem("manifest", f"an object with kind: {KIND}", manifest)
        return
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if manifest.get(key) != expected:
            yield _problem(key, expected, manifest.get(key))
    name = _section(manifest, "metadata").get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield _problem("metadata.name", "a name of lower-case letters, digits, '-' and '.'", name)
    spec = _section(manifest, "spec")
    if spec.get("action") != ACTION:
        yield _problem("spec.action", f"{ACTION}, the only action there is", spec.get("action"))
    destinations = spec.get("destinations")
    if not isinstance(destinations, list | tuple):
        yield _problem("spec.destinations", "a list of objects with a cidr", destinations)
        return
    for number, entry in enumerate(destinations):
        yield from _destination_problems(entry, where=f"spec.destinations[{number}]")


def _destination_problems(entry: object, *, where: str) -> Iterator[ManifestProblem]:
    if not isinstance(entry, Mapping):
        yield _problem(where, "an object such as {cidr: 10.0.0.0/8}, not a bare value", entry)
        return
    cidr = entry.get("cidr")
    if not isinstance(cidr, str):
        yield _problem(f"{where}.cidr", "a CIDR such as 10.0.0.0/8", cidr)
        return
    try:
        parse_cidr(cidr, where=f"{where}.cidr")
    except InvalidInputError as error:
        yield ManifestProblem(where=error.where, expected=error.expected, seen=error.seen)


def _section(manifest: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = manifest.get(key)
    return value if isinstance(value, Mapping) else {}


def _problem(where: str, expected: str, value: object) -> ManifestProblem:
    return ManifestProblem(where=where, expected=expected, seen=describe(value))
