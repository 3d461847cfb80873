"""The errors of an emulated API: a canonical status and a message, as one exception.

    ApiError
    ├── NotFoundError
    ├── AlreadyExistsError
    ├── InvalidArgumentError        the request itself is wrong
    └── FailedPreconditionError     the request would be right in another state of the resource

:mod:`lab.cloud.dispatch` turns them into gRPC's answers. Where a wording is Google's own, its source is beside it; all
other wordings are not verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import grpc
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped] # stubs without a py.typed marker
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped] # stubs without a py.typed marker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ApiError(Exception):
    """An emulated call is refused.

    :param message: the text for the caller; may be empty, as it is in some real answers.
    :param reason: the reason in ``google.rpc.ErrorInfo``, for example ``SERVICE_DISABLED``; empty for no such detail.
    :param metadata: what that detail says beside the reason.
    """

    def __init__(
        self, status: grpc.StatusCode, message: str, *, reason: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status.name}: {message}")
        self.status = status
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})

    @property
    def code(self) -> int:
        """The number of the status in google.rpc.Code, for example 9 for FAILED_PRECONDITION."""
        number: int = self.status.value[0]
        return number

    def make_details(self) -> bytes:
        """Write the error as ``google.rpc.Status``, which gRPC carries beside the status; empty without a reason."""
        if not self.reason:
            return b""
        status = Status(code=self.code, message=self.message)
        status.details.add().Pack(ErrorInfo(reason=self.reason, domain="googleapis.com", metadata=self.metadata))
        written: bytes = status.SerializeToString()
        return written


class NotFoundError(ApiError):
    """There is no resource with this name."""

    def __init__(self, name: str) -> None:
        super().__init__(grpc.StatusCode.NOT_FOUND, f"Resource '{name}' was not found.")


class AlreadyExistsError(ApiError):
    """The name is taken."""

    def __init__(self, name: str) -> None:
        super().__init__(grpc.StatusCode.ALREADY_EXISTS, f"Requested entity already exists: '{name}'.")


class InvalidArgumentError(ApiError):
    """The request itself is wrong, in any state of the resource."""

    def __init__(self, message: str) -> None:
        super().__init__(grpc.StatusCode.INVALID_ARGUMENT, message)

    @classmethod
    def from_problems(cls, problems: Sequence[str]) -> Self:
        """Make one message that numbers all problems, as Composer does [source: composer-problem-list]."""
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(f"\t{number}) {problem}" for number, problem in enumerate(problems, start=1))
        return cls(f"Found {len(problems)} {noun}:\n{lines}")


class FailedPreconditionError(ApiError):
    """The request would be right in another state of the resource."""

    def __init__(self, message: str) -> None:
        super().__init__(grpc.StatusCode.FAILED_PRECONDITION, message)
