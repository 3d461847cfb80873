"""The plan's masquerade policy as the two Kubernetes objects that can hold it.

Autopilot clusters, and so Composer 2, read an ``EgressNATPolicy``; Standard clusters with their own agent read a
ConfigMap. Both objects hold a list of destinations that keep the Pod's address, and nothing else that a policy may say.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import yaml

from airflow_masq.agent.config import derive_agent_policy
from airflow_masq.agent.fields import CIDR_LIMIT_KEY, CIDRS_KEY, DEFAULT_CIDR_LIMIT
from airflow_masq.environment import COMPOSER_1, COMPOSER_3, IMAGE_VERSION_PLACE, OUT_OF_YOUR_NETWORK
from airflow_masq.environment.cidr_fields import POD_FIELD
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.egress_nat_policy import DEFAULT_NAME, check_egress_nat_policy
from airflow_masq.network.live_policy import make_manifest
from airflow_masq.network.policy import Chain
from airflow_masq.network.ranges import IPV4, drop_inner_ranges
from airflow_masq.plan import Plan
from airflow_masq.rules.masq301_ranges_not_listed import RULE as RANGES_NOT_LISTED
from airflow_masq.rules.masq315_config_without_agent import RULE as CONFIG_WITHOUT_AGENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPNetwork

EGRESS_NAT_POLICY: Final = "egress-nat-policy"
AGENT_CONFIG: Final = "agent-config"

# Google's page has it as a caution [source: composer-agent-caution].
_CAUTION: Final = "the list must include the node and Pod ranges, since Composer enables intranode visibility"

# The agent refuses a list with IPv6 ranges as a whole unless it runs with the flag
# [source: ip-masq-agent-ipv6-refused].
_IPV6: Final = (
    "an agent refuses it without its flag --enable-ipv6, and an EgressNATPolicy is not documented to take it; "
    "leave it out of the plan to render the IPv4 part"
)

_COMMENT_COLUMNS: Final = 110
_CONFIG_MAP: Final = """\
# For Standard clusters that run the ip-masq-agent DaemonSet; without it, this does nothing. Autopilot clusters
# (Composer 2) are governed by EgressNATPolicy objects instead: airflow-masq render PLAN --as egress-nat-policy.
{comments}apiVersion: v1
kind: ConfigMap
metadata:
  name: ip-masq-agent
  namespace: kube-system
