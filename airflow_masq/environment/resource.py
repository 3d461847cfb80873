"""A Composer environment's resource, read once.

Plans, DAG authors and Google's own types write the resource in two spellings; inside the package there is one value.
Unknown fields are kept, since the service may have learnt them yesterday.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from airflow_masq.environment.cidr_fields import BARE_SIZE, POD_FIELD, SERVICE_FIELD, CidrField
from airflow_masq.environment.fields import ENUMS, FREE_FORM_MAPS, REST_NAMES, TEXTS
from airflow_masq.environment.versions import COMPOSER_1, COMPOSER_2, COMPOSER_3, ImageVersion
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import parse_cidr
from airflow_masq.text import describe, escape

if TYPE_CHECKING:
    from netaddr import IPNetwork

IMAGE_VERSION_PLACE: Final = "environment.config.softwareConfig.imageVersion"
OUT_OF_YOUR_NETWORK: Final = "Composer 3 keeps its nodes and Pods out of your network"
"""Why addresses, capacity and policy of such an environment are not judged."""

SERVICE_ACCOUNT: Final = ("config", "nodeConfig", "serviceAccount")
"""The field that the service demands [source: composer-service-account-required]."""

_AGENT_FLAG: Final = ("config", "nodeConfig", "enableIpMasqAgent")

# The service alone sets these, so a resource that has one is Google's description of an existing environment
# [source: composer-environment-output-only].
_MARKS_OF_A_DESCRIPTION: Final = (
    ("uuid",),
    ("state",),
    ("createTime",),
    ("config", "gkeCluster"),
    ("config", "airflowUri"),
)

# An empty text of these is the same as no text in Google's types, which refuse two members of a oneof even where one of
# them is empty; Terraform's state has every unset text as an empty one [source: terraform-empty-texts]. A name that is
# empty is kept, since the environment's own cannot be unset.
_UNSET_WHERE_EMPTY: Final = (TEXTS | ENUMS) - {"name"}

_EXPECTED_RESOURCE: Final = (
    "Google's REST resource with name and config, as gcloud composer environments describe prints it"
)

# Google's resource nests 6 deep; what nests deeper is an accident, or refers to itself.
_DEEPEST: Final = 64
_LONGEST_PLACE: Final = 200


@dataclass(frozen=True, kw_only=True)
class EnvironmentResource:
    """Google's REST resource of an environment; make it with ``read``. An empty one means no environment.

    :param fields: the resource in REST spelling; do not change it. It may hold secrets and is left out of ``repr``.
    """

    fields: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def read(cls, resource: Mapping[str, object]) -> Self:
        """Read a resource in either spelling.

        :param resource: the resource with camelCase or snake_case field names, also mixed; it is copied. Unknown
            fields, and the keys of the user's own maps (labels, environment variables, configuration overrides, PyPI
            packages), keep their spelling. Empty texts are left out: to Google's types they are unset.
        :raises InvalidInputError: a field occurs in both spellings, a key is not text, the nesting is too deep, or it
            is a Kubernetes object or Terraform's state instead of the REST resource.
        """
        _refuse_other_forms(resource)
        return cls(fields=_copy_mapping(resource))

    def __bool__(self) -> bool:
        return bool(self.fields)

    def as_rest(self) -> dict[str, object]:
        """Copy the resource in Google's REST spelling."""
        return copy.deepcopy(dict(self.fields))

    def get_value(self, *path: str) -> object | None:
        """Look up a field; ``None`` if nothing is set, or something on the way is no mapping."""
        value: object | None = self.fields
        for name in path:
            if not isinstance(value, Mapping):
                return None
            value = value.get(name)
        return value

    def get_text(self, *path: str) -> str:
        """Look up a text field; empty where it is not set, as in Google's own types, or is no text."""
        text = self.get_value(*path)
        return text if isinstance(text, str) else ""

    def get_cidr(self, cidr_field: CidrField) -> IPNetwork | None:
        """Read the range in a field; ``None`` if there is none, only a size, or one that cannot be read."""
        try:
            return parse_cidr(self.get_text(*cidr_field.path))
        except InvalidInputError:
            return None

    def get_bare_size(self, cidr_field: CidrField) -> int | None:
        """Read the prefix length in a field that holds a size such as ``/14`` and no range."""
        matched = BARE_SIZE.fullmatch(self.get_text(*cidr_field.path))
        return None if matched is None else int(matched[1])

    @property
    def name(self) -> str | None:
        """The full name as written, which need not be a valid one; ``None`` if there is none."""
        name = self.get_value("name")
        return name if isinstance(name, str) else None

    @property
    def state(self) -> str:
        """The state's name in the Composer API, ``STATE_UNSPECIFIED`` where the resource has none."""
        return self.get_text("state") or "STATE_UNSPECIFIED"

    @cached_property
    def image(self) -> ImageVersion | None:
        """The image version; ``None`` if there is none, or none that can be read."""
        try:
            return ImageVersion.parse(self.get_text("config", "softwareConfig", "imageVersion"))
        except InvalidInputError:
            return None

    @property
    def is_described(self) -> bool:
        """Whether Google wrote the resource, so that it has the service's defaults beside the requested fields."""
        return any(self.get_text(*path) for path in _MARKS_OF_A_DESCRIPTION)

    @property
    def uses_private_service_connect(self) -> bool:
        """Whether it asks for Private Service Connect, so that no network is peered with Google's side."""
        private = ("config", "privateEnvironmentConfig")
        connection = self.get_text(*private, "networkingConfig", "connectionType")
        return connection == "PRIVATE_SERVICE_CONNECT" or bool(
            self.get_text(*private, "cloudComposerConnectionSubnetwork")
        )

    @property
    def generation(self) -> int | None:
        """Composer's generation, for example ``COMPOSER_2``; ``None`` if the image does not show it."""
        return None if self.image is None else self.image.generation

    @property
    def masquerades(self) -> bool:
        """Whether the resource asks for, or has, the IP masquerade agent.

        The flag has no presence, so ``false`` and nothing are the same [source: composer-agent-flag-presence].
        """
        return self.get_value(*_AGENT_FLAG) is True

    @property
    def refuses_agent(self) -> bool:
        """Whether the resource spells out that it has no agent; to the API a missing field is the same."""
        return self.get_value(*_AGENT_FLAG) is False

    @property
    def lacks_service_account(self) -> bool:
        """Whether the service would refuse to create it without a service account; Composer 1 has reached its end."""
        return bool(self) and self.generation != COMPOSER_1 and not self.get_text(*SERVICE_ACCOUNT)

    @property
    def is_private(self) -> bool:
        """Whether it is a private IP environment; the newer field counts first [source: composer-networking-type]."""
        section = ("config", "privateEnvironmentConfig")
        networking_type = self.get_text(*section, "networkingType")
        if networking_type in {"PRIVATE", "PUBLIC"}:
            return networking_type == "PRIVATE"
        return self.get_value(*section, "enablePrivateEnvironment") is True

    @property
    def runs_on_autopilot(self) -> bool:
        """Whether the cluster is an Autopilot one; assumed where the image does not show it.

        Composer 1 has Standard clusters [source: composer-autopilot].
        """
        return self.generation != COMPOSER_1

    @property
    def has_public_nodes(self) -> bool:
        """Whether the nodes have external addresses: those of Composer 1 and 2 have, unless the environment is private.

        Inferred from private environments being those whose nodes have internal addresses only
        [source: composer-private-ip].
        """
        return self.generation in {COMPOSER_1, COMPOSER_2} and not self.is_private

    @property
    def pod_ranges(self) -> tuple[IPNetwork, ...]:
        """The one Pod range that the resource names as a CIDR, or none."""
        return self._list_ranges(POD_FIELD)

    @property
    def service_ranges(self) -> tuple[IPNetwork, ...]:
        """The one Service range that the resource names as a CIDR, or none."""
        return self._list_ranges(SERVICE_FIELD)

    def _list_ranges(self, cidr_field: CidrField) -> tuple[IPNetwork, ...]:
        network = self.get_cidr(cidr_field)
        return () if network is None else (network,)

    def require_own_network(self) -> None:
        """Refuse an environment whose nodes and Pods are not in the project's network.

        :raises InvalidInputError: it is one of Composer 3.
        """
        if self.image is not None and self.generation == COMPOSER_3:
            expected = f"Composer 1 or 2, since {OUT_OF_YOUR_NETWORK}"
            raise InvalidInputError(where=IMAGE_VERSION_PLACE, expected=expected, seen=escape(self.image.text))

    def with_agent(self) -> Self:
        """Switch the IP masquerade agent on in a copy.

        :raises InvalidInputError: ``config`` or ``config.nodeConfig`` is no mapping.
        """
        rest = self.as_rest()
        section = rest
        *around, flag = _AGENT_FLAG
        for depth, name in enumerate(around, start=1):
            if section.get(name) is None:
                section[name] = {}
            inner = section[name]
            if not isinstance(inner, dict):
                where = ".".join(_AGENT_FLAG[:depth])
                raise InvalidInputError(where=where, expected="a mapping", seen=describe(inner))
            section = inner
        section[flag] = True
        return type(self)(fields=rest)

    def with_name(self, name: str) -> Self:
        """Name the environment in a copy."""
        return type(self)(fields={**self.as_rest(), "name": name})


