"""How the clients of gRPC APIs are made: who they say they are, and how they reach their endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import grpc
from google.api_core.client_options import ClientOptions
from google.api_core.gapic_v1.client_info import ClientInfo

from airflow_masq import __version__
from airflow_masq.clients.endpoint import parse_endpoint
from airflow_masq.clients.google_errors import translate_google_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.auth.credentials import Credentials

C = TypeVar("C")

_CLIENT_INFO: Final = ClientInfo(  # type: ignore[no-untyped-call] # google-api-core is partly untyped
    client_library_version=__version__, user_agent=f"airflow-masq/{__version__}"
)

# No TLS, no credentials, and not through a proxy that an environment variable names; messages of any size, as Google's
# own channels allow them.
_PLAINTEXT_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
)


def make_grpc_client(
    client: Callable[..., C],
    *,
    transport: Callable[..., object],
    api: str,
    credentials: Credentials | None,
    endpoint: str | None,
    make_channel: Callable[..., Any] = grpc.insecure_channel,
) -> C:
    """Make one of Google's clients.

    :param client: Google's class.
    :param transport: the class of its gRPC transport, for an emulator.
    :param api: its name, for errors: ``Composer``, whose endpoint is the setting ``composer_endpoint``.
    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param endpoint: a URL that ``parse_endpoint`` accepts. ``None`` means Google's public endpoint.
    :param make_channel: ``grpc.aio.insecure_channel`` for an event loop.
    :raises InvalidInputError: the endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """
    with translate_google_errors(f"preparing a client of the {api} API"):
        if endpoint is None:
            return client(credentials=credentials, client_info=_CLIENT_INFO)
        parsed = parse_endpoint(endpoint, where=f"{api.lower()}_endpoint")
        if parsed.plaintext:
            channel = make_channel(parsed.target, options=_PLAINTEXT_OPTIONS)
            return client(transport=transport(channel=channel, client_info=_CLIENT_INFO))
        options = ClientOptions(api_endpoint=parsed.target)
        return client(credentials=credentials, client_options=options, client_info=_CLIENT_INFO)
