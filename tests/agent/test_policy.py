"""A config becomes the policy that decides about packets."""

from __future__ import annotations

from netaddr import IPAddress

from airflow_masq.agent.config import AgentConfigReading, agent_policy, read_agent_config
from airflow_masq.network.policy import Reason, decide
from airflow_masq.network.provenance import Provenance

POD = IPAddress("10.64.0.5")
PUBLIC = IPAddress("192.175.48.80")
ON_PREMISES = IPAddress("10.200.0.9")


def _decided(reading: AgentConfigReading, destination: IPAddress) -> tuple[bool, Reason, str]:
    decision = decide(agent_policy(reading), pod=POD, destination=destination)
    return decision.masqueraded, decision.reason, decision.origin


def test_the_policy_follows_the_configs_list() -> None:
    """Destinations of the list see the Pod because of the config, all others the node."""
    reading = read_agent_config("nonMasqueradeCIDRs: [10.200.0.0/16]")
    reason = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
    assert _decided(reading, ON_PREMISES) == (False, reason, "the agent's config")
    assert _decided(reading, PUBLIC) == (True, Reason.MASQUERADED, "policy agent_config")


def test_the_policy_follows_the_default_list_where_the_config_has_none() -> None:
    """A misspelt key leaves the defaults: on-premises sees the Pod, for the default list's sake."""
    reading = read_agent_config("nonMasqueradeCIDR: []")
    reason = Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE
    assert _decided(reading, ON_PREMISES) == (False, reason, "the agent's default list")
    assert _decided(reading, PUBLIC)[0]


def test_the_policys_flags_are_the_agents() -> None:
    """IPv6 and the link-local ranges are masqueraded just where the config and the flag say so."""
    text = "nonMasqueradeCIDRs: []\nmasqLinkLocal: true"
    link_local, ipv6 = IPAddress("169.254.169.254"), IPAddress("2001:db8::1")
    assert _decided(read_agent_config(text), link_local)[0]
    assert not _decided(read_agent_config("nonMasqueradeCIDRs: []"), link_local)[0]
    assert _decided(read_agent_config(text, enable_ipv6=True), ipv6)[0]
    assert not _decided(read_agent_config(text), ipv6)[0]
    chain = agent_policy(read_agent_config("masqLinkLocalIPv6: true")).chains[0]
    assert (chain.masquerades_link_local, chain.masquerades_link_local_ipv6, chain.ipv6) == (False, True, False)


def test_a_refused_config_masquerades_nothing() -> None:
    """An agent that finds it at its first start writes no chain, so every destination sees the Pod."""
    policy = agent_policy(read_agent_config("nonMasqueradeCIDRs: [10.0.0.1]"), name="broken")
    assert (policy.name, policy.chains, policy.provenance) == ("broken", (), Provenance.OBSERVED)
    assert not decide(policy, pod=POD, destination=PUBLIC).masqueraded


def test_a_policy_from_an_uncertain_reading_is_inferred() -> None:
    """What is not certain is not sold as observed."""
    certain, uncertain = read_agent_config("a: 1"), read_agent_config("a: 1\n\ufeffb: 2")
    assert agent_policy(certain).provenance is Provenance.OBSERVED
    assert agent_policy(uncertain).provenance is Provenance.INFERRED
