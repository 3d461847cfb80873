"""What an audit says of one environment, and of all."""

from __future__ import annotations

from dataclasses import replace

from airflow_masq.audit import Masquerading, NotAsked
from airflow_masq.audit.codec import write_environment
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.facts.network_facts import NetworkFacts
from airflow_masq.facts.plan_text import make_plan
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.rules import Severity, lint
from tests.audit.examples import COMPOSER_3, CURRENT, PROJECT, REGION, audit_one, describe, make_audit, make_cluster

NOT_ASKED = NotAsked(project="other", regions=(REGION,), status="UNAVAILABLE", problem="gone", next_step="Wait.")


def test_an_environment_is_judged_by_its_description() -> None:
    """Name, versions and ranges are Google's; a sound environment has no finding."""
    audited = audit_one(describe())
    record = audited.record
    assert (record.environment_id, record.project, record.region) == ("example", PROJECT, REGION)
    assert (record.uuid, record.state, record.has_agent) == ("u-1", "RUNNING", True)
    assert (record.pod_range, record.service_range) == ("10.4.0.0/17", "10.8.0.0/22")
    assert (audited.generation, audited.composer_version, audited.airflow_version) == (2, "2.17.9", "2.11.1")
    assert (audited.findings, audited.problems) == ((), ())


def test_findings_are_those_of_lint_without_remarks_about_plans() -> None:
    """Composer 3 is an error; that a description has no targets, and lacks the flag, is nothing to complain of."""
    [finding] = audit_one(describe(agent=False, image=COMPOSER_3)).findings
    assert (finding.code, finding.severity) == ("MASQ101", Severity.ERROR)
    assert audit_one(describe(agent=False)).findings == ()


def test_server_defaults_are_not_judged() -> None:
    """What Google adds to its description, such as a machine type, is no finding."""
    assert audit_one(describe(machineType="n1-standard-1", diskSizeGb=100)).findings == ()


def test_a_clusters_facts_are_judged() -> None:
    """A cluster that was created with an old version is an error, and decides the standing."""
    audited = audit_one(describe(), cluster=make_cluster(initialClusterVersion="1.21.9-gke.100"))
    assert [finding.code for finding in audited.findings] == ["MASQ106"]
    assert audited.standing.masquerading is Masquerading.NEVER
    assert audit_one(describe(), cluster=make_cluster()).findings == ()


def test_the_plan_that_describe_writes_is_judged() -> None:
    """An audit with facts has the findings that lint has for the plan of describe, so the two never disagree."""
    cluster = make_cluster(
        initialClusterVersion="1.21.5-gke.1302",
        autopilot={},
        ipAllocationPolicy={"clusterIpv4CidrBlock": "10.4.0.0/17", "servicesIpv4CidrBlock": "10.4.0.0/22"},
    )
    name = EnvironmentName(project=PROJECT, location=REGION, environment_id="example")
    plan = make_plan(NetworkFacts(name=name, environment=describe(), cluster=cluster))
    found = {finding.code for finding in lint(load_plan_from_mapping(plan, source="plan"))}
    audited = {finding.code for finding in audit_one(describe(), cluster=cluster).findings}
    assert {"MASQ106", "MASQ201"} <= audited
    assert audited == found - {"MASQ104", "MASQ120", "MASQ319"}


def test_what_cannot_be_judged_is_said() -> None:
    """A value that the service learnt after this release is a problem of that environment alone."""
    audited = audit_one(describe(tags="not-a-list"))
    [problem] = audited.problems
    assert problem.startswith("its description cannot be judged: environment.config.nodeConfig.tags: expected a list")
    assert audited.standing.masquerading is Masquerading.MASQUERADED
    assert not make_audit(audited).is_complete


def test_a_range_may_be_given_by_its_name_and_a_name_may_be_missing() -> None:
    """The name of a secondary range stands for its CIDR; a description without a name still has its place."""
    audited = audit_one(EnvironmentResource.read({"config": {"nodeConfig": {}}}))
    assert audited.record.name == f"projects/{PROJECT}/locations/{REGION}/environments/"
    policy = {"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"}
    record = audit_one(describe(ipAllocationPolicy=policy)).record
    assert (record.pod_range, record.service_range) == ("pods", "services")


def test_the_worst_comes_first() -> None:
    """What was not read comes first, then errors, then what is not masqueraded, then names."""
    fine = [audit_one(describe(name)) for name in ("b", "a")]
    unread = replace(audit_one(describe("z")), problems=("its cluster was not read",))
    audit = make_audit(
        *fine, audit_one(describe("m", agent=False)), audit_one(describe("e", agent=False, image=COMPOSER_3)), unread
    )
    assert [each.record.environment_id for each in audit.environments] == ["z", "e", "m", "a", "b"]
    assert list(audit.totals.values()) == [0, 1, 1, 3]
    assert audit.severities == {Severity.ERROR: 1, Severity.WARNING: 0, Severity.INFO: 0}


def test_an_audit_is_complete_only_where_everything_is_known() -> None:
    """A region that was not asked, or an environment in an unknown state, leaves it incomplete."""
    assert make_audit(audit_one(describe())).is_complete
    assert make_audit().is_complete
    assert not make_audit(not_asked=(NOT_ASKED,)).is_complete
    assert not make_audit(audit_one(describe(state="ERROR"))).is_complete
    audit = make_audit(projects=("other", PROJECT), not_asked=(NOT_ASKED,))
    assert audit.known_places == {(PROJECT, REGION)}


def test_what_google_says_is_safe_to_print() -> None:
    """A description whose texts have control characters gives an audit whose texts have none."""
    evil = "\x1b[31m\n" + "x" * 1_000
    node = {"enableIpMasqAgent": True, "ipAllocationPolicy": {"clusterSecondaryRangeName": evil}}
    config = {"gkeCluster": evil, "nodeConfig": node, "softwareConfig": {"imageVersion": CURRENT}}
    resource = EnvironmentResource.read({"name": evil, "uuid": evil, "state": evil, "config": config})
    written = write_environment(audit_one(resource))
    texts = [value for value in written.values() if isinstance(value, str)]
    assert sum("\\x1b[31m" in text for text in texts) >= 6
    assert all(text.isprintable() and len(text) <= 600 for text in texts)
