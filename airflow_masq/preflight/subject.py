"""What a plan's environment names in the cloud: its subnetwork, the host project, its service account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.resource import SERVICE_ACCOUNT
from airflow_masq.facts import RegionalName
from airflow_masq.facts.subnetwork import shorten_network

if TYPE_CHECKING:
    from airflow_masq.environment import EnvironmentResource

SUBNETWORK_PLACE: Final = "environment.config.nodeConfig.subnetwork"
SERVICE_ACCOUNT_PLACE: Final = f"environment.{'.'.join(SERVICE_ACCOUNT)}"

_NODE_CONFIG: Final = ("config", "nodeConfig")
# An account that a user made is in the project that its address names [source: iam-rest]; Google's own default accounts
# name none that way.
_OWN_ACCOUNT: Final = re.compile(r"[^@]+@([a-z][-a-z0-9]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One environment, and what it names.

    :param network: ``projects/P/global/networks/N``.
    :param subnetwork: its project is the host project of a Shared VPC.
    :param account: the service account's address; empty for none.
    """

    name: EnvironmentName
    network: str
    subnetwork: RegionalName
    account: str
    is_private: bool

    @classmethod
    def read(cls, environment: EnvironmentResource) -> Self:
        """Read an environment.

        An environment without a network is in the project's ``default`` one, and one without a subnetwork in that of
        the network's own name, as networks in auto mode have it; inferred from the field's reference
        [source: composer-node-network].

        :raises InvalidInputError: its name or its subnetwork's cannot be read.
        """
        name = EnvironmentName.parse(environment.name or "", where="environment.name")
        written = environment.get_text(*_NODE_CONFIG, "network") or "default"
        network = shorten_network(written, project=name.project)
        host, network_id = network.split("/")[1], network.rpartition("/")[2]
        subnetwork = RegionalName.parse(
            environment.get_text(*_NODE_CONFIG, "subnetwork") or network_id,
            kind="subnetworks",
            project=host,
            region=name.location,
            where=SUBNETWORK_PLACE,
        )
        return cls(
            name=name,
            network=network,
            subnetwork=subnetwork,
            account=environment.get_text(*SERVICE_ACCOUNT),
            is_private=environment.is_private,
        )

    @property
    def project(self) -> str:
        """The environment's own project."""
        return self.name.project

    @property
    def host_project(self) -> str:
        """The project of the network; with a Shared VPC another one."""
        return self.subnetwork.project

    @property
    def has_shared_vpc(self) -> bool:
        """Whether the network belongs to another project."""
        return self.host_project != self.project

    @property
    def account_project(self) -> str:
        """The project of the service account."""
        matched = _OWN_ACCOUNT.fullmatch(self.account)
        return matched[1] if matched else self.project
