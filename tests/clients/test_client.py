"""What all clients share."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS

TAKERS = {
    "airflow_masq.clients.composer": ("ComposerClient", "AsyncComposerClient"),
    "airflow_masq.clients.compute": ("ComputeClient",),
    "airflow_masq.clients.gke": ("GkeClient",),
    "airflow_masq.clients.identity": ("IdentityClient",),
    "airflow_masq.clients.kubernetes": ("KubernetesClient",),
    "airflow_masq.clients.network": ("open_network_clients",),
    "airflow_masq.clients.rest": ("RestClient",),
    "airflow_masq.hooks.composer": ("ComposerHook",),
    "airflow_masq.operators.audit_masquerade": ("CloudComposerAuditMasqueradeOperator",),
    "airflow_masq.operators.create_environment": ("CloudComposerCreateMasqueradeEnvironmentOperator",),
    "airflow_masq.operators.gke_egress_nat_policy": ("GKEApplyEgressNATPolicyOperator",),
    "airflow_masq.triggers.environment_running": ("EnvironmentRunningTrigger",),
}


@pytest.mark.airflow
@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in TAKERS.items() for name in names])
@pytest.mark.usefixtures("airflow")
def test_a_call_has_the_same_time_limit_everywhere(module: str, name: str) -> None:
    """Clients, hook, operators and trigger wait equally long for a call unless they are told otherwise."""
    signature = inspect.signature(getattr(import_module(module), name))
    assert signature.parameters["api_timeout_seconds"].default == DEFAULT_API_TIMEOUT_SECONDS
