"""The emulated ``google.longrunning.Operations`` of Composer: get, list, delete.

Composer's API has no cancel and no wait (its generated client lists all there is:
https://hexdocs.pm/google_api_composer/0.31.0/GoogleApi.Composer.V1.Api.Projects.html, read 2026-11-22), so both answer
UNIMPLEMENTED, as ``google/longrunning/operations.proto`` says of methods that a server does not support.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker
from google.protobuf.empty_pb2 import Empty

from lab.cloud.dispatch import Method, Service
from lab.cloud.errors import ApiError, wrong_state
from lab.cloud.names import parse_parent
from lab.cloud.paging import page_of

if TYPE_CHECKING:
    from lab.cloud.store import Store

_SERVICE: Final = "google.longrunning.Operations"


class Operations:
    """The handlers of the Operations service.

    :param store: what exists.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def service(self) -> Service:
        """Return the table of methods."""
        pb = operations_pb2
        methods = (
            Method("GetOperation", pb.GetOperationRequest.FromString, self._get, pb.Operation.SerializeToString),
            Method(
                "ListOperations",
                pb.ListOperationsRequest.FromString,
                self._list,
                pb.ListOperationsResponse.SerializeToString,
            ),
            Method("DeleteOperation", pb.DeleteOperationRequest.FromString, self._delete, Empty.SerializeToString),
        )
        return Service(name=_SERVICE, methods=methods)

    def _get(self, request: operations_pb2.GetOperationRequest) -> operations_pb2.Operation:
        return self._store.operation(request.name)

    def _list(self, request: operations_pb2.ListOperationsRequest) -> operations_pb2.ListOperationsResponse:
        """List one location's operations; ``name`` is the location, with or without the collection's name."""
        if request.filter:
            raise ApiError(grpc.StatusCode.UNIMPLEMENTED, "The emulator does not filter operations.")
        found = self._store.operations(parse_parent(request.name.removesuffix("/operations")))
        page, token = page_of(found, page_size=request.page_size, page_token=request.page_token)
        return operations_pb2.ListOperationsResponse(operations=page, next_page_token=token)

    def _delete(self, request: operations_pb2.DeleteOperationRequest) -> Empty:
        """Delete an operation that is done.

        "Delete operations that are done": https://cloud.google.com/sdk/gcloud/reference/composer/operations/delete
        (read 2026-11-22); how the service refuses the others is not verified.
        """
        if not self._store.operation(request.name).done:
            raise wrong_state(f"Operation '{request.name}' is not done.")
        self._store.remove_operation(request.name)
        return Empty()
