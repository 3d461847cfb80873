"""The whole emulator: Composer and GKE over gRPC, others over HTTP, and the proxy for stock Composer clients.

    grpc.insecure_channel(address) ──────────────────────────────▶ ┌──────────┐
    http://compute_address/compute/v1/… ─────────────────────────▶ │ emulator │
    http://iam_address/v1/… and /v3/… ───────────────────────────▶ │          │
    stock client ──grpc_proxy──▶ CONNECT composer.googleapis.com ─▶ └──────────┘ (TLS)

It runs in the event loop of its caller and listens on loopback only. It is derived from Google's types and pages alone
[source: composer-python-types]: it must not share the beliefs of the package that is tested against it.
"""

from __future__ import annotations

import ipaddress
import json
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

import grpc
from aiohttp import web

from lab.cloud.access import Access
from lab.cloud.certificate import make_server_identity
from lab.cloud.clusters import Clusters
from lab.cloud.compute import Compute
from lab.cloud.dispatch import make_generic_handlers
from lab.cloud.environments import Environments
from lab.cloud.faults import Faults
from lab.cloud.iam import Identities, IdentityApis
from lab.cloud.image_versions import ImageVersions
from lab.cloud.images import CREATABLE_IMAGES
from lab.cloud.lifecycle import Clock, Durations, Hooks, Lifecycle
from lab.cloud.names import Parent
from lab.cloud.operations import Operations
from lab.cloud.proxy import ConnectProxy
from lab.cloud.store import Store
from lab.cloud.validation import Surroundings
from lab.cloud.vpc import Vpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud.orchestration.airflow.service_v1.types import Environment

API_HOST: Final = "composer.googleapis.com"

# The lab's choice: the block of auto mode networks in us-central1. No rule depends on the number.
DEFAULT_NODE_RANGES: Final[Mapping[str, str]] = MappingProxyType({"": "10.128.0.0/20"})

# The lab's choice: the names that examples use, and the mistake of a public report, which takes 100.128.0.0/16 for
# carrier-grade NAT's addresses [source: composer-range-not-allowed].
DEFAULT_SECONDARY_RANGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pods": "10.4.0.0/14",
        "services": "10.8.0.0/20",
        "public-pods": "100.128.48.0/20",
        "public-services": "100.255.48.0/24",
    }
)


