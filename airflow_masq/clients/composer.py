"""The Composer API as this project needs it: create, get, list, delete, and look at an operation.

It knows no Airflow, so that the command line uses it too. It must not wait, retry or decide: one method is one call
with one time limit, errors are mapped in ``google_errors``, and environments go in and out as ``EnvironmentResource``.

Methods and messages: https://cloud.google.com/composer/docs/reference/rpc/google.cloud.orchestration.airflow.service.v1
and ``google/longrunning/operations.proto`` (read 2026-11-22).
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
from airflow_masq.clients.environment_message import message_from_resource, resource_from_message
from airflow_masq.clients.google_errors import MESSAGE_LIMIT, google_errors
from airflow_masq.text import printable

if TYPE_CHECKING:
    from types import TracebackType

    from google.auth.credentials import Credentials
    from google.longrunning.operations_pb2 import Operation  # type: ignore[import-untyped] # Google ships no types

    from airflow_masq.environment import EnvironmentName, EnvironmentResource

CLIENT_INFO = ClientInfo(  # type: ignore[no-untyped-call] # google-api-core is partly untyped
    client_library_version=__version__, user_agent=f"airflow-masq/{__version__}"
)

STATUS_NAMES = {status.value[0]: status.name for status in grpc.StatusCode}


@dataclass(frozen=True, kw_only=True)
class OperationStatus:
    """A long-running operation, as it was when asked.

    :param name: the operation's name (``projects/P/locations/L/operations/ID``).
    :param done: it has ended, well or not.
    :param error: what it ended with, ``STATUS: words``; ``None`` where it goes on or ended well. An error without a
        word is an error too.
    """

    name: str
    done: bool
    error: str | None


class ComposerClient:
    """The calls to one Composer endpoint; close it, or use it in a ``with`` block.

    :param credentials: Google credentials; not used, and not sent, on a plaintext endpoint. ``None`` means Google's
        application default credentials.
    :param endpoint: a URL as ``parse_endpoint`` takes it; ``None`` means Google's public endpoint.
    :param api_timeout_seconds: how long one call may take (default 60).
    :param client_info: what the calls name as their user agent.
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
        with google_errors("preparing a client of the Composer API"):
            self._client = _environments_client(credentials, endpoint=endpoint, client_info=client_info)

    def create(self, name: EnvironmentName, *, resource: EnvironmentResource) -> OperationStatus:
        """Start the creation of an environment.

        :param name: the environment's name; it replaces the resource's.
        :param resource: the environment.
        :return: the operation that creates it.
        :raises InvalidInputError: the resource cannot be sent.
        :raises EnvironmentAlreadyExistsError: an environment of that name exists, in whatever state.
        :raises CloudRefusedError: the API said no.
        :raises CloudUnavailableError: no answer; the creation may have started nevertheless.
        """
        message = message_from_resource(resource.with_name(str(name)))
        with google_errors(f"creating {name}"):
            operation = self._client.create_environment(
                parent=name.parent,
                environment=message,
                timeout=self._api_timeout_seconds,
            )
        return _status(operation.operation)

    def get(self, name: EnvironmentName) -> EnvironmentResource:
        """Read an environment.

        :param name: the environment's name.
        :return: its resource.
        :raises EnvironmentNotFoundError: there is none.
        :raises CloudRefusedError: the API said no.
        :raises CloudUnavailableError: no answer.
        """
        with google_errors(f"reading {name}"):
            message = self._client.get_environment(name=str(name), timeout=self._api_timeout_seconds)
        return resource_from_message(message)

    def list(self, project: str, *, location: str) -> tuple[EnvironmentResource, ...]:
        """Read all environments of one project in one region.

        :param project: the project's id.
        :param location: the region.
        :return: their resources, in the API's order.
        :raises CloudRefusedError: the API said no.
        :raises CloudUnavailableError: no answer.
        """
        parent = f"projects/{project}/locations/{location}"
        with google_errors(f"listing the environments of {parent}"):
            pager = self._client.list_environments(parent=parent, timeout=self._api_timeout_seconds)
            return tuple(resource_from_message(message) for message in pager)

    def delete(self, name: EnvironmentName) -> OperationStatus:
        """Start the deletion of an environment.

        :param name: the environment's name.
        :return: the operation that deletes it.
        :raises EnvironmentNotFoundError: there is none.
        :raises CloudRefusedError: the API said no.
        :raises CloudUnavailableError: no answer; the deletion may have started nevertheless.
        """
        with google_errors(f"deleting {name}"):
            operation = self._client.delete_environment(name=str(name), timeout=self._api_timeout_seconds)
        return _status(operation.operation)

    def operation(self, operation_name: str) -> OperationStatus:
        """Look at a long-running operation.

        :param operation_name: the name that ``create`` or ``delete`` returned.
        :return: the operation as it is now.
        :raises CloudRefusedError: the API said no, for example since it has forgotten the operation.
        :raises CloudUnavailableError: no answer.
        """
        with google_errors(f"reading {operation_name}"):
            operation = self._client.get_operation({"name": operation_name}, timeout=self._api_timeout_seconds)
        return _status(operation)

    def close(self) -> None:
        """Close the connection; the client cannot be used any more."""
        self._client.transport.close()  # type: ignore[no-untyped-call] # Google's client is partly untyped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _environments_client(
    credentials: Credentials | None, *, endpoint: str | None, client_info: ClientInfo
) -> EnvironmentsClient:
    parsed = None if endpoint is None else parse_endpoint(endpoint)
    if parsed is None:
        return EnvironmentsClient(credentials=credentials, client_info=client_info)
    if not parsed.plaintext:
        options = ClientOptions(api_endpoint=parsed.target)
        return EnvironmentsClient(credentials=credentials, client_options=options, client_info=client_info)
    return EnvironmentsClient(transport=_plaintext_transport(parsed.target, client_info=client_info))


def _plaintext_transport(target: str, *, client_info: ClientInfo) -> EnvironmentsGrpcTransport:
    """Make a transport without TLS, without credentials and without the proxy that the environment may name."""
    channel = grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)])
    return EnvironmentsGrpcTransport(channel=channel, client_info=client_info)


def _status(operation: Operation) -> OperationStatus:
    failed = operation.WhichOneof("result") == "error"
    return OperationStatus(name=operation.name, done=operation.done, error=_error_words(operation) if failed else None)


def _error_words(operation: Operation) -> str:
    """Write an operation's error, whose message may be empty and whose code may be one that we do not know."""
    code = operation.error.code
    status = STATUS_NAMES.get(code, f"code {code}")
    words = printable(operation.error.message, limit=MESSAGE_LIMIT) or "the API gave no reason"
    return f"{status}: {words}"
