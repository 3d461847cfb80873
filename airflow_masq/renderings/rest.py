"""The environment as Google's REST resource: whole, as the form ``rest``, and field by field, for gcloud and Terraform.

Google may add fields to the resource, and ``rest`` writes unknown fields as they came. A command line and a Terraform
block have a name for each field that they can say, so a field without one is an error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.fields import ENUMS
from airflow_masq.exceptions import InexpressibleError, InvalidInputError
from airflow_masq.plan import Plan
from airflow_masq.text import escape

FORM: Final = "rest"

# "Output only" [source: composer-environment-output-only]. A plan may have them, copied from a live environment; they
# cannot be asked for.
_OUTPUT_ONLY: Final = frozenset(
    {
        "createTime",
        "satisfiesPzi",
        "satisfiesPzs",
        "state",
        "updateTime",
        "uuid",
        "config.airflowByoidUri",
        "config.airflowUri",
        "config.dagGcsPrefix",
        "config.gkeCluster",
        "config.privateEnvironmentConfig.cloudComposerNetworkIpv4ReservedRange",
        "config.privateEnvironmentConfig.privateClusterConfig.masterIpv4ReservedRange",
        "config.privateEnvironmentConfig.webServerIpv4ReservedRange",
    }
)

_NO_ARGUMENT: Final = "the form has no argument for this field; remove it from the plan, or use rest"
# Neither gcloud nor Terraform has the newer of the two fields [source: composer-networking-type].
_INSTEAD: Final = {
    "config.privateEnvironmentConfig.networkingType": (
        "the form has no argument for this field; set enablePrivateEnvironment instead, or use rest"
    ),
}


def render_rest(plan: Plan) -> str:
    """Write the environment as JSON.

    The body of the ``POST`` that creates an environment [source: composer-create-method]. Defaults are not added, since
    the service chooses them.

    :return: JSON in ASCII, indented, with a line feed at its end.
    :raises InexpressibleError: the plan has no environment.
    """
    _require_environment(plan, form=FORM)
    return json.dumps(plan.environment.as_rest(), indent=2) + "\n"


@dataclass(frozen=True, kw_only=True)
class EnvironmentField:
    """One field that a plan's environment sets.

    The properties that read its value do not check its type: the plan's reader did (``plan.environment_types``).

    :param form: the form that writes it, for errors.
    :param path: its dotted path in Google's REST spelling, from the environment on.
    :param value: what it holds; ``None`` only in an error about what is missing.
    """

    form: str
    path: str
    value: object

    def make_error(self, reason: str) -> InexpressibleError:
        """Make the error that says why the form cannot write this field."""
        return InexpressibleError(form=self.form, where=f"environment.{escape(self.path)}", reason=reason)

    @property
    def is_true(self) -> bool:
        """A truth value."""
        return self.value is True

    @property
    def number(self) -> int | float:
        """A number."""
        return cast("int | float", self.value)

    @property
    def scalar(self) -> str | int | float:
        """A text or a number."""
        return cast("str | int | float", self.value)

    @property
    def texts(self) -> list[str]:
        """A list of texts."""
        return cast("list[str]", self.value)

    @property
    def pairs(self) -> dict[str, str]:
        """A mapping from text to text."""
        return cast("dict[str, str]", self.value)

    def read_records(self, needed: str, *names: str) -> list[dict[str, str]]:
        """Read a list of small mappings whose values are text; what is ``null`` is left out.

        :param needed: the key without whose text a mapping says nothing.
        :param names: the other keys that the form has arguments for.
        :raises InexpressibleError: a mapping has another key, or has no text under the one that is needed.
        """
        records = cast("list[dict[str, str | None]]", self.value)
        for index, record in enumerate(records):
            entry = f"{self.path}[{index}]"
            for key in record:
                if key not in (needed, *names):
                    raise EnvironmentField(form=self.form, path=f"{entry}.{key}", value=None).make_error(_NO_ARGUMENT)
            if not record.get(needed):
                reason = "the entry names no range, so the form would drop it or allow something else; add a range"
                raise EnvironmentField(form=self.form, path=f"{entry}.{needed}", value=None).make_error(reason)
        return [{key: text for key, text in record.items() if text is not None} for record in records]

    def read_allowed_ip_ranges(self) -> EnvironmentField:
        """Read the list inside ``webServerNetworkAccessControl``; without a list, it keeps everyone out.

        :return: its field ``allowedIpRanges``, empty where there are none.
        :raises InexpressibleError: this field holds any other field.
        """
        lists = cast("Mapping[str, object]", self.value)
        if set(lists) - {"allowedIpRanges"}:
            raise self.make_error("the form accepts only its allowedIpRanges; remove the other fields, or use rest")
        ranges = lists.get("allowedIpRanges")
        value = [] if ranges is None else ranges
        return EnvironmentField(form=self.form, path=f"{self.path}.allowedIpRanges", value=value)


def read_fields(plan: Plan, *, form: str, known: Collection[str]) -> dict[str, EnvironmentField]:
    """Take a plan's environment apart.

    :param form: the form, for errors.
    :param known: the dotted REST paths that the form has arguments for; a path may name a mapping as a whole.
    :return: the fields by path, in the plan's order, without the name, what is ``null`` and what only the service sets.
    :raises InexpressibleError: the plan has no environment, or sets a field that is not ``known``.
    """
    _require_environment(plan, form=form)
    fields = {field.path: field for field in _walk(plan.environment.as_rest(), "", form=form, known=known)}
    fields.pop("name", None)
    return fields


def read_name(plan: Plan, *, form: str) -> EnvironmentName:
    """Read the environment's full name.

    :param form: the form, for errors.
    :raises InexpressibleError: the plan has no environment, or its name is missing or not in Google's form.
    """
    _require_environment(plan, form=form)
    try:
        return EnvironmentName.parse(plan.environment.name or "")
    except InvalidInputError as error:
        seen = f"the plan has {error.seen}" if plan.environment.name else "the plan has no name; add it"
        reason = f"the form needs {error.expected}; {seen}"
        raise InexpressibleError(form=form, where="environment.name", reason=reason) from None


def _require_environment(plan: Plan, *, form: str) -> None:
    if not plan.environment:
        reason = "the plan has no environment; add Google's resource, with its name and config, under environment"
        raise InexpressibleError(form=form, where="environment", reason=reason)


def _walk(
    values: Mapping[str, object], around: str, *, form: str, known: Collection[str]
) -> Iterator[EnvironmentField]:
    for name, value in values.items():
        path = f"{around}.{name}" if around else name
        # Google's types cannot tell the first word of an enum from nothing.
        is_unspecified = name in ENUMS and isinstance(value, str) and value.endswith("_UNSPECIFIED")
        if value is None or path in _OUTPUT_ONLY or is_unspecified:
            continue
        field = EnvironmentField(form=form, path=path, value=value)
        if "." not in name and (path in known or path == "name"):
            yield field
        elif "." not in name and isinstance(value, Mapping) and any(each.startswith(f"{path}.") for each in known):
            yield from _walk(value, path, form=form, known=known)
        else:
            raise field.make_error(_INSTEAD.get(path, _NO_ARGUMENT))
