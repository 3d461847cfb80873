"""The Resource Manager and IAM APIs, called by Google's own client, which knows their paths from Google."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httplib2  # type: ignore[import-untyped] # ships no types
import pytest
from googleapiclient.discovery import build  # type: ignore[import-untyped] # ships no types
from googleapiclient.errors import HttpError  # type: ignore[import-untyped] # ships no types

from lab.cloud import IAM, RESOURCE_MANAGER, ComposerEmulator

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "example-project"
EMAIL = "composer@example-project.iam.gserviceaccount.com"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"


async def ask(emulator: ComposerEmulator, question: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """Ask with Google's client in a thread: ``question(projects, accounts).execute()``."""

    def call() -> dict[str, Any]:
        options = {"api_endpoint": f"http://{emulator.iam_address}"}
        with ExitStack() as stack:
            manager, iam = (
                stack.enter_context(
                    build(name, version, http=httplib2.Http(timeout=5), client_options=options, static_discovery=True)
                )
                for name, version in (("cloudresourcemanager", "v3"), ("iam", "v1"))
            )
            answer: dict[str, Any] = question(manager.projects(), iam.projects().serviceAccounts()).execute()
            return answer

    return await asyncio.to_thread(call)


async def refuse(emulator: ComposerEmulator, question: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """Ask, and return the error that comes back."""
    with pytest.raises(HttpError) as caught:
        await ask(emulator, question)
    return {"status": caught.value.resp.status, "reason": caught.value.reason, "details": caught.value.error_details}


async def test_a_project_has_a_number(emulator: ComposerEmulator) -> None:
    """A project's name holds its number, which stays the same; another project has another one."""
    first = await ask(emulator, lambda projects, _: projects.get(name=f"projects/{PROJECT}"))
    again = await ask(emulator, lambda projects, _: projects.get(name=f"projects/{PROJECT}"))
    other = await ask(emulator, lambda projects, _: projects.get(name="projects/host-project"))
    assert first == again
    assert first["projectId"] == PROJECT
    assert first["name"].removeprefix("projects/").isdecimal()
    assert other["name"] != first["name"]


async def test_the_callers_permissions_are_tested(emulator: ComposerEmulator) -> None:
    """What was denied is missing in the answer, in a project and on a service account; a caller with none gets {}."""
    emulator.identities.add_account(EMAIL, project=PROJECT)
    emulator.access.deny(PROJECT, "composer.environments.create", "iam.serviceAccounts.actAs")
    asked = {"permissions": ["composer.environments.get", "composer.environments.create"]}
    assert await ask(
        emulator, lambda projects, _: projects.testIamPermissions(resource=f"projects/{PROJECT}", body=asked)
    ) == {"permissions": ["composer.environments.get"]}
    body = {"permissions": ["iam.serviceAccounts.actAs"]}
    assert await ask(emulator, lambda _, accounts: accounts.testIamPermissions(resource=ACCOUNT, body=body)) == {}


@pytest.mark.parametrize("permissions", [[], ["composer.environments.get"] * 101])
async def test_a_test_of_no_or_too_many_permissions_is_refused(
    emulator: ComposerEmulator, permissions: list[str]
) -> None:
    """One request tests 1 to 100 permissions."""
    body = {"permissions": permissions}
    refusal = await refuse(
        emulator, lambda projects, _: projects.testIamPermissions(resource=f"projects/{PROJECT}", body=body)
    )
    assert refusal["status"] == 400


async def test_a_policy_has_what_was_granted(emulator: ComposerEmulator) -> None:
    """A role is in the policy from its grant to its revocation; only requests of version 3 are told of conditions."""
    name = f"projects/{PROJECT}"
    emulator.identities.grant(name, role="roles/composer.worker", email=EMAIL)
    policy = await ask(emulator, lambda projects, _: projects.getIamPolicy(resource=name, body={}))
    assert policy["bindings"] == [{"role": "roles/composer.worker", "members": [f"serviceAccount:{EMAIL}"]}]
    condition = {"title": "a", "expression": "true"}
    emulator.identities.grant(name, role="roles/viewer", email=EMAIL, condition=condition)
    refusal = await refuse(emulator, lambda projects, _: projects.getIamPolicy(resource=name, body={}))
    assert refusal["status"] == 400
    body = {"options": {"requestedPolicyVersion": 3}}
    policy = await ask(emulator, lambda projects, _: projects.getIamPolicy(resource=name, body=body))
    assert policy["bindings"][1]["condition"] == condition
    emulator.identities.revoke(name, role="roles/composer.worker", email=EMAIL)
    policy = await ask(emulator, lambda projects, _: projects.getIamPolicy(resource=name, body=body))
    assert [binding["role"] for binding in policy["bindings"]] == ["roles/viewer"]


async def test_a_service_account_exists_if_it_was_added(emulator: ComposerEmulator) -> None:
    """An account is told with whether it is disabled; of one that does not exist nothing is told."""
    refusal = await refuse(emulator, lambda _, accounts: accounts.get(name=ACCOUNT))
    assert (refusal["status"], refusal["reason"]) == (404, "Unknown service account")
    refusal = await refuse(emulator, lambda _, accounts: accounts.getIamPolicy(resource=ACCOUNT))
    assert refusal["status"] == 404
    emulator.identities.add_account(EMAIL, project=PROJECT, is_disabled=True)
    account = await ask(emulator, lambda _, accounts: accounts.get(name=ACCOUNT))
    assert (account["email"], account["disabled"]) == (EMAIL, True)
    emulator.identities.add_account(EMAIL, project=PROJECT)
    assert "disabled" not in await ask(emulator, lambda _, accounts: accounts.get(name=ACCOUNT))
    policy = await ask(emulator, lambda _, accounts: accounts.getIamPolicy(resource=ACCOUNT))
    assert "bindings" not in policy


async def test_who_may_not_read_is_refused(emulator: ComposerEmulator) -> None:
    """A refusal is Google's 403, and names the permission in its details."""
    emulator.identities.add_account(EMAIL, project=PROJECT)
    emulator.access.deny(PROJECT, "resourcemanager.projects.getIamPolicy", "iam.serviceAccounts.get")
    refusal = await refuse(emulator, lambda projects, _: projects.getIamPolicy(resource=f"projects/{PROJECT}", body={}))
    assert (refusal["status"], refusal["reason"]) == (403, "The caller does not have permission")
    assert refusal["details"][0]["metadata"]["permission"] == "resourcemanager.projects.getIamPolicy"
    refusal = await refuse(emulator, lambda _, accounts: accounts.get(name=ACCOUNT))
    assert "iam.serviceAccounts.get" in refusal["reason"]


async def test_an_api_that_is_not_enabled_says_so(emulator: ComposerEmulator) -> None:
    """Each of the two APIs can be off by itself."""
    emulator.access.disable(PROJECT, IAM)
    refusal = await refuse(emulator, lambda _, accounts: accounts.get(name=ACCOUNT))
    assert "has not been used" in refusal["reason"]
    await ask(emulator, lambda projects, _: projects.get(name=f"projects/{PROJECT}"))
    emulator.access.disable(PROJECT, RESOURCE_MANAGER)
    refusal = await refuse(emulator, lambda projects, _: projects.get(name=f"projects/{PROJECT}"))
    assert refusal["details"][0]["reason"] == "SERVICE_DISABLED"
