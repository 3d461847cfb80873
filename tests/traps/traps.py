"""Every way that HTTP observers and networks were seen to fool a check, as one table: what is set up, and the verdict.

Each trap is a function whose docstring is its sentence in ``docs/traps.md``. It sets up real servers in the lab, asks
as the check does, and returns the verdict. An honest twin stands beside the traps, so that none is refused for nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING, Final, TypeAlias
from unittest import mock

from airflow_masq.verdict import Verdict, VerdictCode
from lab.packets.topology import DEFAULT_CLOUD_NAT, NODE_RANGE, POD_RANGE, PUBLIC, CloudNat
from tests.traps.names import (
    first_address_leaks,
    ipv6_bypass,
    one_address,
    one_address_is_dead,
    second_address_leaks,
    unreachable_addresses,
)
from tests.traps.scene import COMPOSER, NODE, POD, SERVICE, Scene
from tests.traps.servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Trap: TypeAlias = "Callable[[Scene, Servers], Verdict]"

URL: Final = f"http://{SERVICE.address}:{SERVICE.port}/"
_LISTEN: Final = f"listen {SERVICE.address}:{SERVICE.port}"
_BEHIND: Final = 8081
_NAT_PORTS: Final = 64
_IN_VAIN: Final = 8  # connections in a row without a port
_FRONT: Final = f"listen front\n  bind {SERVICE.address}:{SERVICE.port}"
_TRUTH: Final = f"server {{ {_LISTEN}; location / {{ return 200 $remote_addr; }} }}"
_NODE_ADDRESS: Final = "10.128.0.2"


@contextlib.contextmanager
def _serve(servers: Servers, settings: str = _TRUTH, *, port: int = SERVICE.port) -> Iterator[None]:
    with servers.start_nginx(SERVICE.name, settings, address=SERVICE.address, port=port):
        yield


def masqueraded(scene: Scene, servers: Servers) -> Verdict:
    """No trap: nginx names the peer, and the node masquerades."""
    scene.masquerade(on=True)
    with _serve(servers):
        return scene.check(URL)


def leaking(scene: Scene, servers: Servers) -> Verdict:
    """No trap: nginx names the peer, and the node does not masquerade."""
    with _serve(servers):
        return scene.check(URL)


def intercepting_squid(scene: Scene, servers: Servers) -> Verdict:
    """A squid on the node takes the Pod's connections and asks with the node's address."""
    node = scene.lab.clusters[0].nodes[0]
    listening = f"http_port {node.address}:{SERVICE.port} intercept\nhttp_port {node.address}:3128"
    with _serve(servers), servers.start_squid(NODE, listening, address=node.address, port=3128):
        scene.lab.set_interception(NODE, {SERVICE.address: node.address})
        return scene.check(URL)


def stale_cache(scene: Scene, servers: Servers) -> Verdict:
    """A squid that intercepts has kept a reply from the time when the node masqueraded."""
    node = scene.lab.clusters[0].nodes[0]
    listening = f"http_port {node.address}:{SERVICE.port} intercept\nhttp_port {node.address}:3128"
    cacheable = _TRUTH.replace("return", "add_header Cache-Control 'public, max-age=3600'; return")
    with _serve(servers, cacheable), servers.start_squid(NODE, listening, address=node.address, port=3128):
        scene.lab.set_interception(NODE, {SERVICE.address: node.address})
        scene.check(URL)
        return scene.check(URL)


def cache_before_the_observer(scene: Scene, servers: Servers) -> Verdict:
    """An nginx in front of the observer keeps replies, and has one from the time when the node masqueraded."""
    cache = (
        f"proxy_cache_path {servers.folder}/cache keys_zone=all:1m;\n"
        f"server {{ {_LISTEN}; location / {{ proxy_pass http://{SERVICE.address}:{_BEHIND}; proxy_cache all;\n"
        "proxy_cache_valid 200 1h; proxy_set_header X-Real-IP $remote_addr; } }\n"
        f"server {{ listen {SERVICE.address}:{_BEHIND}; set_real_ip_from {SERVICE.address}; location / "
        "{ return 200 $remote_addr; } }"
    )
    with _serve(servers, cache):
        scene.masquerade(on=True)
        scene.check(URL)
        scene.masquerade(on=False)
        return scene.check(URL)


def believed_header(scene: Scene, servers: Servers) -> Verdict:
    """An nginx with real_ip names what X-Forwarded-For claims, so it would repeat what any proxy tells it."""
    scene.masquerade(on=True)
    with _serve(
        servers, _TRUTH.replace("location", "set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For; location")
    ):
        return scene.check(URL)


def httpbin(scene: Scene, servers: Servers) -> Verdict:
    """An httpbin, whose `/ip` repeats X-Forwarded-For."""
    scene.masquerade(on=True)
    with servers.start_httpbin(SERVICE.name, address=SERVICE.address, port=SERVICE.port):
        return scene.check(f"{URL}ip")


def proxy_on_the_observers_host(scene: Scene, servers: Servers) -> Verdict:
    """An haproxy in front of nginx on the same host: nginx names the host's own address."""
    proxy = (
        f"listen front\n  mode http\n  bind {SERVICE.address}:{SERVICE.port}\n  server s {SERVICE.address}:{_BEHIND}"
    )
    behind = _TRUTH.replace(f":{SERVICE.port};", f":{_BEHIND};")
    with (
        _serve(servers, behind, port=_BEHIND),
        servers.start_haproxy(SERVICE.name, proxy, address=SERVICE.address, port=SERVICE.port),
    ):
        return scene.check(URL)


