"""Every error that airflow-masq raises, in one tree with two families.

    AirflowMasqError
    ├── TryAgainError                      trying again may help
    │   ├── CloudUnavailableError          an API was unreachable, overloaded or too slow
    │   ├── EnvironmentNotReadyError       still being created when the time given was up
    │   └── SourceIpCheckFailedError       a check's verdicts fail it
    └── FinalError                         trying again does not help until something is changed
        ├── InvalidInputError              the place, what was expected, what was seen
        │   └── PlanError                  … in a plan file
        ├── InexpressibleError             a plan says what a form (gcloud, Terraform, …) has no words for
        ├── CloudRefusedError              an API said no
        │   ├── EnvironmentNotFoundError
        │   └── EnvironmentAlreadyExistsError
        ├── CannotMasqueradeError          rules of severity error, before any call
        ├── MasqueradeNotEnabledError      the environment exists without the agent
        └── EnvironmentFailedError         the environment or its operation ended in an error

Errors of libraries are mapped to these at the border where they enter (``clients``), with ``raise … from``. What a
network or an observer does is no error but an observation. Messages carry no credentials.
"""

from __future__ import annotations


class AirflowMasqError(Exception):
    """The base of every error that airflow-masq raises on purpose."""


class TryAgainError(AirflowMasqError):
    """Trying again, unchanged, may help."""


class FinalError(AirflowMasqError):
    """Trying again does not help until something is changed."""


class CloudUnavailableError(TryAgainError):
    """An API was unreachable, overloaded or too slow."""


class EnvironmentNotReadyError(TryAgainError):
    """An environment was still being created when the time given was up."""


class SourceIpCheckFailedError(TryAgainError):
    """A check's verdicts fail it.

    It belongs to this family because the first seconds of a Pod can show a wrong address (the agent's start-up race).
    """


class InvalidInputError(FinalError):
    """An input is not what it must be.

    :param where: the place, as the user would name it (``network.pod_ranges[0]``, ``--timeout``).
    :param expected: what belongs there.
    :param seen: what stands there, capped and escaped by the caller.
    """

    def __init__(self, *, where: str, expected: str, seen: str) -> None:
        super().__init__(f"{where}: expected {expected}, saw {seen}")
        self.where = where
        self.expected = expected
        self.seen = seen


class PlanError(InvalidInputError):
    """A plan cannot be read.

    :param source: the plan file's name, or what else the plan came from; empty where ``where`` says it all.
    :param line: the line in the file, from 1; ``None`` where the plan did not come from a text.
    """

    def __init__(self, *, source: str, line: int | None, where: str, expected: str, seen: str) -> None:
        place = source if line is None else f"{source}:{line}"
        super().__init__(where=": ".join(filter(None, (place, where))), expected=expected, seen=seen)
        self.source = source
        self.line = line


class InexpressibleError(FinalError):
    """A plan says something that a form has no words for, or lacks what the form needs.

    :param form: the form's name, as in ``--as``: ``gcloud``, ``terraform``.
    :param where: the place in the plan.
    :param reason: why the form cannot say it, and what to do instead; no foreign text that is not made harmless.
    """

    def __init__(self, *, form: str, where: str, reason: str) -> None:
        super().__init__(f"{where}: cannot be written as {form}: {reason}")
        self.form = form
        self.where = where
        self.reason = reason


class CloudRefusedError(FinalError):
    """An API said no.

    :param message: what was asked, and the API's own words.
    :param status: the canonical status name, for example ``INVALID_ARGUMENT``.
    """

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message)
        self.status = status


class EnvironmentNotFoundError(CloudRefusedError):
    """There is no environment of that name."""


class EnvironmentAlreadyExistsError(CloudRefusedError):
    """An environment of that name exists already."""


class CannotMasqueradeError(FinalError):
    """The environment could never masquerade; found before any call was made."""


class MasqueradeNotEnabledError(FinalError):
    """The environment exists without the agent; it must be re-created, since the agent is set at creation only."""


class EnvironmentFailedError(FinalError):
    """The environment is in state ERROR, or its creation ended in an error."""
