"""Links from a task that creates an environment: to its page in Google's console, its operation's log, its Airflow.

Airflow 3 asks for a link on the worker when the task ends, Airflow 2 in the web server when a user looks at the task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from airflow_masq.airflow_compat import BaseOperatorLink, read_xcom

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import BaseOperator

CONSOLE_XCOM_KEY: Final = "console_url"
"""The XCom key under which the create operator pushes the console's page, as soon as it knows the name."""


OPERATION_XCOM_KEY: Final = "operation_url"
"""The XCom key under which the create operator pushes the log of the operation that it waits for."""


class ComposerConsoleLink(BaseOperatorLink):
    """The environment's page in Google Cloud console."""

    name: ClassVar[str] = "Environment in Google Cloud console"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's signature
        """Return the page's URL, or an empty text before the environment's name is known."""
        return check_url(read_xcom(ti_key, key=CONSOLE_XCOM_KEY))


class ComposerOperationLink(BaseOperatorLink):
    """What Cloud Logging has of the operation that creates the environment."""

    name: ClassVar[str] = "Operation in Cloud Logging"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's signature
        """Return the log's URL, or an empty text where no operation is known."""
        return check_url(read_xcom(ti_key, key=OPERATION_XCOM_KEY))


class ComposerAirflowLink(BaseOperatorLink):
    """The user interface of the environment's own Airflow."""

    name: ClassVar[str] = "Airflow of the environment"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's signature
        """Return the interface's URL, or an empty text before the environment runs."""
        facts = read_xcom(ti_key, key="return_value")
        return check_url(facts.get("airflow_uri") if isinstance(facts, dict) else None)


def check_url(value: object) -> str:
    """Let through an https URL alone: other tasks can write XComs, and a browser runs ``javascript:``."""
    return value if isinstance(value, str) and urlsplit(value).scheme == "https" else ""