data:
  config: |
{config}"""


def render_egress_nat_policy(plan: Plan) -> str:
    """Write the object that ``make_egress_nat_policy`` makes.

    :return: YAML, for ``kubectl apply``.
    :raises InexpressibleError: there is none.
    """
    text: str = yaml.safe_dump(make_egress_nat_policy(plan), sort_keys=False)
    return text


def make_egress_nat_policy(plan: Plan) -> dict[str, Any]:
    """Make the ``EgressNATPolicy`` object ``default``; beside one of another name, GKE's own list stays in force.

    ``spec.action`` knows ``NoSNAT`` only, ``spec.destinations`` is a list of objects with a ``cidr``
    [source: egress-nat-policy-form]. How many the object may hold is not documented.

    :raises InexpressibleError: the policy is more than a list of exceptions, or the plan does not tell the node or Pod
        ranges.
    """
    chain = _read_sole_chain(plan, form=EGRESS_NAT_POLICY)
    if chain.masquerades_link_local:
        reason = "the object cannot express that link-local destinations are masqueraded (masqLinkLocal)"
        raise InexpressibleError(form=EGRESS_NAT_POLICY, where="policy", reason=reason)
    cidrs = _list_non_masquerade(plan, chain=chain, form=EGRESS_NAT_POLICY)
    return make_manifest(DEFAULT_NAME, cidrs=cidrs)


def render_agent_config(plan: Plan) -> str:
    """Write the agent's ConfigMap. It says everything, so that no default of the agent matters.

    The agent reads the key ``config`` of the ConfigMap ``ip-masq-agent`` in the namespace ``kube-system``
    [source: gke-agent-config-map]. A config that it refuses at its first start leaves Pod addresses everywhere.

    A list that the plan itself gives the agent is written as it is, since adding to it would be another policy.
    Comments say which ranges it leaves out, and that it is not read yet.

    :return: YAML, for ``kubectl apply``.
    :raises InexpressibleError: the policy is more than the agent's list; or, where that is not the plan's own config,
        the list is longer than the agent takes, or the plan does not tell the node or Pod ranges.
    """
    # What is written here takes effect once the DaemonSet runs, so the plan is taken as if it did.
    choice = replace(plan.policy_choice, daemon_set=True)
    reading = choice.agent_reading
    effective = plan if reading is None else replace(plan, policy_choice=choice, policy=derive_agent_policy(reading))
    chain = _read_sole_chain(effective, form=AGENT_CONFIG)
    if reading is not None and reading.config is not None:  # _read_sole_chain complains of a refused config
        own = reading.config
        findings = [*CONFIG_WITHOUT_AGENT.apply(plan), *RANGES_NOT_LISTED.apply(effective)]
        sentences = [f"{finding.code}: {finding.message}" for finding in findings]
        comments = [
            textwrap.fill(sentence, _COMMENT_COLUMNS, initial_indent="# ", subsequent_indent="# ") + "\n"
            for sentence in (*sentences, *_list_unknown_ranges(plan))
        ]
        config: dict[str, object] = {
            CIDRS_KEY: [str(cidr) for cidr in own.non_masquerade],
            "masqLinkLocal": own.masq_link_local,
            "resyncInterval": f"{own.resync_interval_seconds:.9f}".rstrip("0").rstrip(".") + "s",
            "masqLinkLocalIPv6": own.masq_link_local_ipv6,
            CIDR_LIMIT_KEY: own.cidr_limit,
        }
    else:
        cidrs = _list_non_masquerade(plan, chain=chain, form=AGENT_CONFIG)
        if len(cidrs) > DEFAULT_CIDR_LIMIT:
            reason = f"the agent refuses more than {DEFAULT_CIDR_LIMIT} ranges, but there are {len(cidrs)}; merge some"
            raise InexpressibleError(form=AGENT_CONFIG, where="policy", reason=reason)
        comments = []
        config = {
            CIDRS_KEY: [str(cidr) for cidr in cidrs],
            "masqLinkLocal": chain.masquerades_link_local,
            "resyncInterval": "60s",
        }
    text = textwrap.indent(yaml.safe_dump(config, sort_keys=False), "    ")
    return _CONFIG_MAP.format(comments="".join(comments), config=text)


def require_own_ranges(plan: Plan, *, form: str, need: str) -> None:
    """Refuse a plan that does not tell the addresses of nodes or Pods, and say where to take them.

    A subnet has its own range, that of the nodes, as ``ipCidrRange``, and the others as ``secondaryIpRanges``
    [source: compute-subnetwork-ranges].

    :param need: a sentence that says what the form needs them for.
    :raises InexpressibleError: the node or Pod ranges are missing, or the plan has only the name of the Pods' range.
    """
    path = POD_FIELD.range_name_path
    named = ".".join(("environment", *path)) if plan.environment.get_text(*path) else None
    node_key, pod_key = "network.node_ranges", "network.pod_ranges"
    no_pods = "only the name of the Pods' range" if named else "no Pod ranges"
    for where, ranges, seen, key, field in (
        (node_key, plan.ranges.node, "no node ranges", node_key, "ipCidrRange"),
        (named or pod_key, plan.ranges.pod, no_pods, pod_key, "secondaryIpRanges"),
    ):
        if not ranges:
            reason = (
                f"the plan has {seen}, but {need}; add {key}: gcloud compute networks subnets describe shows the "
                f"addresses as {field}"
            )
            raise InexpressibleError(form=form, where=where, reason=reason)


def _read_sole_chain(plan: Plan, *, form: str) -> Chain:
    """Read the only chain of the plan's policy.

    :raises InexpressibleError: the environment's cluster does not read the form; the policy masquerades nothing, is
        several chains, or masquerades IPv6; or the policy is without a part of the plan, which cannot be read.
    """
    composer = plan.environment.generation
    if composer == COMPOSER_3:
        reason = f"{OUT_OF_YOUR_NETWORK}, so you cannot set a policy"
        raise InexpressibleError(form=form, where=IMAGE_VERSION_PLACE, reason=reason)
    if composer == COMPOSER_1 and form == EGRESS_NAT_POLICY:
        reason = "Composer 1 runs on a Standard cluster, which does not use EgressNATPolicy objects; use agent-config"
        raise InexpressibleError(form=form, where=IMAGE_VERSION_PLACE, reason=reason)
    for place, manifest in plan.policy_choice.placed_manifests:
        for problem in check_egress_nat_policy(manifest):
            reason = f"the policy is without this manifest, so its destinations would be missing: {problem.message}"
            raise InexpressibleError(form=form, where=f"{place}.{problem.where}", reason=reason)
    reading = plan.policy_choice.agent_reading
    if reading is not None and reading.error is not None:
        reason = f"the agent reads no list from this config, so there is none to write: {reading.error}"
        raise InexpressibleError(form=form, where="policy.agent_config", reason=reason)
    if not plan.policy.chains:
        reason = f"policy {plan.policy.name} masquerades nothing, and the form lists exceptions from masquerading"
        raise InexpressibleError(form=form, where="policy", reason=reason)
    if len(plan.policy.chains) > 1:
        reason = "several agents masquerade, and a destination keeps the Pod's address only if all of them exempt it"
        raise InexpressibleError(form=form, where="policy", reason=reason)
    chain = plan.policy.chains[0]
    if chain.ipv6:
        reason = "the agent masquerades IPv6 only with its flag --enable-ipv6, which is not part of the form"
        raise InexpressibleError(form=form, where="policy", reason=reason)
    return chain


def _list_non_masquerade(plan: Plan, *, chain: Chain, form: str) -> list[IPNetwork]:
    """List the destinations that keep the Pod's address.

    :return: the chain's, then the node, Pod and Service ranges that it does not cover; IPv4 only.
    :raises InexpressibleError: the plan does not tell the node or Pod ranges, or tells IPv6 ones.
    """
    require_own_ranges(plan, form=form, need=_CAUTION)
    own = (*plan.ranges.node, *plan.ranges.pod, *plan.ranges.service)
    listed = [exemption.cidr for exemption in chain.exemptions]
    for where, networks in (
        ("network.node_ranges", plan.ranges.node),
        ("network.pod_ranges", plan.ranges.pod),
        ("network.service_ranges", plan.ranges.service),
        ("policy", listed),
    ):
        for network in networks:
            if network.version != IPV4:
                raise InexpressibleError(form=form, where=where, reason=f"{network} is IPv6; {_IPV6}")
    cidrs = list(dict.fromkeys((*listed, *own)))
    outer, droppable = set(drop_inner_ranges(cidrs)), set(own)
    return [cidr for cidr in cidrs if cidr in outer or cidr not in droppable]


def _list_unknown_ranges(plan: Plan) -> Iterator[str]:
    """Say which ranges MASQ301 cannot look for, since the plan does not name them."""
    for purpose, ranges in (("node", plan.ranges.node), ("Pod", plan.ranges.pod)):
        if not ranges:
            yield f"The plan names no {purpose} range, so whether the list includes it is not known (MASQ301)."
