"""A plan's environment taken apart into fields, for forms that know each field by name.

The resource itself may hold whatever Google adds to it; a command line or a Terraform block may not. So each form lists
what it has words for, and what is left over is an error that names the field. It must not know any form's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.environment.fields import ENUMS
from airflow_masq.exceptions import InexpressibleError, InvalidInputError
from airflow_masq.text import printable

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

_NO_WORD: Final = "the form has no word for this field; leave it out of the plan, or use rest"


@dataclass(frozen=True, kw_only=True)
class EnvironmentField:
    """One field that a plan's environment sets.

    What reads it here does not check its type: the plan's reader did (``plan.environment_types``).

    :param form: the form that wants to write it, for errors.
    :param path: its dotted path in Google's REST spelling, from the environment on.
    :param value: what stands there; ``None`` only in an error about what is missing.
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
        """Give a truth value.

        :return: the value.
        """
        return self.value is True

    def number(self) -> int | float:
        """Give a number.

        :return: the value.
        """
        return cast("int | float", self.value)

    def scalar(self) -> str | int | float:
        """Give a text or a number.

        :return: the value.
        """
        return cast("str | int | float", self.value)

    def texts(self) -> list[str]:
        """Give a list of texts.

        :return: the texts.
        """
        return cast("list[str]", self.value)

    def pairs(self) -> dict[str, str]:
        """Give a mapping from text to text.

        :return: the mapping.
        """
        return cast("dict[str, str]", self.value)

    def records(self, needed: str, *names: str) -> list[dict[str, str]]:
        """Give a list of small mappings whose values are text.

        :param needed: the key without whose text a mapping says nothing.
        :param names: the other keys that the form has words for.
        :return: the mappings, without what is ``null``.
        :raises InexpressibleError: when a mapping has another key, or has no text under the one that is needed.
        """
        records = cast("list[dict[str, str | None]]", self.value)
        for index, record in enumerate(records):
            for key in record:
                if key not in (needed, *names):
                    raise self._inside(index, key).error(_NO_WORD)
            if not record.get(needed):
                reason = "nothing stands there, and the form would drop the entry or say something else; name a range"
                raise self._inside(index, needed).error(reason)
        return [{key: text for key, text in record.items() if text is not None} for record in records]

    def _inside(self, index: int, key: str) -> EnvironmentField:
        return EnvironmentField(form=self.form, path=f"{self.path}[{index}].{key}", value=None)


def allowed_ip_ranges(access: EnvironmentField) -> EnvironmentField:
    """Give the list inside ``webServerNetworkAccessControl``, whose presence alone, without a list, lets nobody in.

    :param access: the field ``config.webServerNetworkAccessControl``.
    :return: its ``allowedIpRanges``, empty where there are none.
    :raises InexpressibleError: when the field holds any other field.
    """
    lists = cast("Mapping[str, object]", access.value)
    if set(lists) - {"allowedIpRanges"}:
        raise access.error("the form has words for its allowedIpRanges only")
    ranges = lists.get("allowedIpRanges")
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
    fields = {field.path: field for field in _fields(plan.environment.as_rest(), "", form=form, known=known)}
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
    # The two are a oneof of IPAllocationPolicy (same page): the service keeps one of them, and refuses both in JSON.
    for field in (POD_FIELD, SERVICE_FIELD):
        if None not in (plan.environment.value(*path) for path in (field.path, field.range_name_path)):
            other = field.range_name_path[-1]
            reason = f"{other} is set as well, and the service takes one of the two; leave one out"
            raise InexpressibleError(form=form, where=field.where, reason=reason)


def environment_name(plan: Plan, *, form: str) -> EnvironmentName:
    """Give the environment's full name in its parts.

    :param plan: the plan.
    :param form: the form, for errors.
    :return: the name.
    :raises InexpressibleError: when there is none, or it is not in Google's form.
    """
    try:
        return EnvironmentName.parse(plan.environment.name or "")
    except InvalidInputError as error:
        reason = f"the form needs {error.expected}; the plan has {error.seen}"
        raise InexpressibleError(form=form, where="environment.name", reason=reason) from None


def _fields(
    values: Mapping[str, object], around: str, *, form: str, known: Collection[str]
) -> Iterator[EnvironmentField]:
    for name, value in values.items():
        path = f"{around}.{name}" if around else name
        if value is None or path in _OUTPUT_ONLY or _is_unspecified(name, value):
            continue
        field = EnvironmentField(form=form, path=path, value=value)
        if "." not in name and (path in known or path == "name"):
            yield field
        elif "." in name or not isinstance(value, Mapping) or not _is_around_any(path, known):
            raise field.error(_NO_WORD)
        else:
            yield from _fields(value, path, form=form, known=known)


def _is_unspecified(name: str, value: object) -> bool:
    """Say whether an enum holds its first word, which Google's types cannot tell from nothing."""
    return name in ENUMS and isinstance(value, str) and value.endswith("_UNSPECIFIED")


def _is_around_any(path: str, known: Collection[str]) -> bool:
    return any(other.startswith(f"{path}.") for other in known)
