"""Policies and accounts are read leniently: what is missing is not there."""

from __future__ import annotations

import pytest

from airflow_masq.facts import IamPolicy, ServiceAccount

EMAIL = "a@p.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("resource", "grants"),
    [
        ({"bindings": [{"role": "r", "members": [f"serviceAccount:{EMAIL}"]}]}, True),
        ({"bindings": [{"role": "r", "members": [f"serviceAccount:{EMAIL}"], "condition": {"title": "t"}}]}, False),
        ({"bindings": [{"role": "r", "members": [f"user:{EMAIL}"]}]}, False),
        ({"bindings": [{"role": "s", "members": [f"serviceAccount:{EMAIL}"]}]}, False),
        ({"bindings": [{"role": "r", "members": "none"}]}, False),
        ({"bindings": {}}, False),
        ({"etag": "x"}, False),
    ],
)
def test_a_role_is_granted_where_the_policy_says_so(resource: dict[str, object], *, grants: bool) -> None:
    """Only a binding of that role, with that service account and without a condition, grants it."""
    assert IamPolicy.read(resource).grants(EMAIL, roles=["r"]) is grants


def test_an_account_is_enabled_unless_it_says_otherwise() -> None:
    """Google leaves ``disabled`` out where it is false."""
    assert not ServiceAccount.read({"email": EMAIL}).is_disabled
    assert ServiceAccount.read({"email": EMAIL, "disabled": True}).is_disabled
