"""How answers are judged, without asking: what the emulated cloud does not answer, and what needs another day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from netaddr import IPAddress

from airflow_masq.environment import OfferedImage
from airflow_masq.facts import (
    Binding,
    IamPolicy,
    NatGateway,
    NatStatus,
    Quota,
    RegionalName,
    Subnetwork,
    Utilization,
)
from airflow_masq.facts.nat import NatSubnetwork
from airflow_masq.facts.silence import Silence
from airflow_masq.network.ranges import parse_cidr
from airflow_masq.preflight.answers import Answers, Asked, Gateway, Unanswered
from airflow_masq.preflight.check import tell_unknown
from airflow_masq.preflight.report import PreflightReport, make_report
from airflow_masq.preflight.roles import list_host_needs, list_own_needs
from airflow_masq.preflight.subject import Subject
from tests.emulated_cloud import IMAGE, PROJECT, SERVICE_ACCOUNT
from tests.preflight.scene import HOST, NETWORK, SUBNETWORK, find, make_plan

LATE = Unanswered(silence=Silence.LATE, reason="no answer within 10 s")
NAME = RegionalName(project=HOST, region="us-central1", kind="subnetworks", resource_id="composer")
ROUTER = RegionalName(project=HOST, region="us-central1", kind="routers", resource_id="egress")


def asked(answer: object) -> Asked[Any]:
    """Answer a question whose words do not matter."""
    return Asked(what="a question", answer=answer)


NOTHING = Answers(
    today=date(2026, 11, 28),
    images=asked(LATE),
    permissions=asked(LATE),
    number=asked(LATE),
    policy=asked(LATE),
    subnetwork=asked(LATE),
    utilizations=asked(LATE),
    gateways=asked(LATE),
    quotas=asked(LATE),
)


def judge(answers: Answers, *, plan: Any = None) -> PreflightReport:  # noqa: ANN401 - a plan, or none
    """Judge answers about the usual plan."""
    plan = plan or make_plan()
    return make_report(Subject.read(plan.environment), plan=plan, answers=answers)


@pytest.mark.parametrize(
    ("today", "severity", "sentence"),
    [
        (date(2027, 5, 6), "ok", "so its support ends about 2027-08-05."),
        (date(2027, 5, 8), "warning", "so its support ends about 2027-08-05. Choose a newer image."),
        (date(2027, 8, 5), "warning", "so its support ends about 2027-08-05. Choose a newer image."),
        (date(2027, 8, 6), "warning", "so its support has ended or ends soon. Choose a newer image."),
    ],
)
def test_the_end_of_support_is_counted_from_the_release(today: date, severity: str, sentence: str) -> None:
    """An image is supported for about a year; from 90 days before the end on there is a warning."""
    image = OfferedImage(text=IMAGE, released_on=date(2026, 8, 5))
    found = find(judge(replace(NOTHING, today=today, images=asked((image,)))), "MASQ501")
    assert list(found) == [severity]
    assert found[severity][0].endswith(sentence)


def test_an_image_without_a_day_of_release_is_ok() -> None:
    """What the service does not tell is said so, and is no complaint; an empty list is an error."""
    report = judge(replace(NOTHING, images=asked((OfferedImage(text=IMAGE),))))
    assert find(report, "MASQ501") == {"ok": [f"{IMAGE} is offered. When its support ends is not told."]}
    (message,) = find(judge(replace(NOTHING, images=asked(()))), "MASQ501")["error"]
    assert message.endswith("Choose one of those it offers: none.")


def test_no_image_means_the_default_one() -> None:
    """An environment without an image version gets the service's default, which may be one of Composer 3."""
    images = (OfferedImage(text="composer-3-airflow-2.11.1-build.14", is_default=True),)
    (message,) = find(judge(replace(NOTHING, images=asked(images)), plan=make_plan(image="")), "MASQ501")["error"]
    assert message.startswith(
        "the default image stands for composer-3-airflow-2.11.1-build.14 today. Composer 3 has no"
    )


def test_a_subnetwork_without_numbers_is_unknown() -> None:
    """Where Compute tells no utilization, nothing is claimed of nodes and Pods."""
    assert len(find(judge(replace(NOTHING, utilizations=asked(()))), "MASQ508")["unknown"]) == 2


