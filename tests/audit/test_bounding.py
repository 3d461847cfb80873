"""Audits of a fleet of any size fit into an XCom and an asset event."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

from airflow_masq.audit import Audit, NotAsked, bound_audit, encode_audit, summarise_audit
from airflow_masq.audit.audit import Drift
from airflow_masq.audit.bounding import EVENT_LIMIT_BYTES
from airflow_masq.rules import Severity
from tests.audit.examples import COMPOSER_3, PROJECT, REGION, audit_one, describe, make_audit, make_cluster


@cache
def make_fleet(size: int) -> Audit:
    """Audit a fleet with findings and clusters, every third one without the agent, every fourth one of Composer 3."""
    audited = []
    for number in range(size):
        image = {"image": COMPOSER_3} if number % 4 == 0 else {}
        one = audit_one(describe(f"e-{number:04}", agent=number % 3 != 0, **image), cluster=make_cluster())
        audited.append(one)
    return make_audit(*audited)


def measure(audit: Audit) -> int:
    """Measure an audit as Airflow stores it."""
    return len(json.dumps(encode_audit(audit)))


def test_what_fits_stays_as_it_is() -> None:
    """Nothing is left out of a small audit."""
    audit = make_fleet(20)
    assert bound_audit(audit) == audit


def test_a_thousand_environments_fit() -> None:
    """Each of 1,000 environments stays in an XCom, with what the next audit compares."""
    bounded = bound_audit(make_fleet(1000))
    assert len(bounded.environments) == 1000
    assert measure(bounded) <= 2_000_000


def test_findings_of_the_best_are_left_out_first_and_then_environments() -> None:
    """Totals never change, the worst are kept, and the size holds."""
    audit = make_fleet(100)
    size = measure(audit)
    for limit in (size - 1000, size * 4 // 5, size // 5):
        bounded = bound_audit(audit, limit_bytes=limit)
        assert measure(bounded) <= limit + 200  # the counts of what was left out
        assert (bounded.totals, bounded.severities) == (audit.totals, audit.severities)
        kept = [each.record for each in bounded.environments]
        assert kept == [each.record for each in audit.environments[: len(kept)]]
        assert bounded.environments[0] == (
            replace(audit.environments[0], findings=(), cluster=None) if bounded.omitted else audit.environments[0]
        )
        assert all(each.cluster is None for each in bounded.environments if bounded.omitted)
    assert bounded.omitted.total() > 0
    assert bounded.omitted_findings.total() > 0


def test_drift_is_bounded() -> None:
    """The first 1,000 drifts stay, the others count."""
    drift = Drift(environment="e", against="plan", severity=Severity.WARNING, message="differs")
    bounded = bound_audit(make_audit(drift=(drift,) * 1005))
    assert len(bounded.drift) == 1000
    assert bounded.severities[Severity.WARNING] == 1005


def test_an_event_begins_with_its_summary_and_names_its_task() -> None:
    """Airflow's page of an asset shows an event from its beginning, and a forged event names another task."""
    silent = NotAsked(project="other", regions=(REGION, "x"), status="UNAVAILABLE", problem="gone", next_step="Wait.")
    drift = Drift(environment="e", against="plan", severity=Severity.ERROR, message="differs", diff=("+a",))
    audit = replace(make_fleet(4), projects=(PROJECT, "other"), not_asked=(silent,), drift=(drift,))
    event = summarise_audit(audit, dag_id="d", run_id="r", task_id="t")
    assert next(iter(event)) == "summary"
    assert event["summary"] == (
        "4 environments: 1 never can be, 1 must be re-created, 2 masqueraded; 2 errors; 2 regions could not be asked"
    )
    assert (event["dag_id"], event["run_id"], event["task_id"]) == ("d", "r", "t")
    assert event["not_asked"][0]["project"] == "other"
    assert event["drift"] == [{"environment": "e", "against": "plan", "severity": "error", "message": "differs"}]
    assert event["environments"][0] == {
        "name": f"projects/{PROJECT}/locations/{REGION}/environments/e-0000",
        "masquerading": "never",
        "state": "RUNNING",
        "image_version": COMPOSER_3,
        "codes": ["MASQ101"],
    }
    assert event["omitted"] == 0


def test_an_event_is_bounded() -> None:
    """A thousand environments leave an event of at most 32 kB, which counts what it lacks."""
    audit = make_fleet(1000)
    foreign = "\x1b[31m" + "d" * 1000
    event = summarise_audit(audit, dag_id=foreign, run_id=foreign, task_id=foreign)
    for key in ("dag_id", "run_id", "task_id"):
        assert event[key].isprintable()
        assert len(event[key]) == 250
    assert len(json.dumps(event)) <= EVENT_LIMIT_BYTES
    assert len(event["environments"]) + event["omitted"] == 1000
    assert event["environments"][0]["codes"] == ["MASQ101"]
