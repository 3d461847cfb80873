"""The policy that is wanted: a plan's, a list of CIDRs, or manifests.

What comes out can be applied: an object with a mistake, or of GKE's own, is refused here, since applying half of a
policy leaves a third one in force.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from airflow_masq.agent.manifests import find_manifests, read_documents
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.egress_nat_policy import (
    DEFAULT_NAME,
    KIND,
    ManifestProblem,
    check_egress_nat_policy,
    find_unknown_keys,
)
from airflow_masq.network.live_policy import LivePolicy, is_fixed_name, make_manifest, read_live_policy
from airflow_masq.network.ranges import IPV4, parse_cidr
from airflow_masq.reading import Place
from airflow_masq.renderings.policy import make_egress_nat_policy
from airflow_masq.text import describe, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.plan import Plan

_SEPARATORS: Final = re.compile(r"[\s,]+")
_MOST_DESTINATIONS: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class WantedPolicy:
    """The objects as they are to be; those of other names stay as they are.

    :param manifests: what to apply, each of another name.
    """

    manifests: tuple[Mapping[str, Any], ...]

    @property
    def policy(self) -> LivePolicy:
        """The objects as values, to compare with what is live."""
        return read_live_policy(self.manifests)


def want_plan_policy(plan: Plan) -> WantedPolicy:
    """Want what a plan says: its own manifests, else its policy as the object ``default``.

    :param plan: with the cluster's live ranges, which the list gets besides the policy's own destinations.
    :raises InexpressibleError: the policy is more than a list of exceptions, or the node or Pod ranges are not known.
    :raises InvalidInputError: a manifest cannot be applied.
    """
    choice = plan.policy_choice
    if choice.manifests:
        return _check(choice.manifests, places=[place for place, _ in choice.placed_manifests])
    return _check([make_egress_nat_policy(plan)], places=["policy"])


def want_destinations(value: object, *, name: str = DEFAULT_NAME) -> WantedPolicy:
    """Want a list of destinations that keep the Pod's address.

    :param value: a list of CIDRs, or a text with CIDRs between commas or blanks, or a JSON or YAML list.
    :param name: the object's name.
    :raises InvalidInputError: it is something else, or the object cannot be applied.
    """
    where = "destinations"
    given = value
    if isinstance(value, str):
        text = value.strip()
        given = _load_list(text, where=where) if text.startswith(("[", "- ")) else _SEPARATORS.split(text)
    cidrs = Place(where=where, value=given).read_cidrs(most=_MOST_DESTINATIONS)
    return _check([make_manifest(name, cidrs=cidrs)], places=[where])


def want_manifests(value: object) -> WantedPolicy:
    """Want manifests.

    :param value: one manifest as a mapping, a list of them, or YAML or JSON text with one or more.
    :raises InvalidInputError: it is something else, or an object cannot be applied.
    """
    where = "manifest"
    documents = read_documents(value) if isinstance(value, str) else value
    listed = documents if isinstance(documents, list | tuple) else [documents]
    found = find_manifests(listed)
    if not found:
        expected = f"a manifest of kind {KIND}, or several (YAML documents, or a list)"
        raise InvalidInputError(where=where, expected=expected, seen=describe(value))
    return _check(found, places=[where] if len(found) == 1 else [f"{where}[{index}]" for index in range(len(found))])


def _load_list(text: str, *, where: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise InvalidInputError(where=where, expected="a list of CIDRs", seen=quote(text)) from None


def _check(manifests: Sequence[Mapping[str, Any]], *, places: Sequence[str]) -> WantedPolicy:
    """Refuse what cannot be applied.

    :raises InvalidInputError: for the first mistake.
    """
    names: set[str] = set()
    for manifest, place in zip(manifests, places, strict=True):
        for problem in (*check_egress_nat_policy(manifest), *find_unknown_keys(manifest)):
            raise _make_error(problem, place=place)
        name = manifest["metadata"]["name"]
        if is_fixed_name(name):
            expected = "the name of an object that can be changed; GKE's own cannot"
            raise InvalidInputError(where=f"{place}.metadata.name", expected=expected, seen=quote(name))
        if name in names:
            raise InvalidInputError(where=f"{place}.metadata.name", expected="another name for each", seen=quote(name))
        names.add(name)
        for index, entry in enumerate(manifest["spec"]["destinations"]):
            if parse_cidr(entry["cidr"]).version != IPV4:
                # The agent refuses a list with IPv6 ranges as a whole, unless it runs with its flag
                # [source: ip-masq-agent-ipv6-refused], so that nodes would keep no list at all.
                where = f"{place}.spec.destinations[{index}].cidr"
                expected = "an IPv4 CIDR (the nodes' agents refuse a list with IPv6 ranges as a whole)"
                raise InvalidInputError(where=where, expected=expected, seen=quote(entry["cidr"]))
    cleaned = [
        make_manifest(each["metadata"]["name"], cidrs=[entry["cidr"] for entry in each["spec"]["destinations"]])
        for each in manifests
    ]
    return WantedPolicy(manifests=tuple(cleaned))


def _make_error(problem: ManifestProblem, *, place: str) -> InvalidInputError:
    return InvalidInputError(where=f"{place}.{problem.where}", expected=problem.expected, seen=problem.seen)
