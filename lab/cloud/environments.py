"""The emulated ``google.cloud.orchestration.airflow.service.v1.Environments``: create, get, list, update, delete.

All other methods of that service (commands, snapshots, workloads) answer UNIMPLEMENTED.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import grpc
from google.cloud.orchestration.airflow.service_v1.types import (
    CreateEnvironmentRequest,
    DeleteEnvironmentRequest,
    Environment,
    GetEnvironmentRequest,
    ListEnvironmentsRequest,
    ListEnvironmentsResponse,
    NodeConfig,
    UpdateEnvironmentRequest,
)
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from lab.cloud.access import COMPOSER, Access
from lab.cloud.dispatch import Method, Service
from lab.cloud.errors import ApiError, InvalidArgumentError
from lab.cloud.lifecycle import Lifecycle
from lab.cloud.names import EnvironmentName, Parent
from lab.cloud.regions import REGIONS
from lab.cloud.store import Store, cut_page
from lab.cloud.updates import read_update_mask
from lab.cloud.validation import Surroundings, accept_new_environment
from lab.cloud.vpc import Vpc

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SERVICE: Final = "google.cloud.orchestration.airflow.service.v1.Environments"


class Environments:
    """The handlers of the Environments service.

    :param surroundings: what requests for new environments are checked against.
    :param vpc: the networks; in a subnetwork all of whose ranges it knows, they count instead of the surroundings'.
    """

    def __init__(
        self, *, store: Store, lifecycle: Lifecycle, surroundings: Surroundings, access: Access, vpc: Vpc
    ) -> None:
        self._store = store
        self._vpc = vpc
        self._lifecycle = lifecycle
        self._surroundings = surroundings
        self._access = access

    def make_service(self) -> Service:
        """Return the table of methods."""
        write_operation = operations_pb2.Operation.SerializeToString
        read_list, write_list = ListEnvironmentsRequest.deserialize, ListEnvironmentsResponse.serialize
        methods = (
            Method("CreateEnvironment", CreateEnvironmentRequest.deserialize, self._create, write_operation),
            Method("GetEnvironment", GetEnvironmentRequest.deserialize, self._get, Environment.serialize),
            Method("ListEnvironments", read_list, self._list, write_list),
            Method("UpdateEnvironment", UpdateEnvironmentRequest.deserialize, self._update, write_operation),
            Method("DeleteEnvironment", DeleteEnvironmentRequest.deserialize, self._delete, write_operation),
        )
        return Service(name=_SERVICE, methods=methods)

    def _require(self, parent: Parent, permission: str) -> None:
        """Refuse a call that the caller may not make, in words seen with a creation [source: composer-caller-denied].

        :raises ApiError: PERMISSION_DENIED.
        """
        self._access.require_enabled(COMPOSER, project=parent.project)
        if self._access.is_denied(parent.project, f"composer.environments.{permission}"):
            raise ApiError(grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")

    def _create(self, request: CreateEnvironmentRequest) -> operations_pb2.Operation:
        self._require(Parent.parse(request.parent), "create")
        # Whether the service checks the request or the taken name first is not verified.
        node, surroundings = request.environment.config.node_config, self._surroundings
        known = self._vpc.find_complete(node.subnetwork)
        if known is not None:
            primary, secondary = known
            nodes = {**surroundings.node_ranges, node.subnetwork: primary}
            surroundings = replace(surroundings, node_ranges=nodes, secondary_ranges=secondary)
        accepted = accept_new_environment(request, surroundings=surroundings)
        if known is not None and (missing := list(_find_missing_ranges(node, secondary=known[1]))):
            raise InvalidArgumentError.from_problems(missing)
        return self._lifecycle.create(accepted)

    def _get(self, request: GetEnvironmentRequest) -> Environment:
        name = EnvironmentName.parse(request.name)
        self._require(name.parent, "get")
        return self._store.get_environment(str(name))

    def _list(self, request: ListEnvironmentsRequest) -> ListEnvironmentsResponse:
        parent = Parent.parse(request.parent)
        self._require(parent, "list")
        # The wildcard "-" is no location either [source: composer-unexpected-location, composer-no-wildcard].
        if parent.location not in REGIONS:
            raise InvalidArgumentError(f"Unexpected location: {parent.location}")
        found = self._store.list_environments(parent)
        page, token = cut_page(found, page_size=request.page_size, page_token=request.page_token)
        return ListEnvironmentsResponse(environments=page, next_page_token=token)

    def _update(self, request: UpdateEnvironmentRequest) -> operations_pb2.Operation:
        self._require(EnvironmentName.parse(request.name).parent, "update")
        name, patched_name = request.name, request.environment.name
        if patched_name not in ("", name):
            raise InvalidArgumentError(f"Environment name '{patched_name}' does not match the request's '{name}'.")
        update = read_update_mask(tuple(request.update_mask.paths))
        patch = Environment(request.environment)
        return self._lifecycle.update(name, lambda environment: update.apply(environment, patch=patch))

    def _delete(self, request: DeleteEnvironmentRequest) -> operations_pb2.Operation:
        self._require(EnvironmentName.parse(request.name).parent, "delete")
        return self._lifecycle.delete(request.name)


def _find_missing_ranges(node: NodeConfig, *, secondary: Collection[str]) -> Iterator[str]:
    """Find the secondary ranges that a request names and its subnetwork lacks.

    The words are GKE's of Pods, seen as its own answer [source: gke-secondary-range-missing]. That Composer repeats
    them before a creation starts, and the word of Services, are not verified.
    """
    policy = node.ip_allocation_policy
    named = {"Pod": policy.cluster_secondary_range_name, "Services": policy.services_secondary_range_name}
    network = f"https://www.googleapis.com/compute/v1/{node.network}"
    subnetwork = node.subnetwork.rpartition("/")[2]
    for purpose, name in named.items():
        if name and name not in secondary:
            yield f'{purpose} secondary range "{name}" not found in network "{network}", subnetwork "{subnetwork}".'
