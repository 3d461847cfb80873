"""Replies show what stood between the Pod and the observer, and honest replies show nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.observation.intermediaries import MOST_INTERMEDIARIES, find_intermediaries


def _echo(headers: object, **more: object) -> bytes:
    return json.dumps({"ip": "10.128.0.2", "headers": headers, **more}).encode()


@pytest.mark.parametrize(
    ("body", "traces"),
    [
        pytest.param(_echo({"via": "1.1 squid"}), ["via 1.1 squid"], id="mendhak"),
        pytest.param(_echo({"Via": ["1.1 a", "1.1 b"]}), ["via 1.1 a, 1.1 b"], id="go-httpbin"),
        pytest.param(_echo([["Via", "1.1 a"]]), ["via 1.1 a"], id="pairs"),
        pytest.param(_echo([{"name": "Via", "value": "1.1 a"}]), ["via 1.1 a"], id="name and value"),
        pytest.param(_echo(["Host", "x", "Via", "1.1 a"]), ["via 1.1 a"], id="Node's raw headers"),
        pytest.param(_echo("Host: x\r\nVia: 1.1 a\r\n"), ["via 1.1 a"], id="text in JSON"),
        pytest.param(
            _echo({}, request={"HTTP_X_FORWARDED_FOR": "1.2.3.4"}), ["http_x_forwarded_for 1.2.3.4"], id="CGI"
        ),
        pytest.param(_echo({}, ips=["10.0.0.1", "10.0.0.2"]), ["ips 10.0.0.1, 10.0.0.2"], id="several ips"),
        pytest.param(_echo({}, host={"ips": ["10.0.0.1"]}), ["ips 10.0.0.1"], id="ips in a section"),
        pytest.param(b"ip=1.2.3.4\nX-Real-Ip: 1.2.3.4", ["x-real-ip 1.2.3.4"], id="lines"),
        pytest.param(b"\tx-forwarded-for=1.2.3.4\r\nx=y", ["x-forwarded-for 1.2.3.4"], id="indented lines"),
        pytest.param(b"{\nVia: 1.1 a", ["via 1.1 a"], id="no JSON after all"),
        pytest.param(b"[" * 60_000 + b"\nVia: 1.1 a", ["via 1.1 a"], id="JSON too deep"),
        pytest.param(_echo({"via": "\x1b[2J\u202e"}), [r"via \x1b[2J\u202e"], id="escape codes"),
        pytest.param(_echo({"via": "x" * 200}), ["via " + "x" * 59 + "…"], id="long"),
    ],
)
def test_finds_the_traces_of_proxies_in_every_form_of_echo(body: bytes, traces: list[str]) -> None:
    """However an echo server prints the request, a proxy's header in it is found and shown harmlessly."""
    assert find_intermediaries(body) == tuple(traces)


@pytest.mark.parametrize(
    "name",
    [
        *("Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip"),
        *("X-Envoy-External-Address", "X-Envoy-Expected-Rq-Timeout-Ms", "CF-Connecting-IP", "True-Client-IP"),
        *("Fastly-Client-IP", "Fly-Client-IP", "X-Client-IP", "CDN-Loop", "X-Original-Forwarded-For"),
    ],
)
def test_each_forwarding_header_is_a_trace(name: str) -> None:
    """Each header that proxies add counts, in any case, as text and as a list, in JSON and in lines."""
    trace = (f"{name.lower()} some value",)
    for shown in (name, name.lower(), name.upper()):
        assert find_intermediaries(_echo({shown: "some value"})) == trace
        assert find_intermediaries(_echo({shown: ["some value"]})) == trace
        assert find_intermediaries(f"GET / HTTP/1.1\n{shown}: some value".encode()) == trace


