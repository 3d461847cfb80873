"""An observer's reply names one address, or is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress

from airflow_masq.observation.echo_reply import AmbiguousReplyError, ReplyError, parse_echo_reply

WHOAMI_TEXT = (
    b"Hostname: 9d2f\nIP: 127.0.0.1\nIP: ::1\nIP: 172.17.0.2\nRemoteAddr: 10.128.0.2:49152\n"
    b"GET / HTTP/1.1\nHost: whoami\nUser-Agent: probe\nRemoteAddr: 6.6.6.6:1\n\n"
)
WHOAMI_JSON = json.dumps(
    {
        "hostname": "9d2f",
        "ip": ["127.0.0.1", "::1", "172.17.0.2"],
        "headers": {"X-Forwarded-For": ["6.6.6.6"]},
        "url": "/api",
        "remoteAddr": "10.128.0.2:49152",
    }
).encode()
CLOUDFLARE_TRACE = b"fl=1f1\nh=example.org\nip=10.128.0.2\nts=1763800000.1\nvisit_scheme=https\nuag=probe\n"
IPINFO = b'{\n  "ip": "10.128.0.2",\n  "hostname": "h.example",\n  "loc": "0,0",\n  "org": "AS64500 Example"\n}\n'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"10.128.0.2", id="nginx"),
        pytest.param(b"10.128.0.2\n", id="haproxy"),
        pytest.param(b"10.128.0.2\r\n", id="line end of Windows"),
        pytest.param(b"10.128.0.2:49152", id="agnhost"),
        pytest.param(b'{\n  "origin": "10.128.0.2"\n}\n', id="httpbin"),
        pytest.param(b'{"ip":"10.128.0.2"}', id="ipify"),
        pytest.param(IPINFO, id="ipinfo"),
        pytest.param(b'{"client-ip":"::ffff:10.128.0.2"}', id="cilium json-mock, IPv4-mapped"),
        pytest.param(b'{"clientIp": "10.128.0.2"}', id="clientIp"),
        pytest.param(b'{"RemoteAddr": "10.128.0.2:80"}', id="RemoteAddr"),
        pytest.param(WHOAMI_TEXT, id="whoami text"),
        pytest.param(WHOAMI_TEXT.replace(b"\n", b"\r\n"), id="whoami text, CRLF"),
        pytest.param(WHOAMI_JSON, id="whoami JSON"),
        pytest.param(CLOUDFLARE_TRACE, id="Cloudflare trace"),
        pytest.param(b"CLIENT VALUES:\nclient_address=10.128.0.2\nquery=nil\n", id="echoserver 1.4"),
        pytest.param(b"Request Information:\n\tclient_address=::ffff:10.128.0.2\n", id="echoserver 1.10"),
        pytest.param(
            b"F 1.63.7 up - request from 10.128.0.2:5\n\nGET / HTTP/1.1".replace(b"F", b"F version"), id="fortio"
        ),
        pytest.param(b'{"host": {"ip": "::ffff:10.128.0.2", "ips": []}, "http": {}}', id="host.ip"),
        pytest.param(b'{"ret": "ok", "data": {"ip": "10.128.0.2"}}', id="data.ip"),
        pytest.param(b'{"client": {"address": "6.6.6.6", "remote_addr": "10.128.0.2:80"}}', id="client.remote_addr"),
        pytest.param(b'{"data": {"ip": "10.128.0.2"}, "client": {"ip": "10.128.0.2"}}', id="two sections that agree"),
        pytest.param(b'{"client": {"ip": "10.128.0.2"}, "server": {"ip": "6.6.6.6"}}', id="the server's own beside"),
        pytest.param(b'{"ip": "10.128.0.2", "data": {"ip": "6.6.6.6"}}', id="the top counts before a section"),
        pytest.param(b'{"ip_addr": "10.128.0.2"}', id="ifconfig.me"),
        pytest.param(b'{"ip": "10.128.0.2", "status": "success", "success": true, "ok": 1}', id="told success"),
        pytest.param(b'{"ip": "10.128.0.2", "status": 200}', id="a status that is a number"),
        pytest.param(b'{"ip": "10.128.0.2", "error": null, "errors": []}', id="no error"),
        pytest.param(b'{"ip": "10.128.0.2", "err": false, "exception": "", "error_code": 0}', id="no error either"),
        pytest.param(b'{"ip": "10.128.0.2", "code": 0, "status": 200, "statusCode": "201"}', id="a status of success"),
        pytest.param(b"error=\nip=10.128.0.2\n", id="a line without an error"),
        pytest.param(b'"10.128.0.2"', id="a JSON string"),
        pytest.param(b"[::ffff:10.128.0.2]:80", id="mapped, with port"),
        pytest.param(b'{"ip": "10.128.0.2", "address": "::ffff:10.128.0.2"}', id="two keys that agree"),
    ],
)
def test_reads_the_formats_of_observers_in_use(body: bytes) -> None:
    """Every observer named in the documentation is understood as it answers."""
    assert parse_echo_reply(body) == IPAddress("10.128.0.2")


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (b"2001:db8::1", "2001:db8::1"),
        (b"[2001:db8::1]:443", "2001:db8::1"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"2001:DB8:0::1\n", "2001:db8::1"),
        (b"::1", "::1"),
    ],
)
def test_reads_ipv6(body: bytes, address: str) -> None:
    """IPv6 addresses are read with and without brackets and port."""
    assert parse_echo_reply(body) == IPAddress(address)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"10.0.0.1, 10.0.0.2", id="chain"),
        pytest.param(b"10.0.0.1,10.0.0.1", id="chain of the same"),
        pytest.param(b"10.0.0.1 10.0.0.2", id="blank between"),
        pytest.param(b'{"origin": "10.0.0.1, 10.0.0.2"}', id="httpbin behind a proxy"),
        pytest.param(b'{"ip": ["10.0.0.1"]}', id="JSON list in an object"),
        pytest.param(b'["10.0.0.1"]', id="JSON list"),
        pytest.param(b'{"origin": "10.0.0.1", "ip": "10.0.0.2"}', id="keys that disagree"),
        pytest.param(b'{"ip": "10.0.0.1", "ip": "10.0.0.1"}', id="one key twice"),
        pytest.param(b"ip=10.0.0.1\nip=10.0.0.2", id="two lines"),
        pytest.param(b"client_address=10.0.0.1\nRemoteAddr: 10.0.0.1", id="two kinds of line"),
        pytest.param(b'{"data": {"ip": "10.0.0.1"}, "client": {"ip": "10.0.0.2"}}', id="sections that disagree"),
        pytest.param(b'{"data": {"ip": ["10.0.0.1"]}}', id="JSON list in a section"),
    ],
)
def test_refuses_to_choose_among_several_addresses(body: bytes) -> None:
    """A chain of addresses, which any sender can forge, is refused and called ambiguous."""
    with pytest.raises(AmbiguousReplyError, match=r"several addresses|a list|one key twice|several lines"):
        parse_echo_reply(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "an empty reply"),
        (b" \r\n", "an empty reply"),
        (b"<!doctype html><p>10.0.0.1", "HTML"),
        (b"\xff\xfe1\x000\x00", "not UTF-8"),
        (b"\xef\xbb\xbf10.0.0.1", "other text"),
        (b"1" * 70_000, "70000 bytes"),
        (b"your address is 10.0.0.1", "other text"),
        (b"10.0.0.1 and more", "other text"),
        (b"10.0.0.1,", "other text"),
        (b"X10.0.0.1X", "other text"),
        (b"fe80::1%eth0", "zone"),
        (b"[fe80::1%25eth0]:80", "zone"),
        (b"010.0.0.1", "standard form"),
        (b"10.1", "standard form"),
        (b"10.0.0.256", "standard form"),
        (b"167772161", "standard form"),
        (b"0x0a.0.0.1", "other text"),
        (b"10.0.0.0/8", "other text"),
        (b"\xd9\xa1\xd9\xa0.0.0.1", "other text"),
        (b"10.0.0.1\x00", "other text"),
        (b"10.0.0.1:0", "standard form"),
        (b"10.0.0.1:080", "standard form"),
        (b"10.0.0.1:65536", "port above 65535"),
        (b"1::2::3", "standard form"),
        (b"[10.0.0.300]:1", "standard form"),
        (b"0.0.0.0", "no packet comes from"),
        (b"::", "no packet comes from"),
        (b"224.0.0.1", "no packet comes from"),
        (b"255.255.255.255", "no packet comes from"),
        (b"ff02::1", "no packet comes from"),
        (b"{", "cannot be read"),
        (b"null", "other text"),
        (b'"x"', "other text"),
        (b"[" * 60_000, "other text"),
        (b'{"a":' * 12_000, "cannot be read"),
        (b'{"n": ' + b"9" * 5000 + b"}", "cannot be read"),
        (b"{}", "none of these keys"),
        (b'{"hostname": "10.0.0.1"}', "none of these keys"),
        (b'{"ip": null}', "without an address"),
        (b'{"ip": 167772161}', "without an address"),
        (b'{"ip": {"v4": "10.0.0.1"}}', "without an address"),
        (b"h=x\nts=1", "lines without it"),
        (b"GET / HTTP/1.1\nRemoteAddr: 10.0.0.1:1", "lines without it"),
        (b"HEADERS RECEIVED:\nclient_address=10.0.0.1", "lines without it"),
        (b"Request Headers:\n\tclient_address=10.0.0.1", "lines without it"),
        (b"headers:\nclient_address=10.0.0.1", "lines without it"),
        (b"a=b\n  client_address=10.0.0.1", "lines without it"),
        (b"CLIENT VALUES:\nclient_address=nil", "other text"),
        (b'{"error": "quota", "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "Errors": [1]}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "success": false}', "an error of the observer"),
        (b'{"OK": false, "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"status": "fail", "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"status": "FAILED", "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"status": "failure", "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"status": "error", "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"Status": "Error", "ip": "10.0.0.1"}', "an error of the observer"),
        (b'{"data": {"ip": "10.0.0.1", "error": "quota"}}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "error": {"code": 1}}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "err": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}", "an error of the observer"),
        (b'{"ip": "10.0.0.1", "error_code": 7}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "errorMessage": "x"}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "exception": "x"}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "success": 0}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "success": "False "}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "ok": null}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "status": "error "}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "status": 500}', "an error of the observer"),
        (b'{"ip": "10.0.0.1", "code": "429"}', "an error of the observer"),
        (b"error=quota\nip=10.0.0.1\n", "an error of the observer"),
        (b'{"server": {"ip": "10.0.0.1"}}', "none of these keys"),
        (b'{"headers": {"remote_addr": "10.0.0.1"}}', "none of these keys"),
        (b'{"host": "10.0.0.1", "data": ["10.0.0.1"]}', "none of these keys"),
        ("h=x\u2028ip=10.0.0.1\nts=1".encode(), "lines without it"),
    ],
)
def test_refuses_what_is_not_exactly_one_address(body: bytes, why: str) -> None:
    """Pages, sentences, odd spellings and addresses that cannot be a source are refused with the reason."""
    with pytest.raises(ReplyError, match=why) as refused:
        parse_echo_reply(body)
    assert not isinstance(refused.value, AmbiguousReplyError)
    assert str(refused.value).startswith("expected ")
    assert len(refused.value.excerpt) <= 120
    assert refused.value.excerpt.isprintable()


@pytest.mark.parametrize("body", [b"10.0.0.1", b"10.0.0.12", b"2001:db8::1", b"h=x\nip=10.0.0.1", b"ip=10.0.0.1"])
def test_text_that_may_have_been_cut_off_is_refused(body: bytes) -> None:
    """Where only the connection's end says that a text is whole, 10.0.0.1 may be the beginning of 10.0.0.12."""
    with pytest.raises(ReplyError, match="saw text that may have been cut off"):
        parse_echo_reply(body, may_be_cut=True)


