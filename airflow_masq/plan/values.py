"""What a plan says, read and checked; it must hold no text that is still to be parsed, except what is Google's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import AddressKind, NetworkRanges, parse_address
from airflow_masq.plan.document import nearest_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPAddress, IPNetwork

    from airflow_masq.network.policy import MasqueradePolicy

# RFC 9110 section 4.2, RFC 8489 section 15.7 and RFC 1035 section 4.2; read 2026-11-22.
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "stun": 3478, "stun+tcp": 3478, "dns": 53}
_CONNECTION: Final = "airflow"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service that workers talk to, and the observer that stands for it.

    :param name: unique within its plan.
    :param observe: the observer's URL, without credentials; ``airflow://CONN_ID`` names a connection.
    :param allowed_sources: what that side's firewall lets in; empty where nobody said.
    :param expect: the source that it must see; ``None`` where nobody said.
    """

    name: str
    observe: str
    allowed_sources: tuple[IPNetwork, ...] = ()
    expect: AddressKind | None = None

    @property
    def host(self) -> str | None:
        """The observer's name or address, as the URL has it; ``None`` where a connection holds it."""
        parts = self._url()
        return None if parts.scheme == _CONNECTION else parts.hostname

    @property
    def address(self) -> IPAddress | None:
        """The observer's address, where the URL names one literally; names are not resolved."""
        try:
            return parse_address(self.host or "")
        except InvalidInputError:
            return None

    @property
    def port(self) -> int | None:
        """The observer's port, the scheme's own where the URL names none; ``None`` where a connection holds it."""
        parts = self._url()
        return None if parts.scheme == _CONNECTION else parts.port or _DEFAULT_PORTS.get(parts.scheme)

    def _url(self) -> SplitResult:
        return urlsplit(self.observe)


@dataclass(frozen=True, kw_only=True)
class PolicyChoice:
    """Which masquerade policy a plan takes to be in force, in the plan's own words.

    :param name: ``composer``, ``gke-default``, ``none``, ``egress_nat_policies`` or ``agent_config``.
    :param stated: whether the plan says so; else it follows from the environment's flag.
    :param manifests: the ``EgressNATPolicy`` objects as they stand there, flawed ones too.
    :param agent_config: the agent's config; ``None`` for every other policy.
    :param reserved_ranges: whether the agent's defaults are all reserved ranges, default true as on GKE.
    :param daemon_set: whether the agent's DaemonSet runs, default true; without it nobody reads the config.
    :param enable_ipv6: whether the agent runs with ``--enable-ipv6``, default not.
    """

    name: str
    stated: bool = False
    manifests: tuple[Mapping[str, object], ...] = field(default=(), hash=False)
    agent_config: str | None = None
    reserved_ranges: bool = True
    daemon_set: bool = True
    enable_ipv6: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One environment, its network and its targets.

    :param environment: Google's REST resource in camelCase; empty where the plan has none.
    :param cluster_version: the GKE version that the cluster was created with; ``None`` where nobody said.
    :param ranges: the cluster's network.
    :param policy: the masquerade policy taken to be in force.
    :param targets: in the plan's order.
    :param policy_choice: where ``policy`` comes from; default: GKE's, which nobody stated.
    :param takes_nodes_for_private: whether nodes count as private only because the plan names Cloud NAT, while its
        environment is no private one and the plan says nothing of its nodes; default not.
    :param lines: from places to lines of the file, from 1; empty where the plan did not come from a text. Two plans
        that say the same are equal, wherever they say it.
    """

    environment: Mapping[str, object] = field(hash=False)
    cluster_version: str | None
    ranges: NetworkRanges
    policy: MasqueradePolicy
    targets: tuple[Target, ...]
    policy_choice: PolicyChoice = PolicyChoice(name="gke-default")
    takes_nodes_for_private: bool = False
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def line_of(self, where: str) -> int | None:
        """Find the line of a place, for example of a finding's.

        :param where: the place, such as ``network.pod_ranges[0]``; fields of the environment in camelCase.
        :return: its line, or that of the nearest place around it; ``None`` where the plan did not come from a text.
        """
        return nearest_line(self.lines, where=where)
