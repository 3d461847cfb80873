"""The client of Resource Manager and IAM against the emulated APIs, and every way it can be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_masq.clients.identity import IdentityClient
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError, InvalidInputError
from airflow_masq.facts import ServiceAccount
from lab.cloud import IAM
from tests.emulated_cloud import PROJECT, SERVICE_ACCOUNT, EmulatedCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def identity(cloud: EmulatedCloud) -> Iterator[IdentityClient]:
    """Give a client of the emulated APIs."""
    with IdentityClient(None, endpoint=cloud.iam_endpoint, api_timeout_seconds=5) as client:
        yield client


def test_a_project_has_a_number(cloud: EmulatedCloud, identity: IdentityClient) -> None:
    """The number is that of the project."""
    assert identity.get_project_number(PROJECT) == str(cloud.identities.find_number(PROJECT))


def test_the_callers_permissions_are_tested(cloud: EmulatedCloud, identity: IdentityClient) -> None:
    """Of the permissions in question, those come back that the caller has; none is an empty set."""
    cloud.identities.add_account(SERVICE_ACCOUNT, project=PROJECT)
    cloud.access.deny(PROJECT, "composer.environments.create", "iam.serviceAccounts.actAs")
    asked = ["composer.environments.create", "composer.environments.get"]
    assert identity.test_project_permissions(PROJECT, permissions=asked) == {"composer.environments.get"}
    tested = identity.test_service_account_permissions(
        SERVICE_ACCOUNT, project=PROJECT, permissions=["iam.serviceAccounts.actAs"]
    )
    assert tested == frozenset()


def test_policies_are_read_with_their_conditions(cloud: EmulatedCloud, identity: IdentityClient) -> None:
    """A role in a policy is granted, one under a condition is not, and one of another account is not."""
    cloud.identities.add_account(SERVICE_ACCOUNT, project=PROJECT)
    name = f"projects/{PROJECT}"
    condition = {"title": "until summer", "expression": "true"}
    cloud.identities.grant(name, role="roles/composer.worker", email=SERVICE_ACCOUNT)
    cloud.identities.grant(name, role="roles/viewer", email=SERVICE_ACCOUNT, condition=condition)
    cloud.identities.grant(f"{name}/serviceAccounts/{SERVICE_ACCOUNT}", role="roles/owner", email="a@b.example")
    policy = identity.get_project_policy(PROJECT)
    assert policy.grants(SERVICE_ACCOUNT, roles=["roles/composer.worker"])
    assert not policy.grants(SERVICE_ACCOUNT, roles=["roles/viewer"])
    assert not policy.grants("other@example.com", roles=["roles/composer.worker"])
    own = identity.get_service_account_policy(SERVICE_ACCOUNT, project=PROJECT)
    assert own.grants("a@b.example", roles=["roles/owner"])


def test_a_service_account_is_read(cloud: EmulatedCloud, identity: IdentityClient) -> None:
    """A disabled account says so; one that does not exist is NOT_FOUND."""
    with pytest.raises(CloudRefusedError, match="Unknown service account") as caught:
        identity.get_service_account(SERVICE_ACCOUNT, project=PROJECT)
    assert caught.value.status == "NOT_FOUND"
    cloud.identities.add_account(SERVICE_ACCOUNT, project=PROJECT, is_disabled=True)
    account = identity.get_service_account(SERVICE_ACCOUNT, project=PROJECT)
    assert account == ServiceAccount(email=SERVICE_ACCOUNT, is_disabled=True)


def test_refusals_and_faults_are_told_apart(cloud: EmulatedCloud, identity: IdentityClient) -> None:
    """A missing permission, an API that is off and a passing fault are three errors."""
    cloud.access.deny(PROJECT, "resourcemanager.projects.getIamPolicy")
    with pytest.raises(CloudRefusedError, match="The caller does not have permission") as refused:
        identity.get_project_policy(PROJECT)
    assert refused.value.status == "PERMISSION_DENIED"
    cloud.access.disable(PROJECT, IAM)
    with pytest.raises(CloudRefusedError) as disabled:
        identity.get_service_account(SERVICE_ACCOUNT, project=PROJECT)
    assert disabled.value.reason == "SERVICE_DISABLED"
    cloud.faults.fail_next("projects.get", grpc.StatusCode.UNAVAILABLE, "later")
    with pytest.raises(CloudUnavailableError, match="later"):
        identity.get_project_number(PROJECT)


def test_an_endpoint_elsewhere_in_plain_text_is_refused() -> None:
    """Policies and credentials never leave the machine in plain text."""
    with pytest.raises(InvalidInputError, match="iam_endpoint"):
        IdentityClient(None, endpoint="http://iam.example.com:80")
