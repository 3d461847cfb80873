"""The Cloud NAT gateways, their addresses, and whose packets they translate.

The gateways of the environment's network in its region are listed with their addresses, for the firewalls of services
on the internet. Addresses that Google allocates by itself are a warning, and so are addresses other than those that the
plan lists, and a private environment without a gateway for the packets that leave it.

## Why

Masqueraded packets of private nodes leave for the internet through Cloud NAT if it covers the nodes' range, and are
lost otherwise [source: cloud-nat-ranges]. A service on the internet sees one of the gateway's addresses. Google can add
and replace addresses that it allocates by itself, so a firewall needs reserved ones [source: cloud-nat-addresses,
compute-router-nat, compute-router-status].

## How to fix

Give these addresses to those who run the service's firewall. Reserve addresses and assign them to the gateway before
you do so, if Google allocates them. Routers are readable with `roles/compute.networkViewer` in the project that owns
the network [source: google-reading-roles].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.facts.network_facts import NETWORK_ROLE
from airflow_masq.preflight.allowlist import CoveringGateway, find_covering_gateways
from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.preflight.subject import Subject
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_NETWORK_PLACE: Final = "environment.config.nodeConfig.network"
_ADDRESSES_PLACE: Final = "network.nat_addresses"


def _run(subject: Subject, plan: Plan, answers: Answers) -> Iterator[Told]:
    asked = answers.gateways
    if isinstance(asked.answer, Unanswered):
        role = f"{NETWORK_ROLE} in project {subject.host_project}"
        yield tell_unknown(asked, what="The addresses of Cloud NAT are", where=_ADDRESSES_PLACE, role=role)
        return
    gateways = find_covering_gateways(subject, plan, asked.answer)
    if not gateways:
        severity, message = _tell_none(subject)
        yield Told(severity=severity, where=_NETWORK_PLACE, message=message, asked=(asked,))
    for gateway in gateways:
        severity, message = _judge(gateway)
        yield Told(severity=severity, where=_NETWORK_PLACE, message=message, asked=(asked,))
    found = {address for gateway in gateways for address in gateway.addresses}
    listed = set(plan.ranges.nat_addresses)
    if listed and found and listed != found:
        message = (
            f"The plan lists {join_words(sorted(listed))}, and Cloud NAT uses {join_words(sorted(found))}. Correct the "
            "plan, and ask the firewalls that let in the old addresses."
        )
        yield Told(severity=Standing.WARNING, where=_ADDRESSES_PLACE, message=message, asked=(asked,))


def _tell_none(subject: Subject) -> tuple[Standing, str]:
    network = f"No Cloud NAT gateway in {subject.name.location} covers the subnetwork"
    if subject.is_private:
        message = (
            f"{network}, so packets of private nodes to the internet are lost. Add one if tasks need the internet."
        )
        return Standing.WARNING, message
    return Standing.OK, f"{network}; masqueraded packets leave with their node's external address, which is not fixed."


def _judge(gateway: CoveringGateway) -> tuple[Standing, str]:
    name = f"Cloud NAT gateway {escape(gateway.name)} covers {' and '.join(gateway.covers)}"
    addresses = join_words(gateway.addresses, most=20)
    if not gateway.addresses:
        return Standing.WARNING, f"{name}, and has no address at the time. It has one when it is first used."
    if not gateway.is_fixed:
        return Standing.WARNING, (
            f"{name}, with {addresses}, which Google allocates and can replace. Reserve addresses before a firewall is "
            "to let them in."
        )
    return Standing.OK, f"{name}, with {addresses}."


CHECK: Final = Check(code="MASQ509", run=_run, text=__doc__)
