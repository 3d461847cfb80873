"""What is asked of the cloud about a plan, and the answers; a question without an answer is a value, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_masq.facts.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from airflow_masq.environment import EnvironmentResource, OfferedImage
    from airflow_masq.facts import (
        IamPolicy,
        NatGateway,
        NatStatus,
        Quota,
        RegionalName,
        ServiceAccount,
        Subnetwork,
        Utilization,
    )

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A question without an answer.

    :param reason: as a sentence goes on with it: ``no answer within 10 s``; foreign text in it is escaped.
    """

    silence: Silence
    reason: str


@dataclass(frozen=True, kw_only=True)
class Asked(Generic[T_co]):
    """A question and its answer.

    :param what: the call, as Google's reference names it, and its resource.
    """

    what: str
    answer: T_co | Unanswered


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A Cloud NAT gateway, and the addresses that it uses.

    :param network: of its router, ``projects/P/global/networks/N``.
    :param status: ``None`` where the router tells nothing of this gateway.
    """

    router: RegionalName
    network: str
    gateway: NatGateway
    status: NatStatus | None


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All answers about one environment. ``None`` where there was nothing to ask.

    :param today: the day of asking.
    :param environment: the environment that has the name already; ``None`` where the caller has looked before.
    :param images: the image versions that the service offers.
    :param permissions: those that the caller has in the environment's project, of those in question.
    :param number: the project's number.
    :param policy: who has which role in the environment's project.
    :param host_policy: the same in the host project of a Shared VPC.
    :param account: the environment's service account.
    :param account_permissions: those that the caller has on it, of those in question.
    :param account_policy: who has which role on it.
    :param subnetwork: the subnetwork and its ranges.
    :param subnetwork_policy: who has which role on the subnetwork of a Shared VPC.
    :param utilizations: how full its ranges are.
    :param gateways: the Cloud NAT gateways of the network in the region.
    :param quotas: the region's quotas in the environment's project, by metric.
    """

    today: date
    images: Asked[tuple[OfferedImage, ...]]
    permissions: Asked[frozenset[str]]
    number: Asked[str]
    policy: Asked[IamPolicy]
    subnetwork: Asked[Subnetwork]
    utilizations: Asked[tuple[Utilization, ...]]
    gateways: Asked[tuple[Gateway, ...]]
    quotas: Asked[Mapping[str, Quota]]
    environment: Asked[EnvironmentResource] | None = None
    host_policy: Asked[IamPolicy] | None = None
    subnetwork_policy: Asked[IamPolicy] | None = None
    account: Asked[ServiceAccount] | None = None
    account_permissions: Asked[frozenset[str]] | None = None
    account_policy: Asked[IamPolicy] | None = None
