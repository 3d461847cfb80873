"""A config of the IP masquerade agent, read as the real agent reads it.

It is the key ``config`` of the ConfigMap ``kube-system/ip-masq-agent``. The agent turns it from YAML into JSON, decodes
that into its struct, validates the ranges, and writes one chain:

    text ──document──▶ JSON ──fields──▶ struct ──literals──▶ ranges ──▶ chain

What each step does was read in the agent's source and tried with its binary [source: ip-masq-agent-source,
observed-agent-config-format]. No text makes the reading fail. It is not stricter or laxer than the agent: what is
accepted but is probably a mistake is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.agent.document import ConfigText
from airflow_masq.agent.fields import CIDR_LIMIT_KEY, CIDRS_KEY, AgentFields
from airflow_masq.agent.literals import parse_agent_cidr
from airflow_masq.agent.warnings import describe_default_list, find_warnings
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.policy import (
    GKE_CHAIN,
    GKE_DEFAULT_NON_MASQUERADE,
    LINK_LOCAL,
    LINK_LOCAL_IPV6,
    Chain,
    MasqueradePolicy,
    Reason,
    make_exemptions,
)
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4, IPV6
from airflow_masq.text import quote

if TYPE_CHECKING:
    from netaddr import IPNetwork

# Without --nomasq-all-reserved-ranges the agent's default list is RFC 1918's three ranges, which GKE's begins with
# [source: ip-masq-agent-defaults].
RFC1918_RANGES: Final = GKE_DEFAULT_NON_MASQUERADE[:3]


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """What an agent does once it has accepted its config.

    :param non_masquerade: destinations that keep the Pod's address, in the order of the rules.
    :param masq_link_local: whether 169.254.0.0/16 is masqueraded too.
    :param masq_link_local_ipv6: whether fe80::/10 is masqueraded too.
    :param resync_interval_seconds: how often the rules are written again.
    :param enable_ipv6: whether the agent runs with ``--enable-ipv6``.
    :param lists_defaults: whether the list is the default one, because the config names none.
    :param cidr_limit: how many ranges the agent takes; it refuses a longer list as a whole.
    """

    non_masquerade: tuple[IPNetwork, ...]
    masq_link_local: bool
    masq_link_local_ipv6: bool
    resync_interval_seconds: float
    enable_ipv6: bool
    lists_defaults: bool
    cidr_limit: int


@dataclass(frozen=True, kw_only=True)
class AgentConfigReading:
    """What becomes of a config.

    :param accepted: whether the agent writes the rules.
    :param error: why it does not; ``None`` if it does.
    :param config: what the agent does; ``None`` if it refuses.
    :param warnings: what is accepted but is probably a mistake, and what makes this reading uncertain.
    :param remarks: what is good to know: which default list is assumed.
    :param certain: whether the real agent is known to read it so.
    :param is_unread: whether the config is too large to be read here, so that nothing is known of it.
    """

    accepted: bool
    error: str | None
    config: AgentConfig | None
    warnings: tuple[str, ...]
    remarks: tuple[str, ...]
    certain: bool
    is_unread: bool

    @property
    def ipv4_chain(self) -> tuple[str, ...] | None:
        """The rules of the IPv4 chain, "destination action" each; ``None`` if the config is refused."""
        if self.config is None:
            return None
        return _list_rules(self.config, IPV4, None if self.config.masq_link_local else LINK_LOCAL)

    @property
    def ipv6_chain(self) -> tuple[str, ...] | None:
        """The rules of the IPv6 chain; ``None`` if the config is refused or IPv6 is not enabled."""
        if self.config is None or not self.config.enable_ipv6:
            return None
        return _list_rules(self.config, IPV6, None if self.config.masq_link_local_ipv6 else LINK_LOCAL_IPV6)


def read_agent_config(text: str, *, enable_ipv6: bool = False, reserved_ranges: bool = False) -> AgentConfigReading:
    """Read a config as the agent would.

    :param text: the config; any text at all.
    :param enable_ipv6: whether the agent runs with ``--enable-ipv6``, default not.
    :param reserved_ranges: whether it runs with ``--nomasq-all-reserved-ranges``, as on GKE, default not.
    """
    source = ConfigText(text)
    config, error = None, None
    warnings: list[str] = []
    remarks: tuple[str, ...] = ()
    try:
        document = source.read()
        fields = AgentFields(str(cidr) for cidr in (GKE_DEFAULT_NON_MASQUERADE if reserved_ranges else RFC1918_RANGES))
        fields.fill(document)
        networks = _validate_list(fields, enable_ipv6=enable_ipv6)
        config = AgentConfig(
            non_masquerade=networks,
            masq_link_local=fields.masq_link_local,
            masq_link_local_ipv6=fields.masq_link_local_ipv6,
            resync_interval_seconds=fields.resync_interval_seconds,
            enable_ipv6=enable_ipv6,
            lists_defaults=fields.lists_defaults,
            cidr_limit=fields.cidr_limit,
        )
        warnings.extend(find_warnings(document, fields=fields, networks=networks))
        if fields.lists_defaults:
            remarks = (describe_default_list(networks),)
    except InvalidInputError as refusal:
        error = str(refusal)
    repeated = (
        f"the key {quote(key)} occurs twice, and the agent uses the later one. Remove one"
        for key in source.repeated_keys
    )
    warnings.extend(dict.fromkeys(repeated))
    warnings.extend(f"this reading is not certain: {doubt}" for doubt in dict.fromkeys(source.doubts))
    return AgentConfigReading(
        accepted=config is not None,
        error=error,
        config=config,
        warnings=tuple(warnings),
        remarks=remarks,
        certain=not source.doubts,
        is_unread=source.is_too_much,
    )


def derive_agent_policy(reading: AgentConfigReading, *, name: str = "agent_config") -> MasqueradePolicy:
    """Give the policy that follows from a config.

    A refused config gives a policy without chains: an agent that finds it at its first start writes none, and Pod
    addresses leak everywhere [source: observed-agent-first-start].
    """
    provenance = Provenance.OBSERVED if reading.certain else Provenance.INFERRED
    config = reading.config
    if config is None:
        remark = "the agent refuses its config, and at its first start writes no rules"
        return MasqueradePolicy(name=name, chains=(), provenance=provenance, remark=remark)
    origin, reason = "the agent's config", Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
    if config.lists_defaults:
        origin, reason = "the agent's default list", Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE
    chain = Chain(
        name=GKE_CHAIN,
        exemptions=make_exemptions(config.non_masquerade, origin=origin, reason=reason, provenance=provenance),
        ipv6=config.enable_ipv6,
        masquerades_link_local=config.masq_link_local,
        masquerades_link_local_ipv6=config.masq_link_local_ipv6,
    )
    return MasqueradePolicy(name=name, chains=(chain,), provenance=provenance)


def _validate_list(fields: AgentFields, *, enable_ipv6: bool) -> tuple[IPNetwork, ...]:
    if len(fields.cidrs) > fields.cidr_limit:
        expected = f"at most {fields.cidr_limit} ({CIDR_LIMIT_KEY})"
        raise InvalidInputError(where=CIDRS_KEY, expected=expected, seen=str(len(fields.cidrs)))
    networks = []
    for index, text in enumerate(fields.cidrs):
        network = parse_agent_cidr(text, where=f"{CIDRS_KEY}[{index}]")
        if network.version == IPV6 and not enable_ipv6:
            expected = "no IPv6 without the agent's flag --enable-ipv6"
            raise InvalidInputError(where=f"{CIDRS_KEY}[{index}]", expected=expected, seen=quote(text))
        networks.append(network)
    return tuple(networks)


def _list_rules(config: AgentConfig, version: int, link_local: IPNetwork | None) -> tuple[str, ...]:
    own = (network for network in config.non_masquerade if network.version == version)
    returned = (*own,) if link_local is None else (link_local, *own)
    return (*("RETURN" if not network.prefixlen else f"{network} RETURN" for network in returned), "MASQUERADE")
