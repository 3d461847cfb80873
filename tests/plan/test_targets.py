"""Targets have names of their own and URLs without secrets."""

from __future__ import annotations

import pytest
from netaddr import IPAddress

from airflow_masq.exceptions import PlanError
from airflow_masq.network.ranges import AddressKind
from airflow_masq.plan import Target, load_plan_from_mapping


def _targets(*targets: object) -> tuple[Target, ...]:
    return load_plan_from_mapping({"targets": list(targets)}, source="plan").targets


def _error(*targets: object) -> PlanError:
    with pytest.raises(PlanError) as caught:
        _targets(*targets)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "http://172.20.0.10:8080/client-ip",
        "https://observer.example.com/ip?format=json&v=1",
        "http://[2001:db8::1]:80/",
        "stun://stun.example.com:3478",
        "stun+tcp://192.0.2.1",
        "dns://ns1.example.com/whoami.example.com?type=TXT",
        "airflow://my_Observer.1",
    ],
)
def test_every_kind_of_observer_can_be_named(url: str) -> None:
    """HTTP, STUN, DNS and connections are named by a URL, which is kept as it was written."""
    assert _targets({"name": "a", "observe": url}) == (Target(name="a", observe=url),)


@pytest.mark.parametrize(
    ("url", "host", "address", "port"),
    [
        ("http://172.20.0.10:8080/client-ip", "172.20.0.10", "172.20.0.10", 8080),
        ("http://172.20.0.10", "172.20.0.10", "172.20.0.10", 80),
        ("https://[2001:db8::1]/", "2001:db8::1", "2001:db8::1", 443),
        ("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1", "10.0.0.1", 80),
        ("stun://192.0.2.1", "192.0.2.1", "192.0.2.1", 3478),
        ("stun+tcp://192.0.2.1", "192.0.2.1", "192.0.2.1", 3478),
        ("dns://192.0.2.53/whoami.example.com?type=TXT", "192.0.2.53", "192.0.2.53", 53),
        ("https://observer.example.com/ip", "observer.example.com", None, 443),
        ("http://010.0.0.1/", "010.0.0.1", None, 80),
        ("airflow://10.0.0.1", None, None, None),
    ],
)
def test_where_the_observer_is(url: str, host: str | None, address: str | None, port: int | None) -> None:
    """An address is known only where the URL spells it out, a port also by the scheme, and nothing of a connection."""
    target = Target(name="a", observe=url)
    assert (target.host, target.port) == (host, port)
    assert target.address == (None if address is None else IPAddress(address))


@pytest.mark.parametrize("expect", ["pod", "node", "nat", "node-external"])
def test_every_source_can_be_expected(expect: str) -> None:
    """A target may expect Pod, node, Cloud NAT or a node's external address."""
    assert _targets({"name": "a", "observe": "http://a", "expect": expect})[0].expect is AddressKind(expect)


@pytest.mark.parametrize("expect", ["dropped", "service", "foreign", "ambiguous", "", None, 1])
def test_no_other_source_can_be_expected(expect: object) -> None:
    """What is no source, or no text, cannot be expected."""
    assert "one of pod, node, nat, node-external" in str(_error({"name": "a", "observe": "http://a", "expect": expect}))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://a/", "a URL that begins with one of http://, https://"),
        ("172.20.0.10:8080", "a URL that begins with one of http://, https://"),
        ("observer.example.com/ip", "a URL that begins with one of http://, https://"),
        ("http://", "a valid host and port"),
        ("http:///path", "a valid host and port"),
        ("http://:80/", "a valid host and port"),
        ("http://a:0/", "a valid host and port"),
        ("http://a:65536/", "a valid host and port"),
        ("http://a:http/", "a valid host and port"),
        ("http://[2001:db8::1/", "a valid host and port"),
        ("http://a/ b", "at most 2048 URL characters"),
        ("http://a/\x1b[0m", "at most 2048 URL characters"),
        ("http://a/\u0430", "at most 2048 URL characters"),
        ("http://a/#part", "at most 2048 URL characters"),
        (f"http://a/{'b' * 2048}", "at most 2048 URL characters"),
        ("", "a URL"),
        (5, "a URL"),
    ],
)
def test_what_is_no_observers_url_is_refused(url: object, expected: str) -> None:
    """Other schemes, missing hosts, bad ports and characters that no URL has are refused on one short line."""
    error = _error({"name": "a", "observe": url})
    assert expected in error.expected
    assert error.where == "plan: targets[0].observe"
    assert len(str(error)) < 300
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@a/",
        "http://hunter2@a/",
        "http://user:hunter2@[broken/",
        "https://a/ip?token=hunter2",
        "https://a/ip?x=1&API_KEY=hunter2",
        "https://a/ip?password=hunter2",
        "https://a/ip?client-secret=hunter2",
        "https://a/ip?key=hunter2",
        "https://a:http/ip?token=hunter2",
    ],
)
def test_secrets_never_stand_in_a_plan(url: str) -> None:
    """Credentials and secret parameters are refused, and the refusal does not repeat them."""
    error = _error({"name": "a", "observe": url})
    assert "hunter2" not in str(error)


