"""What in a reply shows that something was between the Pod and the observer.

A proxy, a cache or a load balancer makes its own connection. The observer then sees the address of that connection, or
repeats an address from a header. Such a reply proves nothing about the Pod's packets, whichever address it names.

Proxies leave traces in the reply's own header and in the request as the observer received it, which echo servers print.
This module finds traces only, never an address, since any sender can invent each of these headers.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Final

from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MOST_INTERMEDIARIES: Final = 10
"""The most traces that one observation holds."""

_MOST_TRACES: Final = 8  # the probe itself may add one
_VALUE_CHARACTERS: Final = 60

# Keys and header names are compared without dashes, underscores and case.
_FORWARDING_HEADERS: Final = {
    name.replace("-", ""): name
    for name in (
        "via",
        "forwarded",
        "forwarded-for",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-original-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-amzn-trace-id",  # of Amazon's load balancers, which may drop X-Forwarded-For [source: aws-trace-id]
        "cdn-loop",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "true-client-ip",  # this and the next two are what go-httpbin trusts [source: go-httpbin-client-ip]
        "fastly-client-ip",
        "fly-client-ip",
        "ips",  # Express fills this list from X-Forwarded-For, and leaves it empty otherwise [source: express-req-ips]
    )
}
_FORWARDING_PREFIXES: Final = {"xforwarded": "x-forwarded-*", "xenvoy": "x-envoy-*"}
# What of a reply tells of the request's URL, or of the observer itself, and not of how the request came.
_OTHER_SECTIONS: Final = frozenset({"args", "query", "params", "environment", "env"})

# What proxies, caches and load balancers add to a reply. Nothing else does: an observer behind none has none of these.
_REPLY_HEADERS: Final = frozenset(
    {
        "via",
        "age",
        "cache-status",  # [source: rfc-9211-cache-status]
        "proxy-status",  # [source: rfc-9209-proxy-status]
        "proxy-connection",
        "x-cache",
        "x-varnish",
        "warning",
        "cf-cache-status",  # CF-Ray is none: Cloudflare's own observer, /cdn-cgi/trace, adds it
    }
)
# squid's X-Cache-Lookup and X-Squid-Error, nginx' X-Cache-Status, Envoy's X-Envoy-Upstream-Service-Time
# [source: envoy-reply-headers], CloudFront's X-Amz-Cf-Id.
_REPLY_PREFIXES: Final = ("x-cache-", "x-proxy-", "x-squid-", "x-envoy-", "x-amz-cf-", "x-bluecoat-", "x-zscaler-")
# 110 to 113 warn of a cache's stale reply, 214 of a proxy that changed it; a server may give others
# [source: rfc-7234-warning].
_VALUES_THAT_SAY_NOTHING: Final = {"age": re.compile("0*"), "warning": re.compile("(?!11[0-3] |214 ).*")}
_HEADER_LINE: Final = re.compile(r"[ \t]*(?P<name>[A-Za-z][A-Za-z0-9_-]*)[ \t]*[:=](?P<value>.*)")


def find_intermediaries(
    body: bytes,
    *,
    response_headers: Iterable[tuple[str, str]] = (),
    sent_headers: Sequence[tuple[str, str]] = (),
    may_quote: bool = True,
) -> tuple[str, ...]:
    """Find the traces of proxies and caches in a reply.

    :param body: the whole body, of any form.
    :param response_headers: the header of the reply.
    :param sent_headers: what the probe sent. An observer that repeats one of these shows no proxy.
    :param may_quote: whether values may be shown; without, only names from our own tables are.
    :return: the first traces, each in a few words, such as ``via 1.1 squid``.
    """
    traces: dict[str, None] = {}
    for name, given in response_headers:
        lower = name.lower()
        has_prefix = lower.startswith(_REPLY_PREFIXES)
        if not has_prefix and lower not in _REPLY_HEADERS:
            continue
        value = given.strip()
        says_nothing = _VALUES_THAT_SAY_NOTHING.get(lower)
        if value and not (says_nothing and says_nothing.fullmatch(value)):
            shown = lower
            if has_prefix and not may_quote:
                shown = f"{next(filter(lower.startswith, _REPLY_PREFIXES))}*"
            traces[f"response header {_describe(escape(shown), value=value, may_quote=may_quote)}"] = None
    if not re.search(rb"[:=,]", body):  # one address, as most observers write it
        return tuple(traces)[:_MOST_TRACES]
    sent = {_squeeze(name): value.strip() for name, value in sent_headers}
    for name, value in _list_entries(body):
        if len(traces) >= _MOST_TRACES:  # a hostile reply may have thousands
            break
        squeezed = _squeeze(name).removeprefix("http")  # CGI calls the header Via HTTP_VIA
        prefix = next(filter(squeezed.startswith, _FORWARDING_PREFIXES), None)
        known = _FORWARDING_HEADERS.get(squeezed) or (prefix and _FORWARDING_PREFIXES[prefix])
        if known and value and value != sent.get("xforwardedfor" if known == "ips" else squeezed):
            shown = escape(name.lower(), limit=_VALUE_CHARACTERS) if may_quote else known
            traces[_describe(shown, value=value, may_quote=may_quote)] = None
    return tuple(traces)[:_MOST_TRACES]


def _squeeze(name: str) -> str:
    return re.sub("[-_]", "", name).lower()


def _describe(name: str, *, value: str, may_quote: bool) -> str:
    return f"{name} {escape(value.strip(), limit=_VALUE_CHARACTERS)}" if may_quote else name


def _list_entries(body: bytes) -> Iterator[tuple[str, str]]:
    """List everything in a reply that looks like a name with its value."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith(("{", "[")):
        try:
            return _list_json_entries(json.loads(text))
        except (ValueError, RecursionError):
            pass
    return _list_line_entries(text)


def _list_json_entries(reply: object) -> Iterator[tuple[str, str]]:
    waiting = [reply]  # no recursion, since a hostile reply may be nested deeply
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from _list_pairs(value)
            waiting += [inner for key, inner in value.items() if _squeeze(key) not in _OTHER_SECTIONS]
        elif isinstance(value, list):
            texts = [item if isinstance(item, str) else "" for item in value]
            yield from itertools.pairwise(texts)  # ["Via", "1.1 squid"], and Node's rawHeaders
            waiting += value
        elif isinstance(value, str) and "\n" in value:
            yield from _list_line_entries(value)


def _list_pairs(mapping: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    pairs = list(mapping.items())
    if isinstance(mapping.get("name"), str):  # {"name": "Via", "value": "1.1 squid"}
        pairs.append((str(mapping["name"]), mapping.get("value")))
    for name, value in pairs:
        if isinstance(value, str):
            yield name, value.strip()
        elif isinstance(value, list):  # go-httpbin and whoami give each header's values as a list
            yield name, ", ".join(item.strip() for item in value if isinstance(item, str))


def _list_line_entries(text: str) -> Iterator[tuple[str, str]]:
    for line in re.split(r"\r?\n", text):
        if match := _HEADER_LINE.fullmatch(line):
            yield match["name"], match["value"].strip()
