"""The Resource Manager and IAM APIs: a project's number, who has which role, and what the caller may do; to read only.

One method is one request with one time limit. Waiting, retrying and deciding belong to the caller; errors are
translated in ``google_errors``. Paths are those of Google's reference [source: resource-manager-rest, iam-rest].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS, Client
from airflow_masq.clients.rest import RestClient
from airflow_masq.exceptions import CloudUnavailableError
from airflow_masq.facts import IamPolicy, ServiceAccount
from airflow_masq.facts.rest import find_text, find_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.auth.credentials import Credentials

_RESOURCE_MANAGER: Final = "https://cloudresourcemanager.googleapis.com"
_IAM: Final = "https://iam.googleapis.com"
# Only requests of version 3 are told of conditions [source: iam-rest].
_WITH_CONDITIONS: Final = {"options": {"requestedPolicyVersion": 3}}


class IdentityClient(Client):
    """A client of both APIs; it can be used by several threads. Close it, or use it in a ``with`` block.

    Every caller may ask for its own permissions. A policy needs ``roles/iam.securityReviewer`` on its resource, a
    project's number ``roles/browser``, and a service account ``roles/iam.serviceAccountViewer``
    [source: google-reading-roles].

    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param endpoint: a URL that ``parse_endpoint`` accepts, for both APIs. ``None`` means Google's public endpoints.
    :param api_timeout_seconds: the time limit of one request (default 60).
    :raises InvalidInputError: the endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        endpoint: str | None = None,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._projects, self._accounts = (
            RestClient(
                credentials,
                googles=googles,
                endpoint=endpoint,
                where="iam_endpoint",
                api_timeout_seconds=api_timeout_seconds,
            )
            for googles in (_RESOURCE_MANAGER, _IAM)
        )

    def get_project_number(self, project: str) -> str:
        """Read a project's number, from which the names of its service agents are made.

        :param project: its ID or number.
        :raises CloudRefusedError: the API refused the call, also where there is no such project.
        :raises CloudUnavailableError: no answer, or one without a number.
        """
        action = f"reading projects/{project}"
        answer = self._projects.get(f"v3/projects/{project}", action=action)
        number = find_text(answer, "name").removeprefix("projects/")
        if number.isascii() and number.isdecimal():
            return number
        words = "the answer has no project number"
        raise CloudUnavailableError(f"{action}: {words}; trying again may help", words=words)

    def get_project_policy(self, project: str) -> IamPolicy:
        """Read who has which role in a project, without what is inherited.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        action = f"reading the policy of projects/{project}"
        path = f"v3/projects/{project}:getIamPolicy"
        return IamPolicy.read(self._projects.post(path, action=action, body=_WITH_CONDITIONS))

    def test_project_permissions(self, project: str, *, permissions: Iterable[str]) -> frozenset[str]:
        """Say which of these permissions the caller has in a project, inherited ones too.

        :param permissions: 1 to 100.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        action = f"asking what the caller may do in projects/{project}"
        body: dict[str, object] = {"permissions": sorted(permissions)}
        answer = self._projects.post(f"v3/projects/{project}:testIamPermissions", action=action, body=body)
        return frozenset(find_texts(answer, "permissions"))

    def get_service_account(self, email: str, *, project: str) -> ServiceAccount:
        """Read a service account.

        :raises CloudRefusedError: the API refused the call; its ``status`` is ``NOT_FOUND`` where there is none.
        :raises CloudUnavailableError: no answer.
        """
        name = f"projects/{project}/serviceAccounts/{email}"
        return ServiceAccount.read(self._accounts.get(f"v1/{name}", action=f"reading {name}"))

    def get_service_account_policy(self, email: str, *, project: str) -> IamPolicy:
        """Read who has which role on a service account.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        name = f"projects/{project}/serviceAccounts/{email}"
        action = f"reading the policy of {name}"
        return IamPolicy.read(self._accounts.post(f"v1/{name}:getIamPolicy", action=action, body=_WITH_CONDITIONS))

    def test_service_account_permissions(
        self, email: str, *, project: str, permissions: Iterable[str]
    ) -> frozenset[str]:
        """Say which of these permissions the caller has on a service account, inherited ones too.

        :param permissions: 1 to 100.
        :raises CloudRefusedError: the API refused the call; its ``status`` is ``NOT_FOUND`` where there is none.
        :raises CloudUnavailableError: no answer.
        """
        name = f"projects/{project}/serviceAccounts/{email}"
        body: dict[str, object] = {"permissions": sorted(permissions)}
        action = f"asking what the caller may do with {name}"
        answer = self._accounts.post(f"v1/{name}:testIamPermissions", action=action, body=body)
        return frozenset(find_texts(answer, "permissions"))

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._projects.close()
        self._accounts.close()