def test_a_harmless_parameter_is_no_secret() -> None:
    """A parameter whose name only resembles a secret's is let through."""
    assert _targets({"name": "a", "observe": "https://a/ip?keyword=1&design=2"})


def test_names_are_unique() -> None:
    """Two targets of one name could not be told apart; two names can have one observer."""
    first, second = {"name": "a", "observe": "http://a"}, {"name": "b", "observe": "http://a"}
    assert "'a' twice" in str(_error(first, dict(first)))
    assert [target.name for target in _targets(first, second)] == ["a", "b"]


@pytest.mark.parametrize("name", ["a", "ERP 2 (old)".replace("(old)", "old"), "on-premises.erp_1", "a" * 63])
def test_usual_names_are_taken(name: str) -> None:
    """Letters, digits, blanks, dots, dashes and underscores make a name."""
    assert _targets({"name": name, "observe": "http://a"})[0].name == name


@pytest.mark.parametrize("name", ["", " a", "a ", "-a", "a\n", "a/b", "\u00e4", "a" * 64, None, 5])
def test_other_names_are_refused(name: object) -> None:
    """Names that a log, a table or a file name could not carry are refused."""
    assert "targets[0].name: expected a name" in str(_error({"name": name, "observe": "http://a"}))


@pytest.mark.parametrize("missing", ["name", "observe"])
def test_name_and_observer_are_required(missing: str) -> None:
    """A target without a name or an observer is refused, saying which is missing."""
    target = {"name": "a", "observe": "http://a"}
    del target[missing]
    assert f"targets[0]: expected a target with {missing}, saw none" in str(_error(target))


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    """A misspelt key is not ignored."""
    error = _error({"name": "a", "observe": "http://a", "allowed_source": []})
    assert "(did you mean allowed_sources?), saw 'allowed_source'" in str(error)


def test_a_list_of_nothing_is_refused() -> None:
    """An empty list is refused, since it could mean that no source is allowed or that the sources are not known."""
    error = _error({"name": "a", "observe": "http://a", "allowed_sources": []})
    assert "targets[0].allowed_sources: expected a list with entries (remove the key if there are none)" in str(error)


def test_nonce_and_canary_are_on_unless_a_target_says_otherwise() -> None:
    """An observer that refuses unknown parameters or a second request can be asked plainly."""
    plain = {"name": "plain", "observe": "http://10.0.0.1/", "nonce": False, "canary": False}
    proven = {"name": "proven", "observe": "http://10.0.0.1/"}
    first, second = load_plan_from_mapping({"targets": [plain, proven]}, source="plan").targets
    assert (first.nonce, first.canary, second.nonce, second.canary) == (False, False, True, True)


@pytest.mark.parametrize("key", ["nonce", "canary"])
def test_nonce_and_canary_are_booleans(key: str) -> None:
    """Text for a switch is refused with its place."""
    target = {"name": "erp", "observe": "http://10.0.0.1/", key: "no"}
    with pytest.raises(PlanError, match=rf"targets\[0\]\.{key}: expected true or false"):
        load_plan_from_mapping({"targets": [target]}, source="plan")
