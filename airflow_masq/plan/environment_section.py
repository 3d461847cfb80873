"""The environment in a plan: Google's resource, taken as it is.

Known fields are checked for their type only. Rules say whether the values make sense, so that a plan with a flawed
environment can still be linted.
"""

from __future__ import annotations

from typing import Final

from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan.environment_types import check_types
from airflow_masq.plan.place import Place
from airflow_masq.text import printable

_LONGEST_PLACE: Final = 200


def read_environment(place: Place) -> EnvironmentResource:
    """Read the environment resource.

    :raises PlanError: a field of Google's has another type, or occurs in both spellings.
    """
    fields = {name: field.value for name, field in place.entries().items()}
    try:
        environment = EnvironmentResource.read(fields)
    except InvalidInputError as error:
        where = f"{place.where}.{printable(error.where, limit=_LONGEST_PLACE)}"
        raise place.document.error(where=where, expected=error.expected, seen=error.seen) from None
    check_types(environment.fields, document=place.document, around=place.where)
    return environment
