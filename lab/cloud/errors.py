"""The errors of an emulated API: a canonical status and a message, as one exception.

    ApiError
    ├── NotFoundError
    ├── AlreadyExistsError
    ├── ApiDisabledError
    ├── InvalidArgumentError        the request itself is wrong
    └── FailedPreconditionError     the request would be right in another state of the resource

:mod:`lab.cloud.dispatch` turns them into gRPC's answers. Where a wording is Google's own, its source is beside it; all
other wordings are not verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import grpc

if TYPE_CHECKING:
    from collections.abc import Sequence


class ApiError(Exception):
    """An emulated call is refused.

    :param message: the text for the caller; may be empty, as it is in some real answers.
    """

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{status.name}: {message}")
        self.status = status
        self.message = message

    @property
    def code(self) -> int:
        """The number of the status in google.rpc.Code, for example 9 for FAILED_PRECONDITION."""
        number: int = self.status.value[0]
        return number


class NotFoundError(ApiError):
    """There is no resource with this name."""

    def __init__(self, name: str) -> None:
        super().__init__(grpc.StatusCode.NOT_FOUND, f"Resource '{name}' was not found.")


class AlreadyExistsError(ApiError):
    """The name is taken."""

    def __init__(self, name: str) -> None:
        super().__init__(grpc.StatusCode.ALREADY_EXISTS, f"Requested entity already exists: '{name}'.")


class ApiDisabledError(ApiError):
    """Composer's API is not enabled in the project.

    The beginning is quoted from it, the rest is what Google's APIs have in common [source: composer-api-disabled].
    """

    def __init__(self, project: str) -> None:
        page = f"https://console.developers.google.com/apis/api/composer.googleapis.com/overview?project={project}"
        super().__init__(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Cloud Composer API has not been used in project {project} before or it is disabled. Enable it by "
            f"visiting {page} then retry. If you enabled this API recently, wait a few minutes for the action to "
            "propagate to our systems and retry.",
        )


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