@pytest.mark.parametrize(
    "name",
    [
        *("via", "forwarded", "forwarded-for", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
        *("x-original-forwarded-for", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "cdn-loop"),
        *("cf-connecting-ip", "cf-connecting-ipv6", "true-client-ip", "fastly-client-ip", "fly-client-ip", "ips"),
    ],
)
def test_each_known_header_is_named_where_nothing_may_be_quoted(name: str) -> None:
    """Where values may be secrets, the header is named in the words of our own table."""
    assert find_intermediaries(_echo({name: "some value"}), may_quote=False) == (name,)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"10.128.0.2", id="plain"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"", id="empty"),
        pytest.param(_echo({"host": "x", "accept": "*/*", "connection": "close", "x-request-id": "1"}), id="direct"),
        pytest.param(
            _echo({"via": "", "forwarded": None, "x-real-ip": [], "x-forwarded-for": [""]}), id="empty values"
        ),
        pytest.param(_echo({"via": False, "forwarded": {}, "x-real-ip": 0, "ips": []}), id="no texts"),
        pytest.param(_echo({}, args={"via": "x"}, query={"via": "x"}, params={"via": "x"}), id="the URL's query"),
        pytest.param(_echo({}, environment={"VIA": "x"}, env={"FORWARDED": "x"}), id="the observer's environment"),
        pytest.param(_echo({"user-agent": "via 1.1 squid"}), id="a name as a value"),
        pytest.param(_echo([{"name": "Via"}, {"name": 1, "value": "x"}]), id="halves of pairs"),
        pytest.param(b"fl=1\nip=10.128.0.2\nvisit_scheme=https\nuag=via", id="Cloudflare"),
    ],
)
def test_an_honest_reply_shows_nothing(body: bytes) -> None:
    """What is not a proxy's header with a value is no trace."""
    assert find_intermediaries(body) == ()


@pytest.mark.parametrize(
    ("name", "value", "trace"),
    [
        ("Via", "1.1 squid", "response header via 1.1 squid"),
        ("X-Cache", "MISS from proxy", "response header x-cache MISS from proxy"),
        ("age", "17", "response header age 17"),
        ("X-Cache-Lookup", "MISS from a:80", "response header x-cache-lookup MISS from a:80"),
        ("X-Varnish", "32770", "response header x-varnish 32770"),
        ("CF-Cache-Status", "HIT", "response header cf-cache-status HIT"),
        ("X-Cache-\x1b[31m", "HIT", r"response header x-cache-\x1b[31m HIT"),
        ("Age", "x", "response header age x"),
        ("Age", "0", None),
        ("Age", "", None),
        ("Via", " ", None),
        ("Server", "nginx", None),
        ("X-Forwarded-For", "1.2.3.4", None),
    ],
)
def test_the_replys_own_header_shows_proxies_and_caches(name: str, value: str, trace: str | None) -> None:
    """Via, X-Cache and an age of more than 0 s are added on the way back."""
    found = find_intermediaries(b"10.128.0.2", response_headers=[("Date", "today"), (name, value)])
    assert found == ((trace,) if trace else ())


def test_what_the_probe_sent_itself_is_no_trace() -> None:
    """A header of the connection that comes back as it was sent shows no proxy; with something added it does."""
    sent = [("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", " 192.0.2.2 ")]
    returned = {"x-forwarded-for": "192.0.2.1", "X-Real-Ip": ["192.0.2.2"]}
    assert find_intermediaries(_echo(returned, ips=["192.0.2.1"]), sent_headers=sent) == ()
    appended = {"x-forwarded-for": "192.0.2.1, 10.0.0.5"}
    assert find_intermediaries(_echo(appended), sent_headers=sent) == ("x-forwarded-for 192.0.2.1, 10.0.0.5",)
    assert find_intermediaries(_echo({"via": "1.1 squid"}), sent_headers=sent) == ("via 1.1 squid",)


def test_a_secret_is_not_quoted() -> None:
    """Where the server might echo a secret, only names from our own tables are shown."""
    body = _echo({"Via": "secret", "X-Forwarded-secret": "secret", "x-envoy-secret": "secret", "x_real_ip": "secret"})
    found = find_intermediaries(body, response_headers=[("Via", "secret")], may_quote=False)
    assert sorted(found) == ["response header via", "via", "x-envoy-*", "x-forwarded-*", "x-real-ip"]


def test_the_number_of_traces_is_bounded() -> None:
    """A hostile reply fills neither the memory nor the report."""
    body = _echo({f"x-forwarded-{number}": "x" for number in range(1000)})
    assert len(find_intermediaries(body)) < MOST_INTERMEDIARIES


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["via", "name", "x"]), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_reply_can_be_searched(body: bytes) -> None:
    """No reply crashes the search, and each trace is one printable line."""
    assert all(trace.isprintable() for trace in find_intermediaries(body, response_headers=[("Via", "\x00")]))
