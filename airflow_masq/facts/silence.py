"""Why an API does not tell something, and what helps: the same words for facts, preflights and audits.

A permission that is missing, an API that is off and a service perimeter have the same status; Google's reason beside it
tells them apart [source: google-error-reasons, google-service-disabled].
"""

from __future__ import annotations

from enum import Enum
from typing import Final

API_IS_OFF: Final = "SERVICE_DISABLED"
"""Google's reason where a project has not enabled an API [source: google-service-disabled]."""

# The reasons of a PERMISSION_DENIED that a role cures; others, such as a perimeter's, no role cures
# [source: google-error-reasons].
_ROLE_IS_MISSING: Final = frozenset({"", "IAM_PERMISSION_DENIED"})


class Silence(Enum):
    """Why something is not told; the value says it as a clause."""

    DENIED = "the caller may not read it"
    MISSING = "it does not exist, or the caller may not see it"
    DISABLED = "its API is not enabled in the project"
    REFUSED = "the API refused to tell it"
    LATE = "there was no answer in time"
    FAILED = "the API answered with an error"
    NOT_ASKED = "its API is not asked: no endpoint of it is set beside the emulated one"


_SILENCES: Final = {
    "NOT_FOUND": Silence.MISSING,
    "PERMISSION_DENIED": Silence.DENIED,
    "UNAUTHENTICATED": Silence.REFUSED,
    "DEADLINE_EXCEEDED": Silence.LATE,
}
_REMEDIES: Final = {
    Silence.DENIED: "{role} would show it",
    Silence.MISSING: "check the name; {role} would show it",
    Silence.DISABLED: "enable the API, or ask who administers the project",
    Silence.REFUSED: "no role cures it: check the caller's credentials, or ask who administers the project",
    Silence.LATE: "try again",
    Silence.FAILED: "try again; if it stays so, look at the status page of Google Cloud",
    Silence.NOT_ASKED: "set the API's endpoint, too",
}


def find_silence(status: str, *, reason: str) -> Silence:
    """Find why an API answered with an error.

    :param status: the canonical status name, such as ``PERMISSION_DENIED``.
    :param reason: Google's reason beside it, such as ``SERVICE_DISABLED``; empty where it gave none.
    """
    if status == "PERMISSION_DENIED" and reason not in _ROLE_IS_MISSING:
        return Silence.DISABLED if reason == API_IS_OFF else Silence.REFUSED
    return _SILENCES.get(status, Silence.FAILED)


def find_remedy(silence: Silence, *, role: str) -> str:
    """Say what helps, as a clause.

    :param role: the role that shows it, and where it is needed: ``roles/browser in project P``.
    """
    return _REMEDIES[silence].format(role=role)