def honest_proxy_protocol(scene: Scene, servers: Servers) -> Verdict:
    """No trap: an haproxy tells nginx the peer by the PROXY protocol, and nginx names it."""
    proxy = (
        f"listen front\n  bind {SERVICE.address}:{SERVICE.port}\n  server s {SERVICE.address}:{_BEHIND} send-proxy-v2"
    )
    behind = _TRUTH.replace(f":{SERVICE.port};", f":{_BEHIND} proxy_protocol;")
    behind = behind.replace("$remote_addr", "$proxy_protocol_addr")
    scene.masquerade(on=True)
    with (
        _serve(servers, behind, port=_BEHIND),
        servers.start_haproxy(SERVICE.name, proxy, address=SERVICE.address, port=SERVICE.port),
    ):
        return scene.check(URL)


def unexpected_proxy_protocol(scene: Scene, servers: Servers) -> Verdict:
    """An haproxy sends the PROXY protocol to an nginx that does not expect it."""
    proxy = f"{_FRONT}\n  server s {SERVICE.address}:{_BEHIND} send-proxy"
    behind = _TRUTH.replace(f":{SERVICE.port};", f":{_BEHIND};")
    with (
        _serve(servers, behind, port=_BEHIND),
        servers.start_haproxy(SERVICE.name, proxy, address=SERVICE.address, port=SERVICE.port),
    ):
        return scene.check(URL, canary=False)  # nginx answers the PROXY line at once, before the request


def proxy_variables(scene: Scene, servers: Servers) -> Verdict:
    """The worker's proxy variables name a tinyproxy on the node; the check asks the observer and sees the leak."""
    node = scene.lab.clusters[0].nodes[0]
    proxy = f"http://{node.address}:3128"
    variables = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"), proxy)
    with (
        _serve(servers),
        servers.start_tinyproxy(NODE, address=node.address, port=3128),
        mock.patch.dict(os.environ, variables),
    ):
        return scene.check(URL)


def open_connection(scene: Scene, servers: Servers) -> Verdict:
    """Connection tracking lets an old connection keep the Pod's address; the check opens a new one."""
    with _serve(servers), scene.lab.open_socket(POD, socket.AF_INET, socket.SOCK_STREAM) as old:
        old.settimeout(5)
        old.connect((str(SERVICE.address), SERVICE.port))
        scene.masquerade(on=True)
        old.sendall(b"GET / HTTP/1.1\r\nHost: service\r\n\r\n")
        assert "192.168.0.2" in old.recv(4096).decode()
        return scene.check(URL)


def start_up_race(scene: Scene, servers: Servers) -> Verdict:
    """The Pod was up before the node's rules: the first answer leaked, the second did not."""
    with _serve(servers):
        first = scene.ask(URL)
        scene.masquerade(on=True)
        return scene.judge(URL, *first, *scene.ask(URL))


