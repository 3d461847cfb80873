"""An observation is an address or a failure, and where it was made is read from the Pod's name."""

from __future__ import annotations

import dataclasses

import pytest

from airflow_masq.observation.observation import TRANSIENT_FAILURES, Component, Failure, component_of, deciding
from tests.verdict.scenes import NODE, POD, failed, saw


def test_an_observation_holds_an_address_or_a_failure() -> None:
    """An observation cannot hold both, nor neither, nor a time without its zone."""
    seen = saw(NODE)
    with pytest.raises(ValueError, match="either an address or a failure"):
        dataclasses.replace(seen, failure=Failure.RESET)
    with pytest.raises(ValueError, match="either an address or a failure"):
        dataclasses.replace(seen, observed=None)
    with pytest.raises(ValueError, match="time zone"):
        dataclasses.replace(seen, started_at=seen.started_at.replace(tzinfo=None))


def test_the_last_address_decides_else_the_last_failure() -> None:
    """Whatever comes after an address, it decides; without any, the last attempt does."""
    silence, reset = failed(Failure.CONNECT_TIMEOUT), failed(Failure.RESET, after=1)
    assert deciding([saw(POD), saw(NODE), silence]) == saw(NODE)
    assert deciding([silence, reset]) == reset
    assert deciding([]) is None


def test_only_what_the_network_did_is_worth_another_attempt() -> None:
    """A path may settle and an observer may come up; a wrong URL, answer or certificate stays what it is."""
    passing = {failure for failure in Failure if failure in TRANSIENT_FAILURES}
    assert passing == {
        Failure.CONNECT_TIMEOUT,
        Failure.REPLY_TIMEOUT,
        Failure.NO_ROUTE,
        Failure.RESET,
        Failure.REFUSED,
        Failure.NAME_UNRESOLVED,
    }


@pytest.mark.parametrize(
    ("hostname", "component"),
    [
        ("airflow-worker-7k2xq", Component.WORKER),
        ("airflow-triggerer-6d5f-x", Component.TRIGGERER),
        ("airflow-scheduler-55-x", Component.SCHEDULER),
        ("airflow-dag-processor-55-x", Component.DAG_PROCESSOR),
        ("airflow-webserver-55-x", Component.WEB_SERVER),
        ("my-airflow-worker-1", Component.UNKNOWN),
        ("airflow-worker", Component.UNKNOWN),
        ("", Component.UNKNOWN),
    ],
)
def test_the_component_is_read_from_the_hostname(hostname: str, component: Component) -> None:
    """Composer's Pods are named for what they run, and other names claim nothing."""
    assert component_of(hostname) is component
