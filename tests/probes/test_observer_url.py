"""An observer's URL is read strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.observation.observation import LONGEST_URL_CHARACTERS
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.probes.observer_url import ObserverUrl, hide_credentials

PORTS = {"http": 80, "https": 443}


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("http://observer.example", "observer.example", 80, "/", "observer.example"),
        ("https://observer.example/a/b?c=d#e", "observer.example", 443, "/a/b?c=d", "observer.example"),
        ("http://172.20.0.10:8080/client-ip", "172.20.0.10", 8080, "/client-ip", "172.20.0.10:8080"),
        ("http://[2001:db8::1]:80/", "2001:db8::1", 80, "/", "[2001:db8::1]"),
        ("http://[::1]:8080/@", "::1", 8080, "/@", "[::1]:8080"),
        ("HTTP://Observer_1.example./", "Observer_1.example.", 80, "/", "Observer_1.example."),
        ("http://Http:8080/http", "Http", 8080, "/http", "Http:8080"),
        ("http://[2001:DB8::A]/", "2001:db8::a", 80, "/", "[2001:db8::a]"),
    ],
)
def test_reads_a_url(url: str, host: str, port: int, path: str, authority: str) -> None:
    """Host, port and path are what the URL says."""
    read = ObserverUrl.parse(url, default_ports=PORTS)
    assert (read.host, read.port, read.path, read.authority) == (host, port, path, authority)
    assert (read.text, read.scheme) == (url, url.partition(":")[0].lower())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "visible ASCII"),
        ("ftp://observer.example/", "expected http or https, saw ftp"),
        ("observer.example", "expected http or https"),
        ("http://", "expected a host name, saw none"),
        ("http:///path", "expected a host name, saw none"),
        ("http://user:hunter2@observer.example/", "without credentials"),
        ("http://user@observer.example/", "without credentials"),
        ("http://observer.example:0/", "port from 1 to 65535"),
        ("http://observer.example:65536/", "port from 1 to 65535"),
        ("http://observer.example:hunter2/", "port from 1 to 65535"),
        ("http://010.0.0.1/", "expected an IP address"),
        ("http://10.1/", "expected an IP address"),
        ("http://167772161/", "expected an IP address"),
        ("http://0x0a.0.0.1/", "expected an IP address"),
        ("http://10.0.0.0x1/", "expected an IP address"),
        ("http://10.0.0.256/", "expected an IP address"),
        ("http://[fe80::1%25eth0]/", "expected an IP address"),
        ("http://[10.0.0.1]/", "expected an IPv6 address in brackets"),
        ("http://[::1/", "expected an IPv6 address in brackets"),
        ("http://[]/", "expected an IPv6 address in brackets"),
        ("http://[::1]x/", "expected an IPv6 address in brackets, and nothing but a port behind it"),
        ("http://[::1].example:80/", "expected an IPv6 address in brackets"),
        ("http://a..b/", "expected a host name"),
        ("http://-a.example/", "expected a host name"),
        (f"http://{'a' * 64}.example/", "expected a host name"),
        ("http://a b/", "visible ASCII"),
        ("http://a.example/\r\nX: y", "visible ASCII"),
        ("http://ex\u00e4mple/", "other names written as xn--"),
        (f"http://a.example/{'x' * 2040}", "visible ASCII"),
    ],
)
def test_refuses_a_url_that_others_would_guess_at(url: str, why: str) -> None:
    """Odd addresses, credentials and invisible characters are refused, and no secret is repeated."""
    with pytest.raises(ValueError, match=why) as refused:
        ObserverUrl.parse(url, default_ports=PORTS)
    assert "hunter2" not in str(refused.value)


def test_what_a_plan_may_name_can_be_asked() -> None:
    """A URL of just the length that a plan takes is taken."""
    url = "http://a.example/".ljust(LONGEST_URL_CHARACTERS, "x")
    plan = load_plan_from_mapping({"targets": [{"name": "a", "observe": url}]}, source="plan")
    assert ObserverUrl.parse(plan.targets[0].observe, default_ports=PORTS).text == url


def test_a_refused_url_is_shown_without_credentials() -> None:
    """The part before an @ stays out of the report, also if it has a slash or a line break."""
    assert hide_credentials("http://user:hunter2@host/") == "http://***@host/"
    assert hide_credentials("http://user:hun/ter2@host/") == "http://***@host/"
    assert hide_credentials("http://user:hun\nter2@host/\n") == r"http://***@host/\n"
    assert hide_credentials("http://host/path") == "http://host/path"


@given(st.text(max_size=30) | st.text("htp:/.@[]019ax%#?", max_size=20).map("http://{}".format))
def test_any_text_is_a_target_or_a_value_error(url: str) -> None:
    """No URL at all crashes the reader."""
    try:
        read = ObserverUrl.parse(url, default_ports=PORTS)
    except ValueError:
        return
    assert 1 <= read.port <= 65_535
    assert read.host