def test_the_last_block_is_room_for_one_node() -> None:
    """Pods take a block of 64 addresses for each node: with 64 left there is room for one, with 63 for none."""
    for free, room, severity in ((64, "1 node", "warning"), (63, "0 nodes", "error")):
        told = (
            Utilization(range_name="", allocated=0, free=100),
            Utilization(range_name="pods", allocated=960, free=free),
        )
        report = judge(replace(NOTHING, utilizations=asked(told)))
        (message,) = find(report, "MASQ508")[severity]
        assert f"leaves room for {room}." in message


def test_a_range_just_below_three_quarters_is_ok() -> None:
    """The warning begins at 75 %."""
    for allocated, severity in ((749, "ok"), (750, "warning")):
        told = (Utilization(range_name="", allocated=allocated, free=1000 - allocated),)
        plan = make_plan(ipAllocationPolicy={})
        assert list(find(judge(replace(NOTHING, utilizations=asked(told)), plan=plan), "MASQ508")) == [severity]


def gateway(**fields: Any) -> Gateway:  # noqa: ANN401 - fields of a gateway
    """Make a gateway for all ranges with one reserved address."""
    nat = NatGateway(
        name="nat",
        is_public=True,
        is_automatic=False,
        source_ranges=fields.pop("source_ranges", "ALL_SUBNETWORKS_ALL_IP_RANGES"),
    )
    status = NatStatus(name="nat", manual=(IPAddress("203.0.113.7"),))
    return Gateway(**{"router": ROUTER, "network": NETWORK, "gateway": nat, "status": status, **fields})


def subnetwork() -> Subnetwork:
    """Make the scene's subnetwork."""
    ranges = {"pods": parse_cidr("192.168.0.0/20"), "services": parse_cidr("10.96.0.0/22")}
    return Subnetwork(name=NAME, network=NETWORK, primary_range=parse_cidr("10.128.48.0/24"), secondary_ranges=ranges)


@pytest.mark.parametrize(
    ("agent", "covers", "sources"),
    [
        (True, "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", ["10.128.48.0/24", "203.0.113.7"]),
        (True, "LIST_OF_SUBNETWORKS", ["10.128.48.0/24"]),
        # GKE masquerades towards the internet without the agent, too.
        (False, "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", ["192.168.0.0/20", "203.0.113.7"]),
    ],
)
def test_the_allowlist_follows_what_leaves(*, agent: bool, covers: str, sources: list[str]) -> None:
    """Private networks see nodes or Pods, as the policy says; a gateway that covers neither adds nothing."""
    answers = replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((gateway(source_ranges=covers),)))
    report = judge(answers, plan=make_plan(enableIpMasqAgent=agent))
    assert [entry.source for entry in report.allowlist] == sources


def test_a_gateway_of_another_network_adds_nothing() -> None:
    """A router of the same region may belong to another network."""
    other = gateway(network=f"projects/{HOST}/global/networks/other")
    report = judge(replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((other,))))
    assert [entry.source for entry in report.allowlist] == ["10.128.48.0/24"]


def test_a_subnetwork_is_told_with_its_ranges() -> None:
    """A user sees all ranges by their names; what Compute says is safe to print."""
    assert find(judge(replace(NOTHING, subnetwork=asked(subnetwork()))), "MASQ502")["ok"] == [
        f"Subnetwork {SUBNETWORK} has the ranges 10.128.48.0/24 for nodes, pods 192.168.0.0/20, services 10.96.0.0/22."
    ]
    other = replace(subnetwork(), network="projects/p/global/networks/\x1b[31m")
    (message,) = find(judge(replace(NOTHING, subnetwork=asked(other))), "MASQ502")["error"]
    assert message.isprintable()
    assert message.endswith(f"and the plan names {NETWORK}. Name the subnetwork's own network.")


def test_addresses_of_a_plan_without_a_gateway_are_not_compared() -> None:
    """Where no gateway covers the environment, that is said once, and no list of addresses is compared with none."""
    plan = make_plan(section={"nat_addresses": ["203.0.113.7"], "nat_covers": ["node"]})
    for gateways in ((), (gateway(source_ranges="LIST_OF_SUBNETWORKS"),)):
        (warning,) = find(judge(replace(NOTHING, gateways=asked(gateways)), plan=plan), "MASQ509")["warning"]
        assert warning.startswith("No Cloud NAT gateway in us-central1 covers the subnetwork")
    assert list(find(judge(replace(NOTHING, gateways=asked((gateway(),))), plan=plan), "MASQ509")) == ["ok"]


