"""The forms in which a plan can be written, by the name that ``render --as`` takes; a table."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_masq.renderings import (
    agent_config,
    egress_nat_policy,
    firewall_request,
    gcloud_flags,
    rest,
    terraform_fields,
)
from airflow_masq.renderings.gcloud import render_gcloud
from airflow_masq.renderings.terraform import render_terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_masq.plan import Plan

RENDERINGS: Final[Mapping[str, Callable[[Plan], str]]] = MappingProxyType(
    {
        rest.FORM: rest.render_rest,
        gcloud_flags.FORM: render_gcloud,
        terraform_fields.FORM: render_terraform,
        egress_nat_policy.FORM: egress_nat_policy.render_egress_nat_policy,
        agent_config.FORM: agent_config.render_agent_config,
        firewall_request.FORM: firewall_request.render_firewall_request,
        firewall_request.CSV_FORM: firewall_request.render_firewall_request_csv,
    }
)
"""Each gives the text of its form, or raises ``InexpressibleError`` naming what it has no words for."""
