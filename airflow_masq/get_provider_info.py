"""Describes this package to Airflow (entry point ``apache_airflow_provider``) without importing Airflow.

Airflow validates the description against its ``provider_info.schema.json``. ``conn-fields`` and ``ui-field-behaviour``
define the connection form in Airflow 3.2 and later; in earlier versions, the hook's own methods do. ``cli`` adds a
command in Airflow 3.2 and later; earlier versions ignore it [source: airflow-provider-info].
"""

from __future__ import annotations

from typing import Any, Final

from airflow_masq import __version__

_INTEGRATION: Final = "IP masquerading"

_OPERATOR_MODULES: Final = (
    "airflow_masq.operators.audit_assert",
    "airflow_masq.operators.audit_masquerade",
    "airflow_masq.operators.create_environment",
    "airflow_masq.operators.gke_egress_nat_policy",
    "airflow_masq.operators.source_ip_assert",
    "airflow_masq.operators.source_ip_check",
    "airflow_masq.operators.source_ip_node_check",
    "airflow_masq.operators.source_ip_report",
)
_SENSOR_MODULES: Final = ("airflow_masq.operators.source_ip_sensor",)
_TRIGGER_MODULES: Final = ("airflow_masq.triggers.environment_running",)
# Airflow stores a DAG's links by these names alone; it drops a class that is not registered.
_LINK_CLASSES: Final = (
    "airflow_masq.links.cluster.ClusterConsoleLink",
    "airflow_masq.links.environment.ComposerConsoleLink",
    "airflow_masq.links.environment.ComposerOperationLink",
    "airflow_masq.links.environment.ComposerAirflowLink",
    "airflow_masq.links.report.CodePageLink",
    "airflow_masq.links.report.MasqueradePageLink",
    "airflow_masq.links.report.ReportLink",
)
_HOOK_MODULES: Final = ("airflow_masq.hooks.composer", "airflow_masq.hooks.source_ip")

#: The connection form's hints. For older versions of Airflow, the hook returns them with underscores in the names.
CONNECTION_FORM: Final[dict[str, Any]] = {
    "hidden-fields": [],
    "relabeling": {"schema": "Scheme"},
    "placeholders": {
        "host": "observer.example.com",
        # Airflow 3.3.2 answers "Bad Request" to its own button where there is none [source: airflow-test-without-port].
        "port": "443 or 80; Test needs one",
        "schema": "http or https",
        "extra": '{"path": "/client-ip", "headers": {"X-Api-Key": "..."}, "ca_file": "/path/to/ca.pem"}',
    },
}

#: The form's fields for the connection's extra; the hook gives them to older Airflow as widgets. All may be null, since
#: Airflow 3's form takes a field of type "string" alone for required (``FlexibleForm``, 3.3.2).
CONNECTION_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "path": {
        "label": "Path",
        "description": "Where the observer answers, for example /client-ip. Left empty: /.",
        "schema": {"type": ["string", "null"], "default": None},
    },
    "headers": {
        "label": "Headers",
        "description": (
            'Request headers as a JSON object, for example {"X-Api-Key": "..."}. '
            "Users who may read connections see them."
        ),
        "schema": {"type": ["string", "null"], "format": "password", "default": None},
    },
    "ca_file": {
        "label": "CA file",
        "description": "A PEM file on the workers with the authority that signed the observer's certificate.",
        "schema": {"type": ["string", "null"], "default": None},
    },
}

_CONNECTION_TYPE: Final = {
    "connection-type": "source_ip_observer",
    "hook-class-name": "airflow_masq.hooks.source_ip.SourceIpHook",
    "hook-name": "Source IP observer",
    "ui-field-behaviour": CONNECTION_FORM,
    "conn-fields": CONNECTION_FIELDS,
}


#: The package's section of Airflow's configuration.
_CONFIGURATION: Final[dict[str, dict[str, Any]]] = {
    "airflow_masq": {
        "description": "Settings of airflow-masq.",
        "options": {
            "code_page_url": {
                "description": (
                    "Where the pages of the codes are, with {code} in place of the code: an http or https address. The "
                    "package comes without them; the folder docs/rules of its repository has them. While it is empty, "
                    "tasks do not link to the pages, and the command airflow-masq rule CODE shows them."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "https://git.example.com/airflow-masq/docs/rules/{code}.md",
                "default": "",
            }
        },
    }
}


def get_provider_info() -> dict[str, Any]:
    """Describe the package as Airflow's ``provider_info.schema.json`` requires."""
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
        "sensors": [{"integration-name": _INTEGRATION, "python-modules": list(_SENSOR_MODULES)}],
        "hooks": [{"integration-name": _INTEGRATION, "python-modules": list(_HOOK_MODULES)}],
        "triggers": [{"integration-name": _INTEGRATION, "python-modules": list(_TRIGGER_MODULES)}],
        "extra-links": list(_LINK_CLASSES),
        "connection-types": [_CONNECTION_TYPE],
        "config": _CONFIGURATION,
        "cli": ["airflow_masq.airflow_commands.list_airflow_commands"],
    }
