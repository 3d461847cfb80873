"""Where a cluster's API server is, as the GKE API tells of it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts.rest import find_flag, find_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class EndpointChoice(StrEnum):
    """Which of a control plane's endpoints to use."""

    AUTO = "auto"  # the DNS-based one where users may use it, else the cluster's own
    DNS = "dns"
    PRIVATE = "private"
    PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """The endpoints of a cluster's API server; what is not told is empty.

    :param endpoint: the cluster's own: the public address, or the private one where the public one is off.
    :param private_endpoint: the address inside the VPC.
    :param dns_endpoint: the name, which Google always gives.
    :param dns_is_open: whether users may use that name [source: gke-dns-endpoint].
    :param authority: the certificate authority behind the addresses, as PEM.
    """

    endpoint: str = ""
    private_endpoint: str = ""
    dns_endpoint: str = ""
    dns_is_open: bool = False
    authority: str = ""

    @classmethod
    def read(cls, resource: Mapping[str, object]) -> Self:
        """Read the cluster's REST resource [source: gke-cluster-resource]."""
        config = "controlPlaneEndpointsConfig"
        addresses = (config, "ipEndpointsConfig")
        return cls(
            endpoint=find_text(resource, "endpoint"),
            private_endpoint=find_text(resource, *addresses, "privateEndpoint")
            or find_text(resource, "privateClusterConfig", "privateEndpoint"),
            dns_endpoint=find_text(resource, config, "dnsEndpointConfig", "endpoint"),
            dns_is_open=find_flag(resource, config, "dnsEndpointConfig", "allowExternalTraffic"),
            authority=_decode(find_text(resource, "masterAuth", "clusterCaCertificate")),
        )

    def choose(self, choice: EndpointChoice, *, where: str) -> tuple[str, str | None]:
        """Choose an endpoint.

        :param where: the setting's name, for the error.
        :return: its URL, and the authority to trust; ``None``: the public ones, which vouch for names
            [source: gke-dns-endpoint].
        :raises InvalidInputError: the cluster does not have that endpoint.
        """
        if choice is EndpointChoice.DNS or (choice is EndpointChoice.AUTO and self.dns_endpoint and self.dns_is_open):
            return f"https://{self._require(self.dns_endpoint, choice, where=where)}", None
        address = self.private_endpoint if choice is EndpointChoice.PRIVATE else self.endpoint
        return f"https://{self._require(address, choice, where=where)}", self.authority or None

    def _require(self, host: str, choice: EndpointChoice, *, where: str) -> str:
        if host:
            return host
        told = {
            EndpointChoice.DNS: self.dns_endpoint,
            EndpointChoice.PRIVATE: self.private_endpoint,
            EndpointChoice.PUBLIC: self.endpoint,
        }
        known = ", ".join(word for word, value in told.items() if value) or "none"
        raise InvalidInputError(where=where, expected=f"an endpoint that the cluster has ({known})", seen=choice)


def _decode(text: str) -> str:
    """Decode the authority, which GKE's API gives as base64 of PEM."""
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