@pytest.mark.parametrize(("cidr", "severity"), [("192.168.0.0/20", "ok"), ("192.168.0.0/21", "error")])
def test_the_ranges_of_an_existing_environment_are_its_own(cidr: str, severity: str) -> None:
    """A block that equals a secondary range is that range where the environment exists; any other overlap is one."""
    plan = make_plan(ipAllocationPolicy={"clusterIpv4CidrBlock": cidr, "servicesSecondaryRangeName": "services"})
    answers = replace(NOTHING, subnetwork=asked(subnetwork()))
    assert list(find(judge(answers, plan=plan), "MASQ502")) == ["error"]
    missing = Unanswered(silence=Silence.MISSING, reason="NOT_FOUND")
    assert list(find(judge(replace(answers, environment=asked(missing)), plan=plan), "MASQ502")) == ["error"]
    existing = replace(answers, environment=asked(plan.environment))
    assert list(find(judge(existing, plan=plan), "MASQ502")) == [severity]


def test_what_the_plan_says_is_kept() -> None:
    """What was read completes a plan, and replaces nothing of it."""
    section = {
        "node_ranges": ["10.128.49.0/24"],
        "pod_ranges": ["192.168.16.0/20"],
        "service_ranges": ["10.97.0.0/22"],
        "nat_addresses": ["203.0.113.9"],
    }
    answers = replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((gateway(),)))
    written = judge(answers, plan=make_plan(section=section)).as_json()["network"]
    assert isinstance(written, dict)
    assert {key: written[key] for key in section} == section
    covered = make_plan(section={"nat_covers": ["node"]})
    written = judge(answers, plan=covered).as_json()["network"]
    assert isinstance(written, dict)
    assert (written["nat_covers"], written["nat_addresses"]) == (["node"], [])


def test_a_report_is_json() -> None:
    """What a task pushes and a command prints are plain values."""
    answers = replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((gateway(),)))
    written = judge(answers, plan=make_plan()).as_json()
    assert json.loads(json.dumps(written)) == written
    assert written["network"] == {
        "node_ranges": ["10.128.48.0/24"],
        "pod_ranges": ["192.168.0.0/20"],
        "service_ranges": ["10.96.0.0/22"],
        "nat_addresses": ["203.0.113.7"],
        "nat_covers": ["node", "pod"],
        "nodes": 64,
    }


def test_a_subnetwork_without_a_primary_range_completes_nothing() -> None:
    """What is not told stays unknown."""
    bare = Subnetwork(name=NAME, network=NETWORK, primary_range=None)
    report = judge(replace(NOTHING, subnetwork=asked(bare)), plan=make_plan(ipAllocationPolicy={}))
    assert report.plan.ranges.node == ()
    assert find(report, "MASQ502")["ok"] == [f"Subnetwork {SUBNETWORK} has the ranges not told for nodes."]


def test_without_a_number_the_host_project_is_unknown_too() -> None:
    """Service agents are named by the project's number."""
    report = judge(replace(NOTHING, host_policy=asked(IamPolicy())))
    assert list(find(report, "MASQ506")) == ["unknown"]
    assert find(judge(NOTHING), "MASQ506") == {}


def test_a_public_environments_agent_may_have_either_role() -> None:
    """Composer Shared VPC Agent is enough for both kinds, Compute Network User for public environments alone."""
    private, public = (
        [need.roles for need in list_host_needs(project_number="1", is_private=is_private)][-1]
        for is_private in (True, False)
    )
    assert private == ("roles/composer.sharedVpcAgent",)
    assert public == ("roles/compute.networkUser", "roles/composer.sharedVpcAgent")
    assert len(list_own_needs(project_number="1", service_account="")) == 2


def test_an_answer_is_not_unknown() -> None:
    """Telling an answer as unknown is a fault of ours."""
    with pytest.raises(TypeError, match="a question has an answer"):
        tell_unknown(asked("an answer"), what="What", where="environment", role="roles/browser")


