"""The ``EgressNATPolicy`` objects of a cluster as its API server has them: what is in force, and who set it.

Unlike a plan's manifests they are read leniently. What an API server has accepted exists, whatever it says, and a
report must show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.egress_nat_policy import ACTION, API_VERSION, KIND
from airflow_masq.network.ranges import parse_cidr

# "gke-bbfa6c0e-1" is the page's example [source: egress-nat-policy-objects].
_FIXED_NAME: Final = re.compile(r"gke-[0-9a-f]+-[0-9]+")
_LIST_FIELD: Final = "f:destinations"
_ADDON_MODE: Final = "addonmanager.kubernetes.io/mode"


@dataclass(frozen=True, kw_only=True)
class LiveObject:
    """One object.

    :param action: ``spec.action``; empty where it is missing.
    :param destinations: the CIDRs as the object has them, in its order. An entry without one is an empty text.
    :param managers: who last set the list, by the names of the field managers. Several own it where they agree.
    :param resource_version: changes with each write. Objects that differ in nothing else are equal.
    :param generation: counts the changes of ``spec``, from 1 on; 0 where it is not told.
    :param addon_mode: what the addon manager does with it [source: k8s-addon-manager]: ``EnsureExists`` creates it
        where it is missing, ``Reconcile`` undoes every change; empty: nothing.
    """

    name: str
    action: str = ACTION
    destinations: tuple[str, ...] = ()
    managers: tuple[str, ...] = field(default=(), compare=False)
    resource_version: str = field(default="", compare=False)
    generation: int = field(default=0, compare=False)
    addon_mode: str = field(default="", compare=False)

    @property
    def is_untouched(self) -> bool:
        """Whether it still is as GKE created it for users to edit, so that its creator is no one to ask."""
        return self.addon_mode == "EnsureExists" and self.generation == 1

    @property
    def is_reconciled(self) -> bool:
        """Whether the addon manager undoes every change."""
        return self.addon_mode == "Reconcile"

    @property
    def is_fixed(self) -> bool:
        """Whether it is GKE's own, which cannot be changed; its name says so."""
        return is_fixed_name(self.name)

    def as_manifest(self) -> dict[str, Any]:
        """Write the object as a manifest."""
        return make_manifest(self.name, cidrs=self.destinations, action=self.action)

    def as_json(self) -> dict[str, Any]:
        """Write the object as JSON values, for XComs and reports."""
        return {
            "name": self.name,
            "action": self.action,
            "destinations": list(self.destinations),
            "managers": list(self.managers),
            "resource_version": self.resource_version,
        }


@dataclass(frozen=True, kw_only=True)
class LivePolicy:
    """All objects of a cluster, by name. Two are equal where their objects say the same."""

    objects: tuple[LiveObject, ...] = ()

    @property
    def editable(self) -> tuple[LiveObject, ...]:
        """The objects that may be changed: all but GKE's own."""
        return tuple(each for each in self.objects if not each.is_fixed)

    @property
    def fixed(self) -> tuple[LiveObject, ...]:
        """GKE's own objects, which hold the cluster's node, Pod and Service ranges."""
        return tuple(each for each in self.objects if each.is_fixed)

    def find(self, name: str) -> LiveObject | None:
        """Find an object by its name."""
        return next((each for each in self.objects if each.name == name), None)

    def replace(self, objects: Iterable[LiveObject]) -> LivePolicy:
        """Put objects in the place of those with their names, or beside the others."""
        by_name = {each.name: each for each in (*self.objects, *objects)}
        return LivePolicy(objects=tuple(by_name[name] for name in sorted(by_name)))

    def as_json(self) -> dict[str, Any]:
        """Write the policy as JSON values; ``cluster_policy.read_recorded_policy`` reads it."""
        return {"objects": [each.as_json() for each in self.objects]}


@dataclass(frozen=True, kw_only=True)
class LiveNode:
    """One node.

    :param addresses: its internal addresses, as texts.
    :param pod_blocks: the CIDRs from which its Pods get their addresses, as texts.
    """

    name: str
    addresses: tuple[str, ...] = ()
    pod_blocks: tuple[str, ...] = ()


def read_live_policy(objects: Iterable[Mapping[str, Any]]) -> LivePolicy:
    """Read objects as the API server lists them; what is no object with a name is left out."""
    return LivePolicy().replace(filter(None, map(read_live_object, objects)))


def read_live_object(value: Mapping[str, Any]) -> LiveObject | None:
    """Read one object as the API server returns it; ``None`` where it has no name."""
    metadata, spec = (_read_mapping(value, key) for key in ("metadata", "spec"))
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        return None
    entries, generation = spec.get("destinations"), metadata.get("generation")
    return LiveObject(
        name=name,
        action=str(spec.get("action") or ""),
        destinations=tuple(_read_cidr(entry) for entry in entries) if isinstance(entries, list | tuple) else (),
        managers=tuple(_list_managers(metadata.get("managedFields"))),
        resource_version=str(metadata.get("resourceVersion") or ""),
        generation=generation if isinstance(generation, int) else 0,
        addon_mode=str(_read_mapping(metadata, "labels").get(_ADDON_MODE) or ""),
    )


def read_live_node(value: Mapping[str, Any]) -> LiveNode:
    """Read a node as the API server returns it [source: k8s-node-resource]."""
    metadata, spec, status = (_read_mapping(value, key) for key in ("metadata", "spec", "status"))
    addresses = status.get("addresses")
    blocks = spec.get("podCIDRs") or [spec.get("podCIDR")]
    return LiveNode(
        name=str(metadata.get("name") or ""),
        addresses=tuple(
            str(each.get("address"))
            for each in (addresses if isinstance(addresses, list | tuple) else ())
            if isinstance(each, Mapping) and each.get("type") == "InternalIP"
        ),
        pod_blocks=tuple(each for each in blocks if isinstance(each, str)) if isinstance(blocks, list | tuple) else (),
    )


def is_fixed_name(name: str) -> bool:
    """Say whether an object of that name is GKE's own."""
    return _FIXED_NAME.fullmatch(name) is not None


def make_manifest(name: str, *, cidrs: Iterable[object], action: str = ACTION) -> dict[str, Any]:
    """Write a manifest with a list of destinations."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name},
        "spec": {"action": action, "destinations": [{"cidr": str(cidr)} for cidr in cidrs]},
    }


def sort_cidrs(cidrs: Iterable[str]) -> list[str]:
    """Sort CIDRs by address, without duplicates; texts that are none come last, in the order of their letters."""
    return sorted(set(cidrs), key=_make_sort_key)


def _make_sort_key(text: str) -> tuple[int, int, int, str]:
    try:
        network = parse_cidr(text)
    except InvalidInputError:
        return (10, 0, 0, text)
    return (network.version, network.first, network.prefixlen, text)


def _read_mapping(value: object, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _read_cidr(entry: object) -> str:
    """Read an entry of the list; a bare string, which the schema should not let in, is shown as it is."""
    found = entry.get("cidr") if isinstance(entry, Mapping) else entry
    return found if isinstance(found, str) else ""


def _list_managers(entries: object) -> list[str]:
    """List the field managers that own the list of destinations [source: k8s-server-side-apply]."""
    names = []
    for entry in entries if isinstance(entries, list | tuple) else ():
        owned = _read_mapping(_read_mapping(entry, "fieldsV1"), "f:spec")
        if _LIST_FIELD in owned and isinstance(entry.get("manager"), str):
            names.append(entry["manager"])
    return list(dict.fromkeys(names))
