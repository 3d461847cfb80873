"""Turns a table of methods into gRPC handlers; the methods themselves are functions from request to response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import grpc

from lab.cloud.errors import ApiError
from lab.cloud.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The trailing metadata in which gRPC carries google.rpc.Status [source: grpc-status-details].
_STATUS_DETAILS: Final = "grpc-status-details-bin"

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


@dataclass(frozen=True)
class Method(Generic[RequestT, ResponseT]):
    """One emulated method, a row in its service's table.

    :param name: its short name in the service, for example ``GetEnvironment``.
    :param handle: raises ApiError to refuse a request.
    """

    name: str
    read: Callable[[bytes], RequestT]
    handle: Callable[[RequestT], ResponseT]
    write: Callable[[ResponseT], bytes]


@dataclass(frozen=True, kw_only=True)
class Service:
    """One emulated gRPC service; gRPC itself answers UNIMPLEMENTED to methods that are not in the table.

    :param name: its full name, package included.
    """

    name: str
    methods: tuple[Method, ...]  # type: ignore[type-arg] # each of its own types


def make_generic_handlers(services: Iterable[Service], *, faults: Faults) -> list[grpc.GenericRpcHandler]:  # type: ignore[type-arg] # each of its own types
    """Make what :meth:`grpc.aio.Server.add_generic_rpc_handlers` takes."""
    handlers = []
    for service in services:
        table = {method.name: _make_handler(method, faults) for method in service.methods}
        handlers.append(grpc.method_handlers_generic_handler(service.name, table))
    return handlers


def _make_handler(method: Method[RequestT, ResponseT], faults: Faults) -> grpc.RpcMethodHandler[RequestT, ResponseT]:
    async def answer(request: RequestT, context: grpc.aio.ServicerContext[RequestT, ResponseT]) -> ResponseT:
        try:
            resource = getattr(request, "parent", "") or getattr(request, "name", "")
            await faults.apply_to_call(method.name, resource=resource)
            response = method.handle(request)
            faults.apply_to_reply(method.name)
        except ApiError as error:
            details = error.make_details()
            trailing = ((_STATUS_DETAILS, details),) if details else ()
            await context.abort(error.status, error.message, trailing)
        return response

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=method.read, response_serializer=method.write
    )
