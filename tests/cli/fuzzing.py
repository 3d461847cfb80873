"""Broken plan files and agent configs, made from good ones; each has a number that makes it again.

    python -m tests.cli.fuzzing plan 4711        prints that file

What is changed is what people and programs get wrong: values of another type or out of place, keys twice or misspelt,
lines lost or moved, YAML's own tricks (tags, anchors, aliases, merge keys, tabs), characters of every kind, and bytes
that are no text.
"""

from __future__ import annotations

import json
import random
import re
import sys
from typing import TYPE_CHECKING, Final

from airflow_masq.environment.fields import FIELD_NAMES
from airflow_masq.plan.schema import CLUSTER_KEYS, NETWORK_KEYS, PLAN_KEYS
from tests.cli.console import PLAN

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN_LIST: Final = """\
network: {node_ranges: [10.128.0.0/20, fd00::/64], pod_ranges: [192.168.0.0/16], other_ranges: {vpn: [172.20.0.0/16]}}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
    masqLinkLocal: true
  reserved_ranges: false
targets:
  - {name: a, observe: "stun://192.0.2.1:3478", expect: pod}
  - {name: b, observe: "airflow://connection", allowed_sources: [10.128.0.0/20]}
"""
_MANIFESTS: Final = """\
environment: {config: {software_config: {image_version: composer-2-airflow-2, env_variables: {A: b}}}, labels: {a: b}}
cluster: {initial_version: 1.30.5-gke.1014001, pods_per_node: 64}
network: {pod_ranges: [10.4.0.0/14], service_ranges: [10.8.0.0/20], node_ranges: [10.0.0.0/24], public_nodes: true}
policy:
  egress_nat_policies:
    - apiVersion: networking.gke.io/v1
      kind: EgressNATPolicy
      metadata: {name: default}
      spec: {action: NoSNAT, destinations: [{cidr: 10.0.0.0/8}]}
"""
_COMPOSER_1: Final = """\
environment:
  name: projects/example-project/locations/us-central1/environments/first
  config:
    nodeCount: 3
    softwareConfig: {imageVersion: composer-1.20.12-airflow-1.10.15, pypiPackages: {numpy: ""}}
    nodeConfig: {diskSizeGb: 30, tags: [a, b], maxPodsPerNode: 32, ipAllocationPolicy: {clusterIpv4CidrBlock: /16}}
    workloadsConfig: {worker: {cpu: 0.5, memoryGb: 1.875, minCount: 1}}
    webServerNetworkAccessControl: {allowedIpRanges: [{value: 0.0.0.0/0, description: all}]}
    maintenanceWindow: {startTime: 2024-01-01T00:00:00Z, recurrence: FREQ=DAILY}
"""
_AS_JSON: Final = json.dumps(
    {
        "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"], "workers": 12},
        "policy": {"agent_config": '{"nonMasqueradeCIDRs": ["10.0.0.0/8"]}', "enable_ipv6": True},
        "targets": [{"name": "a", "observe": "https://10.0.0.1/", "expect": "node"}],
    }
)
PLANS: Final = (PLAN, _OWN_LIST, _MANIFESTS, _COMPOSER_1, _AS_JSON)
AGENT_CONFIGS: Final = (
    "nonMasqueradeCIDRs:\n- 10.0.0.0/8\n- 192.168.0.0/16\nmasqLinkLocal: false\nresyncInterval: 60s\n",
    "nonMasqueradeCIDRs: [10.0.0.0/8, 'fd00::/8']\nmasqLinkLocalIPv6: true\ncidrLimit: 70\nresyncInterval: 1m0.5s\n",
    '{"nonMasqueradeCIDRs": ["10.0.0.0/8"], "masqLinkLocal": true, "resyncInterval": "1h", "cidrLimit": 3}',
)

