"""The environments and operations that exist in the emulator, in memory, by their full names, and lists in pages.

The store keeps and returns copies, so that no caller can change a stored message by accident. States are changed by
:mod:`lab.cloud.lifecycle`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Final, TypeVar

from google.cloud.orchestration.airflow.service_v1.types import Environment
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from lab.cloud.errors import InvalidArgumentError, NotFoundError
from lab.cloud.names import Parent

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")

# The page size that the service uses if none is given is not verified.
DEFAULT_PAGE_SIZE: Final = 100


class Store:
    """Environments and operations by their full names; an unknown name raises NOT_FOUND."""

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}
        self._operations: dict[str, operations_pb2.Operation] = {}

    def has_environment(self, name: str) -> bool:
        """Tell whether an environment with this name exists, in any state."""
        return name in self._environments

    def get_environment(self, name: str) -> Environment:
        """Look up an environment."""
        if name not in self._environments:
            raise NotFoundError(name)
        return Environment(self._environments[name])

    def list_environments(self, parent: Parent) -> dict[str, Environment]:
        """Return the environments of one location."""
        prefix = f"{parent}/environments/"
        return {name: Environment(found) for name, found in self._environments.items() if name.startswith(prefix)}

    def put_environment(self, environment: Environment) -> None:
        """Add or replace an environment."""
        self._environments[environment.name] = Environment(environment)

    def remove_environment(self, name: str) -> None:
        """Remove an environment that exists."""
        del self._environments[name]

    def get_operation(self, name: str) -> operations_pb2.Operation:
        """Look up an operation."""
        if name not in self._operations:
            raise NotFoundError(name)
        return _copy(self._operations[name])

    def list_operations(self, parent: Parent) -> dict[str, operations_pb2.Operation]:
        """Return the operations of one location."""
        prefix = f"{parent}/operations/"
        return {name: _copy(found) for name, found in self._operations.items() if name.startswith(prefix)}

    def put_operation(self, operation: operations_pb2.Operation) -> None:
        """Add or replace an operation."""
        self._operations[operation.name] = _copy(operation)

    def remove_operation(self, name: str) -> None:
        """Remove an operation that exists."""
        del self._operations[name]


def _copy(operation: operations_pb2.Operation) -> operations_pb2.Operation:
    copy = operations_pb2.Operation()
    copy.CopyFrom(operation)
    return copy


def cut_page(items: Mapping[str, Item], *, page_size: int, page_token: str) -> tuple[list[Item], str]:
    """Cut one page out of items, in the order of their names.

    A token contains the name of the page's last item, so a deletion does not shift the next page.

    :param page_size: how many items at most; 0 for :data:`DEFAULT_PAGE_SIZE`.
    :param page_token: the token of the page before; empty for the first page.
    :return: the items, and the next page's token, empty after the last page.
    :raises ApiError: INVALID_ARGUMENT for a negative size or a token that no page had.
    """
    if page_size < 0:
        raise InvalidArgumentError("Page size must not be negative.")
    try:
        after = urlsafe_b64decode(page_token.encode()).decode()
    except ValueError as error:
        raise InvalidArgumentError("Invalid page token.") from error
    if page_token != _make_token(after):
        raise InvalidArgumentError("Invalid page token.")
    names = [name for name in sorted(items) if name > after]
    page = names[: page_size or DEFAULT_PAGE_SIZE]
    return [items[name] for name in page], _make_token(page[-1]) if len(page) < len(names) else ""


def _make_token(name: str) -> str:
    return urlsafe_b64encode(name.encode()).decode()
