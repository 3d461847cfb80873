"""Linting a plan gives findings, and never another error."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.rules import Finding, lint
from tests.rules.linting import COMPOSER_1, COMPOSER_2, COMPOSER_3

CIDRS = st.sampled_from(
    ["10.128.0.0/20", "192.168.0.0/16", "10.96.0.0/20", "0.0.0.0/0", "172.17.0.0/32", "8.0.0.0/8", "::/0", "fd20::/64"]
)
RANGES = st.lists(CIDRS, max_size=3)
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 70), st.text(max_size=8), CIDRS, st.lists(CIDRS, max_size=2)
)
OBSERVERS = st.sampled_from(
    [
        "http://172.20.0.10/",
        "http://10.128.0.9/",
        "http://192.168.0.1/",
        "http://169.254.169.254/",
        "http://192.175.48.80/",
        "http://[fd20::10]/",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "https://ifconfig.me/",
        "dns://10.0.0.1/who.example?type=TXT",
        "airflow://observer",
    ]
)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


ENVIRONMENTS = st.builds(
    lambda image, node, private: {
        "config": {
            "softwareConfig": {"imageVersion": image},
            "nodeConfig": node,
            "privateEnvironmentConfig": private,
        }
    },
    st.sampled_from([COMPOSER_1, COMPOSER_2, COMPOSER_3, "composer-latest-airflow-2", ""]),
    _some(
        enableIpMasqAgent=st.booleans(),
        network=JUNK,
        subnetwork=JUNK,
        composerNetworkAttachment=JUNK,
        composerInternalIpv4CidrBlock=JUNK,
        diskSizeGb=JUNK,
        ipAllocationPolicy=_some(clusterIpv4CidrBlock=CIDRS, servicesIpv4CidrBlock=st.text("/0123", max_size=4)),
    ),
    _some(
        enablePrivateEnvironment=JUNK,
        cloudSqlIpv4CidrBlock=JUNK,
        webServerIpv4CidrBlock=JUNK,
        privateClusterConfig=JUNK,
        networkingConfig=_some(connectionType=JUNK),
        cloudComposerConnectionSubnetwork=JUNK,
    ),
)
MANIFESTS = st.lists(
    _some(
        apiVersion=st.just("networking.gke.io/v1") | JUNK,
        kind=st.just("EgressNATPolicy") | JUNK,
        metadata=_some(name=st.just("default") | JUNK),
        spec=_some(action=st.just("NoSNAT") | JUNK, destinations=st.lists(_some(cidr=JUNK) | JUNK, max_size=3)),
    ),
    max_size=2,
)
POLICIES = st.one_of(
    st.sampled_from(["composer", "gke-default", "none"]),
    st.builds(lambda manifests: {"egress_nat_policies": manifests}, MANIFESTS),
    st.builds(
        lambda cidrs, daemon_set: {
            "agent_config": f"nonMasqueradeCIDRs: [{', '.join(cidrs)}]",
            "daemon_set": daemon_set,
        },
        RANGES,
        st.booleans(),
    ),
)
PLANS = _some(
    environment=ENVIRONMENTS,
    cluster=_some(
        initial_version=st.text(min_size=1, max_size=12),
        pods_per_node=st.integers(8, 256),
        nodes_total=st.integers(1, 65_000),
    ),
    network=_some(
        node_ranges=RANGES,
        pod_ranges=RANGES,
        service_ranges=RANGES,
        other_ranges=_some(peered=RANGES),
        nat_addresses=st.just(["203.0.113.7"]),
        nat_covers=st.lists(st.sampled_from(["node", "pod"]), max_size=2),
        public_nodes=st.booleans(),
        workers=st.integers(1, 100_000),
    ),
    policy=POLICIES,
    targets=st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "b", "c"]), "observe": OBSERVERS},
            optional={
                "allowed_sources": RANGES,
                "expect": st.sampled_from(["pod", "node", "nat", "node-external"]),
            },
        ),
        max_size=3,
        unique_by=lambda target: target["name"],
    ),
)


@settings(max_examples=300, deadline=None)
@given(mapping=PLANS)
def test_every_plan_can_be_linted(mapping: dict[str, Any]) -> None:
    """A plan that can be read has findings that can be printed on one line, and none of them twice."""
    try:
        plan = load_plan_from_mapping(mapping, source="params")
    except PlanError:
        return
    found = lint(plan)
    assert len(set(found)) == len(found)
    assert all(_is_printable(finding) for finding in found)


def _is_printable(finding: Finding) -> bool:
    return finding.message.isprintable() and finding.where.isprintable() and finding.message.endswith(".")
