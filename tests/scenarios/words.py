"""A policy's words, as users write them: an agent's config, manifests, or the name of a built-in policy.

Both sides of the oracle start here: ``policies.py`` reads these words with the package, and ``chains.py`` makes the
nodes' rules from them without it. What the words mean is not known here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """The ways to write the same config."""

    FLOW = "YAML with lists in brackets"
    BLOCK = "YAML with lists in lines"
    JSON = "JSON"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent: its config and its flags.

    :param listed: ``nonMasqueradeCIDRs`` as written; ``None`` if the config has no such key.
    :param link_local: ``masqLinkLocal``.
    :param link_local_ipv6: ``masqLinkLocalIPv6``.
    :param ipv6: whether it runs with ``--enable-ipv6``.
    :param reserved_ranges: whether it runs with ``--nomasq-all-reserved-ranges``, as on GKE.
    """

    listed: tuple[str, ...] | None
    link_local: bool = False
    link_local_ipv6: bool = False
    ipv6: bool = False
    reserved_ranges: bool = True
    form: Form = Form.FLOW

    @property
    def config(self) -> str:
        """The config's text."""
        document: dict[str, object] = {} if self.listed is None else {"nonMasqueradeCIDRs": list(self.listed)}
        named = {"masqLinkLocal": self.link_local, "masqLinkLocalIPv6": self.link_local_ipv6}
        document |= {key: True for key, is_set in named.items() if is_set}
        if self.form is Form.JSON:
            return json.dumps(document)
        return "".join(f"{key}:{self._write(value)}\n" for key, value in document.items())

    def _write(self, value: object) -> str:
        if self.form is Form.BLOCK and isinstance(value, list):
            return "".join(f"\n- {json.dumps(entry)}" for entry in value)
        return f" {json.dumps(value)}"

    def __str__(self) -> str:
        flags = {"--enable-ipv6": self.ipv6, "--nomasq-all-reserved-ranges": self.reserved_ranges}
        return " ".join(["an agent with", repr(self.config), *(flag for flag, is_set in flags.items() if is_set)])


@dataclass(frozen=True, kw_only=True)
class Agents:
    """One agent, or two, in the order in which a packet meets their chains."""

    agents: tuple[Agent, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.agents))


@dataclass(frozen=True, kw_only=True)
class EgressNat:
    """One ``EgressNATPolicy``, with its destinations as written."""

    name: str
    cidrs: tuple[str, ...]

    @property
    def manifest(self) -> dict[str, object]:
        """The object as YAML has it, after the example of Google's page [source: egress-nat-policy-form]."""
        return {
            "apiVersion": "networking.gke.io/v1",
            "kind": "EgressNATPolicy",
            "metadata": {"name": self.name},
            "spec": {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in self.cidrs]},
        }

    def __str__(self) -> str:
        return f"{self.name} [{', '.join(self.cidrs)}]"


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Objects in the order in which a user applied them to an Autopilot cluster.

    :param has_agent: whether Composer's agent was enabled.
    """

    objects: tuple[EgressNat, ...]
    has_agent: bool = False

    def __str__(self) -> str:
        objects = " and ".join(map(str, self.objects)) or "(none)"
        return f"EgressNATPolicy {objects}{' with the agent' if self.has_agent else ''}"


class Known(StrEnum):
    """The built-in policies."""

    COMPOSER = "composer"
    GKE_DEFAULT = "gke-default"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class BuiltIn:
    """A built-in policy, on an Autopilot or a Standard cluster."""

    name: Known
    autopilot: bool = True

    def __str__(self) -> str:
        return f"{self.name} {'on Autopilot' if self.autopilot else 'on a Standard cluster'}"


Words = Agents | Objects | BuiltIn
