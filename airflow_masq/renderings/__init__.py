"""A plan in the words of other tools and other readers; pure: every form is a function from a plan to text."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_masq.plan import Plan
from airflow_masq.renderings import firewall_request, gcloud, policy, rest, terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RENDERINGS"]

RENDERINGS: Final[Mapping[str, Callable[[Plan], str]]] = MappingProxyType(
    {
        rest.FORM: rest.render_rest,
        gcloud.FORM: gcloud.render_gcloud,
        terraform.FORM: terraform.render_terraform,
        policy.EGRESS_NAT_POLICY: policy.render_egress_nat_policy,
        policy.AGENT_CONFIG: policy.render_agent_config,
        firewall_request.FORM: firewall_request.render_firewall_request,
        firewall_request.CSV_FORM: firewall_request.render_firewall_request_csv,
    }
)
"""The forms by the name that ``render --as`` takes; each gives its text, or raises ``InexpressibleError``."""
