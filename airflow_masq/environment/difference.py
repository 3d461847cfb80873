"""Where an existing environment differs from the planned one.

What the service itself resolves (an alias of an image version, the bare size of a range) is no difference, nor is
another spelling of the same: a network by its name or its URL, tags in another order. Differences go into logs and
XComs, so a value that may be a secret is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from airflow_masq.environment.fields import FIELD_NAMES, FREE_FORM_MAPS, SECTION_LISTS, TEXT_LISTS
from airflow_masq.environment.resource import EnvironmentResource
from airflow_masq.environment.versions import ImageVersion
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import escape, shorten

# The environment was found by its name; the others are the service's to set [source: composer-environment-output-only].
_NOT_COMPARED: Final = frozenset({"name", "uuid", "state", "createTime", "updateTime"})

_LONGEST_PLACE: Final = 200
_LONGEST_VALUE: Final = 120


class ChangeKind(StrEnum):
    """What it takes to make an environment as planned."""

    RECREATE = "needs re-creation"
    UPDATE = "can be updated"
    SERVICE = "set by the service"
    UNKNOWN = "a field that is not known"


# Fields with all that is in them, of Composer 2 and the generations that its plans name. The service's own list of what
# an update may name is older than Composer 2 and lacks most; Terraform's provider sends a patch for each of these
# [source: composer-update-mask, terraform-provider-updates].
_UPDATED: Final = (
    ("labels",),
    ("config", "nodeCount"),
    ("config", "databaseConfig", "machineType"),
    ("config", "webServerConfig", "machineType"),
    ("config", "webServerNetworkAccessControl"),
    ("config", "maintenanceWindow"),
    ("config", "workloadsConfig"),
    ("config", "dataRetentionConfig"),
    ("config", "recoveryConfig", "scheduledSnapshotsConfig"),
    ("config", "environmentSize"),
    ("config", "resilienceMode"),
    ("config", "masterAuthorizedNetworksConfig"),
    ("config", "softwareConfig", "airflowConfigOverrides"),
    ("config", "softwareConfig", "cloudDataLineageIntegration"),
    ("config", "softwareConfig", "envVariables"),
    ("config", "softwareConfig", "imageVersion"),
    ("config", "softwareConfig", "pypiPackages"),
    ("config", "softwareConfig", "schedulerCount"),
    ("config", "softwareConfig", "webServerPluginsMode"),
    ("config", "privateEnvironmentConfig", "enablePrivateBuildsOnly"),
)

# "Output only" [source: composer-environment-output-only].
_SET_BY_SERVICE: Final = (
    ("satisfiesPzi",),
    ("satisfiesPzs",),
    ("config", "airflowByoidUri"),
    ("config", "airflowUri"),
    ("config", "dagGcsPrefix"),
    ("config", "gkeCluster"),
    ("config", "privateEnvironmentConfig", "cloudComposerNetworkIpv4ReservedRange"),
    ("config", "privateEnvironmentConfig", "webServerIpv4ReservedRange"),
    ("config", "privateEnvironmentConfig", "privateClusterConfig", "masterIpv4ReservedRange"),
)

_LISTS_IN_ANY_ORDER: Final = TEXT_LISTS | SECTION_LISTS
_RESOURCE_NAMES: Final = frozenset(
    {"cloudComposerConnectionSubnetwork", "composerNetworkAttachment", "location", "machineType", "network"}
    | {"subnetwork"}
)
# A full URL of a Google API, whose path is the resource's name after the version.
_URL: Final = re.compile(r"(?:https:)?//[^/]+/(?:[a-z]+/)?v[0-9][a-z0-9]*/")
_PROJECT_AND_PARENT: Final = 2


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field whose planned and found values differ.

    :param path: the field's names on the way down, in Google's REST spelling.
    :param planned: the plan's value.
    :param found: the environment's value; ``None`` if it has none.
    """

    path: tuple[str, ...]
    planned: object = field(repr=False)
    found: object | None = field(repr=False)

    @property
    def kind(self) -> ChangeKind:
        """What it takes to make the field as planned."""
        # What is empty is the same as unset to Google's types, and of what is unset the service chooses the value.
        left_open = not self.planned and not isinstance(self.planned, bool)
        if left_open or _is_below(self.path, _SET_BY_SERVICE):
            return ChangeKind.SERVICE
        if _is_below(self.path, _UPDATED):
            return ChangeKind.UPDATE
        return ChangeKind.RECREATE if FIELD_NAMES.issuperset(self.path) else ChangeKind.UNKNOWN

    def __str__(self) -> str:
        where = escape(".".join(self.path), limit=_LONGEST_PLACE)
        # Environment variables and configuration overrides often hold secrets, and so may a field that is not known.
        names = (*self.path, *_list_names(self.planned), *_list_names(self.found))
        if any(name not in FIELD_NAMES or name in FREE_FORM_MAPS for name in names):
            return f"{where}: differs ({self.kind})"
        planned, found = (shorten(ascii(value), limit=_LONGEST_VALUE) for value in (self.planned, self.found))
        return f"{where}: planned {planned}, found {found} ({self.kind})"


