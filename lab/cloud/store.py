"""What exists in the emulated project: environments and operations, in memory, by name.

The store keeps and hands out copies, so nobody changes what exists by accident. It knows no time and makes no decisions
about states; :mod:`lab.cloud.lifecycle` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.orchestration.airflow.service_v1.types import Environment
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from lab.cloud.errors import not_found

if TYPE_CHECKING:
    from lab.cloud.names import Parent


class Store:
    """Environments and operations by their full names."""

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}
        self._operations: dict[str, operations_pb2.Operation] = {}

    def has_environment(self, name: str) -> bool:
        """Whether an environment of this name exists, in whatever state."""
        return name in self._environments

    def environment(self, name: str) -> Environment:
        """Look an environment up.

        :raises ApiError: NOT_FOUND.
        """
        if name not in self._environments:
            raise not_found(name)
        return Environment(self._environments[name])

    def environments(self, parent: Parent) -> dict[str, Environment]:
        """Return the environments of one location."""
        prefix = f"{parent}/environments/"
        return {name: Environment(found) for name, found in self._environments.items() if name.startswith(prefix)}

    def put_environment(self, environment: Environment) -> None:
        """Make or replace the environment of that name."""
        self._environments[environment.name] = Environment(environment)

    def remove_environment(self, name: str) -> None:
        """Forget an environment that exists."""
        del self._environments[name]

    def operation(self, name: str) -> operations_pb2.Operation:
        """Look an operation up.

        :raises ApiError: NOT_FOUND.
        """
        if name not in self._operations:
            raise not_found(name)
        return _copy(self._operations[name])

    def operations(self, parent: Parent) -> dict[str, operations_pb2.Operation]:
        """Return the operations of one location."""
        prefix = f"{parent}/operations/"
        return {name: _copy(found) for name, found in self._operations.items() if name.startswith(prefix)}

    def put_operation(self, operation: operations_pb2.Operation) -> None:
        """Make or replace the operation of that name."""
        self._operations[operation.name] = _copy(operation)

    def remove_operation(self, name: str) -> None:
        """Forget an operation that exists."""
        del self._operations[name]


def _copy(operation: operations_pb2.Operation) -> operations_pb2.Operation:
    copy = operations_pb2.Operation()
    copy.CopyFrom(operation)
    return copy
