"""Tells Airflow what this package brings (entry point ``apache_airflow_provider``); it imports nothing of it.

Airflow validates the answer against its ``provider_info.schema.json``. ``conn-fields`` and ``ui-field-behaviour`` draw
the connection form on Airflow 3.2 and later; before, the hook's own methods do. ``cli`` adds a command on Airflow 3 and
is ignored before [source: airflow-provider-info].
"""

from __future__ import annotations

from typing import Any, Final

from airflow_masq import __version__

_INTEGRATION: Final = "IP masquerading"

_OPERATOR_MODULES: Final = (
    "airflow_masq.operators.create_environment",
    "airflow_masq.operators.source_ip_assert",
    "airflow_masq.operators.source_ip_check",
    "airflow_masq.operators.source_ip_report",
)
_TRIGGER_MODULES: Final = ("airflow_masq.triggers.environment_running",)
_HOOK_MODULES: Final = ("airflow_masq.hooks.composer", "airflow_masq.hooks.source_ip")

#: The connection form's hints; the hook gives them to older Airflow, whose names have underscores.
CONNECTION_FORM: Final[dict[str, Any]] = {
    "hidden-fields": [],
    "relabeling": {"schema": "Scheme"},
    "placeholders": {
        "host": "observer.example.com",
        "schema": "http or https",
        "extra": '{"path": "/client-ip", "headers": {"X-Api-Key": "..."}, "ca_file": "/path/to/ca.pem"}',
    },
}

_CONNECTION_TYPE: Final = {
    "connection-type": "source_ip_observer",
    "hook-class-name": "airflow_masq.hooks.source_ip.SourceIpHook",
    "hook-name": "Source IP observer",
    "ui-field-behaviour": CONNECTION_FORM,
    "conn-fields": {
        "path": {
            "label": "Path",
            "description": "Where the observer answers, for example /client-ip.",
            "schema": {"type": "string", "default": "/"},
        },
        "ca_file": {
            "label": "CA file",
            "description": "A PEM file on the workers that vouches for the observer's certificate.",
            "schema": {"type": "string", "default": ""},
        },
    },
}


def get_provider_info() -> dict[str, Any]:
    """Describe the package, as Airflow's ``provider_info.schema.json`` wants it."""
    return {
        "package-name": "airflow-masq",
        "name": "IP masquerading",
        "description": "Creates IP-masquerading Composer environments and proves which source address services see.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent",
                "tags": ["gcp"],
            }
        ],
        "operators": [{"integration-name": _INTEGRATION, "python-modules": list(_OPERATOR_MODULES)}],
        "hooks": [{"integration-name": _INTEGRATION, "python-modules": list(_HOOK_MODULES)}],
        "triggers": [{"integration-name": _INTEGRATION, "python-modules": list(_TRIGGER_MODULES)}],
        "connection-types": [_CONNECTION_TYPE],
        "cli": ["airflow_masq.airflow_commands.airflow_commands"],
    }
