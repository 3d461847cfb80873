"""The Composer API: environments, operations and image versions; for a thread that waits, or for an event loop.

One method is one call with one time limit. Waiting, retrying and deciding belong to ``provisioning``; errors are
translated in ``google_errors``, and ``calls`` has what is asked and how answers are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

import grpc
from google.cloud.orchestration.airflow.service_v1 import (
    EnvironmentsAsyncClient,
    EnvironmentsClient,
    ImageVersionsClient,
)
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (
    EnvironmentsGrpcAsyncIOTransport,
    EnvironmentsGrpcTransport,
)
from google.cloud.orchestration.airflow.service_v1.services.image_versions.transports import ImageVersionsGrpcTransport

from airflow_masq.clients import calls
from airflow_masq.clients.calls import Call, OperationPage, OperationStatus
from airflow_masq.clients.channel import make_grpc_client
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS, Client
from airflow_masq.clients.environment_message import read_image
from airflow_masq.clients.google_errors import translate_google_errors
from airflow_masq.clients.pages import read_pages
from airflow_masq.environment import EnvironmentName, EnvironmentResource, OfferedImage

if TYPE_CHECKING:
    from types import TracebackType

    from google.auth.credentials import Credentials

T = TypeVar("T")


class ComposerClient(Client):
    """A client of one Composer endpoint. Close it, or use it in a ``with`` block.

    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param endpoint: a URL that ``parse_endpoint`` accepts. ``None`` means Google's public endpoint.
    :param api_timeout_seconds: the time limit of one call (default 60).
    :raises InvalidInputError: the endpoint is not usable.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        endpoint: str | None = None,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._api_timeout_seconds = api_timeout_seconds
        self._client = make_grpc_client(
            EnvironmentsClient,
            transport=EnvironmentsGrpcTransport,
            api="Composer",
            credentials=credentials,
            endpoint=endpoint,
        )

    def ask(self, call: Call[T]) -> T:
        """Make one call.

        :raises EnvironmentNotFoundError: what is asked for does not exist.
        :raises EnvironmentAlreadyExistsError: what is created exists.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer; what the call does may have started nevertheless.
        """
        with translate_google_errors(call.action):
            answer = getattr(self._client, call.method)(**call.arguments, timeout=self._api_timeout_seconds)
        return call.read(answer)

    def create(self, name: EnvironmentName, *, resource: EnvironmentResource) -> OperationStatus:
        """Start the creation of an environment.

        :param name: replaces the resource's own name.
        :return: the operation that creates it.
        :raises InvalidInputError: the resource cannot be sent.
        :raises EnvironmentAlreadyExistsError: an environment of that name exists, in any state.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer; the creation may have started nevertheless.
        """
        return self.ask(calls.create_environment(name, resource=resource))

    def get(self, name: EnvironmentName) -> EnvironmentResource:
        """Read an environment.

        :raises EnvironmentNotFoundError: there is none.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return self.ask(calls.get_environment(name))

    def list(self, project: str, *, location: str) -> tuple[EnvironmentResource, ...]:
        """Read all environments of a project in one region, in the API's order.

        :param location: one region; the service knows no wildcard [source: composer-no-wildcard].
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        parent = f"projects/{project}/locations/{location}"

        def ask(token: str) -> tuple[tuple[EnvironmentResource, ...], str]:
            page = self.ask(calls.list_environments(parent, page_token=token))
            return page.environments, page.next_page_token

        pages = read_pages(ask, action=f"listing the environments of {parent}")
        return tuple(each for page in pages for each in page)

    def list_images(self, parent: str) -> tuple[OfferedImage, ...]:
        """Read all image versions of a location, those of past releases too, in the API's order.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        channel = self._client.transport.grpc_channel  # type: ignore[attr-defined] # no other transport is made
        transport = ImageVersionsGrpcTransport(channel=channel)
        client, action = ImageVersionsClient(transport=transport), f"listing the image versions of {parent}"

        def ask(token: str) -> tuple[list[OfferedImage], str]:
            request = {"parent": parent, "include_past_releases": True, "page_token": token}
            with translate_google_errors(action):
                # Google's client answers with an iterator over all pages, which has the first page's fields.
                page = client.list_image_versions(request=request, timeout=self._api_timeout_seconds)
                return [read_image(message) for message in page.image_versions], page.next_page_token

        return tuple(image for page in read_pages(ask, action=action) for image in page)

    def delete(self, name: EnvironmentName) -> OperationStatus:
        """Start the deletion of an environment.

        :return: the operation that deletes it.
        :raises EnvironmentNotFoundError: there is none.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer; the deletion may have started nevertheless.
        """
        return self.ask(calls.delete_environment(name))

    def get_operation(self, operation_name: str) -> OperationStatus:
        """Read a long-running operation.

        :param operation_name: the name that ``create`` or ``delete`` returned.
        :raises CloudRefusedError: the API refused the call, for example because it has forgotten the operation.
        :raises CloudUnavailableError: no answer.
        """
        return self.ask(calls.get_operation(operation_name))

    def list_operations(self, parent: str, *, page_token: str = "") -> OperationPage:
        """Read a page of a location's operations.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return self.ask(calls.list_operations(parent, page_token=page_token))

    def close(self) -> None:
        """Close the connection; the client cannot be used any more."""
        self._client.transport.close()  # type: ignore[no-untyped-call] # Google's client is partly untyped


class AsyncComposerClient:
    """A client of one Composer endpoint for an event loop, which no call blocks. Use it in an ``async with`` block.

    Make it inside the event loop that uses it. The parameters are those of ``ComposerClient``.

    :raises InvalidInputError: the endpoint is not usable.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        endpoint: str | None = None,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._api_timeout_seconds = api_timeout_seconds
        self._client = make_grpc_client(
            EnvironmentsAsyncClient,
            transport=EnvironmentsGrpcAsyncIOTransport,
            api="Composer",
            credentials=credentials,
            endpoint=endpoint,
            make_channel=grpc.aio.insecure_channel,
        )

    async def ask(self, call: Call[T]) -> T:
        """Make one call; as ``ComposerClient.ask``."""
        with translate_google_errors(call.action):
            answer = await getattr(self._client, call.method)(**call.arguments, timeout=self._api_timeout_seconds)
        return call.read(answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.transport.close()  # type: ignore[no-untyped-call] # Google's client is partly untyped
