"""The table of forms is what the command line offers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.environment.fields import FIELD_NAMES
from airflow_masq.exceptions import FinalError, InexpressibleError, PlanError
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.renderings import RENDERINGS
from tests.renderings.examples import NAME


def test_the_forms() -> None:
    """Every form that is promised is there, and the firewall request as CSV besides."""
    assert list(RENDERINGS) == [
        "rest",
        "gcloud",
        "terraform",
        "egress-nat-policy",
        "agent-config",
        "firewall-request",
        "firewall-request-csv",
    ]


def test_the_error_says_form_place_and_reason() -> None:
    """An error names the place, the form and why; trying again does not help."""
    error = InexpressibleError(form="gcloud", where="environment.config.x", reason="there is no flag")
    assert isinstance(error, FinalError)
    assert str(error) == "environment.config.x: cannot be written as gcloud: there is no flag"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 9) | st.text(max_size=4),
    lambda values: (
        st.lists(values, max_size=2)
        | st.dictionaries(st.sampled_from(sorted(FIELD_NAMES)) | st.text(max_size=4), values, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["config", "labels", "storageConfig", "other"]), VALUES, max_size=3))
def test_any_plan_is_written_or_refused(environment: dict[str, object]) -> None:
    """For every environment, every form gives a text or an error of ours, never a traceback."""
    mapping = {
        "environment": {"name": NAME} | environment,
        "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]},
        "targets": [{"name": "a", "observe": "http://172.20.0.10/"}],
    }
    try:
        plan = load_plan_from_mapping(mapping, source="plan")
    except PlanError:
        return
    for name, render in RENDERINGS.items():
        try:
            text = render(plan)
        except InexpressibleError as error:
            assert error.form == name  # noqa: PT017 - either way is fine
        else:
            assert text.endswith("\n")


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_form_is_documented(name: str) -> None:
    """Each form's function says what it gives and when it refuses."""
    documentation = RENDERINGS[name].__doc__ or ""
    assert ":return:" in documentation
    assert ":raises InexpressibleError:" in documentation