@pytest.mark.parametrize(
    "body",
    [
        b"10.0.0.1\n",
        b"10.0.0.1\r\n",
        b"10.0.0.1:80",
        b"[::ffff:10.0.0.1]",
        b'{"ip": "10.0.0.1"}',
        b"h=x\nip=10.0.0.1\n",
    ],
)
def test_text_that_shows_its_own_end_is_whole(body: bytes) -> None:
    """A line's end, a port and brackets stand behind the whole address."""
    assert parse_echo_reply(body, may_be_cut=True) == IPAddress("10.0.0.1")


def test_the_peer_counts_more_than_what_a_header_claims() -> None:
    """An observer that shows both its peer and a forwarded address is believed on its peer."""
    assert parse_echo_reply(b'{"origin": "6.6.6.6", "remoteAddr": "10.0.0.1:5"}') == IPAddress("10.0.0.1")


PEER_KEYS = ["remoteAddr", "remote_ip", "client-ip", "ClientAddr", "clientAddress", "source_ip", "SOURCE-ADDRESS"]
CLAIM_KEYS = ["origin", "IP", "ip_address", "address"]


@pytest.mark.parametrize("key", [*PEER_KEYS, *CLAIM_KEYS])
def test_an_address_is_found_under_each_key(key: str) -> None:
    """Observers spell their keys in many ways; case, dashes and underscores do not matter."""
    assert parse_echo_reply(json.dumps({"note": "x", key: "10.0.0.1"}).encode()) == IPAddress("10.0.0.1")


