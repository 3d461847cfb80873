"""The forms in which a plan can be written, by the name that ``render --as`` takes: one table."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_masq.plan import Plan
from airflow_masq.renderings import firewall_request, gcloud, policy, rest, terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
"""Each gives the text of its form, or raises ``InexpressibleError`` naming what the form cannot say."""
