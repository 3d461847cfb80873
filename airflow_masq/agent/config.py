"""A config of the IP masquerade agent, read as the real agent reads it.

It is the key ``config`` of the ConfigMap ``kube-system/ip-masq-agent``. The agent turns it from YAML into JSON, decodes
that into its struct (``agent_fields``), validates, and writes one chain:

    text ──go_yaml──▶ JSON ──agent_fields──▶ struct ──go_cidr──▶ ranges ──▶ chain
      └──────────── go_json, where it starts with "{"

What each step does was read in https://github.com/kubernetes-sigs/ip-masq-agent (``ip-masq-agent.go``, 2026-11-22) and
tried with the real binary. The module must not raise on any text, and must not be stricter or laxer than the agent:
what is accepted but surely not meant is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.agent.fields import CIDR_LIMIT_KEY, CIDRS_KEY, AgentFields
from airflow_masq.agent.go_cidr import parse_go_cidr
from airflow_masq.agent.go_json import JsonValue, parse_json
from airflow_masq.agent.go_yaml import json_from_yaml
from airflow_masq.agent.warnings import config_warnings
from airflow_masq.agent.yaml_gaps import (
    doubt_about_refusal,
    doubt_about_text,
    other_reading_of_refusal,
    other_reading_of_text,
)
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.policy import (
    GKE_CHAIN,
    GKE_DEFAULT_NON_MASQUERADE,
    LINK_LOCAL,
    LINK_LOCAL_IPV6,
    Chain,
    MasqueradePolicy,
    Reason,
    exemptions,
)
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4, IPV6
from airflow_masq.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPNetwork


# Without --nomasq-all-reserved-ranges the agent's default list is RFC 1918's three ranges, which GKE's begins with.
RFC1918_RANGES: Final = GKE_DEFAULT_NON_MASQUERADE[:3]

LARGEST_TEXT_CHARACTERS: Final = 256 * 1024

# What unicode.IsSpace of Go calls a blank (https://pkg.go.dev/unicode#IsSpace, read 2026-11-22); Python's own list is
# longer. Behind them a "{" makes the agent read JSON.
_GO_BLANKS: Final = "\t\n\v\f\r \x85\xa0" + "".join(
    map(chr, (0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """What an agent does once it has accepted its config.

    :param non_masquerade: destinations that keep the Pod's address, in the order of the rules.
    :param masq_link_local: whether 169.254.0.0/16 is masqueraded too.
    :param masq_link_local_ipv6: whether fe80::/10 is masqueraded too.
    :param resync_interval_seconds: how often the rules are written again.
    :param enable_ipv6: whether the agent runs with ``--enable-ipv6``.
    :param lists_defaults: whether the list is the default one, because the config names none.
    :param cidr_limit: how many ranges the agent takes; a longer list is refused as a whole.
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
    :param error: why it does not; ``None`` where it does.
    :param config: what the agent does; ``None`` where it refuses.
    :param warnings: what is accepted but surely not meant, and what makes this reading uncertain.
    :param certain: whether the real agent surely reads it so.
    """

    accepted: bool
    error: str | None
    config: AgentConfig | None
    warnings: tuple[str, ...]
    certain: bool

    @property
    def ipv4_chain(self) -> tuple[str, ...] | None:
        """The rules of the IPv4 chain, "destination action" each; ``None`` where the config is refused."""
        if self.config is None:
            return None
        return _rows(self.config, IPV4, None if self.config.masq_link_local else LINK_LOCAL)

    @property
    def ipv6_chain(self) -> tuple[str, ...] | None:
        """The rules of the IPv6 chain; ``None`` where the config is refused or IPv6 is not enabled."""
        if self.config is None or not self.config.enable_ipv6:
            return None
        return _rows(self.config, IPV6, None if self.config.masq_link_local_ipv6 else LINK_LOCAL_IPV6)


def read_agent_config(text: str, *, enable_ipv6: bool = False, reserved_ranges: bool = False) -> AgentConfigReading:
    """Read a config as the agent would.

    :param text: the config; any text at all.
    :param enable_ipv6: whether the agent runs with ``--enable-ipv6``, default not.
    :param reserved_ranges: whether it runs with ``--nomasq-all-reserved-ranges``, as on GKE, default not.
    :return: the outcome.
    """
    notes: list[str] = []
    doubts: list[str] = []
    try:
        config, warnings = _read(text, notes, doubts, enable_ipv6=enable_ipv6, reserved_ranges=reserved_ranges)
    except yaml.YAMLError as error:
        doubts.extend(doubt_about_refusal(error, text=text))
        return _refusal(f"config: expected YAML, saw {_problem(error)}", notes=notes, doubts=doubts)
    except InvalidInputError as error:
        return _refusal(str(error), notes=notes, doubts=doubts)
    except RecursionError as error:
        doubts.append(f"the config is not read here: {error}")
        return _refusal(doubts[-1], notes=notes, doubts=doubts)
    warnings = (*warnings, *dict.fromkeys(notes), *_uncertain(doubts))
    return AgentConfigReading(accepted=True, error=None, config=config, warnings=warnings, certain=not doubts)


def agent_policy(reading: AgentConfigReading, *, name: str = "agent_config") -> MasqueradePolicy:
    """Give the policy that follows from a config.

    :param reading: the outcome of reading it.
    :param name: the policy's name, default ``agent_config``.
    :return: the policy; of a refused config one without chains, which is what an agent leaves that finds it at its
        first start (observed 2026-11-22: Pod addresses leak everywhere).
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
        exemptions=exemptions(config.non_masquerade, origin=origin, reason=reason, provenance=provenance),
        ipv6=config.enable_ipv6,
        masquerades_link_local=config.masq_link_local,
        masquerades_link_local_ipv6=config.masq_link_local_ipv6,
    )
    return MasqueradePolicy(name=name, chains=(chain,), provenance=provenance)


