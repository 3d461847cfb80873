"""Every error that airflow-masq raises, in one tree with two families.

    AirflowMasqError
    ├── TryAgainError                      trying again may help
    │   ├── CloudUnavailableError          an API was unreachable, overloaded or too slow
    │   ├── EnvironmentNotReadyError       still being created at the time limit
    │   ├── AuditIncompleteError           something could not be asked or judged
    │   ├── PolicyChangedAgainError        another writer changed a cluster's policy back
    │   ├── PreflightFailedError           the cloud's answers let a creation fail; nothing was created
    │   └── SourceIpCheckFailedError       a check's verdicts fail it
    └── FinalError                         trying again does not help until something changes
        ├── InvalidInputError              the place, what was expected, what was seen
        │   └── PlanError                  … in a plan file
        ├── InexpressibleError             a form (gcloud, Terraform, …) cannot express the plan
        ├── CloudRefusedError              an API refused the request
        │   ├── EnvironmentNotFoundError
        │   ├── EnvironmentAlreadyExistsError
        │   └── FieldConflictError         another field manager owns what is applied
        ├── CannotMasqueradeError          findings of severity error, before any call
        ├── AuditFailedError               an audit's findings or drift fail it
        ├── PolicyRefusedError             a cluster's policy would do harm, before any write
        ├── MasqueradeNotEnabledError      the environment exists without the agent
        ├── EnvironmentMismatchError       the environment exists and differs from the plan
        └── EnvironmentFailedError         the environment or its operation ended in an error

Errors of libraries are converted to these where they enter the package (``clients``), with ``raise … from``. Failures
of the network or of an observer are observations, not errors. Messages contain no credentials.
"""

from __future__ import annotations


class AirflowMasqError(Exception):
    """The base of every error that airflow-masq raises on purpose."""


class TryAgainError(AirflowMasqError):
    """Trying again, unchanged, may help."""


class FinalError(AirflowMasqError):
    """Trying again does not help until something changes."""


class CloudUnavailableError(TryAgainError):
    """An API was unreachable, overloaded or too slow.

    :param status: the canonical status name, for example ``RESOURCE_EXHAUSTED``.
    :param words: the API's own words alone, escaped; empty where there are none.
    """

    def __init__(self, message: str, *, status: str = "UNAVAILABLE", words: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.words = words


class EnvironmentNotReadyError(TryAgainError):
    """An environment was still being created at the time limit."""


class AuditIncompleteError(TryAgainError):
    """An audit could not ask or judge everything."""


class PolicyChangedAgainError(TryAgainError):
    """A cluster's policy is not as it was applied just now: another writer changed it again."""


class PreflightFailedError(TryAgainError):
    """A preflight found what lets the creation fail, so nothing was created.

    Trying again may help, since a grant spreads, a quota is raised or a range is freed without a change of the plan.
    """


class SourceIpCheckFailedError(TryAgainError):
    """A check's verdicts fail it.

    Trying again may help, since a Pod can show a wrong address in its first seconds (the agent's start-up race).
    """


class InvalidInputError(FinalError):
    """An input is not valid.

    :param where: the place, as the user would name it (``network.pod_ranges[0]``, ``--timeout``).
    :param expected: what is valid there.
    :param seen: what is there instead, shortened and escaped by the caller.
    """

    def __init__(self, *, where: str, expected: str, seen: str) -> None:
        super().__init__(f"{where}: expected {expected}, saw {seen}")
        self.where = where
        self.expected = expected
        self.seen = seen


class PlanError(InvalidInputError):
    """A plan cannot be read.

    :param source: the plan file's name, or another source of the plan; empty if ``where`` is enough.
    :param line: the line in the file, from 1; ``None`` if the plan was not read from text.
    """

    def __init__(self, *, source: str, line: int | None, where: str, expected: str, seen: str) -> None:
        place = source if line is None else f"{source}:{line}"
        super().__init__(where=": ".join(filter(None, (place, where))), expected=expected, seen=seen)
        self.source = source
        self.line = line


class InexpressibleError(FinalError):
    """A form cannot express the plan, or the plan lacks something that the form needs.

    :param form: the form's name, as in ``--as``: ``gcloud``, ``terraform``.
    :param where: the place in the plan.
    :param reason: why the form cannot express it, and what to do instead; foreign text in it is escaped.
    """

    def __init__(self, *, form: str, where: str, reason: str) -> None:
        super().__init__(f"{where}: cannot be written as {form}: {reason}")
        self.form = form
        self.where = where
        self.reason = reason


class CloudRefusedError(FinalError):
    """An API refused the request.

    :param message: the request, and the API's own message.
    :param status: the canonical status name, for example ``INVALID_ARGUMENT``.
    :param reason: Google's reason beside it, for example ``SERVICE_DISABLED``; empty where Google gives none.
    :param words: the API's own words alone, escaped; empty where there are none.
    """

    def __init__(self, message: str, *, status: str, reason: str = "", words: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.words = words


class EnvironmentNotFoundError(CloudRefusedError):
    """No environment has that name."""


class EnvironmentAlreadyExistsError(CloudRefusedError):
    """An environment with that name already exists."""


class FieldConflictError(CloudRefusedError):
    """Another field manager of a Kubernetes object owns fields that are applied.

    :param managers: the managers, as the API server names them, escaped.
    """

    def __init__(self, message: str, *, managers: tuple[str, ...]) -> None:
        super().__init__(message, status="CONFLICT")
        self.managers = managers


class CannotMasqueradeError(FinalError):
    """The environment could never masquerade; detected before any API call."""


class AuditFailedError(FinalError):
    """An audit's findings or drift fail it."""


class PolicyRefusedError(FinalError):
    """A policy would lack the cluster's ranges, or break a target; detected before any write."""


class MasqueradeNotEnabledError(FinalError):
    """The environment has no agent. Create a new one, since the agent can be enabled only at creation."""


class EnvironmentMismatchError(FinalError):
    """The environment exists and differs from the plan, which the caller does not accept."""


class EnvironmentFailedError(FinalError):
    """The environment is in state ERROR, or its creation ended in an error."""