class ComposerEmulator:
    """The Composer, GKE, Compute, Resource Manager and IAM APIs on loopback; an asynchronous context manager.

    :param host: the loopback address to listen on.
    :param port: the port for plain clients; 0 takes a free one.
    :param durations: how long operations take; no time by default.
    :param hooks: what else happens when a state changes.
    :param creatable_images: full image versions, newest first.
    :param node_ranges: primary ranges (CIDRs) by the subnetwork's full name; "" for environments that name none.
    :param secondary_ranges: secondary ranges (CIDRs) of every subnetwork by their names.
    :param clock: the source of time and identities; the machine's own by default.
    :ivar faults: faults on request.
    :ivar access: what the caller may not do, and which APIs are not enabled.
    :ivar vpc: the projects' networks; those that ``node_ranges`` names exist from the start.
    :ivar clusters: the projects' GKE clusters.
    :ivar images: which image versions are listed.
    :ivar identities: projects' numbers, service accounts and policies.
    :ivar refused_targets: what stock clients asked the proxy for besides Composer.
    :raises ValueError: if ``host`` is not a loopback address. A name is refused too, since its meaning can change.
    :raises OSError: on entering, if the port is taken.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        durations: Durations | None = None,
        hooks: Hooks | None = None,
        creatable_images: Sequence[str] = CREATABLE_IMAGES,
        node_ranges: Mapping[str, str] = DEFAULT_NODE_RANGES,
        secondary_ranges: Mapping[str, str] = DEFAULT_SECONDARY_RANGES,
        clock: Clock | None = None,
    ) -> None:
        _require_loopback(host)
        self._host = host
        self._requested_port = port
        self._clock = clock or Clock()
        self.faults = Faults(sleep=self._clock.sleep)
        self.access = Access()
        self.vpc = _make_vpc(node_ranges, secondary_ranges=secondary_ranges)
        self.clusters = Clusters(vpc=self.vpc, access=self.access)
        self._compute = Compute(vpc=self.vpc, access=self.access, faults=self.faults)
        self.identities = Identities()
        self._iam = IdentityApis(self.identities, access=self.access, faults=self.faults)
        self._store = Store()
        self._lifecycle = Lifecycle(
            store=self._store,
            clusters=self.clusters,
            faults=self.faults,
            durations=durations or Durations(),
            hooks=hooks or Hooks(),
            clock=self._clock,
        )
        surroundings = Surroundings(
            creatable_images=creatable_images, node_ranges=node_ranges, secondary_ranges=secondary_ranges
        )
        environments = Environments(
            store=self._store, lifecycle=self._lifecycle, surroundings=surroundings, access=self.access, vpc=self.vpc
        )
        self.images = ImageVersions(creatable=creatable_images, access=self.access)
        operations = Operations(store=self._store)
        self._services = tuple(each.make_service() for each in (environments, self.images, operations, self.clusters))
        for service in self._services:
            self.faults.add_methods(method.name for method in service.methods)
        self._stack = AsyncExitStack()
        self._port = self._tls_port = self._proxy_port = self._compute_port = self._iam_port = 0
        self._authority_file = Path()
        self.refused_targets: Sequence[str] = ()

    async def __aenter__(self) -> Self:
        """Listen on all ports; the stack stops in reverse order whatever has been started."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._lifecycle.stop)
            directory = stack.enter_context(TemporaryDirectory(prefix="composer-emulator-"))
            identity = make_server_identity(API_HOST, now=self._clock.now())
            self._authority_file = Path(directory, "authority.pem")
            self._authority_file.write_bytes(identity.authority)
            server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])  # a taken port is an error, not shared
            server.add_generic_rpc_handlers(make_generic_handlers(self._services, faults=self.faults))
            address = self._join(self._requested_port)
            try:
                self._port = server.add_insecure_port(address)
            except RuntimeError as error:  # gRPC's own error for a taken port says nothing more
                raise OSError(f"cannot listen on {address}; is the port taken?") from error
            credentials = grpc.ssl_server_credentials([(identity.private_key, identity.certificate)])
            self._tls_port = server.add_secure_port(self._join(0), credentials)
            stack.push_async_callback(server.stop, None)
            await server.start()
            proxy = ConnectProxy(host=self._host, target=f"{API_HOST}:443", forward_port=self._tls_port)
            stack.push_async_callback(proxy.stop)
            self._proxy_port = await proxy.start()
            self.refused_targets = proxy.refused
            self._compute_port = await _serve_http(self._compute.make_application(), host=self._host, stack=stack)
            self._iam_port = await _serve_http(self._iam.make_application(), host=self._host, stack=stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    @property
    def address(self) -> str:
        """The address for plain clients: ``grpc.insecure_channel(address)``."""
        return self._join(self._port)

    @property
    def compute_address(self) -> str:
        """The address of the Compute API: ``http://ADDRESS/compute/v1/…``."""
        return self._join(self._compute_port)

    @property
    def iam_address(self) -> str:
        """The address of the Resource Manager and IAM APIs: ``http://ADDRESS/v3/projects/…``."""
        return self._join(self._iam_port)

    @property
    def tls_address(self) -> str:
        """The address that presents the certificate for Google's host."""
        return self._join(self._tls_port)

    @property
    def proxy_url(self) -> str:
        """The URL of the CONNECT proxy."""
        return f"http://{self._join(self._proxy_port)}"

    @property
    def authority_file(self) -> Path:
        """The certificate to trust, in PEM; it exists while the emulator runs."""
        return self._authority_file

    def make_client_settings(self) -> dict[str, str]:
        """Return the environment variables that lead an unmodified Google client here.

        They must be set before the client's process first uses gRPC. Plain HTTP and HTTPS use the same proxy, which
        refuses them, so no other request reaches the outside. google-auth is told not to look for a metadata server.
        ``grpc_proxy`` has precedence over ``https_proxy`` [source: grpc-environment, observed-grpc-proxy].
        """
        return {
            "grpc_proxy": self.proxy_url,
            "https_proxy": self.proxy_url,
            "http_proxy": self.proxy_url,
            "no_grpc_proxy": "",
            "no_proxy": "",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self._authority_file),
            "NO_GCE_CHECK": "true",
        }

    def make_endpoint_settings(self) -> dict[str, str]:
        """Return the environment variables that lead the package's command line here."""
        return {f"AIRFLOW_MASQ_{api.upper()}_ENDPOINT": url for api, url in self._list_endpoints().items()}

    def make_airflow_connection(self, *, project: str) -> str:
        """Return a Google connection for Airflow, as JSON for ``AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT``.

        The package's operators find the endpoints in it; Google's own look at none of them.

        :param project: the project of operators that name none.
        """
        endpoints = {f"{api}_endpoint": url for api, url in self._list_endpoints().items()}
        extra = {"is_anonymous": True, "project": project, **endpoints}
        return json.dumps({"conn_type": "google_cloud_platform", "extra": extra})

    def add_environment(self, environment: Environment) -> None:
        """Add an environment as it is, with its state, and without checks, hooks or an operation."""
        self._store.put_environment(environment)

    async def create_environment(self, environment: Environment) -> None:
        """Create a valid environment with its cluster at once, without a call, a check or a pause."""
        self._lifecycle.create(environment, seconds=0)
        await self._lifecycle.settle()

    def list_environments(self, parent: str) -> list[Environment]:
        """Return the environments of one location, ``projects/P/locations/L``, without a call."""
        return list(self._store.list_environments(Parent.parse(parent)).values())

    def remove_environment(self, name: str) -> None:
        """Remove an environment that exists, without checks, hooks or an operation."""
        self._store.remove_environment(name)

    async def settle(self) -> None:
        """Wait until no creation, update or deletion is running."""
        await self._lifecycle.settle()

    def _list_endpoints(self) -> dict[str, str]:
        addresses = {
            "composer": self.address,
            "gke": self.address,
            "compute": self.compute_address,
            "iam": self.iam_address,
        }
        return {api: f"http://{address}" for api, address in addresses.items()}

    def _join(self, port: int) -> str:
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"


def _require_loopback(host: str) -> None:
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"the emulator listens on loopback addresses only, not on {host!r}")


async def _serve_http(application: web.Application, *, host: str, stack: AsyncExitStack) -> int:
    """Serve an application on a free port until the stack ends; return the port."""
    # A call that is stalled by a fault must not hold the end.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return port


def _make_vpc(node_ranges: Mapping[str, str], *, secondary_ranges: Mapping[str, str]) -> Vpc:
    """Make the networks, with the subnetworks that are named from the start."""
    default = node_ranges.get("", DEFAULT_NODE_RANGES[""])
    vpc = Vpc(default_node_range=default, default_secondary_ranges=secondary_ranges)
    for name, cidr in node_ranges.items():
        if name:
            vpc.add_subnetwork(name, ip_cidr_range=cidr)
    return vpc