def late_rules(scene: Scene, servers: Servers) -> Verdict:
    """A SYN was dropped before the rules came, and is dropped again after; a new connection gets through."""
    scene.lab.set_allowed_sources(SERVICE.name, (NODE_RANGE,))
    late = threading.Timer(0.3, scene.lab.set_masquerade, (NODE, COMPOSER))
    with _serve(servers):
        late.start()
        first = scene.ask(URL)
        late.join()
        assert all(each.observed is None for each in first)
        return scene.judge(URL, *first, *scene.ask(URL))


def dropping_firewall(scene: Scene, servers: Servers) -> Verdict:
    """The service's firewall drops the Pod's packets."""
    scene.lab.set_allowed_sources(SERVICE.name, (NODE_RANGE,))
    with _serve(servers):
        return scene.check(URL)


def exhausted_nat(scene: Scene, servers: Servers) -> Verdict:
    """All 64 ports that Cloud NAT has for the node are in use."""
    scene.masquerade(on=True)
    gateway = CloudNat(
        address=DEFAULT_CLOUD_NAT.address, covers=(NODE_RANGE, POD_RANGE), ports=(2000, 2000 + _NAT_PORTS - 1)
    )
    scene.lab.set_cloud_nat(gateway)
    url = f"http://{PUBLIC.address}:{PUBLIC.port}/"
    truth = _TRUTH.replace(str(SERVICE.address), str(PUBLIC.address))
    with (
        servers.start_nginx(PUBLIC.name, truth, address=PUBLIC.address, port=PUBLIC.port),
        contextlib.ExitStack() as busy,
    ):
        assert {str(each.observed) for each in scene.ask(url)} == {str(DEFAULT_CLOUD_NAT.address)}
        in_vain = tries = 0
        # The kernel looks for a free port at random, and not for ever; on a busy machine an attempt may be late, too.
        while in_vain < _IN_VAIN or tries < _NAT_PORTS + _IN_VAIN:
            tries += 1
            each = busy.enter_context(scene.lab.open_socket(POD, socket.AF_INET, socket.SOCK_STREAM))
            each.settimeout(0.2)
            try:
                each.connect((str(PUBLIC.address), PUBLIC.port))
                in_vain = 0
            except TimeoutError:
                in_vain += 1
        return scene.check(url)


def redirect_to_metadata(scene: Scene, servers: Servers) -> Verdict:
    """An observer redirects to the metadata server, where the node's tokens are."""
    away = f"server {{ {_LISTEN}; location / {{ return 302 http://169.254.169.254/computeMetadata/v1/; }} }}"
    scene.masquerade(on=True)
    with _serve(servers, away):
        return scene.check(URL)


def bad_gateway(scene: Scene, servers: Servers) -> Verdict:
    """A squid on the node answers in place of a service that is down."""
    node = scene.lab.clusters[0].nodes[0]
    listening = f"http_port {node.address}:{SERVICE.port} intercept\nhttp_port {node.address}:3128"
    with servers.start_squid(NODE, listening, address=node.address, port=3128):
        scene.lab.set_interception(NODE, {SERVICE.address: node.address})
        return scene.check(URL)


def _make_reply_trap(name: str, sentence: str, *replies: bytes, is_early: bool = False) -> Trap:
    """Make the trap of an observer whose replies are doubtful, while the node does not masquerade."""

    def trap(scene: Scene, servers: Servers) -> Verdict:
        with servers.answer(SERVICE.name, *replies, address=SERVICE.address, port=SERVICE.port, is_early=is_early):
            return scene.check(URL)

    trap.__name__, trap.__doc__ = name, sentence
    return trap


_OK: Final = b"HTTP/1.1 200 OK\r\n"
_ADDRESS: Final = _NODE_ADDRESS.encode()


def _make_reply(body: bytes) -> bytes:
    return _OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


