"""What all gRPC clients share: who they say they are, and how they speak to an emulator."""

from __future__ import annotations

from typing import Final

from google.api_core.gapic_v1.client_info import ClientInfo

from airflow_masq import __version__

CLIENT_INFO: Final = ClientInfo(  # type: ignore[no-untyped-call] # google-api-core is partly untyped
    client_library_version=__version__, user_agent=f"airflow-masq/{__version__}"
)

# No TLS, no credentials, and not through a proxy that an environment variable names; messages of any size, as Google's
# own channels allow them.
PLAINTEXT_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
)
