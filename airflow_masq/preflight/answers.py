"""What is asked of the cloud about a plan, and the answers; a question without an answer is a value, too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


class Silence(Enum):
    """Why a question has no answer."""

    DENIED = "the caller may not read it"
    MISSING = "it does not exist, as far as the caller may see"
    DISABLED = "the API is not enabled in the project"
    LATE = "there was no answer in time"
    FAILED = "the API answered with another error"
    NOT_ASKED = "no endpoint is known"


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A question without an answer.

    :param reason: as a sentence ends with it: ``no answer within 10 s``; foreign text in it is escaped.
    """

    silence: Silence
    reason: str


Answer: TypeAlias = T | Unanswered


@dataclass(frozen=True, kw_only=True)
class Asked(Generic[T]):
    """A question and its answer.

    :param what: the call, as Google's reference names it, and its resource.
    """

    what: str
    answer: Answer[T]
