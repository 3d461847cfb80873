"""The Composer API: create, get, list, delete, and read an operation.

One method is one call with one time limit. Waiting, retrying and deciding belong to ``provisioning``; errors are
translated in ``google_errors``.

Methods and messages are those of the v1 gRPC API [source: composer-rpc-reference, long-running-operations].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import grpc
from google.api_core.client_options import ClientOptions
from google.api_core.gapic_v1.client_info import ClientInfo
from google.cloud.orchestration.airflow.service_v1 import EnvironmentsClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import EnvironmentsGrpcTransport

from airflow_masq import __version__
from airflow_masq.clients.endpoint import parse_endpoint
from airflow_masq.clients.environment_message import make_message, read_message
from airflow_masq.clients.google_errors import MESSAGE_LIMIT, translate_google_errors
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.text import printable

if TYPE_CHECKING:
    from types import TracebackType

    from google.auth.credentials import Credentials
    from google.longrunning.operations_pb2 import Operation  # type: ignore[import-untyped] # Google ships no types

CLIENT_INFO = ClientInfo(  # type: ignore[no-untyped-call] # google-api-core is partly untyped
    client_library_version=__version__, user_agent=f"airflow-masq/{__version__}"
)

STATUS_NAMES = {status.value[0]: status.name for status in grpc.StatusCode}


@dataclass(frozen=True, kw_only=True)
class OperationStatus:
    """A long-running operation at the time of the call.

    :param name: ``projects/P/locations/L/operations/ID``.
    :param done: the operation has ended, successfully or not.
    :param error: ``STATUS: reason`` where it ended in an error, else ``None``. An error without a reason counts too.
    """

    name: str
    done: bool
    error: str | None


class ComposerClient:
    """A client of one Composer endpoint. Close it, or use it in a ``with`` block.

    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param endpoint: a URL that ``parse_endpoint`` accepts. ``None`` means Google's public endpoint.
    :param api_timeout_seconds: the time limit of one call (default 60).
    :param client_info: the user agent that calls carry.
    :raises InvalidInputError: the endpoint is not usable.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        endpoint: str | None = None,
        api_timeout_seconds: float = 60.0,
        client_info: ClientInfo = CLIENT_INFO,
    ) -> None:
        self._api_timeout_seconds = api_timeout_seconds
        with translate_google_errors("preparing a client of the Composer API"):
            parsed = None if endpoint is None else parse_endpoint(endpoint)
            if parsed is not None and parsed.plaintext:
                # No TLS, no credentials, and not through a proxy that an environment variable names.
                channel = grpc.insecure_channel(parsed.target, options=[("grpc.enable_http_proxy", 0)])
                transport = EnvironmentsGrpcTransport(channel=channel, client_info=client_info)
                self._client = EnvironmentsClient(transport=transport)
            else:
                options = None if parsed is None else ClientOptions(api_endpoint=parsed.target)
                self._client = EnvironmentsClient(
                    credentials=credentials, client_options=options, client_info=client_info
                )

    def create(self, name: EnvironmentName, *, resource: EnvironmentResource) -> OperationStatus:
        """Start the creation of an environment.

        :param name: replaces the resource's own name.
        :return: the operation that creates it.
        :raises InvalidInputError: the resource cannot be sent.
        :raises EnvironmentAlreadyExistsError: an environment of that name exists, in any state.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer; the creation may have started nevertheless.
        """
        message = make_message(resource.with_name(str(name)))
        with translate_google_errors(f"creating {name}"):
            operation = self._client.create_environment(
                parent=name.parent, environment=message, timeout=self._api_timeout_seconds
            )
        return _read_status(operation.operation)

    def get(self, name: EnvironmentName) -> EnvironmentResource:
        """Read an environment.

        :raises EnvironmentNotFoundError: there is none.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        with translate_google_errors(f"reading {name}"):
            message = self._client.get_environment(name=str(name), timeout=self._api_timeout_seconds)
        return read_message(message)

    def list(self, project: str, *, location: str) -> tuple[EnvironmentResource, ...]:
        """Read all environments of a project in one region, in the API's order.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        parent = f"projects/{project}/locations/{location}"
        with translate_google_errors(f"listing the environments of {parent}"):
            pager = self._client.list_environments(parent=parent, timeout=self._api_timeout_seconds)
            return tuple(read_message(message) for message in pager)

    def delete(self, name: EnvironmentName) -> OperationStatus:
        """Start the deletion of an environment.

        :return: the operation that deletes it.
        :raises EnvironmentNotFoundError: there is none.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer; the deletion may have started nevertheless.
        """
        with translate_google_errors(f"deleting {name}"):
            operation = self._client.delete_environment(name=str(name), timeout=self._api_timeout_seconds)
        return _read_status(operation.operation)

    def get_operation(self, operation_name: str) -> OperationStatus:
        """Read a long-running operation.

        :param operation_name: the name that ``create`` or ``delete`` returned.
        :raises CloudRefusedError: the API refused the call, for example because it has forgotten the operation.
        :raises CloudUnavailableError: no answer.
        """
        with translate_google_errors(f"reading {operation_name}"):
            operation = self._client.get_operation({"name": operation_name}, timeout=self._api_timeout_seconds)
        return _read_status(operation)

    def close(self) -> None:
        """Close the connection; the client cannot be used any more."""
        self._client.transport.close()  # type: ignore[no-untyped-call] # Google's client is partly untyped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _read_status(operation: Operation) -> OperationStatus:
    """Read an operation, whose error may have an empty message or a code that is not in ``STATUS_NAMES``."""
    if operation.WhichOneof("result") != "error":
        return OperationStatus(name=operation.name, done=operation.done, error=None)
    status = STATUS_NAMES.get(operation.error.code, f"code {operation.error.code}")
    reason = printable(operation.error.message, limit=MESSAGE_LIMIT) or "the API gave no reason"
    return OperationStatus(name=operation.name, done=operation.done, error=f"{status}: {reason}")
