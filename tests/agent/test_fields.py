"""The agent's struct is filled as Go fills it, with the defaults that a config does not set."""

from __future__ import annotations

import json

import pytest

from airflow_masq.agent.fields import KNOWN_KEYS, AgentFields, Members, find_known_key
from airflow_masq.exceptions import InvalidInputError

DEFAULTS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def _fill(text: str) -> AgentFields:
    fields = AgentFields(DEFAULTS)
    fields.fill(json.loads(text, object_pairs_hook=Members))
    return fields


@pytest.mark.parametrize("text", ["{}", "null", '{"nonMasqueradeCIDR": []}', '{"masqLinkLocal": null}'])
def test_what_is_not_set_keeps_its_default(text: str) -> None:
    """Nothing, an unknown key and a null leave every field as it was."""
    fields = _fill(text)
    assert (fields.cidrs, fields.lists_defaults) == (DEFAULTS, True)
    assert (fields.cidr_limit, fields.resync_interval_seconds) == (64, 60)
    assert (fields.masq_link_local, fields.masq_link_local_ipv6) == (False, False)


def test_every_field_can_be_set() -> None:
    """Each key sets its own field."""
    fields = _fill(
        '{"nonMasqueradeCIDRs": ["9.0.0.0/8"], "cidrLimit": -3, "masqLinkLocal": true, "masqLinkLocalIPv6": true,'
        ' "resyncInterval": "1m"}'
    )
    assert (fields.cidrs, fields.lists_defaults, fields.cidr_limit) == (("9.0.0.0/8",), False, -3)
    assert (fields.masq_link_local, fields.masq_link_local_ipv6, fields.resync_interval_seconds) == (True, True, 60)


@pytest.mark.parametrize(
    ("lists", "cidrs"),
    [
        (("[null]",), DEFAULTS[:1]),
        (("[null, null, null, null]",), (*DEFAULTS, "")),
        (('["a", null]',), ("a", DEFAULTS[1])),
        (('["a"]', "[null, null]"), ("a", DEFAULTS[1])),
        (("[]", "[null]"), ("",)),
        (("null", "[null]"), ("",)),
        (("[null]", "null"), ()),
        (('["a", "b", "c", "d"]', "[null]", "[null, null, null, null, null]"), ("a", "b", "c", "d", "")),
    ],
)
def test_null_elements_find_what_stood_there(lists: tuple[str, ...], cidrs: tuple[str, ...]) -> None:
    """A null keeps the entry of its place, be it a default's, an earlier list's, or one that a shorter list hid."""
    members = ", ".join(f'"nonMasqueradeCIDRs": {text}' for text in lists)
    assert _fill(f"{{{members}}}").cidrs == cidrs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "config: expected a mapping, saw a list"),
        ("true", "config: expected a mapping, saw true"),
        ('{"nonMasqueradeCIDRs": false}', "nonMasqueradeCIDRs: expected a list, saw false"),
        ('{"nonMasqueradeCIDRs": ["a", 1]}', r"nonMasqueradeCIDRs\[1\]: expected a text, saw the number 1"),
        ('{"cidrLimit": "64"}', "cidrLimit: expected an integer of 64 bits, saw the text '64'"),
        ('{"cidrLimit": 6.4e1}', "cidrLimit: expected an integer of 64 bits, saw the number 64.0"),
        ('{"cidrLimit": 9223372036854775808}', "cidrLimit: expected an integer of 64 bits"),
        ('{"masqLinkLocal": "true"}', "masqLinkLocal: expected true or false, saw the text 'true'"),
        ('{"masqLinkLocalIPv6": {}}', "masqLinkLocalIPv6: expected true or false, saw a mapping"),
        ('{"resyncInterval": null}', "resyncInterval: expected a text such as 60s, saw null"),
        ('{"resyncInterval": "60"}', "resyncInterval: expected a duration"),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, message: str) -> None:
    """The field, what it wants and what it got are named."""
    with pytest.raises(InvalidInputError, match=message):
        _fill(text)


@pytest.mark.parametrize("key", KNOWN_KEYS)
def test_case_does_not_matter(key: str) -> None:
    """Any spelling with other capitals is the same key, one with another letter is none."""
    assert [find_known_key(key), find_known_key(key.upper()), find_known_key(key.lower())] == [key] * 3
    assert find_known_key(f"{key}x") is None


def test_letters_that_go_folds_are_folded() -> None:
    """A long s and a Kelvin sign stand for s and k, a dotless i for nothing."""
    assert find_known_key("ma\u017fqLin\u212aLocal") == "masqLinkLocal"
    assert find_known_key("masqL\u0131nkLocal") is None
