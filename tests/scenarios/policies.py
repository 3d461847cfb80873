"""The package's policies for a policy's words: the predictor's side of the oracle.

It uses the same functions as plans and commands, so packets refute their mistakes too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, assert_never

from airflow_masq.agent.config import derive_agent_policy, read_agent_config
from airflow_masq.network.egress_nat_policy import combine_egress_nat_policies
from airflow_masq.network.policy import MasqueradePolicy, make_composer_policy, make_gke_default_policy, make_no_policy
from tests.scenarios.words import Agent, Agents, BuiltIn, Known, Objects, Words

if TYPE_CHECKING:
    from airflow_masq.network.ranges import NetworkRanges

#: The chains of two agents.
CHAIN_NAMES = ("IP-MASQ", "IP-MASQ-AGENT")


@lru_cache(maxsize=256)
def make_policy(words: Words, ranges: NetworkRanges) -> MasqueradePolicy:
    """Read a policy's words with the package, for the ranges of a plan."""
    match words:
        case Agents(agents=(agent,)):
            return _make_agent_policy(agent)
        case Agents():
            chains = [
                replace(chain, name=name)
                for name, agent in zip(CHAIN_NAMES, words.agents, strict=False)
                for chain in _make_agent_policy(agent).chains
            ]
            return MasqueradePolicy(name="agents", chains=tuple(chains))
        case Objects():
            manifests = [each.manifest for each in words.objects]
            return combine_egress_nat_policies(manifests, ranges=ranges, has_agent=words.has_agent)
        case BuiltIn(name=Known.COMPOSER):
            return make_composer_policy(ranges, autopilot=words.autopilot)
        case BuiltIn(name=Known.GKE_DEFAULT):
            return make_gke_default_policy(ranges, autopilot=words.autopilot)
        case BuiltIn():
            return make_no_policy()
    assert_never(words)


def _make_agent_policy(agent: Agent) -> MasqueradePolicy:
    reading = read_agent_config(agent.config, enable_ipv6=agent.ipv6, reserved_ranges=agent.reserved_ranges)
    return derive_agent_policy(reading)
