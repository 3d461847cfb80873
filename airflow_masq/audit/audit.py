"""An audit as a value: every environment of a fleet, what could not be asked, and what has changed.

What could not be asked is never left out, so an audit says "all well" only of what it saw.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_masq.audit.masquerading import Masquerading, Standing, find_standing
from airflow_masq.audit.not_asked import NotAsked
from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD, CidrField
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts.network_facts import NetworkFacts
from airflow_masq.facts.plan_text import make_plan
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.rules import Finding, Severity, lint
from airflow_masq.text import escape, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_masq.environment import EnvironmentResource
    from airflow_masq.facts import Cluster
    from airflow_masq.network.live_policy import LivePolicy

# Remarks about a plan that is to be written, and no findings of an environment that exists: what Google's description
# adds, that it names no targets, and that a missing agent has to be switched on, of which the standing says more.
_ABOUT_PLANS: Final = frozenset({"MASQ104", "MASQ120", "MASQ319"})

_MOST_FINDINGS: Final = 50
_LONGEST_MESSAGE: Final = 1_000
_LONGEST_NAME: Final = 400


@dataclass(frozen=True, kw_only=True)
class EnvironmentRecord:
    """What two audits compare of an environment.

    :param name: ``projects/P/locations/L/environments/E``, as the service wrote it.
    :param project: the project that was asked, as it was given: its id or its number.
    :param region: the region that was asked.
    :param uuid: empty where the service gave none.
    :param state: one of the Composer API's, such as ``RUNNING``.
    :param image_version: empty where the service gave none.
    :param has_agent: whether the IP masquerade agent's flag is set.
    :param pod_range: the CIDR, or the name of the secondary range; empty where neither is given.
    :param service_range: the same of Services.
    :param policy: the cluster's ``EgressNATPolicy`` objects; ``None`` where they were not read.
    """

    name: str
    project: str
    region: str
    uuid: str
    state: str
    image_version: str
    has_agent: bool
    pod_range: str
    service_range: str
    policy: LivePolicy | None = None

    @property
    def environment_id(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class AuditedEnvironment:
    """One environment.

    :param generation: Composer's generation; ``None`` where the image does not show it.
    :param composer_version: Composer's full version; empty for Composer 3, which has builds instead.
    :param airflow_version: what the image tells of it.
    :param gke_cluster: the cluster's full name; empty where there is none.
    :param cluster: the cluster; ``None`` where it was not read.
    :param findings: of its own description, the worst first; at most 50.
    :param problems: what of it could not be read or judged, one line each.
    """

    record: EnvironmentRecord
    standing: Standing
    generation: int | None
    composer_version: str
    airflow_version: str
    gke_cluster: str
    cluster: Cluster | None = None
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One thing that differs from the plan, or from the last audit.

    :param environment: the environment's full name.
    :param against: what it is compared with: ``plan`` or ``last audit``.
    :param severity: ``INFO`` for what is no trouble, such as an upgrade.
    :param message: what differs, in one line.
    :param diff: the lines of a unified diff, where the change is one of a list.
    """

    environment: str
    against: str
    severity: Severity
    message: str
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All environments of some projects in some regions.

    :param began: when the audit began, with a time zone.
    :param projects: the projects that were to be asked, in the order given.
    :param regions: the regions, in alphabetical order.
    :param environments: the worst first.
    :param not_asked: what could not be asked.
    :param not_offered: regions of airflow-masq's own table that the service does not know.
    :param drift: the worst first.
    :param compared_with: when the audit began with which this one is compared; ``None`` where there is none.
    :param omitted: how many environments were left out to bound the audit's size.
    :param omitted_findings: the same of findings and drifts.
    """

    began: datetime
    projects: tuple[str, ...]
    regions: tuple[str, ...]
    environments: tuple[AuditedEnvironment, ...]
    not_asked: tuple[NotAsked, ...] = ()
    not_offered: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    compared_with: datetime | None = None
    omitted: Counter[Masquerading] = field(default_factory=Counter)
    omitted_findings: Counter[Severity] = field(default_factory=Counter)

    @property
    def totals(self) -> dict[Masquerading, int]:
        """How many environments there are of each kind, the worst first; those that were left out count."""
        found = Counter(each.standing.masquerading for each in self.environments) + self.omitted
        return {each: found[each] for each in Masquerading}

    @property
    def severities(self) -> dict[Severity, int]:
        """How many findings and drifts there are of each severity, the worst first; those that were left out count."""
        found = Counter(finding.severity for each in self.environments for finding in each.findings)
        found += self.omitted_findings
        found.update(each.severity for each in self.drift)
        return {each: found[each] for each in Severity}

    @property
    def known_places(self) -> frozenset[tuple[str, str]]:
        """The projects with a region each of which this audit knows every environment."""
        unknown = {(each.project, region) for each in self.not_asked for region in each.regions}
        return frozenset((project, region) for project in self.projects for region in self.regions) - unknown

    @property
    def is_complete(self) -> bool:
        """Whether everything was asked, and every environment could be judged."""
        unread = any(each.problems or each.standing.masquerading is Masquerading.UNKNOWN for each in self.environments)
        return not self.not_asked and not unread and not self.omitted[Masquerading.UNKNOWN]


def audit_environment(
    resource: EnvironmentResource, *, project: str, region: str, cluster: Cluster | None = None
) -> AuditedEnvironment:
    """Judge one environment by Google's description of it; the service's defaults are not judged.

    :param project: the project that was asked.
    :param region: the region that was asked.
    :param cluster: its cluster, where it was read.
    """
    image = resource.image
    findings: tuple[Finding, ...] = ()
    problems = []
    try:
        findings = lint(
            load_plan_from_mapping(_write_plan(resource, project=project, region=region, cluster=cluster), source="")
        )
    except InvalidInputError as error:  # a value that the service learnt after this release
        problems.append(f"its description cannot be judged: {shorten(str(error), limit=_LONGEST_MESSAGE)}")
    severities = tuple(Severity)
    judged = sorted(
        (finding for finding in findings if finding.code not in _ABOUT_PLANS),
        key=lambda finding: (severities.index(finding.severity), finding.code),
    )
    return AuditedEnvironment(
        record=_make_record(resource, project=project, region=region),
        standing=find_standing(resource, cluster_version=None if cluster is None else cluster.initial_version),
        generation=resource.generation,
        composer_version="" if image is None or image.composer is None else str(image.composer),
        airflow_version="" if image is None else ".".join(map(str, image.airflow_parts)),
        gke_cluster=escape(resource.get_text("config", "gkeCluster"), limit=_LONGEST_NAME),
        cluster=cluster,
        findings=tuple(judged[:_MOST_FINDINGS]),
        problems=tuple(problems),
    )


def _write_plan(
    resource: EnvironmentResource, *, project: str, region: str, cluster: Cluster | None
) -> dict[str, object]:
    """Write what is known of an environment as a plan, for the rules: with its cluster as ``describe`` does."""
    environment: dict[str, object] = {"environment": resource.as_rest()}
    if cluster is None:
        return environment
    name = EnvironmentName(project=project, location=region, environment_id="-")  # the description has its own
    return make_plan(NetworkFacts(name=name, environment=resource, cluster=cluster)) | environment


def _make_record(resource: EnvironmentResource, *, project: str, region: str) -> EnvironmentRecord:
    def get_range(cidr_field: CidrField) -> str:
        return escape(resource.get_text(*cidr_field.path) or resource.get_text(*cidr_field.range_name_path))

    return EnvironmentRecord(
        name=escape(resource.name or f"projects/{project}/locations/{region}/environments/", limit=_LONGEST_NAME),
        project=project,
        region=region,
        uuid=escape(resource.get_text("uuid")),
        state=escape(resource.state),
        image_version=escape(resource.get_text("config", "softwareConfig", "imageVersion")),
        has_agent=resource.masquerades,
        pod_range=get_range(POD_FIELD),
        service_range=get_range(SERVICE_FIELD),
    )


def sort_environments(environments: Iterable[AuditedEnvironment]) -> tuple[AuditedEnvironment, ...]:
    """Sort environments, the worst first: by what could not be read, the worst finding, the standing and the name."""
    severities, kinds = tuple(Severity), tuple(Masquerading)

    def weigh(each: AuditedEnvironment) -> tuple[bool, int, int, str]:
        worst = min((severities.index(finding.severity) for finding in each.findings), default=len(severities))
        return not each.problems, worst, kinds.index(each.standing.masquerading), each.record.name

    return tuple(sorted(environments, key=weigh))