@pytest.mark.parametrize("peer", PEER_KEYS)
@pytest.mark.parametrize("claim", CLAIM_KEYS)
def test_every_peer_key_counts_more_than_every_claim(peer: str, claim: str) -> None:
    """A forged header that the observer repeats does not hide the peer's address, at any position."""
    assert parse_echo_reply(json.dumps({claim: "6.6.6.6", peer: "10.0.0.1"}).encode()) == IPAddress("10.0.0.1")


@pytest.mark.parametrize("body", [WHOAMI_JSON, IPINFO, b'{"client-ip":"::ffff:10.0.0.1"}'])
def test_refuses_json_that_was_cut_short_anywhere(body: bytes) -> None:
    """Half a JSON reply is no reply, wherever it was cut."""
    for length in range(len(body.rstrip())):
        with pytest.raises(ReplyError):
            parse_echo_reply(body[:length])


@given(st.binary(max_size=200) | st.text(alphabet='0123456789abcdef.:[]{},"ip= %\n', max_size=60).map(str.encode))
def test_any_reply_is_an_address_or_a_reply_error(body: bytes) -> None:
    """No reply at all can crash the check."""
    try:
        address = parse_echo_reply(body)
    except ReplyError:
        return
    assert not address.is_ipv4_mapped()


@given(st.ip_addresses(v=4), st.integers(min_value=1, max_value=65535))
def test_agrees_with_the_standard_library_on_ipv4(address: object, port: int) -> None:
    """Every IPv4 address that can be a source is read back from every format."""
    expected = IPAddress(str(address))
    if expected.is_multicast() or str(expected) in {"0.0.0.0", "255.255.255.255"}:
        return
    for text in (f"{address}", f"{address}:{port}", f"[::ffff:{address}]:{port}", f'{{"ip": "{address}"}}'):
        assert parse_echo_reply(text.encode()) == expected
