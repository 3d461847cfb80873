"""Replies of echo servers and services as people met them: each with its address, its traces and its verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.ranges import AddressKind, NetworkRanges
from airflow_masq.observation.echo_reply import ReplyError, parse_echo_reply
from airflow_masq.observation.intermediaries import find_intermediaries
from airflow_masq.observation.observation import Failure
from airflow_masq.verdict import judge
from tests.verdict.scenes import failed, plan, saw, target, vantage

REPLIES = Path(__file__).resolve().parents[1] / "cases" / "replies"

# Pod 192.168.0.2 ─ node 10.128.0.10 ─ VPC ─┬─ observer 10.200.0.20
#                                           └─ Cloud NAT 203.0.113.7 ─ internet ─ observer 192.175.48.80
RANGES: Final = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    nat_addresses=(IPAddress("203.0.113.7"),),
    nat_covers=frozenset({AddressKind.NODE}),
)
PRIVATE: Final = "10.200.0.20"
PUBLIC: Final = "192.175.48.80"

NODE: Final = "10.128.0.10"
NAT: Final = "203.0.113.7"
PASSES: Final = ("MASQ401", "MASQ403", "MASQ402")
IN_BETWEEN: Final = ("MASQ420", "MASQ420", "MASQ420")
NO_ADDRESS: Final = ("MASQ447", "MASQ447", "MASQ447")

# File; observer; the address, or why there is none; the traces of a proxy; the codes where the target says `expect`
# (node from the private observer, nat from the public one), nothing, and `allowed_sources` of the observer's side.
TABLE: Final = [
    ("47-echoserver-1.4.txt", PRIVATE, NODE, (), PASSES),
    (
        "49-mendhak-behind-proxy.json",
        PRIVATE,
        NODE,
        ("ips 10.128.0.10", "x-forwarded-for 10.128.0.10", "via 1.1 squid (squid/5.7)"),
        IN_BETWEEN,
    ),
    ("60-echoserver-1.10.txt", PRIVATE, NODE, (), PASSES),
    ("61-echoserver-behind-sidecar.txt", PRIVATE, "127.0.0.1", ("x-forwarded-proto http",), IN_BETWEEN),
    ("62-httpbin-behind-sidecar.json", PRIVATE, "127.0.0.1", (), IN_BETWEEN),
    ("63-ealen-echo-server.json", PRIVATE, NODE, (), PASSES),
    ("64-mendhak-direct.json", PRIVATE, NODE, (), PASSES),
    ("65-go-httpbin-get.json", PRIVATE, NODE, (), PASSES),
    (
        "66-go-httpbin-behind-proxy.json",
        PRIVATE,
        NODE,
        ("x-forwarded-for 10.128.0.10, 10.200.0.5",),
        IN_BETWEEN,
    ),
    (
        "67-jmalloc-echo-server.txt",
        PRIVATE,
        "lines without it",
        ("x-forwarded-for 10.128.0.10", "x-real-ip 10.128.0.10"),
        NO_ADDRESS,
    ),
    (
        "68-whoami-behind-traefik.txt",
        PRIVATE,
        "10.200.4.5",
        (
            "x-forwarded-for 10.128.0.10",
            "x-forwarded-host 10.200.0.20",
            "x-forwarded-port 80",
            "x-forwarded-proto http",
            "x-forwarded-server traefik-6d8f",
            "x-real-ip 10.128.0.10",
        ),
        IN_BETWEEN,
    ),
    ("69-http-echo.txt", PRIVATE, "other text", (), NO_ADDRESS),
    ("70-netexec-root.txt", PRIVATE, "other text", (), NO_ADDRESS),
    ("71-podinfo.json", PRIVATE, "none of these keys", (), NO_ADDRESS),
    ("72-nginx-hello-plain-text.txt", PRIVATE, "lines without it", (), NO_ADDRESS),
    (
        "73-ifconfig-me-all.json",
        PUBLIC,
        NAT,
        ("via 1.1 google", "forwarded 203.0.113.7, 216.239.38.21"),
        IN_BETWEEN,
    ),
    ("74-ipinfo.json", PUBLIC, NAT, (), PASSES),
    ("75-icanhazip.txt", PUBLIC, NAT, (), PASSES),
    ("76-checkip-dyndns.txt", PUBLIC, "an HTML or XML page", (), NO_ADDRESS),
    ("77-gateway-api-echo.json", PRIVATE, "none of these keys", ("x-forwarded-for 10.128.0.10",), NO_ADDRESS),
    ("78-fortio-debug.txt", PRIVATE, NODE, (), PASSES),
    ("79-ipip.json", PUBLIC, NAT, (), PASSES),
    ("81-fastapi-client-host.json", PRIVATE, NODE, (), PASSES),
    ("82-node-remote-address.json", PRIVATE, NODE, (), PASSES),
    (
        "83-whoami-behind-amazon.txt",
        PRIVATE,
        "10.200.0.7",
        ("x-amzn-trace-id Root=1-67891233-abcdef012345678912345678",),
        IN_BETWEEN,
    ),
    (
        "80-ifport.json",
        PUBLIC,
        "none of these keys",
        ("x_forwarded_for_first_public 203.0.113.7", "x_real_ip 203.0.113.7"),
        NO_ADDRESS,
    ),
]


@pytest.mark.parametrize(
    ("name", "observer", "answer", "traces", "codes"), [pytest.param(*row, id=row[0]) for row in TABLE]
)
def test_a_public_reply_has_the_verdict_that_an_expert_gives_it(
    name: str, observer: str, answer: str, traces: tuple[str, ...], codes: tuple[str, ...]
) -> None:
    """An honest observer keeps its PASS, and nothing that shows something in between passes or fails."""
    body = (REPLIES / name).read_bytes()
    found = find_intermediaries(body)
    assert found == traces
    try:
        seen = saw(str(parse_echo_reply(body)), destination=observer, intermediaries=found)
    except ReplyError as error:
        seen = failed(Failure.NO_ADDRESS, detail=str(error), destination=observer)
    assert answer in (str(seen.observed) if seen.observed else seen.detail)
    is_public = observer == PUBLIC
    needs = [
        target(expect="nat" if is_public else "node"),
        target(),
        target(allowed=["203.0.113.0/24"] if is_public else ["10.0.0.0/8"]),
    ]
    verdicts = [judge(need, [seen], vantage=vantage(), plan=plan(ranges=RANGES)) for need in needs]
    assert tuple(verdict.code.value for verdict in verdicts) == codes
    if codes == IN_BETWEEN and traces:
        assert all(f"but the reply shows a proxy: {'; '.join(traces)}" in verdict.reason for verdict in verdicts)


def test_every_file_is_in_the_table_and_has_its_source() -> None:
    """No reply is kept that is not judged, and the page beside them says where each comes from."""
    files = {path.name for path in REPLIES.iterdir()} - {"README.md"}
    assert files == {row[0] for row in TABLE}
    page = (REPLIES / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"`{name}`" not in page] == []
