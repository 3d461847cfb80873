"""The plan's policy as the ConfigMap that an agent of one's own reads, on a Standard cluster.

It must not write what the agent would refuse: a refused config at its first start leaves Pod addresses everywhere.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.exceptions import InexpressibleError
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
    if len(cidrs) > _MOST_CIDRS:
        reason = f"the agent refuses more than {_MOST_CIDRS} ranges, and these are {len(cidrs)}; sum some up"
        raise InexpressibleError(form=FORM, where="policy", reason=reason)
    config = {
        "nonMasqueradeCIDRs": [str(cidr) for cidr in cidrs],
        "masqLinkLocal": chain.masquerades_link_local,
        "resyncInterval": "60s",
    }
    return _CONFIG_MAP + textwrap.indent(yaml.safe_dump(config, sort_keys=False), "    ")
