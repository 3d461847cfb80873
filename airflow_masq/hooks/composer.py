"""From an Airflow connection to clients of the Composer API, and of GKE and Compute, which tell of its network.

The connection is of Google's type ``google_cloud_platform``, with extras of ours, ``composer_endpoint``,
``gke_endpoint``, ``compute_endpoint`` and ``iam_endpoint``: an emulator on this machine
(``http://127.0.0.1:PORT``) or a private endpoint (``https://HOST``). So the same DAG files work with the emulator and
the cloud. Importing this module takes seconds; import it inside ``execute``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
from google.auth.credentials import AnonymousCredentials

from airflow_masq.airflow_compat import AirflowNotFoundException
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.clients.composer import AsyncComposerClient, ComposerClient
from airflow_masq.clients.endpoint import is_emulator
from airflow_masq.clients.google_errors import translate_google_errors
from airflow_masq.clients.kubernetes import KubernetesClient, open_cluster
from airflow_masq.clients.network import open_network_clients
from airflow_masq.exceptions import AirflowMasqError, InvalidInputError
from airflow_masq.preflight.connecting import connect
from airflow_masq.reading import Place
from airflow_masq.text import escape, format_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.auth.credentials import Credentials

    from airflow_masq.clients.compute import ComputeClient
    from airflow_masq.clients.gke import GkeClient
    from airflow_masq.facts import ControlPlane, EndpointChoice
    from airflow_masq.preflight.asking import Clients

# A test of the connection asks for one region, since the service knows no wildcard [source: composer-no-wildcard].
_ASKED_REGION = "us-central1"


class ComposerHook(GoogleBaseHook):
    """Makes clients of the Composer API from a Google connection.

    :param gcp_conn_id: the connection's id (default ``google_cloud_default``).
    :param impersonation_chain: the service account to impersonate, or a chain of them (default: the connection's).
    :param api_timeout_seconds: the time limit of one API call (default 60).
    :raises InvalidInputError: the connection does not exist or cannot be read.
    """

    def __init__(
        self,
        *,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._shown = f"connection {escape(gcp_conn_id, limit=60)}"
        with _translate_connection_errors(self._shown):
            super().__init__(gcp_conn_id=gcp_conn_id, impersonation_chain=impersonation_chain)
        Place(where=f"{self._shown}: extra", value=self.extras, is_secret=True).read_entries()
        self.api_timeout_seconds = api_timeout_seconds

    def get_conn(self) -> ComposerClient:
        """Make a client for the connection's endpoint, else for Google's; the caller closes it.

        :raises InvalidInputError: the connection's endpoint or key is not usable.
        :raises CloudRefusedError: the connection's credentials are rejected.
        :raises CloudUnavailableError: the service that issues credentials did not answer.
        """
        credentials = self.find_credentials()
        return ComposerClient(credentials, endpoint=self._endpoint, api_timeout_seconds=self.api_timeout_seconds)

    def make_async_client(self, credentials: Credentials) -> AsyncComposerClient:
        """Make a client for the event loop that runs; the caller closes it.

        :param credentials: those of ``find_credentials``, which must not be called in an event loop.
        :raises InvalidInputError: the connection's endpoint is not usable.
        """
        return AsyncComposerClient(credentials, endpoint=self._endpoint, api_timeout_seconds=self.api_timeout_seconds)

    @contextmanager
    def open_network_clients(self) -> Iterator[tuple[GkeClient, ComputeClient | None]]:
        """Open clients of GKE and of Compute; the second is ``None`` beside an emulator without one.

        :raises InvalidInputError: an endpoint or the key of the connection is not usable.
        :raises CloudRefusedError: the connection's credentials are rejected.
        :raises CloudUnavailableError: the service that issues credentials did not answer.
        """
        with open_network_clients(
            self.find_credentials(),
            composer_endpoint=self._endpoint,
            gke_endpoint=self._find_endpoint("gke"),
            compute_endpoint=self._find_endpoint("compute"),
            api_timeout_seconds=self.api_timeout_seconds,
        ) as clients:
            yield clients

    def make_kubernetes_client(self, control_plane: ControlPlane, *, choice: EndpointChoice) -> KubernetesClient:
        """Make a client of a cluster's own API server; the caller closes it.

        :param choice: which of its endpoints to use.
        :raises InvalidInputError: the cluster does not have that endpoint, the connection's key is not usable, or the
            endpoint is not on this machine although the connection leads to an emulator.
        :raises CloudRefusedError: the connection's credentials are rejected.
        :raises CloudUnavailableError: the service that issues credentials did not answer.
        """
        return open_cluster(
            control_plane,
            choice=choice,
            credentials=self.find_credentials(),
            is_emulated=self.is_emulated(),
            api_timeout_seconds=self.api_timeout_seconds,
        )

    def connect_preflight(self, *, timeout_seconds: float) -> Clients:
        """Make the clients of a preflight; the caller closes them. Beside an emulator, only its own APIs are asked.

        :param timeout_seconds: the time limit of one call.
        :raises InvalidInputError: an endpoint or the key of the connection is not usable.
        :raises CloudRefusedError: the connection's credentials are rejected.
        :raises CloudUnavailableError: the service that issues credentials did not answer.
        """
        return connect(
            self.find_credentials(),
            composer_endpoint=self._endpoint,
            compute_endpoint=self._find_endpoint("compute"),
            iam_endpoint=self._find_endpoint("iam"),
            api_timeout_seconds=timeout_seconds,
        )

    def find_credentials(self) -> Credentials:
        """Find the connection's credentials; an emulator needs none.

        :raises InvalidInputError: the connection's endpoint or key is not usable.
        :raises CloudRefusedError: the connection's credentials are rejected.
        :raises CloudUnavailableError: the service that issues credentials did not answer.
        """
        if self.is_emulated():
            anonymous: Credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
            return anonymous
        with (
            _translate_connection_errors(self._shown),
            translate_google_errors(f"getting credentials of {self._shown}"),
        ):
            credentials: Credentials = self.get_credentials()
            return credentials

    def find_default_project_id(self, *, where: str = "project_id") -> str:
        """Return the connection's ``project``, else the project of its credentials.

        :param where: the setting that names a project itself, for the error.
        :raises InvalidInputError: neither names a project, or the connection's endpoint or key is not usable.
        :raises CloudRefusedError: the connection's credentials are rejected.
        :raises CloudUnavailableError: the service that issues credentials did not answer.
        """
        project = self._get_field("project")
        if not project and not self.is_emulated():
            with (
                _translate_connection_errors(self._shown),
                translate_google_errors(f"getting the project of {self._shown}"),
            ):
                _, project = self.get_credentials_and_project_id()
        if not project:
            raise InvalidInputError(where=where, expected=f"a project, here or in {self._shown}", seen="none")
        return str(project)

    def test_connection(self) -> tuple[bool, str]:
        """Ask the Composer API of the connection's endpoint; without an endpoint, as Google's own hook does.

        The button "Test" of Airflow's form asks Google's own hook, which knows no ``composer_endpoint``: there a
        connection to an emulator needs ``"is_anonymous": true`` in its extra, too.

        :return: whether it answered, and what was found or what failed.
        """
        if self._endpoint is None:
            status, message = super().test_connection()  # type: ignore[no-untyped-call] # Google's is untyped
            return bool(status), str(message)
        try:
            project = self.find_default_project_id()
            with self.get_conn() as client:
                count = len(client.list(project, location=_ASKED_REGION))
        except AirflowMasqError as error:
            return False, str(error)
        found = f"{format_count(count, noun='environment')} of {project} in {_ASKED_REGION}"
        return True, f"The Composer API at {escape(self._endpoint)} answers: {found}"

    @property
    def _endpoint(self) -> str | None:
        return self._find_endpoint("composer")

    def _find_endpoint(self, api: str) -> str | None:
        return str(self._get_field(f"{api}_endpoint") or "") or None

    def is_emulated(self) -> bool:
        """Say whether the connection leads to an emulator.

        :raises InvalidInputError: the connection's endpoint is not usable.
        """
        return is_emulator(self._endpoint, where=f"{self._shown}: composer_endpoint")


@contextmanager
def _translate_connection_errors(shown: str) -> Iterator[None]:
    """Translate what reading a connection and its key raises: errors of Airflow, files, JSON and ciphers.

    Their text may quote a key, so it is neither shown nor chained.
    """
    try:
        yield
    except AirflowMasqError:
        raise
    except AirflowNotFoundException:
        expected = "one that is defined and well-formed (see Admin > Connections)"
        raise InvalidInputError(where=shown, expected=expected, seen="none") from None
    except Exception as error:  # noqa: BLE001 - if anything is wrong with a connection, trying again does not help
        expected = "one whose key, key file or secret can be read"
        seen = f"{type(error).__name__} while reading it"
        raise InvalidInputError(where=shown, expected=expected, seen=seen) from None
