"""From an Airflow connection to a client of the Composer API; it must add nothing but what the connection says.

The connection is of Google's type ``google_cloud_platform``, with one extra of ours, ``composer_endpoint``: an
emulator on this machine (``http://127.0.0.1:PORT``) or a private endpoint (``https://HOST``). So the same DAG files
serve the emulator and the cloud. Importing this module costs seconds; import it inside ``execute``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
from google.auth.credentials import AnonymousCredentials

from airflow_masq.airflow_compat import AirflowNotFoundException
from airflow_masq.clients.composer import ComposerClient
from airflow_masq.clients.endpoint import Endpoint, parse_endpoint
from airflow_masq.clients.google_errors import google_errors
from airflow_masq.exceptions import AirflowMasqError, InvalidInputError
from airflow_masq.text import describe_type, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.auth.credentials import Credentials

ENDPOINT_FIELD = "composer_endpoint"


class ComposerHook(GoogleBaseHook):
    """Makes clients of the Composer API from a Google connection.

    :param gcp_conn_id: the connection (default ``google_cloud_default``).
    :param impersonation_chain: service account to impersonate, or a chain of them; default: the connection's.
    :param api_timeout_seconds: how long one call may take (default 60).
    :raises InvalidInputError: there is no such connection, or it cannot be read.
    """

    def __init__(
        self,
        *,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        api_timeout_seconds: float = 60.0,
    ) -> None:
        self._shown = f"connection {printable(gcp_conn_id, limit=60)}"
        with _connection_errors(self._shown):
            super().__init__(gcp_conn_id=gcp_conn_id, impersonation_chain=impersonation_chain)
        extra: object = self.extras
        if not isinstance(extra, Mapping):
            where = f"{self._shown}: extra"
            raise InvalidInputError(where=where, expected="a JSON object", seen=describe_type(extra))
        self.api_timeout_seconds = api_timeout_seconds

    def get_conn(self) -> ComposerClient:
        """Make a client; the caller closes it.

        :return: the client, for the endpoint that the connection names or else Google's.
        :raises InvalidInputError: the connection's endpoint, or its key, is not usable.
        :raises CloudRefusedError: the connection's credentials do not do.
        :raises CloudUnavailableError: whoever issues the credentials did not answer.
        """
        endpoint = self._endpoint()
        return ComposerClient(
            self._credentials(endpoint),
            endpoint=self._endpoint_text() if endpoint else None,
            api_timeout_seconds=self.api_timeout_seconds,
        )

    def default_project_id(self) -> str:
        """Name the project that the connection stands for.

        :return: the connection's ``project``, else the credentials' project.
        :raises InvalidInputError: neither names one, or the connection's key is not usable.
        """
        project = self._get_field("project")
        endpoint = self._endpoint()
        if not project and not (endpoint and endpoint.plaintext):
            with _connection_errors(self._shown), google_errors(f"finding the project of {self._shown}"):
                _, project = self.get_credentials_and_project_id()
        if not project:
            raise InvalidInputError(where="project_id", expected=f"a project, here or in {self._shown}", seen="none")
        return str(project)

    def _endpoint_text(self) -> str | None:
        return str(self._get_field(ENDPOINT_FIELD) or "") or None

    def _endpoint(self) -> Endpoint | None:
        text = self._endpoint_text()
        return parse_endpoint(text, where=f"{self._shown}: {ENDPOINT_FIELD}") if text else None

    def _credentials(self, endpoint: Endpoint | None) -> Credentials:
        """Find the credentials; an emulator gets none, and so nobody is asked for any."""
        if endpoint is not None and endpoint.plaintext:
            return AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
        with _connection_errors(self._shown), google_errors(f"finding the credentials of {self._shown}"):
            return self.get_credentials()


@contextmanager
def _connection_errors(shown: str) -> Iterator[None]:
    """Map what reading a connection and its key raises, which is whatever Airflow, files, JSON and ciphers raise.

    Their words may quote a key, so they are neither shown nor chained.
    """
    try:
        yield
    except AirflowMasqError:
        raise
    except AirflowNotFoundException:
        raise InvalidInputError(where=shown, expected="one that is defined and well-formed", seen="none") from None
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a connection, trying again does not help
        seen = f"{type(error).__name__} while reading it"
        expected = "one whose key, key file or secret can be read"
        raise InvalidInputError(where=shown, expected=expected, seen=seen) from None