@pytest.mark.parametrize(
    ("node_config", "network", "subnetwork_name"),
    [
        ({"network": None, "subnetwork": None}, f"projects/{PROJECT}/global/networks/default", "default"),
        ({"network": NETWORK, "subnetwork": None}, NETWORK, "shared"),
        ({"network": NETWORK, "subnetwork": "composer"}, NETWORK, "composer"),
        ({"network": f"https://www.googleapis.com/compute/v1/{NETWORK}"}, NETWORK, "composer"),
    ],
)
def test_names_are_read_in_all_forms(node_config: dict[str, Any], network: str, subnetwork_name: str) -> None:
    """URLs, full names and IDs mean the same; without any, the project's default network is meant."""
    subject = Subject.read(make_plan(**node_config).environment)
    assert (subject.network, subject.subnetwork.resource_id) == (network, subnetwork_name)
    assert subject.host_project == network.split("/")[1]
    assert subject.has_shared_vpc is (network == NETWORK)


@pytest.mark.parametrize(
    ("account", "project"),
    [
        (SERVICE_ACCOUNT, PROJECT),
        ("composer@other-project.iam.gserviceaccount.com", "other-project"),
        ("123-compute@developer.gserviceaccount.com", PROJECT),
        ("", PROJECT),
    ],
)
def test_an_account_names_its_project(account: str, project: str) -> None:
    """An account of another project is asked for there; Google's default accounts are in the environment's own."""
    assert Subject.read(make_plan(serviceAccount=account or None).environment).account_project == project


def test_a_quota_with_room_for_one_more_is_a_warning() -> None:
    """Only a quota of which nothing is left is an error."""
    for usage, severity in ((23.0, "warning"), (23.5, "error")):
        quotas = {"CPUS": Quota(metric="CPUS", limit=24.0, usage=usage)}
        assert list(find(judge(replace(NOTHING, quotas=asked(quotas))), "MASQ507")) == [severity]


def test_a_basic_role_is_enough_for_the_environments_account() -> None:
    """Editor and Owner hold what the worker's role does."""
    policy = IamPolicy(
        bindings=(
            Binding(role="roles/editor", members=frozenset({f"serviceAccount:{SERVICE_ACCOUNT}"})),
            Binding(role="roles/owner", members=frozenset({f"user:{SERVICE_ACCOUNT}"})),
        )
    )
    found = find(judge(replace(NOTHING, number=asked("1"), policy=asked(policy))), "MASQ505")
    assert list(found) == ["warning"]
    assert [SERVICE_ACCOUNT in message for message in found["warning"]] == [False, False]  # the agent's two roles alone


def test_cloud_nat_does_not_make_public_nodes_private() -> None:
    """Nodes with external addresses do not use a gateway, so it does not complete their plan, nor the allowlist."""
    answers = replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((gateway(),)))
    report = judge(answers, plan=make_plan(private=False))
    assert report.plan.ranges.nat_addresses == ()
    assert [entry.source for entry in report.allowlist] == ["10.128.48.0/24"]


def test_a_gateway_for_pods_alone_is_not_for_masqueraded_packets() -> None:
    """A gateway that covers the Pods' range has no part in what leaves with a node's address, which is then lost."""
    listed = NatSubnetwork(name=SUBNETWORK, ranges=("LIST_OF_SECONDARY_IP_RANGES",), secondary_names=("pods",))
    nat = replace(gateway().gateway, source_ranges="LIST_OF_SUBNETWORKS", subnetworks=(listed,))
    answers = replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((gateway(gateway=nat),)))
    report = judge(answers)
    assert [entry.source for entry in report.allowlist] == ["10.128.48.0/24"]
    assert find(report, "MASQ509")["ok"] == ["Cloud NAT gateway egress/nat covers Pods, with 203.0.113.7."]
    assert "MASQ210" in {finding.code for finding in report.findings}


def test_errors_that_the_plan_had_before_are_not_the_preflights() -> None:
    """What lint says of the plan as it is written is left to on_findings."""
    plan = make_plan(serviceAccount=None)
    report = judge(NOTHING, plan=plan)
    assert "MASQ115" in {row.code for row in report.rows if row.severity == "error"}
    assert report.list_errors(known=plan) == ()


def test_pods_of_public_nodes_may_leave_through_cloud_nat() -> None:
    """A node's external address is for what is masqueraded; packets that keep the Pod's address need the gateway."""
    answers = replace(NOTHING, subnetwork=asked(subnetwork()), gateways=asked((gateway(),)))
    report = judge(answers, plan=make_plan(private=False, enableIpMasqAgent=False, policy="none"))
    assert [(entry.source, entry.seen_by) for entry in report.allowlist] == [
        ("192.168.0.0/20", "private networks"),
        ("203.0.113.7", "the internet"),
    ]