def find_differences(planned: EnvironmentResource, *, found: EnvironmentResource) -> tuple[Difference, ...]:
    """List the planned fields that the environment has otherwise, in the plan's order.

    What the plan leaves open is not compared.
    """
    asked = {name: value for name, value in planned.fields.items() if name not in _NOT_COMPARED}
    project = (planned.name or found.name or "").removeprefix("projects/").partition("/")[0]
    return tuple(
        Difference(path=path, planned=value, found=found.get_value(*path))
        for path, value in _walk_leaves(asked)
        if not _is_same(path, value, found.get_value(*path), project=project)
    )


def _is_below(path: tuple[str, ...], fields: tuple[tuple[str, ...], ...]) -> bool:
    return any(path[: len(each)] == each for each in fields)


def _walk_leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk_leaves(inner, (*path, name))
    else:
        yield path, value


def _is_same(path: tuple[str, ...], planned: object, found: object, *, project: str) -> bool:
    # The API leaves out fields with their default value, so a missing field and the default are the same.
    if planned == found or (not planned and not found):
        return True
    if any(name in FREE_FORM_MAPS for name in path):
        return False
    name = path[-1]
    if isinstance(planned, list) and isinstance(found, list) and name in _LISTS_IN_ANY_ORDER:
        return sorted(map(repr, map(_sort_fields, planned))) == sorted(map(repr, map(_sort_fields, found)))
    if not isinstance(planned, str) or not isinstance(found, str):
        return False
    if name in _RESOURCE_NAMES:
        return _names_same_resource(planned, found, project=project)
    is_range_of_size = planned.startswith("/") and found.endswith(planned)  # /14, and a range of that size
    return _is_same_image(planned, found) if name == "imageVersion" else is_range_of_size


def _is_same_image(planned: str, found: str) -> bool:
    try:
        return ImageVersion.parse(planned).may_stand_for(ImageVersion.parse(found))
    except InvalidInputError:
        return False


def _sort_fields(item: object) -> object:
    return sorted(item.items(), key=repr) if isinstance(item, Mapping) else item


def _names_same_resource(first: str, second: str, *, project: str) -> bool:
    """Tell whether two names mean one resource of Compute Engine: a URL, a full name, or its end.

    A name without a project means one of the environment's own.
    """
    shorter, longer = sorted((_URL.sub("", name).strip("/").split("/") for name in (first, second)), key=len)
    if longer[-len(shorter) :] != shorter:
        return False
    has_project = longer[0] == "projects" and len(longer) > _PROJECT_AND_PARENT
    return len(shorter) == len(longer) or not has_project or not project or longer[1] == project


def _list_names(value: object) -> Iterator[str]:
    """List the names of all fields inside a value."""
    if isinstance(value, Mapping):
        yield from value
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in inside:
        yield from _list_names(item)
