"""A plan's environment taken apart into fields, for forms that know each field by name.

The resource itself may hold whatever Google adds to it; a command line or a Terraform block may not. So each form lists
what it has words for, and what is left over is an error that names the field. It must not know any form's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import EnvironmentName, value_at
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY
from airflow_masq.exceptions import InexpressibleError, InvalidInputError
from airflow_masq.wire.foreign_text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_masq.plan import Plan

# "Output only" in https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#Environment,
# read 2026-11-22. A plan may have them, copied from a live environment; nobody can ask for them.
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

# Each pair is a oneof of IPAllocationPolicy (same page): the service keeps one of the two, and refuses both in JSON.
_EITHER_OR: Final = (
    ("clusterIpv4CidrBlock", "clusterSecondaryRangeName"),
    ("servicesIpv4CidrBlock", "servicesSecondaryRangeName"),
)


@dataclass(frozen=True, kw_only=True)
class EnvironmentField:
    """One field that a plan's environment sets.

    :param form: the form that wants to write it, for errors.
    :param path: its dotted path in Google's REST spelling, from the environment on.
    :param value: what stands there, never ``None``.
    """

    form: str
    path: str
    value: object

    def error(self, reason: str) -> InexpressibleError:
        """Make the error for this field.

        :param reason: why the form cannot say it.
        :return: the error.
        """
        return InexpressibleError(form=self.form, where=f"environment.{printable(self.path)}", reason=reason)

    def boolean(self) -> bool:
        """Read a truth value, which a plan's reader made sure that it is.

        :return: the value.
        """
        return self.value is True

    def number(self) -> int | float:
        """Read a number.

        :return: the value.
        :raises InexpressibleError: when it is none.
        """
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.error("the field must be a number")
        return self.value

    def scalar(self) -> str | int | float:
        """Read a text or a number.

        :return: the value.
        :raises InexpressibleError: when it is neither.
        """
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            raise self.error("the field must be a text or a number")
        return self.value

    def texts(self) -> list[str]:
        """Read a list of texts.

        :return: the texts.
        :raises InexpressibleError: when it is no such list.
        """
        if not isinstance(self.value, list) or not all(isinstance(item, str) for item in self.value):
            raise self.error("the field must be a list of texts")
        return self.value

    def pairs(self) -> dict[str, str]:
        """Read a mapping from text to text.

        :return: the mapping.
        :raises InexpressibleError: when it is no such mapping.
        """
        if not isinstance(self.value, Mapping) or not all(isinstance(item, str) for item in self.value.values()):
            raise self.error("the field must be a mapping from text to text")
        return dict(self.value)

    def records(self, *names: str) -> list[dict[str, str]]:
        """Read a list of small mappings whose values are text.

        :param names: the keys that the form has words for.
        :return: the mappings.
        :raises InexpressibleError: when it is no such list, or a mapping has another key.
        """
        if not isinstance(self.value, list):
            raise self.error("the field must be a list of mappings")
        parts = [
            EnvironmentField(form=self.form, path=f"{self.path}[{index}]", value=item)
            for index, item in enumerate(self.value)
        ]
        records = [part.pairs() for part in parts]
        for part, record in zip(parts, records, strict=True):
            for key in record:
                if key not in names:
                    unknown = EnvironmentField(form=self.form, path=f"{part.path}.{key}", value=record[key])
                    raise unknown.error("the form has no word for this field; leave it out of the plan, or use rest")
        return records


def allowed_ip_ranges(access: EnvironmentField) -> EnvironmentField:
    """Give the list inside ``webServerNetworkAccessControl``, whose presence alone, without a list, lets nobody in.

    :param access: the field ``config.webServerNetworkAccessControl``.
    :return: its ``allowedIpRanges``, empty where there are none.
    :raises InexpressibleError: when the field holds anything else.
    """
    if not isinstance(access.value, Mapping) or set(access.value) - {"allowedIpRanges"}:
        raise access.error("the form has words for its allowedIpRanges only")
    ranges = access.value.get("allowedIpRanges")
    value = [] if ranges is None else ranges
    return EnvironmentField(form=access.form, path=f"{access.path}.allowedIpRanges", value=value)


def environment_fields(plan: Plan, *, form: str, known: Collection[str]) -> dict[str, EnvironmentField]:
    """Take a plan's environment apart.

    :param plan: the plan.
    :param form: the form, for errors.
    :param known: the dotted REST paths that the form has words for; a path may name a mapping as a whole.
    :return: the fields by path, in the plan's order, without the name, what is ``null`` and what only the service sets.
    :raises InexpressibleError: when the plan has no environment, sets a field that is not ``known``, or sets two that
        exclude each other.
    """
    refuse_contradictions(plan, form=form)
    fields = {field.path: field for field in _fields(plan.environment, "", form=form, known=known)}
    fields.pop("name", None)
    return fields


def refuse_contradictions(plan: Plan, *, form: str) -> None:
    """Refuse an environment that no form could make.

    :param plan: the plan.
    :param form: the form, for errors.
    :raises InexpressibleError: when there is no environment, or it sets two fields that exclude each other.
    """
    if not plan.environment:
        raise InexpressibleError(form=form, where="environment", reason="the plan describes none")
    for field_name, other in _EITHER_OR:
        places = [value_at(plan.environment, *IP_ALLOCATION_POLICY, name) for name in (field_name, other)]
        if all(places):
            where = ".".join(("environment", *IP_ALLOCATION_POLICY, field_name))
            reason = f"{other} is set as well, and the service takes one of the two; leave one out"
            raise InexpressibleError(form=form, where=where, reason=reason)


def environment_name(plan: Plan, *, form: str) -> EnvironmentName:
    """Give the environment's full name in its parts.

    :param plan: the plan.
    :param form: the form, for errors.
    :return: the name.
    :raises InexpressibleError: when there is none, or it is not in Google's form.
    """
    text = plan.environment.get("name")
    try:
        return EnvironmentName.parse(text if isinstance(text, str) else "")
    except InvalidInputError as error:
        reason = f"the form needs {error.expected}; the plan has {error.seen}"
        raise InexpressibleError(form=form, where="environment.name", reason=reason) from None


def _fields(
    values: Mapping[str, object], around: str, *, form: str, known: Collection[str]
) -> Iterator[EnvironmentField]:
    for name, value in values.items():
        path = f"{around}.{name}" if around else name
        if value is None or path in _OUTPUT_ONLY:
            continue
        field = EnvironmentField(form=form, path=path, value=value)
        if "." not in name and (path in known or path == "name"):
            yield field
        elif "." in name or not isinstance(value, Mapping) or not _is_around_any(path, known):
            raise field.error("the form has no word for this field; leave it out of the plan, or use rest")
        else:
            yield from _fields(value, path, form=form, known=known)


def _is_around_any(path: str, known: Collection[str]) -> bool:
    return any(other.startswith(f"{path}.") for other in known)
