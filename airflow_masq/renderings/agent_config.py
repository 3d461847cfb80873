"""The plan's policy as the ConfigMap that an agent of one's own reads, on a Standard cluster.

It must not write what the agent would refuse: a refused config at its first start leaves Pod addresses everywhere.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.agent_fields import CIDR_LIMIT_KEY, AgentFields
from airflow_masq.network.go_json import parse_json
from airflow_masq.network.go_yaml import json_from_yaml
from airflow_masq.renderings.non_masquerade import non_masquerade_cidrs, sole_chain

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

FORM: Final = "agent-config"

# cidrLimit in https://github.com/kubernetes-sigs/ip-masq-agent (cmd/ip-masq-agent), read 2026-11-22: a longer list is
# refused as a whole.
_MOST_CIDRS: Final = 64

_CONFIG_MAP: Final = """\
# For Standard clusters that run the ip-masq-agent DaemonSet; without it, this does nothing. Autopilot clusters
# (Composer 2) are governed by EgressNATPolicy objects instead: airflow-masq render PLAN --as egress-nat-policy.
apiVersion: v1
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

    :param plan: the plan.
    :return: YAML, for ``kubectl apply``; its config says everything, so that no default of the agent matters.
    :raises InexpressibleError: when the policy is more than the agent's list, longer than the agent takes, or the plan
        does not tell the node or Pod ranges.
    """
    chain = sole_chain(plan, form=FORM)
    cidrs = non_masquerade_cidrs(plan, form=FORM)
    own = _own_settings(plan)
    most = _MOST_CIDRS if own is None else own.cidr_limit
    if len(cidrs) > most:
        reason = f"the agent refuses more than {most} ranges, and these are {len(cidrs)}; sum some up"
        raise InexpressibleError(form=FORM, where="policy", reason=reason)
    config: dict[str, object] = {
        "nonMasqueradeCIDRs": [str(cidr) for cidr in cidrs],
        "masqLinkLocal": chain.masquerades_link_local,
        "resyncInterval": "60s",
    }
    if own is not None:
        config |= {
            "masqLinkLocalIPv6": own.masq_link_local_ipv6,
            "resyncInterval": _go_duration(own.resync_interval_seconds),
            CIDR_LIMIT_KEY: most,
        }
    return _CONFIG_MAP + textwrap.indent(yaml.safe_dump(config, sort_keys=False), "    ")


def _own_settings(plan: Plan) -> AgentFields | None:
    """Read the plan's own config, which the agent accepts: of a refused one ``sole_chain`` has complained."""
    choice = plan.policy_choice
    if choice.agent_config is None or not choice.daemon_set:
        return None
    text = choice.agent_config
    fields = AgentFields(())
    notes: list[str] = []
    fields.fill(parse_json(text) if text.lstrip().startswith("{") else json_from_yaml(text, note=notes.append))
    return fields


def _go_duration(seconds: float) -> str:
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
