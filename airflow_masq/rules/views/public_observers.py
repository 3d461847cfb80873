"""Finds targets that are public observers and so cannot verify the agent, for MASQ311 and MASQ313."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.prediction import predict_every_pod
from airflow_masq.network.ranges import IPV4, AddressKind
from airflow_masq.rules.views.targets import SOMEWHERE_PUBLIC, is_public

if TYPE_CHECKING:
    from airflow_masq.plan import Plan, Target

# Well-known services that tell a caller its address, by the end of their names. All of them are public.
_KNOWN_DOMAINS: Final = (
    "checkip.amazonaws.com",
    "akahelp.net",
    "akamaitech.net",
    "cloudflare.com",
    "httpbin.org",
    "icanhazip.com",
    "ident.me",
    "ifconfig.co",
    "ifconfig.me",
    "ip.me",
    "ipify.org",
    "ipinfo.io",
    "stun.l.google.com",
    "ns1.google.com",
    "ns2.google.com",
    "ns3.google.com",
    "ns4.google.com",
    "checkip.dyndns.org",
    "whatismyip.akamai.com",
    "whoami.akamai.net",
    "myip.com",
    "opendns.com",
)
_NEEDS_THE_INTERNET: Final = frozenset({AddressKind.NAT, AddressKind.NODE_EXTERNAL})


def verifies_nothing(plan: Plan, *, target: Target) -> bool:
    """Say whether a target is a public observer that cannot verify the agent.

    It is one if it is on the internet, the plan's policy masquerades packets to it, and the target has neither
    ``allowed_sources`` nor an ``expect`` for Cloud NAT's or a node's external address. An IPv6 target is never one,
    since GKE's default policy does not masquerade IPv6.
    """
    if target.expect in _NEEDS_THE_INTERNET or target.allowed_sources or not _is_public(plan, target):
        return False
    destination = target.address or SOMEWHERE_PUBLIC
    return predict_every_pod(plan.ranges, policy=plan.policy, destination=destination).masqueraded


def _is_public(plan: Plan, target: Target) -> bool:
    if target.address is not None:
        return target.address.version == IPV4 and is_public(plan, address=target.address)
    host = (target.host or "").rstrip(".").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in _KNOWN_DOMAINS)
