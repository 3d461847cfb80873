"""Which fields of an environment an update may touch, and how: the masquerade agent is not among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class _Updatable:
    """One kind of update.

    :param path: the field, as the Python and the protobuf names go.
    :param json_path: the same, as the REST resource goes; the service's documentation uses this form in masks.
    :param by_key: whether single entries of the map may be named after the path.
    """

    path: tuple[str, ...]
    json_path: str
    by_key: bool = False

    def key_in(self, mask_path: str) -> str | None:
        """Say what of this field a mask path names: "" for all of it, a key of the map, ``None`` for another field."""
        for own in (".".join(self.path), self.json_path):
            if mask_path == own:
                return ""
            if self.by_key and mask_path.startswith(f"{own}."):
                return mask_path.removeprefix(f"{own}.")
        return None


@dataclass(frozen=True, kw_only=True)
class Update:
    """An accepted update: one field, whole or by some keys of its map."""

    field: _Updatable
    keys: tuple[str, ...]

    def apply(self, environment: Environment, *, patch: Environment) -> Environment:
        """Return the environment with what the mask names taken from the patch."""
        changed = Environment(environment)
        *parents, leaf = self.field.path
        source, target = patch, changed
        for parent in parents:
            source, target = getattr(source, parent), getattr(target, parent)
        if not self.keys:
            setattr(target, leaf, getattr(source, leaf))
        for key in self.keys:
            _copy_entry(getattr(source, leaf), getattr(target, leaf), key)
        return changed


def _copy_entry(source: dict[str, str], target: dict[str, str], key: str) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


_SOFTWARE: Final = ("config", "software_config")

# UpdateEnvironmentRequest.update_mask in google-cloud-orchestration-airflow 1.23.0 (read 2026-11-22), without the
# fields that only Composer 1 has. That the service takes no others is not verified.
_UPDATABLE: Final = (
    _Updatable(path=("labels",), json_path="labels", by_key=True),
    _Updatable(path=("config", "web_server_network_access_control"), json_path="config.webServerNetworkAccessControl"),
    _Updatable(path=(*_SOFTWARE, "pypi_packages"), json_path="config.softwareConfig.pypiPackages", by_key=True),
    _Updatable(
        path=(*_SOFTWARE, "airflow_config_overrides"),
        json_path="config.softwareConfig.airflowConfigOverrides",
        by_key=True,
    ),
    _Updatable(path=(*_SOFTWARE, "env_variables"), json_path="config.softwareConfig.envVariables"),
)


def read_update_mask(paths: Sequence[str]) -> Update:
    """Judge an update mask.

    "Only one update type may be included in a single request's updateMask"; "It is an error to provide both" a map and
    single entries of it (source as above). Wordings and status are not verified.

    :param paths: the mask's paths, in snake_case or as in the REST resource.
    :raises ApiError: INVALID_ARGUMENT for an empty mask, a field that cannot be updated, or a forbidden mixture.
    """
    if not paths:
        raise invalid("Update mask must not be empty.")
    named = [_named_by(path) for path in paths]
    fields = {field.path for field, _ in named}
    keys = {key for _, key in named}
    if len(fields) > 1:
        raise invalid("Only one update type may be included in a single request's updateMask.")
    if "" in keys and len(keys) > 1:
        raise invalid("A mask of a whole map cannot be combined with masks of its entries.")
    return Update(field=named[0][0], keys=tuple(sorted(keys - {""})))


def _named_by(mask_path: str) -> tuple[_Updatable, str]:
    for field in _UPDATABLE:
        key = field.key_in(mask_path)
        if key is not None:
            return field, key
    raise invalid(f"Field '{mask_path}' cannot be updated.")