def _read(
    text: str, notes: list[str], doubts: list[str], *, enable_ipv6: bool, reserved_ranges: bool
) -> tuple[AgentConfig, tuple[str, ...]]:
    document = _document(text, notes, doubts)
    fields = AgentFields(str(cidr) for cidr in (GKE_DEFAULT_NON_MASQUERADE if reserved_ranges else RFC1918_RANGES))
    fields.fill(document)
    if len(fields.cidrs) > fields.cidr_limit:
        expected = f"at most {fields.cidr_limit} ({CIDR_LIMIT_KEY})"
        raise InvalidInputError(where=CIDRS_KEY, expected=expected, seen=str(len(fields.cidrs)))
    networks = tuple(_networks(fields.cidrs, notes, enable_ipv6=enable_ipv6))
    config = AgentConfig(
        non_masquerade=networks,
        masq_link_local=fields.masq_link_local,
        masq_link_local_ipv6=fields.masq_link_local_ipv6,
        resync_interval_seconds=fields.resync_interval_seconds,
        enable_ipv6=enable_ipv6,
        lists_defaults=fields.lists_defaults,
        cidr_limit=fields.cidr_limit,
    )
    return config, tuple(config_warnings(document, fields=fields, networks=networks))


def _document(text: str, notes: list[str], doubts: list[str]) -> JsonValue:
    if len(text) > LARGEST_TEXT_CHARACTERS:
        raise RecursionError(f"it has more than {LARGEST_TEXT_CHARACTERS} characters")
    is_json = text.lstrip(_GO_BLANKS).startswith("{")
    if not is_json:
        doubts.extend(doubt_about_text(text))
    try:
        document = parse_json(text) if is_json else json_from_yaml(text, note=notes.append)
    except (yaml.YAMLError, InvalidInputError):
        notes.extend(other_reading_of_refusal(text))
        raise
    if not is_json:
        notes.extend(other_reading_of_text(text))
    return document


def _networks(cidrs: tuple[str, ...], notes: list[str], *, enable_ipv6: bool) -> Iterator[IPNetwork]:
    for index, text in enumerate(cidrs):
        where = f"{CIDRS_KEY}[{index}]"
        cidr = parse_go_cidr(text, where=where)
        if cidr.network is None:
            expected = "a CIDR that iptables can read (the agent lets it pass, and then no rules are written)"
            raise InvalidInputError(where=where, expected=expected, seen=excerpt(text))
        if cidr.network.version == IPV6 and not enable_ipv6:
            expected = "no IPv6 without the agent's flag --enable-ipv6"
            raise InvalidInputError(where=where, expected=expected, seen=excerpt(text))
        if not cidr.agreed:
            notes.append(f"{excerpt(text)} becomes {cidr.network}, since iptables takes a leading zero for octal")
        yield cidr.network


def _rows(config: AgentConfig, version: int, link_local: IPNetwork | None) -> tuple[str, ...]:
    own = (network for network in config.non_masquerade if network.version == version)
    returned = (*own,) if link_local is None else (link_local, *own)
    return (*("RETURN" if not network.prefixlen else f"{network} RETURN" for network in returned), "MASQUERADE")


def _refusal(error: str, *, notes: list[str], doubts: list[str]) -> AgentConfigReading:
    warnings = (*dict.fromkeys(notes), *_uncertain(doubts))
    return AgentConfigReading(accepted=False, error=error, config=None, warnings=warnings, certain=not doubts)


def _uncertain(doubts: list[str]) -> tuple[str, ...]:
    return tuple(f"this reading is not certain: {doubt}" for doubt in doubts)


def _problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"in line {error.problem_mark.line + 1}: {error.problem}"
    return "a character that YAML does not allow"
