"""From a table of methods to what gRPC serves: bytes in, faults, the handler, bytes or a status out.

Everything about gRPC's server side is here; handlers are plain functions from request to response.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

import grpc

from lab.cloud.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lab.cloud.faults import Faults

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


@dataclass(frozen=True)
class Method(Generic[RequestT, ResponseT]):
    """One emulated method, a row in its service's table.

    :param name: its short name in the service, for example ``GetEnvironment``.
    :param read: bytes to request.
    :param handle: request to response; raises ApiError to refuse.
    :param write: response to bytes.
    """

    name: str
    read: Callable[[bytes], RequestT]
    handle: Callable[[RequestT], ResponseT]
    write: Callable[[ResponseT], bytes]


@dataclass(frozen=True, kw_only=True)
class Service:
    """One emulated gRPC service.

    :param name: its full name, package included.
    :param methods: what it answers; gRPC itself answers UNIMPLEMENTED to everything else.
    """

    name: str
    methods: tuple[Method, ...]  # type: ignore[type-arg] # each of its own types


def generic_handlers(services: Iterable[Service], *, faults: Faults) -> list[grpc.GenericRpcHandler]:  # type: ignore[type-arg] # each of its own types
    """Make what :meth:`grpc.aio.Server.add_generic_rpc_handlers` takes."""
    handlers = []
    for service in services:
        table = {method.name: _method_handler(method, faults) for method in service.methods}
        handlers.append(grpc.method_handlers_generic_handler(service.name, table))
    return handlers


def _method_handler(method: Method[RequestT, ResponseT], faults: Faults) -> grpc.RpcMethodHandler[RequestT, ResponseT]:
    async def answer(request: RequestT, context: grpc.aio.ServicerContext[RequestT, ResponseT]) -> ResponseT:
        try:
            await faults.strike(method.name)
            return method.handle(request)
        except ApiError as error:
            await _refuse(context, error)

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=method.read, response_serializer=method.write
    )


async def _refuse(context: grpc.aio.ServicerContext[RequestT, ResponseT], error: ApiError) -> NoReturn:
    await context.abort(error.status, error.message)
