"""An audit as text for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from airflow_masq.audit import Audit, Masquerading, NotAsked, render_audit
from airflow_masq.audit.audit import Drift
from airflow_masq.audit.table import summarise_totals
from airflow_masq.rules import Severity
from tests.audit.examples import BEGAN, COMPOSER_3, PROJECT, REGION, audit_one, describe, make_audit, make_cluster

DENIED = NotAsked(
    project="other",
    regions=(REGION, "us-east1"),
    status="PERMISSION_DENIED",
    problem="The caller does not have permission",
    next_step="roles/composer.user in project p would show it.",
)


def make_example() -> Audit:
    """Audit one environment of each kind."""
    drift = Drift(
        environment="p/example", against="last audit", severity=Severity.WARNING, message="differs", diff=("-a", "+b")
    )
    return make_audit(
        audit_one(describe()),
        audit_one(describe("lacking", agent=False)),
        audit_one(describe("three", agent=False, image=COMPOSER_3)),
        audit_one(describe("broken", state="ERROR"), cluster=make_cluster(initialClusterVersion="1.23.4")),
        projects=(PROJECT, "other"),
        regions=(REGION, "us-east1"),
        not_asked=(DENIED,),
        not_offered=("us-west9",),
        drift=(drift,),
        compared_with=BEGAN,
    )


EXPECTED = """\
MASQUERADING        ENVIRONMENT  PROJECT          REGION       STATE    IMAGE                              FINDINGS
not asked           -            other            2 regions    -        -                                  \
PERMISSION_DENIED
never can be        three        example-project  us-central1  RUNNING  composer-3-airflow-2.10.5-build.3  \
1 error (MASQ101)
not known           broken       example-project  us-central1  ERROR    composer-2.17.9-airflow-2.11.1     \
1 warning (MASQ106)
must be re-created  lacking      example-project  us-central1  RUNNING  composer-2.17.9-airflow-2.11.1     none
masqueraded         example      example-project  us-central1  RUNNING  composer-2.17.9-airflow-2.11.1     none

Not asked: other, us-central1, us-east1: PERMISSION_DENIED: The caller does not have permission. Next:
    roles/composer.user in project p would show it.
The service knows no region named us-west9, so no environment can be there.
Not known: broken. It has the agent's flag, and is in state ERROR, so it is not known whether its agent runs.
Never can be: three. Composer 3 has no IP masquerade agent. For fixed source addresses, attach it to a VPC network and
    use private networking, or move to Composer 2. Why: airflow-masq rule MASQ101
Must be re-created: lacking. It was created without the IP masquerade agent, which can be enabled only at creation.
    Create a new environment with enableIpMasqAgent: true, and move to it. Why: airflow-masq rule MASQ104
Warning MASQ106: broken. GKE 1.23.4 does not show whether the cluster can have the agent. Add the build, such as
    -gke.1600.
Drift, warning: example, against the last audit: differs
    -a
    +b
4 environments: 1 not known, 1 never can be, 1 must be re-created, 1 masqueraded; 1 error, 2 warnings; 2 regions could
    not be asked. Asked: 2 of 4 regions of 2 projects.
Compared with the audit of 2026-01-05T08:30+00:00: 1 change.
This audit is not complete: what could not be asked or judged may be anything."""


def test_an_audit_is_a_table_with_its_reasons() -> None:
    """What could not be asked comes first, each reason stands once, and the last lines are the totals."""
    assert render_audit(make_example(), width=120) == EXPECTED


def test_a_fleet_without_environments_is_said_to_have_none() -> None:
    """Nothing found is a result; nothing changed is one, too."""
    audit = make_audit(compared_with=BEGAN)
    assert render_audit(audit).splitlines() == [
        "0 environments; no findings. Asked: 1 of 1 region of 1 project.",
        "Compared with the audit of 2026-01-05T08:30+00:00: nothing has changed.",
    ]


def test_a_large_fleet_is_counted() -> None:
    """The table shows 200 environments, 100 drifts and 40 lines of a diff; the others are counted."""
    drift = Drift(environment="e", against="plan", severity=Severity.INFO, message="m", diff=("+x",) * 50)
    many = [audit_one(describe(f"e-{number}")) for number in range(205)]
    audit = make_audit(*many, drift=(drift,) * 103, omitted=Counter({Masquerading.MASQUERADED: 7}))
    lines = render_audit(audit).splitlines()
    assert "and 12 more environments, none worse than these" in lines
    assert "and 3 more drifts, none worse than these" in lines
    assert (lines.count("    +x"), lines.count("    … 10 more lines")) == (4000, 100)
    assert lines[-1].startswith("212 environments: 212 masqueraded; 103 remarks.")


def test_what_just_fits_is_whole() -> None:
    """Where nothing is left out, no line counts it; where one is, it is told in the singular."""
    drift = Drift(environment="e", against="plan", severity=Severity.INFO, message="m", diff=("+x",) * 40)
    environments = [audit_one(describe(f"e-{number}")) for number in range(201)]
    whole = render_audit(make_audit(*environments[:200], drift=(drift,) * 100))
    assert " more " not in whole
    drift = replace(drift, diff=("+x",) * 41)
    lines = render_audit(make_audit(*environments, drift=(drift,) * 101)).splitlines()
    assert [line for line in dict.fromkeys(lines) if " more " in line] == [
        "and 1 more environment, none worse than these",
        "    … 1 more line",
        "and 1 more drift, none worse than these",
    ]


def test_foreign_text_stays_on_its_line() -> None:
    """What a project or an API writes cannot break the table."""
    odd = replace(audit_one(describe()), problems=("its cluster was not read: x",))
    text = render_audit(make_audit(odd, not_asked=(replace(DENIED, project="p\x1b[31m\n"),)))
    assert "\x1b" not in text
    assert r"p\x1b[31m\n" in text
    assert "not all was read" in text
    assert "Not read: example: its cluster was not read: x" in text


def test_one_region_is_named() -> None:
    """Where a single region could not be asked, the table names it."""
    text = render_audit(make_audit(not_asked=(replace(DENIED, regions=("us-east1",)),)))
    assert "other    us-east1" in text
    assert summarise_totals(make_audit()) == "0 environments; no findings"
