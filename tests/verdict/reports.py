"""Verdicts and reports of a small cluster, for the tests of reports."""

from __future__ import annotations

from airflow_masq.observation.observation import Failure
from airflow_masq.verdict import Report, Verdict
from tests.verdict.scenes import NODE, POD, failed, saw, target, vantage, verdict_of

ENVIRONMENT = "projects/example-project/locations/us-central1/environments/example"
NEED = target(expect="node")


def passing(*, local: str = POD, name: str = "a", after: float = 0) -> Verdict:
    """Give a PASS of one worker."""
    return verdict_of(saw(NODE, local=local, after=after), need=NEED, at=vantage(pod_ip=local, name=name))


def failing(*, local: str = POD, name: str = "a", after: float = 0) -> Verdict:
    """Give a FAIL of one worker."""
    return verdict_of(saw(POD, local=local, after=after), need=NEED, at=vantage(pod_ip=local, name=name))


def silent(*, name: str = "a") -> Verdict:
    """Give an INCONCLUSIVE of one worker, with two attempts that disagree."""
    attempts = [failed(Failure.RESET), failed(Failure.CONNECT_TIMEOUT, detail="no answer within 3 s", after=1)]
    return verdict_of(*attempts, need=target(allowed=["10.0.0.0/8"]), at=vantage(name=name))


def report(*verdicts: Verdict, nodes_total: int | None = None, problems: tuple[str, ...] = ()) -> Report:
    """Give a report of the example environment."""
    return Report(environment=ENVIRONMENT, verdicts=verdicts, nodes_total=nodes_total, problems=problems)
