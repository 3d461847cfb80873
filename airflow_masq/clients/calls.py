"""The calls of the Composer API, without a client: the blocking and the asynchronous client make the same ones.

Methods and messages are those of the v1 gRPC API [source: composer-rpc-reference, long-running-operations].
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import grpc
from google.cloud.orchestration.airflow.service_v1.types import OperationMetadata
from google.protobuf.message import DecodeError

from airflow_masq.clients.environment_message import make_message, read_message
from airflow_masq.clients.google_errors import MESSAGE_LIMIT
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.longrunning import operations_pb2  # type: ignore[import-untyped] # Google ships no types

T = TypeVar("T")

_STATUS_NAMES: Final = {status.value[0]: status.name for status in grpc.StatusCode}
_VERBS: Final[dict[int, str]] = {
    kind.number: kind.name
    for kind in OperationMetadata.pb(OperationMetadata()).DESCRIPTOR.enum_types_by_name["Type"].values
    if kind.number
}
_OPERATIONS_OF_A_PAGE: Final = 100
_ENVIRONMENTS_OF_A_PAGE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """One call of the API.

    :param action: what it does, as the beginning of an error's message.
    :param method: the method's name, which is the same in Google's blocking and asynchronous client.
    :param arguments: the method's arguments; they may hold secrets and are left out of ``repr``.
    :param read: reads the method's answer.
    """

    action: str
    method: str
    arguments: Mapping[str, Any] = field(repr=False)
    read: Callable[[Any], T] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OperationStatus:
    """A long-running operation at the time of the call.

    :param name: ``projects/P/locations/L/operations/ID``.
    :param done: the operation has ended, successfully or not.
    :param error: ``STATUS: reason`` where it ended in an error, else ``None``. An error without a reason counts too.
    :param verb: what it does, ``CREATE`` for example; empty where its metadata does not say.
    :param target: the full name of the environment; empty where its metadata does not say.
    :param target_uuid: the environment's UUID; empty where its metadata does not say.
    :param began: when it was submitted, in seconds since the epoch; ``None`` if its metadata does not say.
    """

    name: str
    done: bool
    error: str | None
    verb: str = ""
    target: str = ""
    target_uuid: str = ""
    began: float | None = None


@dataclass(frozen=True, kw_only=True)
class OperationPage:
    """Some operations of a location, and the token of the next page, empty after the last one."""

    operations: tuple[OperationStatus, ...]
    next_page_token: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentPage:
    """Some environments of a location, and the token of the next page, empty after the last one."""

    environments: tuple[EnvironmentResource, ...]
    next_page_token: str


def create_environment(name: EnvironmentName, *, resource: EnvironmentResource) -> Call[OperationStatus]:
    """Start the creation of an environment; the name replaces the resource's own.

    :raises InvalidInputError: the resource cannot be sent.
    """
    message = make_message(resource.with_name(str(name)))
    return Call(
        action=f"creating {name}",
        method="create_environment",
        arguments={"parent": name.parent, "environment": message},
        read=lambda started: read_operation(started.operation),
    )


def get_environment(name: EnvironmentName) -> Call[EnvironmentResource]:
    """Read an environment."""
    return Call(action=f"reading {name}", method="get_environment", arguments={"name": str(name)}, read=read_message)


def list_environments(parent: str, *, page_token: str = "") -> Call[EnvironmentPage]:
    """Read a page of a location's environments.

    Only one location can be asked at a time: the service knows no wildcard, and its answer has no list of places that
    could not be reached [source: composer-no-wildcard, composer-list-method].

    :param parent: ``projects/P/locations/L``.
    """
    request = {"parent": parent, "page_size": _ENVIRONMENTS_OF_A_PAGE, "page_token": page_token}
    return Call(
        action=f"listing the environments of {parent}",
        method="list_environments",
        arguments={"request": request},
        # Google's client answers with an iterator over all pages, which has the first page's fields.
        read=lambda page: EnvironmentPage(
            environments=tuple(map(read_message, page.environments)), next_page_token=page.next_page_token
        ),
    )


def delete_environment(name: EnvironmentName) -> Call[OperationStatus]:
    """Start the deletion of an environment."""
    return Call(
        action=f"deleting {name}",
        method="delete_environment",
        arguments={"name": str(name)},
        read=lambda started: read_operation(started.operation),
    )


def get_operation(operation_name: str) -> Call[OperationStatus]:
    """Read a long-running operation."""
    return Call(
        action=f"reading {operation_name}",
        method="get_operation",
        arguments={"request": {"name": operation_name}},
        read=read_operation,
    )


def list_operations(parent: str, *, page_token: str = "") -> Call[OperationPage]:
    """Read a page of a location's operations."""
    request = {"name": parent, "page_size": _OPERATIONS_OF_A_PAGE, "page_token": page_token}
    return Call(
        action=f"listing the operations of {parent}",
        method="list_operations",
        arguments={"request": request},
        read=lambda page: OperationPage(
            operations=tuple(read_operation(each) for each in page.operations), next_page_token=page.next_page_token
        ),
    )


def read_operation(operation: operations_pb2.Operation) -> OperationStatus:
    """Read an operation; its error may have an empty message, a code that no status has, or no code at all."""
    metadata = _read_metadata(operation)
    failed = operation.WhichOneof("result") == "error"
    error = None
    if failed and (operation.error.code or operation.error.message):
        status = _STATUS_NAMES.get(operation.error.code, "")
        # An error whose code is that of success says nothing about its kind.
        status = f"code {operation.error.code}" if status in {"", "OK"} else status
        error = f"{status}: {escape(operation.error.message, limit=MESSAGE_LIMIT) or 'the API gave no reason'}"
    elif failed or (operation.done and metadata.state == int(OperationMetadata.State.FAILED)):
        error = "the operation ended in an error without a reason"
    return OperationStatus(
        name=operation.name,
        done=operation.done,
        error=error,
        verb=_VERBS.get(metadata.operation_type, ""),
        target=metadata.resource,
        target_uuid=metadata.resource_uuid,
        began=metadata.create_time.ToMicroseconds() / 1e6 if metadata.HasField("create_time") else None,
    )


def _read_metadata(operation: operations_pb2.Operation) -> Any:  # noqa: ANN401 - Google ships no types of the message
    """Read an operation's metadata; empty where there are none, or those of another service."""
    metadata = OperationMetadata.pb(OperationMetadata())
    if operation.metadata.Is(metadata.DESCRIPTOR):
        with suppress(DecodeError):
            operation.metadata.Unpack(metadata)
    return metadata
