"""The fields of an environment that an update may change; the masquerade agent is not among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class _UpdatableField:
    """A field that can be updated.

    :param path: its name in Python and in protobuf.
    :param by_key: whether a mask may name single entries of the map.
    """

    path: str
    by_key: bool = False

    def find_key(self, mask_path: str) -> str | None:
        """Return which part of this field a mask path names: "" for all of it, a key, or ``None`` for another field.

        The path may also be written as in the REST resource, as Google's documentation of masks does.
        """
        for own in (self.path, re.sub("_([a-z])", lambda match: match[1].upper(), self.path)):
            if mask_path == own:
                return ""
            if self.by_key and mask_path.startswith(f"{own}."):
                return mask_path.removeprefix(f"{own}.")
        return None


@dataclass(frozen=True, kw_only=True)
class Update:
    """An accepted update: one field, whole or by some keys of its map."""

    field: _UpdatableField
    keys: tuple[str, ...]

    def apply(self, environment: Environment, *, patch: Environment) -> Environment:
        """Return the environment with the named parts taken from the patch."""
        changed = Environment(environment)
        *parents, leaf = self.field.path.split(".")
        source, target = patch, changed
        for parent in parents:
            source, target = getattr(source, parent), getattr(target, parent)
        if not self.keys:
            setattr(target, leaf, getattr(source, leaf))
        new, entries = getattr(source, leaf), getattr(target, leaf)
        for key in self.keys:
            if key in new:
                entries[key] = new[key]
            else:
                entries.pop(key, None)
        return changed


# The fields that can be updated, without those that only Composer 1 has [source: composer-update-mask]. Whether the
# service accepts other fields is not verified.
_UPDATABLE: Final = (
    _UpdatableField(path="labels", by_key=True),
    _UpdatableField(path="config.web_server_network_access_control"),
    _UpdatableField(path="config.software_config.pypi_packages", by_key=True),
    _UpdatableField(path="config.software_config.airflow_config_overrides", by_key=True),
    _UpdatableField(path="config.software_config.env_variables"),
)


def read_update_mask(paths: Sequence[str]) -> Update:
    """Read the paths of an update mask, in snake_case or as in the REST resource.

    One request updates one kind of field, and must not name a map together with single entries of it (source as above).
    Wordings and status are not verified.

    :raises ApiError: INVALID_ARGUMENT for an empty mask, a field that cannot be updated, or a forbidden combination.
    """
    if not paths:
        raise InvalidArgumentError("Update mask must not be empty.")
    keys_by_field: dict[_UpdatableField, set[str]] = {}
    for path in paths:
        for field in _UPDATABLE:
            if (key := field.find_key(path)) is not None:
                keys_by_field.setdefault(field, set()).add(key)
                break
        else:
            raise InvalidArgumentError(f"Field '{path}' cannot be updated.")
    if len(keys_by_field) > 1:
        raise InvalidArgumentError("Only one update type may be included in a single request's updateMask.")
    ((field, keys),) = keys_by_field.items()
    if "" in keys and len(keys) > 1:
        raise InvalidArgumentError("A mask of a whole map cannot be combined with masks of its entries.")
    return Update(field=field, keys=tuple(sorted(keys - {""})))