def _refuse_other_forms(resource: Mapping[str, object]) -> None:
    """Refuse other forms of an environment than the REST resource, since none of their fields would be read."""
    api_version = resource.get("apiVersion")
    if isinstance(api_version, str) or "spec" in resource:
        what = "a Kubernetes object"
        if isinstance(api_version, str) and "cnrm.cloud.google.com" in api_version:
            what = "an object of Config Connector"
        raise InvalidInputError(where="apiVersion", expected=_EXPECTED_RESOURCE, seen=what)
    if isinstance(resource.get("config"), list) or resource.get("type") == "google_composer_environment":
        seen = "Terraform's state, in which every block is a list"
        raise InvalidInputError(where="config", expected=_EXPECTED_RESOURCE, seen=seen)


def _copy_mapping(
    mapping: Mapping[Any, object], *, where: str = "", depth: int = 0, is_googles: bool = True
) -> dict[str, object]:
    """Copy a mapping, with the names of Google's fields in REST spelling where its keys are Google's."""
    copied: dict[str, object] = {}
    for key, value in mapping.items():
        if not isinstance(key, str):
            shown = escape(where or "environment", limit=_LONGEST_PLACE)
            raise InvalidInputError(where=shown, expected="text as key", seen=describe(key))
        name = REST_NAMES.get(key, key) if is_googles else key
        place = f"{where}.{name}" if where else name
        if name in copied:
            raise InvalidInputError(where=place, expected="the field once", seen="both spellings")
        if is_googles and value == "" and name in _UNSET_WHERE_EMPTY:
            continue
        is_known = is_googles and key in REST_NAMES and name not in FREE_FORM_MAPS
        copied[name] = _copy_value(value, where=place, depth=depth + 1, is_googles=is_known)
    return copied


def _copy_value(value: object, *, where: str, depth: int, is_googles: bool) -> object:
    if depth > _DEEPEST:
        raise InvalidInputError(where=escape(where, limit=60), expected=f"at most {_DEEPEST} levels", seen="more")
    if isinstance(value, Mapping):
        return _copy_mapping(value, where=where, depth=depth, is_googles=is_googles)
    if isinstance(value, list | tuple):
        return [
            _copy_value(item, where=f"{where}[{index}]", depth=depth + 1, is_googles=is_googles)
            for index, item in enumerate(value)
        ]
    return value
