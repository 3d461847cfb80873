"""The accounts that a new environment of Composer 2 relies on, and the roles that they need, as a table.

In a Shared VPC some of the roles are needed in the host project, where the network is
[source: composer-shared-vpc-roles, composer-shared-vpc-page].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CREATOR_ROLE: Final = "roles/composer.environmentAndStorageObjectAdmin"
"""The role for those who create environments [source: composer-access-control]."""

ACT_AS_PERMISSION: Final = "iam.serviceAccounts.actAs"
ACT_AS_ROLE: Final = "roles/iam.serviceAccountUser"
"""The role that lets a caller run something as a service account [source: composer-act-as-refused]."""

WORKER_ROLE: Final = "roles/composer.worker"
"""The role of an environment's own service account [source: composer-access-control]."""

AGENT_ROLE: Final = "roles/composer.serviceAgent"
AGENT_EXTENSION_ROLE: Final = "roles/composer.ServiceAgentV2Ext"
SHARED_VPC_ROLE: Final = "roles/composer.sharedVpcAgent"
NETWORK_USER_ROLE: Final = "roles/compute.networkUser"
HOST_AGENT_ROLE: Final = "roles/container.hostServiceAgentUser"

# Basic roles hold the permissions of the worker's role, too; inferred, since environments ran for years with an account
# that had Editor [source: composer-access-control].
_BASIC_ROLES: Final = ("roles/editor", "roles/owner")


@dataclass(frozen=True, kw_only=True)
class RoleNeed:
    """One role that an account needs.

    :param account: the account's name in sentences.
    :param roles: any of these is enough; the first is the one to grant.
    :param may_be_elsewhere: where else than on the project it may be granted: ``subnetwork``, ``service account``, or
        nowhere.
    """

    account: str
    email: str
    roles: tuple[str, ...]
    may_be_elsewhere: str = ""


def list_own_needs(*, project_number: str, service_account: str) -> tuple[RoleNeed, ...]:
    """List the roles that are needed in the environment's own project.

    :param service_account: the environment's own; empty for none.
    """
    agent = _name_composer_agent(project_number)
    needs = [
        RoleNeed(account="the Composer Service Agent", email=agent, roles=(AGENT_ROLE,)),
        RoleNeed(
            account="the Composer Service Agent",
            email=agent,
            roles=(AGENT_EXTENSION_ROLE,),
            may_be_elsewhere="service account",
        ),
    ]
    if service_account:
        roles = (WORKER_ROLE, *_BASIC_ROLES)
        needs.append(RoleNeed(account="the environment's service account", email=service_account, roles=roles))
    return tuple(needs)


def list_host_needs(*, project_number: str, is_private: bool) -> tuple[RoleNeed, ...]:
    """List the roles that are needed in the host project of a Shared VPC.

    :param project_number: of the environment's own project, the service project.
    :param is_private: whether the environment is a private one.
    """
    # "Composer Shared VPC Agent" for private, "Compute Network User" for public environments; that the first is enough
    # for both is inferred from its permissions [source: composer-shared-vpc-page, composer-roles].
    agent_roles = (SHARED_VPC_ROLE,) if is_private else (NETWORK_USER_ROLE, SHARED_VPC_ROLE)
    gke_agent = f"service-{project_number}@container-engine-robot.iam.gserviceaccount.com"
    return (
        RoleNeed(
            account="the Google APIs Service Agent",
            email=f"{project_number}@cloudservices.gserviceaccount.com",
            roles=(NETWORK_USER_ROLE,),
            may_be_elsewhere="subnetwork",
        ),
        RoleNeed(account="the GKE Service Agent", email=gke_agent, roles=(HOST_AGENT_ROLE,)),
        RoleNeed(
            account="the GKE Service Agent",
            email=gke_agent,
            roles=(NETWORK_USER_ROLE,),
            may_be_elsewhere="subnetwork",
        ),
        RoleNeed(account="the Composer Service Agent", email=_name_composer_agent(project_number), roles=agent_roles),
    )


def _name_composer_agent(project_number: str) -> str:
    return f"service-{project_number}@cloudcomposer-accounts.iam.gserviceaccount.com"
