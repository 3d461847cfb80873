"""The problems of a plan's EgressNATPolicy manifests, divided between MASQ303 and MASQ304."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_masq.network.egress_nat_policy import ManifestProblem, check_egress_nat_policy, find_unknown_keys
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def find_bare_destinations(plan: Plan) -> Iterator[tuple[str, ManifestProblem]]:
    """Find destinations that are text instead of objects, each with its place in the plan."""
    return (found for found, is_bare in _find_problems(plan) if is_bare)


def find_other_problems(plan: Plan) -> Iterator[tuple[str, ManifestProblem]]:
    """Find all other problems of the manifests, each with its place in the plan."""
    yield from (found for found, is_bare in _find_problems(plan) if not is_bare)
    yield from _find_repeated_names(plan)


def _find_repeated_names(plan: Plan) -> Iterator[tuple[str, ManifestProblem]]:
    seen: set[str] = set()
    for place, manifest in plan.policy_choice.placed_manifests:
        metadata = manifest.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            expected = "a unique name (this object replaces the one above it)"
            problem = ManifestProblem(where="metadata.name", expected=expected, seen=quote(name))
            yield f"{place}.{problem.where}", problem
        seen.add(name)


def _find_problems(plan: Plan) -> Iterator[tuple[tuple[str, ManifestProblem], bool]]:
    for place, manifest in plan.policy_choice.placed_manifests:
        bare = {f"spec.destinations[{position}]" for position in _list_text_positions(manifest)}
        for problem in (*check_egress_nat_policy(manifest), *find_unknown_keys(manifest)):
            yield (f"{place}.{problem.where}", problem), problem.where in bare


def _list_text_positions(manifest: Mapping[str, object]) -> list[int]:
    spec = manifest.get("spec")
    destinations = spec.get("destinations") if isinstance(spec, Mapping) else None
    entries = destinations if isinstance(destinations, list) else []
    return [position for position, entry in enumerate(entries) if isinstance(entry, str)]