_VALUES: Final = (
    "null", "~", "true", "yes", "No", "0", "-1", "1.0", "1e400", ".inf", ".nan", "0x1F", "0o17", "017", "1_000",
    "190:20:30", str(2**31), str(2**63), str(2**64), "9" * 400, "1" + "0" * 5000, "-0.0", "2026-11-25",
    "2026-02-30T25:61:61Z", "=", "<<", "''", '""', "a", "text", '"\\ud800"', '"\\U00110000"', '"\\x00"', '"\\e[31m"',
    '"${x}%{y}$(z)"', "'=1+1'", "a: b", "- a", "[]", "{}", "[[]]", "{a: 1}", "[1, a, null]", "{null: 1}", "{[a]: 1}",
    "{1: 2}", "{a: {b: {c: [d]}}}", "[{value: 1}]", "&a b", "*a", "&a [*a]", "&a {b: *a}", "!!str 1", "!!int x",
    "!!binary aGk=", "!!python/object:os.system {}", "!!set {a}", "!!float ''", "!!bool maybe", "!!timestamp x",
    "!!null x", "!local a", "!<tag:yaml.org,2002:str> a", "{<<: {a: b}}", "10.0.0.0/8", "0.0.0.0/0", "10.0.0.1/8",
    "10.0.0.0/33", "010.0.0.0/8", "/14", "/0", "/99", "10/8", "::/0", "fd00::/64", "::ffff:10.0.0.0/104",
    "fe80::1%eth0", "255.255.255.255", "127.0.0.1", "100.64.0.0/10", "240.0.0.0/4", "1.2.3", "1.30.5",
    "http://[::1]:0/", "http://10.0.0.1:99999/", "http://user:pw@10.0.0.1/", "stun://a", "dns://10.0.0.1/a?type=TXT",
    "http://[", "airflow://", "composer", "gke-default", "none", "node", "pod", "nat", "composer-3-airflow-2",
    "composer-99.1.2-airflow-9", "composer-1.20.12-airflow-1.10.15", "PRIVATE_SERVICE_CONNECT",
    "RETENTION_MODE_ENABLED", "ENVIRONMENT_SIZE_HUGE",
)  # fmt: skip
_KEYS: Final = (*sorted(FIELD_NAMES), *PLAN_KEYS, *CLUSTER_KEYS, *NETWORK_KEYS, "egress_nat_policies", "agent_config")
_KEYS_OF_AGENT: Final = ("NONMASQUERADECIDRS", "nonmasqueradecidrs", "nonMasqueradeCIDR", "cidrLimit", "resyncInterval")
_CHARACTERS: Final = (
    "\t", "\r", "\r\n", "\n", "\x00", "\x1b[2J", "\x7f", "\x85", "\xa0", "\u200b", "\u202e", "\u2028", "\ufeff",
    "\ufffe", "\U0001f600", "\u0301", "\u0660", "\uff10", "\ud800", "\u017f", "\u212a", "'", '"', "\\", "#", " #",
    ": ", "? ", "- ", "&a ", "*a", "!!str ", "| ", "> ", "|+9\n", "%YAML 9.9\n", "%TAG ! x\n", "---\n", "...\n", "{",
    "}", "[", "]", ",", "@", "`", "<<: *a",
)  # fmt: skip
_CIDRS: Final = (
    "10.0.0.0/8", "10.0.0.0/30", "0.0.0.0/0", "0.0.0.0/1", "192.168.0.0/16", "192.168.0.0/31", "192.168.128.0/17",
    "10.128.0.0/20", "10.128.0.1/32", "172.16.0.0/12", "172.17.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "203.0.113.0/24", "fd00::/8", "fe80::/10", "::/0", "2001:db8::/32",
    "192.0.2.1", "203.0.113.7", "172.20.0.10", "fd00::1", "/14", "/32", "composer-2.17.9-airflow-2.11.1",
)  # fmt: skip
_WORDS: Final = (
    "composer", "gke-default", "none", "node", "pod", "nat", "node-external", "a", "b", "text", "true", "false",
    "TXT", "NoSNAT", "default", "'10.0.0.0/8'", "http://10.0.0.1:80/", "https://[2001:db8::1]/",
    "stun://203.0.113.7:3478", "stun+tcp://10.128.0.9", "dns://10.96.0.10/a?type=TXT", "airflow://other",
    "http://name.example/", "composer-3-airflow-2", "composer-1.20.12-airflow-1.10.15", "composer-2-airflow-2", "/26",
)  # fmt: skip
_NUMBERS: Final = ("0", "1", "8", "9", "110", "256", "1000", "100000", "2147483647", "0.5", "true", "false")
_LOOKS_LIKE_A_RANGE: Final = re.compile(r"[0-9a-f.:]*[.:][0-9a-f.:]*(/[0-9]+)?")
_LOOKS_LIKE_A_NUMBER: Final = re.compile(r"[0-9.]+|true|false")
_VALUE: Final = re.compile(r"(?<=[:\[,-] )[^\s,\[\]{}]+|(?<=\[)[^\s,\[\]{}]+")
_KEY: Final = re.compile(r'[A-Za-z_]\w*(?="?:)')


