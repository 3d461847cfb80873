"""What loads as a plan and renders as REST is read by Google's own types, for many random values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import FinalError
from airflow_masq.renderings import RENDERINGS
from tests.renderings.examples import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor

service_v1 = pytest.importorskip("google.cloud.orchestration.airflow.service_v1", reason="Google's types are absent")
service_v1beta1 = pytest.importorskip("google.cloud.orchestration.airflow.service_v1beta1")
CLIENTS = (service_v1.Environment, service_v1beta1.Environment)


def _paths(message: Descriptor, around: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the place of every field, of lists that of their first entry as well."""
    for field in message.fields:
        inner = field.message_type
        here = (*around, field.json_name)
        yield here
        if inner is None or inner.full_name.startswith("google.protobuf."):
            continue
        if inner.GetOptions().map_entry:
            yield (*here, "A")
        else:
            yield from _paths(inner, (*here, "[0]") if field.is_repeated else here)


PATHS = sorted({path for client in CLIENTS for path in _paths(client.pb(client()).DESCRIPTOR)})
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 30, 2**31 - 1, 2**31, -(2**31) - 1, 2**62, 0.5, 1.0, 1e38, 3.5e38, 1e300, -0.0,
    "", "a", "0.5", "1", "true", "NaN", "Infinity", "\u00fc\U0001f600", "\x00", "\u2028",
    "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5+01:00", "2024-01-01T00:00:00", "2024-01-01t00:00:00z",
    "2024-02-30T00:00:00Z", "2024-01-01T00:00:60Z", "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00",
    "2024-01-01T00:00:00.1234567890Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+24:00",
    "\u0662024-01-01T00:00:00Z", "PRIVATE_SERVICE_CONNECT", "RUNNING", "BRAND_NEW_WORD",
    [], ["a"], [1], [None], [{}], [[]], [{"brandNew": 1}], ["a", "a"],
    {}, {"a": "b"}, {"a": 1}, {"a": None}, {"a": {}}, {"": ""}, {"a": ["b"]}, {"value": "a"}, {"name": 1},
)  # fmt: skip
TREES = st.recursive(
    st.sampled_from(VALUES) | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=3), values, max_size=2),
    max_leaves=4,
)


def _set(resource: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Set one field; what is in its way is written over."""
    place: Any = resource
    for name, below in zip(path, (*path[1:], None), strict=True):
        key: Any = 0 if name == "[0]" else name
        if below is None:
            place[key] = value
            return
        wanted: Any = [None] if below == "[0]" else {}
        now = place[key] if isinstance(key, int) else place.get(key)
        if type(now) is not type(wanted) or not (now or isinstance(now, dict)):
            place[key] = wanted
        place = place[key]


def _is_sent(resource: dict[str, Any]) -> bool:
    """Say whether it loads and renders, and then hold Google's types to it.

    Fields that the installed client does not know, and words that its enums do not, are not its business; it is the
    only thing that ``ignore_unknown_fields`` lets pass.
    """
    try:
        text = RENDERINGS["rest"](plan_of(resource))
    except FinalError:
        return False
    for client in CLIENTS:
        client.from_json(text, ignore_unknown_fields=True)
    return True


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_every_field_with_every_value(path: tuple[str, ...]) -> None:
    """Each field of Google's takes the values that Google takes and no others, and is not refused altogether."""
    sent = []
    for value in VALUES:
        resource: dict[str, Any] = {}
        _set(resource, path, value)
        sent.append(_is_sent(resource))
    assert any(is_sent for is_sent, value in zip(sent, VALUES, strict=True) if value)
    assert not all(sent)


@settings(max_examples=400, deadline=None)
@given(settings_of=st.lists(st.tuples(st.sampled_from(PATHS), TREES), min_size=1, max_size=4))
def test_any_values_together(settings_of: list[tuple[tuple[str, ...], Any]]) -> None:
    """Several fields with anything in them are refused in one line, or read by Google's types."""
    resource: dict[str, Any] = {}
    for path, value in settings_of:
        if not (isinstance(value, float) and math.isinf(value)):
            _set(resource, path, json.loads(json.dumps(value)))
    if resource:
        _is_sent(resource)


def test_the_check_can_fail() -> None:
    """Google's types do refuse what the plan reader is there to refuse."""
    for client in CLIENTS:
        with pytest.raises(Exception, match="envVariables"):
            client.from_json('{"config": {"softwareConfig": {"envVariables": {"A": 1}}}}', ignore_unknown_fields=True)
