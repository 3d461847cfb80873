"""The resources of the emulated cluster: core ones, GKE's policies with their schema, and their definition.

The policies' schema is that of a real GKE cluster, as a generator of types has printed it: ``action`` and
``destinations`` are required, a destination's ``cidr`` is not, and ``status`` is empty
[source: egress-nat-policy-schema]. Whether ``action`` is an enum in the definition, whether a ``cidr`` has a
pattern and how many destinations there may be is not verified: here ``NoSNAT`` is the only action, a CIDR is any text,
and their number has no limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_VERBS: Final = ("get", "list", "watch")
ALL_VERBS: Final = ("create", "delete", "get", "list", "patch", "update", "watch")

JSON_MERGE: Final = "application/merge-patch+json"
STRATEGIC_MERGE: Final = "application/strategic-merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"

POLICY_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "required": ["action", "destinations"],
            "properties": {
                "action": {"type": "string", "enum": ["NoSNAT"]},
                "destinations": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"cidr": {"type": "string"}}},
                },
            },
        },
        "status": {"type": "object"},
    },
}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind of object.

    :param schema: the structural schema of a custom resource; ``None`` for a built-in one, which is not checked.
    :param patch_types: the media types of patches that it takes.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    patch_types: tuple[str, ...] = (JSON_MERGE, STRATEGIC_MERGE, APPLY)

    @property
    def api_version(self) -> str:
        """The objects' ``apiVersion``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified_name(self) -> str:
        """The plural with its group, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


NODES: Final = Resource(
    group="", version="v1", plural="nodes", kind="Node", namespaced=False, verbs=READ_VERBS, short_names=("no",)
)
CONFIG_MAPS: Final = Resource(
    group="",
    version="v1",
    plural="configmaps",
    kind="ConfigMap",
    namespaced=True,
    verbs=ALL_VERBS,
    short_names=("cm",),
)
POLICIES: Final = Resource(
    group="networking.gke.io",
    version="v1",
    plural="egressnatpolicies",
    kind="EgressNATPolicy",
    namespaced=False,
    verbs=ALL_VERBS,
    schema=POLICY_SCHEMA,
    patch_types=(JSON_MERGE, APPLY),
)
DEFINITIONS: Final = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
    verbs=READ_VERBS,
    short_names=("crd", "crds"),
)


def make_definition() -> dict[str, Any]:
    """Make the definition of GKE's policies, which its page looks for first [source: egress-nat-policy-crd]."""
    return {
        "apiVersion": DEFINITIONS.api_version,
        "kind": DEFINITIONS.kind,
        "metadata": {"name": POLICIES.qualified_name},
        "spec": {
            "group": POLICIES.group,
            "names": {
                "kind": POLICIES.kind,
                "listKind": f"{POLICIES.kind}List",
                "plural": POLICIES.plural,
                "singular": POLICIES.kind.lower(),
            },
            "scope": "Cluster",
            "versions": [
                {
                    "name": POLICIES.version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": POLICY_SCHEMA},
                }
            ],
        },
    }