REPLY_TRAPS: Final = (
    (("bytes_beyond_length", "Bytes follow the length that the reply gives.",
      _make_reply(_ADDRESS) + b"192.0.2.1"), VerdictCode.NOT_HTTP),
    (("length_beside_chunked", "The reply has a length and is chunked.",
      _OK + b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + _ADDRESS + b"\r\n0\r\n\r\n"),
     VerdictCode.NOT_HTTP),
    (("queued_second_reply", "A second reply follows the first.",
      2 * _make_reply(_ADDRESS)), VerdictCode.NOT_HTTP),
    (("cut_off_text", "Text without a length ends with the connection, and may have been cut off.",
      _OK + b"\r\n" + _ADDRESS), VerdictCode.REPLY_WITHOUT_ADDRESS),
    (("error_with_address", "The reply reports an error beside an address.",
      _make_reply(b'{"error": "backend down", "ip": "10.128.0.2"}')), VerdictCode.REPLY_WITHOUT_ADDRESS),
    (("failed_status", "The reply's own status is 200, and the one in its body is that of an error.",
      _make_reply(b'{"status": 503, "ip": "10.128.0.2"}')), VerdictCode.REPLY_WITHOUT_ADDRESS),
    (("other_protocol", "The reply is one of RTSP, which looks like HTTP.",
      _make_reply(_ADDRESS).replace(b"HTTP/1.1", b"RTSP/1.0")), VerdictCode.NOT_HTTP),
    (("trace_in_a_trailer", "A proxy says Via at the end of a chunked reply only.",
      _OK + b"Transfer-Encoding: chunked\r\n\r\na\r\n" + _ADDRESS + b"\r\n0\r\nVia: 1.1 proxy\r\n\r\n"),
     VerdictCode.SOMETHING_IN_BETWEEN),
    (("trace_of_a_cache", "A cache says so in the standard's header, Cache-Status.",
      _OK + b"Cache-Status: edge; hit\r\nContent-Length: 10\r\n\r\n" + _ADDRESS),
     VerdictCode.SOMETHING_IN_BETWEEN),
    (("leak_every_other_time", "The first of two requests in a row shows the Pod's address, the second the node's.",
      _make_reply(b"192.168.0.2"), _make_reply(_ADDRESS)), VerdictCode.ANSWERS_DIFFER),
    (("loopback_source", "The observer names a loopback address.",
      _make_reply(b"127.0.0.1")), VerdictCode.SOMETHING_IN_BETWEEN),
    (("class_e_source", "The observer names an address of class E, which no packet has as its source.",
      _make_reply(b"240.0.0.1")), VerdictCode.SOMETHING_IN_BETWEEN),
)  # fmt: skip

TRAPS: Final[tuple[tuple[Trap, VerdictCode], ...]] = (
    (masqueraded, VerdictCode.EXPECTED_SOURCE),
    (leaking, VerdictCode.UNEXPECTED_SOURCE),
    (honest_proxy_protocol, VerdictCode.EXPECTED_SOURCE),
    (proxy_variables, VerdictCode.UNEXPECTED_SOURCE),
    (intercepting_squid, VerdictCode.SOMETHING_IN_BETWEEN),
    (stale_cache, VerdictCode.SOMETHING_IN_BETWEEN),
    (cache_before_the_observer, VerdictCode.UNEXPECTED_SOURCE),
    (believed_header, VerdictCode.REPEATS_CLIENTS),
    (httpbin, VerdictCode.REPEATS_CLIENTS),
    (proxy_on_the_observers_host, VerdictCode.SOMETHING_IN_BETWEEN),
    (unexpected_proxy_protocol, VerdictCode.HTTP_STATUS),
    (bad_gateway, VerdictCode.HTTP_STATUS),
    (redirect_to_metadata, VerdictCode.REDIRECTED),
    (open_connection, VerdictCode.EXPECTED_SOURCE),
    (start_up_race, VerdictCode.EXPECTED_SOURCE),
    (late_rules, VerdictCode.EXPECTED_SOURCE),
    (dropping_firewall, VerdictCode.NO_ANSWER),
    (exhausted_nat, VerdictCode.NO_ANSWER),
    (one_address, VerdictCode.EXPECTED_SOURCE),
    (second_address_leaks, VerdictCode.UNEXPECTED_SOURCE),
    (first_address_leaks, VerdictCode.UNEXPECTED_SOURCE),
    (one_address_is_dead, VerdictCode.ADDRESS_WITHOUT_ANSWER),
    (unreachable_addresses, VerdictCode.EXPECTED_SOURCE),
    (ipv6_bypass, VerdictCode.UNEXPECTED_SOURCE),
    *((_make_reply_trap(*arguments), code) for arguments, code in REPLY_TRAPS),
    (_make_reply_trap("early_reply", "The reply comes before the request.",
                      _make_reply(_ADDRESS), is_early=True), VerdictCode.NOT_HTTP),
)  # fmt: skip

WITH_IPV6: Final = frozenset({ipv6_bypass})
"""The traps whose Pod has an IPv6 address."""
