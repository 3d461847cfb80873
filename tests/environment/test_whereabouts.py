"""A person finds the environment and its operation by a page and by a command."""

from __future__ import annotations

from urllib.parse import unquote

from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.whereabouts import describe_abandoned, make_console_url, make_operation_url

NAME = EnvironmentName(project="example-project", location="us-central1", environment_id="example-environment")
OPERATION = f"{NAME.parent}/operations/88b01c8d-4966-4cfc-9bdf-ad18c4f71f0c"


def test_a_project_with_a_domain_is_quoted_in_the_link() -> None:
    """Projects of older organisations have a colon in their id."""
    name = EnvironmentName(project="example.com:project", location="us-central1", environment_id="e")
    assert make_console_url(name).endswith("?project=example.com%3Aproject")
    assert make_operation_url(name, operation_name="o").endswith("?project=example.com%3Aproject")


def test_the_operations_link_asks_for_its_log_entries() -> None:
    """The query names the kind of resource and the operation, in full."""
    url = make_operation_url(NAME, operation_name=OPERATION)
    assert "\n" not in url
    assert unquote(url) == (
        'https://console.cloud.google.com/logs/query;query=resource.type="cloud_composer_environment"\n'
        f'operation.id="{OPERATION}"?project=example-project'
    )


def test_an_abandoned_creation_is_described() -> None:
    """The text says what was seen last, that nothing was deleted, and how to look."""
    text = describe_abandoned(NAME, operation_name=OPERATION, state="CREATING")
    assert text == (
        f"The task was ended, but nothing was deleted or stopped in the cloud: {NAME} was last seen in state CREATING; "
        f"operation {OPERATION} is under way. Look at {make_console_url(NAME)} or run: gcloud composer environments "
        "describe example-environment --location us-central1 --project example-project; gcloud composer operations "
        "describe 88b01c8d-4966-4cfc-9bdf-ad18c4f71f0c --location us-central1 --project example-project. Run the task "
        "again to continue waiting. An environment costs money; if you do not want it, delete it when it is in state "
        "RUNNING or ERROR"
    )


def test_what_is_not_known_is_not_told() -> None:
    """Before the first look there is neither a state nor an operation."""
    text = describe_abandoned(NAME, operation_name=None, state=None)
    assert f"{NAME} was not looked at yet. Look at" in text
    assert "operation" not in text
