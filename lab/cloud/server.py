"""The emulator as a whole: two gRPC services on loopback, plain and with TLS, and the proxy for stock Google clients.

    grpc.insecure_channel(address) ─────────────────────────────▶ ┌──────────┐
                                                                  │ emulator │
    stock client ──grpc_proxy──▶ CONNECT composer.googleapis.com ─▶ └──────────┘ (TLS)

It runs in the event loop of its caller. It must never listen on anything but loopback, knows nothing of packets, and
must not share the beliefs of the package that is tested against it: it is derived from Google's types and words alone.
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

from lab.cloud.certificate import make_server_identity
from lab.cloud.dispatch import generic_handlers
from lab.cloud.environments import Environments
from lab.cloud.faults import Faults
from lab.cloud.images import CREATABLE_IMAGES
from lab.cloud.lifecycle import Clock, Durations, Hooks, Lifecycle
from lab.cloud.operations import Operations
from lab.cloud.proxy import ConnectProxy
from lab.cloud.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from google.cloud.orchestration.airflow.service_v1.types import Environment

API_HOST: Final = "composer.googleapis.com"

# The lab's choice: the block that auto mode networks have in us-central1. Nothing depends on the number.
DEFAULT_NODE_RANGES: Final[Mapping[str, str]] = MappingProxyType({"": "10.128.0.0/20"})


class ComposerEmulator:
    """A Composer API on loopback; an asynchronous context manager.

    :param host: the loopback address to listen on; 127.0.0.1 by default.
    :param port: the port for plain clients; 0, the default, takes a free one.
    :param durations: how long things take; no time by default.
    :param hooks: what else happens on changes of state.
    :param creatable_images: full image versions, newest first.
    :param node_ranges: primary ranges (CIDRs) by the subnetwork's full name; "" for environments that name none.
    :param clock: where time and identities come from; the machine's own by default.
    :raises ValueError: when ``host`` is no loopback address.
    :raises OSError: on entering, when the port is taken.
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
        clock: Clock | None = None,
    ) -> None:
        self._host = _loopback(host)
        self._asked_port = port
        self._clock = clock or Clock()
        self.faults = Faults(sleep=self._clock.sleep)
        self._store = Store()
        self._lifecycle = Lifecycle(
            store=self._store,
            faults=self.faults,
            durations=durations or Durations(),
            hooks=hooks or Hooks(),
            clock=self._clock,
        )
        self._services = (
            Environments(
                store=self._store,
                lifecycle=self._lifecycle,
                creatable_images=creatable_images,
                node_ranges=node_ranges,
            ).service(),
            Operations(store=self._store).service(),
        )
        for service in self._services:
            self.faults.know_methods(method.name for method in service.methods)
        self._stack = AsyncExitStack()
        self._port = self._tls_port = self._proxy_port = 0
        self._authority_file = Path()
        self.refused_targets: Sequence[str] = ()
        """What stock clients asked the proxy for besides Composer; kept for evidence."""

    async def __aenter__(self) -> Self:
        """Listen; everything is taken down again when the block ends."""
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def address(self) -> str:
        """Where plain clients connect: ``grpc.insecure_channel(address)``."""
        return self._join(self._port)

    @property
    def tls_address(self) -> str:
        """Where the certificate for Google's host is shown."""
        return self._join(self._tls_port)

    @property
    def proxy_url(self) -> str:
        """The CONNECT proxy, as a URL."""
        return f"http://{self._join(self._proxy_port)}"

    @property
    def authority_file(self) -> Path:
        """The certificate to trust, in PEM; exists as long as the emulator runs."""
        return self._authority_file

    def stock_client_settings(self) -> dict[str, str]:
        """Return the environment variables that lead an unmodified Google client here.

        They must be set before the client's process first uses gRPC. The same proxy is named for plain HTTP and HTTPS,
        which it refuses, so that nothing strays outside; google-auth is told not to look for a metadata server.
        ``GRPC_DEFAULT_SSL_ROOTS_FILE_PATH``: https://github.com/grpc/grpc/blob/master/doc/environment_variables.md
        (read 2026-11-22). That ``grpc_proxy`` wins over ``https_proxy`` was observed with grpcio 1.85.1.
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

    def airflow_connection(self, *, project: str) -> str:
        """Return a Google connection for Airflow, as JSON for ``AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT``.

        :param project: the project that operators use where they name none.
        """
        extra = {"is_anonymous": True, "project": project}
        return json.dumps({"conn_type": "google_cloud_platform", "extra": extra})

    def add_environment(self, environment: Environment) -> None:
        """Put an environment there as it is, state included, without checks, hooks or an operation."""
        self._store.put_environment(environment)

    async def settled(self) -> None:
        """Wait until no creation, update or deletion is under way."""
        await self._lifecycle.settled()

    async def _start(self, stack: AsyncExitStack) -> None:
        """Listen on all three ports; whatever was begun is taken down by the stack, last first."""
        stack.push_async_callback(self._lifecycle.stop)
        directory = stack.enter_context(TemporaryDirectory(prefix="composer-emulator-"))
        identity = make_server_identity(API_HOST, now=self._clock.now())
        self._authority_file = Path(directory, "authority.pem")
        self._authority_file.write_bytes(identity.authority)
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])  # a taken port is an error, not shared
        server.add_generic_rpc_handlers(generic_handlers(self._services, faults=self.faults))
        self._port = _bind(server, self._join(self._asked_port))
        credentials = grpc.ssl_server_credentials([(identity.private_key, identity.certificate)])
        self._tls_port = server.add_secure_port(self._join(0), credentials)
        stack.push_async_callback(server.stop, None)
        await server.start()
        proxy = ConnectProxy(host=self._host, target=f"{API_HOST}:443", forward_port=self._tls_port)
        stack.push_async_callback(proxy.stop)
        self._proxy_port = await proxy.start()
        self.refused_targets = proxy.refused

    def _join(self, port: int) -> str:
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"


def _bind(server: grpc.aio.Server, address: str) -> int:
    """Listen for plain clients and return the port; gRPC's own error for a taken port is a bare RuntimeError."""
    try:
        return server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}; is the port taken?") from error


def _loopback(host: str) -> str:
    """Let loopback addresses pass; a name is refused too, since what it means can change."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(f"the emulator listens on loopback addresses only, not on {host!r}")
    return host
