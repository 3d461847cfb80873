"""The plan's policy as the ``EgressNATPolicy`` object that governs an Autopilot cluster, and so Composer 2.

It is always the object ``default``: GKE's own list would otherwise stay in force beside another. It must not be shorter
than what Google's caution asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.egress_nat_policy import ACTION, API_VERSION, DEFAULT_NAME, KIND
from airflow_masq.renderings.non_masquerade import non_masquerade_cidrs, sole_chain

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

FORM: Final = "egress-nat-policy"


def render_egress_nat_policy(plan: Plan) -> str:
    """Write the manifest.

    https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read 2026-11-22:
    ``spec.action`` knows ``NoSNAT`` only, ``spec.destinations`` is a list of objects with a ``cidr``. How many the
    object may hold is not documented.

    :param plan: the plan.
    :return: YAML, for ``kubectl apply``.
    :raises InexpressibleError: when the policy is more than a list of exceptions, or the plan does not tell the node or
        Pod ranges.
    """
    if sole_chain(plan, form=FORM).masquerades_link_local:
        reason = "the object has no word for masquerading link-local destinations (masqLinkLocal)"
        raise InexpressibleError(form=FORM, where="policy", reason=reason)
    cidrs = non_masquerade_cidrs(plan, form=FORM)
    manifest = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": DEFAULT_NAME},
        "spec": {"action": ACTION, "destinations": [{"cidr": str(cidr)} for cidr in cidrs]},
    }
    text: str = yaml.safe_dump(manifest, sort_keys=False)
    return text
