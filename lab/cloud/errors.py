"""How an emulated API says no: a canonical status and a message, as one exception.

The dispatcher turns it into gRPC's answer; nothing else in this room knows about gRPC contexts. Where a wording is
Google's own, its source stands beside it; every other wording is made up in the same spirit (not verified).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Sequence


class ApiError(Exception):
    """An emulated call is refused.

    :param status: the canonical status.
    :param message: what the caller is told; may be empty, as real answers sometimes are.
    """

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{status.name}: {message}")
        self.status = status
        self.message = message

    @property
    def code(self) -> int:
        """The status as google.rpc.Code counts it, for example 9 for FAILED_PRECONDITION."""
        number: int = self.status.value[0]
        return number


def not_found(name: str) -> ApiError:
    """Say that nothing of this name exists (wording not verified)."""
    return ApiError(grpc.StatusCode.NOT_FOUND, f"Resource '{name}' was not found.")


def already_exists(name: str) -> ApiError:
    """Say that the name is taken (wording not verified)."""
    return ApiError(grpc.StatusCode.ALREADY_EXISTS, f"Requested entity already exists: '{name}'.")


def invalid(message: str) -> ApiError:
    """Say that the request itself is wrong, whatever the state of things."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, message)


def wrong_state(message: str) -> ApiError:
    """Say that the request would be right in another state of the resource."""
    return ApiError(grpc.StatusCode.FAILED_PRECONDITION, message)


def problems_found(problems: Sequence[str]) -> ApiError:
    """Refuse a request for several reasons at once, as Composer lists them.

    The frame "Found 1 problem:" with numbered lines is Google's:
    https://github.com/hashicorp/terraform-provider-google/issues/20248 (read 2026-11-22).

    :param problems: one sentence each, at least one.
    """
    noun = "problem" if len(problems) == 1 else "problems"
    lines = "\n".join(f"\t{number}) {problem}" for number, problem in enumerate(problems, start=1))
    return invalid(f"Found {len(problems)} {noun}:\n{lines}")