def plan_file(number: int) -> bytes:
    """Make one plan file.

    :param number: from 0; the same number makes the same file.
    :return: its bytes.
    """
    return _spoilt(PLANS, _KEYS, number=number)


def agent_config(number: int) -> bytes:
    """Make one config of the agent; as ``plan_file``."""
    return _spoilt(AGENT_CONFIGS, _KEYS_OF_AGENT, number=number)


def _spoilt(originals: tuple[str, ...], keys: tuple[str, ...], *, number: int) -> bytes:
    chance = random.Random(number)  # noqa: S311 - for tests, and to be repeated
    text = originals[number % len(originals)]
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        text = chance.choices(_CHANGES, weights=_WEIGHTS)[0](text, keys, chance)
    content = text.encode("utf-8", "surrogatepass")
    return content if chance.random() < _MOSTLY_TEXT else _spliced(content, chance)


_MOSTLY_TEXT: Final = 0.95


def _another_value(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    return _replaced(text, _VALUE, chance.choice(_VALUES), chance)


def _like_value(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    """Give a place another value of about its own kind, so that the plan is often read, and means something else."""
    matches = list(_VALUE.finditer(text))
    if not matches:
        return text
    match = chance.choice(matches)
    is_number, is_range = _LOOKS_LIKE_A_NUMBER.fullmatch(match[0]), _LOOKS_LIKE_A_RANGE.fullmatch(match[0])
    new = chance.choice(_NUMBERS if is_number else _CIDRS if is_range else _WORDS)
    return text[: match.start()] + new + text[match.end() :]


def _another_key(text: str, keys: tuple[str, ...], chance: random.Random) -> str:
    return _replaced(text, _KEY, chance.choice(keys), chance)


def _key_of_anothers(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    """Give a value the key of another one, which is often there twice then."""
    own = _KEY.findall(text)
    return _replaced(text, _KEY, chance.choice(own), chance) if own else text


def _replaced(text: str, pattern: re.Pattern[str], new: str, chance: random.Random) -> str:
    matches = list(pattern.finditer(text))
    if not matches:
        return text
    match = chance.choice(matches)
    return text[: match.start()] + new + text[match.end() :]


def _line_change(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
    change = chance.randrange(5)
    if change == 0:
        del lines[here]
    elif change == 1:
        lines.insert(there, lines[here])
    elif change == 2:
        lines[here], lines[there] = lines[there], lines[here]
    elif change == 3:
        lines[here] = chance.choice(("  ", " ", "\t")) + lines[here]
    else:
        lines[here] = lines[here].removeprefix("  ")
    return "".join(lines)


def _character(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(_CHARACTERS) + text[place + chance.randrange(2) :]


def _nested(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    depth = chance.choice((3, 30, 70, 700))
    opening, closing = chance.choice((("[", "]"), ("{a: ", "}")))
    return _replaced(text, _VALUE, opening * depth + closing * depth, chance)


def _cut(text: str, _keys: tuple[str, ...], chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _anchored(text: str, keys: tuple[str, ...], chance: random.Random) -> str:
    """Name one value and use it in the place of another."""
    named = _replaced(text, _VALUE, f"&x {chance.choice(_VALUES)}", chance)
    return _replaced(named, _VALUE, "*x", chance) if chance.random() < _MOSTLY_TEXT else _character(named, keys, chance)


_CHANGES: Final[tuple[Callable[[str, tuple[str, ...], random.Random], str], ...]] = (
    _like_value, _another_value, _another_key, _key_of_anothers, _line_change, _character, _nested, _cut, _anchored,
)  # fmt: skip
_WEIGHTS: Final = (36, 8, 3, 2, 4, 2, 1, 1, 1)


def _spliced(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.randbytes(chance.randrange(1, 4)) + content[place:]


if __name__ == "__main__":
    sys.stdout.buffer.write({"plan": plan_file, "config": agent_config}[sys.argv[1]](int(sys.argv[2])))
