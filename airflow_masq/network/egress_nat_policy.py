"""The EgressNATPolicy objects of an Autopilot cluster, and the policy that they add up to.

Two exist from the start: ``default``, which may be edited, and ``gke-<hash>-1``, which holds the nodes, Pods and
Services and which cannot be changed; more may be created beside them [source: egress-nat-policy-objects].

A manifest is checked for mistakes that change its meaning. Keys of ``spec`` that GKE's object does not have are found
apart: another product's object of that kind has selectors, and GKE's exempts every Pod anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.policy import (
    GKE_CHAIN,
    Chain,
    MasqueradePolicy,
    list_gke_default_exemptions,
    list_gke_fixed_exemptions,
    make_exemptions,
)
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import NetworkRanges, parse_cidr
from airflow_masq.text import describe, escape

if TYPE_CHECKING:
    from netaddr import IPNetwork

API_VERSION: Final = "networking.gke.io/v1"
KIND: Final = "EgressNATPolicy"
ACTION: Final = "NoSNAT"
DEFAULT_NAME: Final = "default"

# A DNS subdomain name [source: k8s-object-names].
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, kw_only=True)
class EgressNatPolicy:
    """One object, read."""

    name: str
    destinations: tuple[IPNetwork, ...]  # those that keep the Pod's address, in the object's order


@dataclass(frozen=True, kw_only=True)
class ManifestProblem:
    """Something in a manifest that is not as it must be."""

    where: str  # the place inside the manifest: spec.destinations[0].cidr
    expected: str
    seen: str  # capped and escaped

    @property
    def message(self) -> str:
        """What was expected and what was seen, in a few words."""
        return f"expected {self.expected}, saw {self.seen}"


def check_egress_nat_policy(manifest: object) -> tuple[ManifestProblem, ...]:
    """Find the problems of a manifest of any type, from top to bottom; none where it can be read.

    Whether the API server refuses each of them is not verified. Each changes the meaning of the manifest.
    """
    return tuple(_find_problems(manifest))


def find_unknown_keys(manifest: object) -> tuple[ManifestProblem, ...]:
    """Find the keys of ``spec`` and its destinations that GKE's object does not have [source: egress-nat-policy-spec].

    A cluster ignores them. A person who wrote them means them.
    """
    if not isinstance(manifest, Mapping) or manifest.get("kind") not in (None, KIND):
        return ()
    spec = _read_section(manifest, "spec")
    places: list[tuple[str, Mapping[str, object], tuple[str, ...]]] = [("spec", spec, ("action", "destinations"))]
    destinations = spec.get("destinations")
    for number, entry in enumerate(destinations if isinstance(destinations, list | tuple) else ()):
        if isinstance(entry, Mapping):
            places.append((f"spec.destinations[{number}]", entry, ("cidr",)))
    problems = []
    for where, section, known in places:
        for key in section:
            if key not in known:
                name = escape(str(key), limit=60)
                seen = f"{name}, which GKE's object does not have: it always concerns every Pod"
                expected = f"only {' and '.join(known)}"
                problems.append(ManifestProblem(where=f"{where}.{name}", expected=expected, seen=seen))
    return tuple(problems)


def read_egress_nat_policy(manifest: Mapping[str, object]) -> EgressNatPolicy:
    """Read a manifest as YAML or JSON has it.

    :raises InvalidInputError: with the first problem that ``check_egress_nat_policy`` finds.
    """
    for problem in _find_problems(manifest):
        raise InvalidInputError(where=problem.where, expected=problem.expected, seen=problem.seen)
    metadata, spec = _read_section(manifest, "metadata"), _read_section(manifest, "spec")
    destinations = spec["destinations"]
    entries = destinations if isinstance(destinations, list | tuple) else ()
    return EgressNatPolicy(
        name=str(metadata["name"]), destinations=tuple(parse_cidr(str(entry["cidr"])) for entry in entries)
    )


def combine_egress_nat_policies(
    manifests: Iterable[Mapping[str, object]], *, ranges: NetworkRanges, has_agent: bool = False
) -> MasqueradePolicy:
    """Combine objects into one policy: a destination keeps the Pod's address where any of them names it.

    An object called ``default`` takes the place of GKE's, or of Composer's where the environment has the agent. Without
    such an object, that one stays in force beside the others. It is inferred that Composer's has this name too, and
    that objects add up, since all of them are lists of exceptions.

    :param manifests: the objects that were made or edited, in the order in which they are applied; GKE's own one for
        its fixed ranges may be left out.
    :param ranges: the cluster's ranges.
    :param has_agent: whether the environment has the agent, so that Composer's policy is the default one, default not.
    :raises InvalidInputError: when a manifest cannot be read.
    """
    # Objects belong to the whole cluster, so that of two with one name the later replaces the earlier.
    objects = {each.name: each for each in map(read_egress_nat_policy, manifests)}
    replaces_default = DEFAULT_NAME in objects
    is_alone = len(objects) == 1 and replaces_default
    provenance = Provenance.DOCUMENTED if is_alone else Provenance.INFERRED
    stated = [
        exemption
        for each in objects.values()
        for exemption in make_exemptions(each.destinations, origin=f"{KIND} {each.name}", provenance=provenance)
    ]
    untouched = make_exemptions(ranges.pod, origin="Composer's policy") if has_agent else list_gke_default_exemptions()
    default = () if replaces_default else untouched
    chain = Chain(name=GKE_CHAIN, exemptions=(*stated, *default, *list_gke_fixed_exemptions(ranges)))
    return MasqueradePolicy(name="egress_nat_policies", chains=(chain,), provenance=provenance)


def _find_problems(manifest: object) -> Iterator[ManifestProblem]:
    if not isinstance(manifest, Mapping):
        yield _make_problem("manifest", f"an object with kind: {KIND}", manifest)
        return
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if manifest.get(key) != expected:
            yield _make_problem(key, expected, manifest.get(key))
    if manifest.get("kind") not in (None, KIND):  # another object, of which nothing else is known
        return
    name = _read_section(manifest, "metadata").get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield _make_problem("metadata.name", "a name of lower-case letters, digits, '-' and '.'", name)
    spec = _read_section(manifest, "spec")
    if spec.get("action") != ACTION:
        yield _make_problem("spec.action", f"{ACTION}, the only action", spec.get("action"))
    destinations = spec.get("destinations")
    if not isinstance(destinations, list | tuple):
        yield _make_problem("spec.destinations", "a list of objects with a cidr", destinations)
        return
    for number, entry in enumerate(destinations):
        yield from _find_destination_problems(entry, where=f"spec.destinations[{number}]")


def _find_destination_problems(entry: object, *, where: str) -> Iterator[ManifestProblem]:
    if not isinstance(entry, Mapping):
        yield _make_problem(where, "an object such as {cidr: 10.0.0.0/8}, not a bare value", entry)
        return
    cidr = entry.get("cidr")
    if not isinstance(cidr, str):
        yield _make_problem(f"{where}.cidr", "a CIDR such as 10.0.0.0/8", cidr)
        return
    try:
        parse_cidr(cidr, where=f"{where}.cidr")
    except InvalidInputError as error:
        yield ManifestProblem(where=error.where, expected=error.expected, seen=error.seen)


def _read_section(manifest: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = manifest.get(key)
    return value if isinstance(value, Mapping) else {}


def _make_problem(where: str, expected: str, value: object) -> ManifestProblem:
    return ManifestProblem(where=where, expected=expected, seen=describe(value))
