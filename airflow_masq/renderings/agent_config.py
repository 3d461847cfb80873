"""The plan's policy as the ConfigMap that an agent of one's own reads, on a Standard cluster.

A list that the plan itself gives the agent is written as it is, since adding to it would be another policy. A comment
says what it leaves out, and whether the agent's DaemonSet is missing. It must not write what the agent would refuse:
with a refused config at its first start, Pod addresses leak everywhere.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import yaml
from netaddr import cidr_merge

from airflow_masq.agent.config import AgentConfig, agent_policy
from airflow_masq.agent.fields import CIDR_LIMIT_KEY, CIDRS_KEY, DEFAULT_CIDR_LIMIT
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.ranges import IPV4
from airflow_masq.renderings.non_masquerade import non_masquerade_cidrs, sole_chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

FORM: Final = "agent-config"

_COMMENT_COLUMNS: Final = 110
_PAGE: Final = "MASQ301"
_UNREAD: Final = (
    "MASQ315: Without the agent's DaemonSet nobody reads this config, and GKE's default list stays in force; deploy "
    "kube-system/ip-masq-agent."
)
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
"""


def render_agent_config(plan: Plan) -> str:
    """Write the ConfigMap.

    https://cloud.google.com/kubernetes-engine/docs/how-to/ip-masquerade-agent, read 2026-11-22: the agent reads the key
    ``config`` of the ConfigMap ``ip-masq-agent`` in the namespace ``kube-system``.

    :return: YAML, for ``kubectl apply``; its config says everything, so that no default of the agent matters.
    :raises InexpressibleError: when the policy is more than the agent's list; and, where that is not the plan's own
        config, when the list is longer than the agent takes, or the plan does not tell the node or Pod ranges.
    """
    read = _assume_daemon_set(plan)
    chain = sole_chain(read, form=FORM)
    reading = read.policy_choice.agent_reading
    if reading is not None and reading.config is not None:  # else sole_chain has raised
        unread = [] if plan.policy_choice.daemon_set else [_UNREAD]
        comments = "".join(map(_format_comment, (*unread, *_list_omissions(plan, reading.config))))
        return _CONFIG_MAP.format(comments=comments) + _format_config(_list_settings(reading.config))
    cidrs = non_masquerade_cidrs(plan, form=FORM)
    if len(cidrs) > DEFAULT_CIDR_LIMIT:
        reason = f"the agent refuses more than {DEFAULT_CIDR_LIMIT} ranges, and these are {len(cidrs)}; sum some up"
        raise InexpressibleError(form=FORM, where="policy", reason=reason)
    config = {
        CIDRS_KEY: [str(cidr) for cidr in cidrs],
        "masqLinkLocal": chain.masquerades_link_local,
        "resyncInterval": "60s",
    }
    return _CONFIG_MAP.format(comments="") + _format_config(config)


def _assume_daemon_set(plan: Plan) -> Plan:
    """Give the plan as it is once the DaemonSet runs, which is when this config takes effect."""
    choice = replace(plan.policy_choice, daemon_set=True)
    reading = choice.agent_reading
    return plan if reading is None else replace(plan, policy_choice=choice, policy=agent_policy(reading))


def _list_settings(own: AgentConfig) -> dict[str, object]:
    return {
        CIDRS_KEY: [str(cidr) for cidr in own.non_masquerade],
        "masqLinkLocal": own.masq_link_local,
        "resyncInterval": _format_duration(own.resync_interval_seconds),
        "masqLinkLocalIPv6": own.masq_link_local_ipv6,
        CIDR_LIMIT_KEY: own.cidr_limit,
    }


def _list_omissions(plan: Plan, own: AgentConfig) -> Iterator[str]:
    """Name the node and Pod ranges that Google wants in the list and that are missing, in the rule's words."""
    listed = cidr_merge(own.non_masquerade)
    for purpose, ranges in (("node", plan.ranges.node), ("Pod", plan.ranges.pod)):
        for network in ranges:
            if network.version == IPV4 and not any(network in cidr for cidr in listed):
                yield (
                    f"{_PAGE}: The {purpose} range {network} is missing from the non-masquerade list; Composer enables "
                    "intranode visibility, so the list must at least include the cluster's node and Pod ranges."
                )
        if not ranges:
            yield f"The plan names no {purpose} range, so whether the list includes it is not known ({_PAGE})."


def _format_comment(sentence: str) -> str:
    return textwrap.fill(sentence, _COMMENT_COLUMNS, initial_indent="# ", subsequent_indent="# ") + "\n"


def _format_config(config: dict[str, object]) -> str:
    return textwrap.indent(yaml.safe_dump(config, sort_keys=False), "    ")


def _format_duration(seconds: float) -> str:
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
