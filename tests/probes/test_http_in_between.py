"""What the HTTP probe tells of proxies and caches, from real servers on loopback."""

from __future__ import annotations

import json

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from tests.probes.asking import ask, ask_once
from tests.probes.servers import echo, replying, serving
from tests.probes.servers import (
    http as http_reply,
)


@pytest.mark.parametrize(
    ("further", "traces"),
    [
        pytest.param(b"Via: 1.1 squid (squid/5.7)\r\n", ("response header via 1.1 squid (squid/5.7)",), id="squid"),
        pytest.param(b"X-Cache: MISS from a\r\n", ("response header x-cache MISS from a",), id="a cache that missed"),
        pytest.param(b"Age: 17\r\n", ("response header age 17",), id="a cache that answered"),
        pytest.param(
            b"Via: 1.0 a\r\nVia: 1.1 b\r\n",
            ("response header via 1.0 a", "response header via 1.1 b"),
            id="two proxies",
        ),
        pytest.param(b"Age: 0\r\nServer: nginx\r\n", (), id="no age"),
        pytest.param(b"", (), id="honest"),
    ],
)
async def test_the_replys_header_shows_what_stood_in_between(further: bytes, traces: tuple[str, ...]) -> None:
    """A proxy that adds its header to the reply is reported beside the address; a server without a proxy has none."""
    seen = await ask_once(replying(http_reply(b"10.0.0.1", further=further)))
    assert (seen.observed, seen.intermediaries) == (IPAddress("10.0.0.1"), traces)


async def test_a_reply_that_a_proxy_changed_says_so() -> None:
    """Status 203 shows a transforming proxy, with or without other signs in the reply."""
    seen = await ask_once(replying(http_reply(b"10.0.0.1", head=b"203 Copied", further=b"Via: 1.1 a\r\n")))
    assert seen.intermediaries == ("HTTP 203", "response header via 1.1 a")


async def test_the_echoed_request_shows_what_stood_in_between() -> None:
    """An echo server's own connection is a proxy's where the request that it shows has a proxy's header."""
    body = json.dumps({"origin": "10.0.0.1", "headers": {"X-Forwarded-For": ["10.0.0.1", "10.0.0.2"]}}).encode()
    assert (await ask_once(replying(http_reply(body)))).intermediaries == ("x-forwarded-for 10.0.0.1, 10.0.0.2",)


async def test_what_the_probe_sends_shows_no_proxy() -> None:
    """The probe's own header, come back as it was sent, is no trace; what is shown of others quotes no secret."""
    sent = [("X-Forwarded-For", "192.0.2.1"), ("X-Secret", "hush")]
    own = json.dumps({"ip": "10.0.0.1", "headers": {"x-forwarded-for": "192.0.2.1", "x-secret": "hush"}}).encode()
    async with serving(replying(http_reply(own))) as server:
        assert (await ask(server.url(), headers=sent)).intermediaries == ()
    added = json.dumps({"ip": "10.0.0.1", "headers": {"x-forwarded-for": "192.0.2.1, 9.9.9.9", "via": "hush"}}).encode()
    async with serving(replying(http_reply(added, further=b"Via: hush\r\n"))) as server:
        seen = await ask(server.url(), headers=sent)
    assert seen.intermediaries == ("response header via", "x-forwarded-for", "via")


async def test_an_honest_observer_shows_nothing_in_between() -> None:
    """Neither an honest reply, nor one without an address, claims a proxy."""
    assert (await ask_once(echo)).intermediaries == ()
    failed = await ask_once(replying(http_reply(b"Via: 1.1 squid")))
    assert (failed.failure, failed.intermediaries) == (Failure.NO_ADDRESS, ())
