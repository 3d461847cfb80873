"""The environment as the body of ``environments.create``, in Google's REST spelling.

It is the one form that leaves out nothing: a field that this package has never heard of is written as it came. It must
not add defaults, which are the service's to choose.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from airflow_masq.renderings.environment_fields import refuse_contradictions

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

FORM: Final = "rest"


def render_rest(plan: Plan) -> str:
    """Write the environment as JSON.

    The body of ``POST https://composer.googleapis.com/v1/{parent}/environments``
    (https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments/create, read 2026-11-22).

    :param plan: the plan.
    :return: JSON in ASCII, indented, with a line feed at its end.
    :raises InexpressibleError: when the plan has no environment, or one with fields that exclude each other.
    """
    refuse_contradictions(plan, form=FORM)
    return json.dumps(plan.environment.as_rest(), indent=2) + "\n"
