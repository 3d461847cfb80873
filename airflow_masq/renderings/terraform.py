"""The environment as a Terraform resource, and the block that takes over one that exists.

It must not write what the provider would read as something else: the provider's blocks follow the resource closely, and
``terraform_fields.py`` lists where they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.renderings import hcl
from airflow_masq.renderings.environment_fields import EnvironmentField, environment_fields, environment_name
from airflow_masq.renderings.terraform_demands import DEMANDS
from airflow_masq.renderings.terraform_fields import (
    FIELDS,
    FORM,
    PRIVATE_BLOCK,
    Block,
    Repeated,
    block_path,
    written,
)

if TYPE_CHECKING:
    from airflow_masq.environment import EnvironmentName
    from airflow_masq.plan import Plan

_TYPE: Final = "google_composer_environment"
_PRIVATE: Final = "config.privateEnvironmentConfig"
_IMPORT_COMMENT: Final = (
    "# Takes over the environment where it exists already (Terraform 1.5 and later); remove this block to create it."
)


def render_terraform(plan: Plan) -> str:
    """Write the environment as Terraform.

    The resource is that of Google's page
    (https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent, read 2026-11-22) and of the provider
    google-beta (https://registry.terraform.io/providers/hashicorp/google-beta/latest/docs/resources/composer_environment,
    read 2026-11-22), the ``import`` block that of https://developer.hashicorp.com/terraform/language/import (read
    2026-11-22).

    :param plan: the plan.
    :return: a ``resource`` and an ``import`` block, formatted as by ``terraform fmt``.
    :raises InexpressibleError: when the provider has no word for a field, would understand something else, or would
        refuse the argument.
    """
    name = environment_name(plan, form=FORM)
    label = name.environment_id.replace("-", "_")
    fields = environment_fields(plan, form=FORM, known=FIELDS)
    resource = Block(attributes=_identity(name))
    generation = plan.environment.generation
    is_composer_3 = generation == COMPOSER_3
    DEMANDS.refuse_unmet(fields, generation=generation)
    _place(_privacy_settled(fields, is_composer_3=is_composer_3), resource)
    importing = {"to": [f"{_TYPE}.{label}"], "id": hcl.expression(str(name))}
    lines = [
        *_lines(f'resource "{_TYPE}" "{label}"', resource),
        "",
        _IMPORT_COMMENT,
        *hcl.block("import", attributes=importing, blocks=[]),
    ]
    return "\n".join(lines) + "\n"


def _identity(name: EnvironmentName) -> dict[str, list[str]]:
    return {
        "provider": ["google-beta"],
        "name": hcl.expression(name.environment_id),
        "region": hcl.expression(name.location),
        "project": hcl.expression(name.project),
    }


def _privacy_settled(fields: dict[str, EnvironmentField], *, is_composer_3: bool) -> list[EnvironmentField]:
    """Put the wish for a private environment where the provider looks for it.

    For Composer 1 and 2 the block itself is the wish; for Composer 3 it is a field of ``config``. The block's
    ``enable_private_endpoint`` is true where nobody says otherwise, unlike the API's field (the provider's
    resource_composer_environment.go, read 2026-11-22).
    """
    wish = fields.pop(f"{_PRIVATE}.enablePrivateEnvironment", None)
    is_private = wish is not None and wish.boolean()
    if not is_private and not is_composer_3:  # what is false is as good as not there, as in Google's own types
        fields = {
            path: field for path, field in fields.items() if path not in PRIVATE_BLOCK or field.value is not False
        }
    details = [field for path, field in fields.items() if path.startswith(f"{_PRIVATE}.") and path in PRIVATE_BLOCK]
    if details and is_composer_3:
        raise details[0].error("Terraform's block for it is refused for Composer 3; leave it out, or use rest")
    if details and not is_private:
        raise details[0].error(
            "Terraform's block makes the environment private; set enablePrivateEnvironment, or not this"
        )
    settled = list(fields.values())
    if wish is None or not is_private:
        return settled
    if is_composer_3:
        return [*settled, wish]
    endpoint = f"{_PRIVATE}.privateClusterConfig.enablePrivateEndpoint"
    if endpoint not in fields:
        settled.append(type(wish)(form=FORM, path=endpoint, value=False))
    return settled


def _place(fields: list[EnvironmentField], resource: Block) -> None:
    for field in fields:
        _refuse_decomposed(field, field.value)
        *around, name = block_path(field.path)
        target = resource
        for block_name in around:
            target = target.inner(block_name)
        value = written(field)
        if isinstance(value, Repeated):
            target.repeated += [(name, attributes) for attributes in value.blocks]
        else:
            target.attributes[name] = hcl.expression(value)


def _refuse_decomposed(field: EnvironmentField, value: object) -> None:
    if isinstance(value, str) and not hcl.comes_back(value):
        raise field.error(
            "Terraform composes letters and accents (Unicode's NFC), which makes it another text; use rest"
        )
    if isinstance(value, Mapping):
        _refuse_decomposed(field, [*value.keys(), *value.values()])
    if isinstance(value, list):
        for each in value:
            _refuse_decomposed(field, each)


def _lines(header: str, content: Block) -> list[str]:
    inner = [_lines(name, block) for name, block in content.blocks.items()]
    repeated = [hcl.block(name, attributes=attributes, blocks=[]) for name, attributes in content.repeated]
    return hcl.block(header, attributes=content.attributes, blocks=[*repeated, *inner])
