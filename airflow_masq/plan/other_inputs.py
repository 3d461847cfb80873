"""Names what people hand in instead of a plan, or instead of an agent's config, and which command reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from airflow_masq.agent.fields import find_known_key
from airflow_masq.agent.manifests import EMPTY_LIST, describe_manifests, find_manifests, read_documents
from airflow_masq.plan.schema import PLAN_KEYS


@dataclass(frozen=True, kw_only=True)
class OtherInput:
    """An input that belongs elsewhere.

    :param name: what it is, such as ``a plan``.
    :param next_step: where it belongs.
    """

    name: str
    next_step: str


_PLAN = OtherInput(name="a plan", next_step="for a plan, run airflow-masq lint or explain")
_ENVIRONMENT = OtherInput(
    name="the resource of an environment",
    next_step="write it below environment of a plan, and run airflow-masq lint for that",
)
_TERRAFORM = OtherInput(
    name="Terraform's configuration or state",
    next_step="write Google's REST resource below environment of a plan; airflow-masq render writes Terraform from it",
)
_TERRAFORM_CONFIG_MAP = OtherInput(
    name="Terraform's configuration",
    next_step="write the text of data.config in it into a file of its own",
)
_TERRAFORM_BLOCK = re.compile(r'\s*(?:(?:#|//)[^\n]*\n\s*)*(?:resource|module|provider|variable|data)\s+"[^"\n]*"')
_TERRAFORM_CONFIG_MAP_BLOCK = re.compile(r'"kubernetes_config_map(?:_v1)?(?:_data)?"|\bnonMasqueradeCIDRs\b')
_TERRAFORM_STATE_KEYS = frozenset({"format_version", "terraform_version"})
_AGENT_CONFIG = OtherInput(
    name="an agent's config",
    next_step="for a config, run airflow-masq agent-config; in a plan it is the text below policy.agent_config",
)

_DESCRIPTION_KEYS = frozenset({"plan", "facts"})
_DESCRIPTION = OtherInput(
    name="what airflow-masq describe --format json prints",
    next_step="the plan is below plan; describe without --format json writes it alone",
)
_AUDIT_KEYS = frozenset({"environments", "not_asked"})
_AUDIT = OtherInput(name="an audit", next_step="to compare it with another one, run airflow-masq audit --previous")


def describe_other_input(text: str) -> OtherInput | None:
    """Say what a text is that was given as an agent's config, where it is surely something else."""
    if _TERRAFORM_BLOCK.match(text):
        return _TERRAFORM_CONFIG_MAP if _TERRAFORM_CONFIG_MAP_BLOCK.search(text) else _TERRAFORM
    keys = _list_keys(read_documents(text))
    if any(find_known_key(key) is not None for key in keys):
        return None
    if _TERRAFORM_STATE_KEYS.intersection(keys):
        return _TERRAFORM
    if _has_plan_key(keys):
        return _PLAN
    return _ENVIRONMENT if _is_environment(keys) else None


def describe_no_plan(documents: Iterable[object], *, text: str = "") -> OtherInput | None:
    """Say what was given as a plan, where that is surely something else.

    :param text: the text of the documents; default none.
    """
    if _TERRAFORM_BLOCK.match(text):
        return _TERRAFORM
    documents = list(documents)
    objects = find_manifests(documents)
    if objects is not None:
        name = describe_manifests(objects) if objects else EMPTY_LIST
        return OtherInput(name=name, next_step="a YAML file with some of environment, network, policy and targets")
    keys = _list_keys(documents)
    if _has_plan_key(keys):
        return None
    found = (
        (bool(_TERRAFORM_STATE_KEYS.intersection(keys)), _TERRAFORM),
        (_DESCRIPTION_KEYS.issubset(keys), _DESCRIPTION),
        (_AUDIT_KEYS.issubset(keys), _AUDIT),
        (_is_environment(keys), _ENVIRONMENT),
        (any(find_known_key(key) is not None for key in keys), _AGENT_CONFIG),
    )
    return next((other for is_it, other in found if is_it), None)


def _list_keys(documents: list[object]) -> tuple[str, ...]:
    """List the keys of the first document; none where it is no mapping."""
    first = documents[0] if documents else None
    return tuple(key for key in first if isinstance(key, str)) if isinstance(first, Mapping) else ()


def _has_plan_key(keys: Iterable[str]) -> bool:
    return any(key in PLAN_KEYS and key != "apiVersion" for key in keys)


def _is_environment(keys: Iterable[str]) -> bool:
    return {"name", "config"}.issubset(keys) or {"config", "uuid"}.issubset(keys)
