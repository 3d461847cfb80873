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
        pytest.param(b"Cache-Status: edge; hit\r\n", ("response header cache-status edge; hit",), id="RFC 9211"),
        pytest.param(b"Proxy-Status: edge\r\n", ("response header proxy-status edge",), id="RFC 9209"),
        pytest.param(
            b"x-envoy-upstream-service-time: 3\r\nserver: istio-envoy\r\n",
            ("response header x-envoy-upstream-service-time 3",),
            id="Envoy",
        ),
        pytest.param(b"X-Squid-Error: ERR_X 0\r\n", ("response header x-squid-error ERR_X 0",), id="squid's error"),
        pytest.param(b"X-Amz-Cf-Pop: FRA\r\n", ("response header x-amz-cf-pop FRA",), id="CloudFront"),
        pytest.param(b"X-Proxy-Cache: HIT\r\n", ("response header x-proxy-cache HIT",), id="nginx' own name"),
        pytest.param(b'Warning: 110 a "stale"\r\n', ('response header warning 110 a "stale"',), id="stale"),
        pytest.param(b'Warning: 299 a "deprecated"\r\n', (), id="a warning of the server itself"),
        pytest.param(b"CF-RAY: 1-FRA\r\nDate: Mon, 01 Jan 2018 00:00:00 GMT\r\n", (), id="Cloudflare's own observer"),
        pytest.param(b"Age: 0\r\nServer: nginx\r\n", (), id="no age"),
        pytest.param(b"", (), id="honest"),
    ],
)
async def test_the_replys_header_shows_what_stood_in_between(further: bytes, traces: tuple[str, ...]) -> None:
    """A proxy that adds its header to the reply is reported beside the address; a server without a proxy has none."""
    seen = await ask_once(replying(http_reply(b"10.0.0.1", further=further)))
    assert (seen.observed, seen.intermediaries) == (IPAddress("10.0.0.1"), traces)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nVia: 1.1 squid\r\n\r\n" + http_reply(b"10.0.0.1"), id="an interim reply"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n10.0.0.1\r\n0\r\nVia: 1.1 squid\r\n\r\n",
            id="a trailer",
        ),
    ],
)
async def test_a_proxy_may_speak_before_or_behind_the_reply(reply: bytes) -> None:
    """What a proxy adds to an interim reply or to the end of a chunked body is its trace too."""
    seen = await ask_once(replying(reply))
    assert (seen.observed, seen.intermediaries) == (IPAddress("10.0.0.1"), ("response header via 1.1 squid",))


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
    async with serving(replying(http_reply(added, further=b"Via: hush\r\nX-Cache-hush: hush\r\n"))) as server:
        seen = await ask(server.url(), headers=sent)
    assert seen.intermediaries == ("response header via", "response header x-cache-*", "x-forwarded-for", "via")


async def test_an_honest_observer_shows_nothing_in_between() -> None:
    """An honest reply claims no proxy."""
    assert (await ask_once(echo)).intermediaries == ()


@pytest.mark.parametrize(
    ("reply", "failure", "traces"),
    [
        pytest.param(
            http_reply(b"<html>", head=b"502 Bad Gateway", further=b"Via: 1.1 squid\r\nX-Cache: MISS from a\r\n"),
            Failure.HTTP_STATUS,
            ("response header via 1.1 squid", "response header x-cache MISS from a"),
            id="a proxy's error page",
        ),
        pytest.param(
            http_reply(b"", head=b"302 Found", further=b"Via: 1.1 squid\r\n"),
            Failure.REDIRECT,
            ("response header via 1.1 squid",),
            id="a proxy's redirect",
        ),
        pytest.param(http_reply(b"Via: 1.1 squid"), Failure.NO_ADDRESS, ("via 1.1 squid",), id="an echoed header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nVia: 1.1 squid\r\nContent-Length: 9\r\n\r\n10.",
            Failure.NOT_HTTP,
            ("response header via 1.1 squid",),
            id="a reply that broke off",
        ),
        pytest.param(http_reply(b"busy", head=b"503 Busy"), Failure.HTTP_STATUS, (), id="an honest error"),
    ],
)
async def test_a_failed_reply_shows_what_stood_in_between_too(
    reply: bytes, failure: Failure, traces: tuple[str, ...]
) -> None:
    """Who looks for the reason of an error page learns that a proxy wrote it."""
    seen = await ask_once(replying(reply))
    assert (seen.failure, seen.intermediaries) == (failure, traces)
