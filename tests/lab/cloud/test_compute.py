"""The emulated Compute API, asked by Google's own REST client: networks as they are, and refusals in Google's words."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import pytest
from google.api_core import exceptions as google_errors
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1
from google.protobuf import json_format

from lab.cloud import COMPUTE, ComposerEmulator, Nat, Vpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud.compute_v1.services.addresses import AddressesClient
    from google.cloud.compute_v1.services.networks import NetworksClient
    from google.cloud.compute_v1.services.regions import RegionsClient
    from google.cloud.compute_v1.services.routers import RoutersClient
    from google.cloud.compute_v1.services.subnetworks import SubnetworksClient

T = TypeVar("T")

P = "projects/example-project"
R = f"{P}/regions/us-central1"
WHERE: dict[str, Any] = {"project": "example-project", "region": "us-central1"}


class Google:
    """Google's clients of an emulator."""

    def __init__(self, emulator: ComposerEmulator) -> None:
        self._emulator = emulator

    def _connect(self, kind: Any) -> Any:  # noqa: ANN401 - one of Google's client classes
        transport = kind.get_transport_class("rest")(
            host=self._emulator.compute_address,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth is partly untyped
            url_scheme="http",
        )
        return kind(transport=transport)

    @property
    def subnetworks(self) -> SubnetworksClient:
        """The client of subnetworks."""
        client: SubnetworksClient = self._connect(compute_v1.SubnetworksClient)
        return client

    @property
    def routers(self) -> RoutersClient:
        """The client of routers."""
        client: RoutersClient = self._connect(compute_v1.RoutersClient)
        return client

    @property
    def addresses(self) -> AddressesClient:
        """The client of addresses."""
        client: AddressesClient = self._connect(compute_v1.AddressesClient)
        return client

    @property
    def regions(self) -> RegionsClient:
        """The client of regions."""
        client: RegionsClient = self._connect(compute_v1.RegionsClient)
        return client

    @property
    def networks(self) -> NetworksClient:
        """The client of networks."""
        client: NetworksClient = self._connect(compute_v1.NetworksClient)
        return client


@pytest.fixture
def google(emulator: ComposerEmulator) -> Google:
    """Connect Google's clients."""
    return Google(emulator)


async def ask(call: Callable[[], T]) -> T:
    """Call a blocking client outside the event loop in which the emulator runs."""
    return await asyncio.to_thread(call)


async def test_every_project_has_a_default_subnetwork(google: Google) -> None:
    """The default subnetwork has the lab's node range and its secondary ranges."""
    found = await ask(lambda: google.subnetworks.get(**WHERE, subnetwork="default"))
    assert found.ip_cidr_range == "10.128.0.0/20"
    assert found.gateway_address == "10.128.0.1"
    assert {each.range_name for each in found.secondary_ip_ranges} == {
        "pods",
        "services",
        "public-pods",
        "public-services",
    }
    listed = await ask(lambda: [each.name for each in google.subnetworks.list(**WHERE)])
    assert listed == ["default"]


async def test_subnetworks_of_the_emulators_node_ranges_exist() -> None:
    """A subnetwork that the emulator's settings name exists from the start."""
    name = "projects/host/regions/us-central1/subnetworks/s"
    async with ComposerEmulator(node_ranges={name: "10.0.0.0/24"}) as emulator:
        google = Google(emulator)
        found = await ask(lambda: google.subnetworks.get(project="host", region="us-central1", subnetwork="s"))
    assert found.ip_cidr_range == "10.0.0.0/24"


async def test_routers_have_gateways_and_their_addresses(emulator: ComposerEmulator, google: Google) -> None:
    """A router's gateways are those that were added, and its status has the addresses in use."""
    subnetwork = {"name": f"{R}/subnetworks/default", "sourceIpRangesToNat": ["PRIMARY_IP_RANGE"]}
    emulator.vpc.add_address(f"{R}/addresses/a", address="203.0.113.7")
    nats = [
        Nat(name="manual", addresses=[f"{R}/addresses/a"], covers="LIST_OF_SUBNETWORKS", subnetworks=[subnetwork]),
        Nat(name="automatic", allocated=["203.0.113.8"], more={"minPortsPerVm": 64}),
        Nat(name="private", is_private=True),
    ]
    emulator.vpc.add_router(f"{R}/routers/r", network=f"{P}/global/networks/default", nats=nats)
    (router,) = await ask(lambda: list(google.routers.list(**WHERE)))
    assert [(each.name, each.nat_ip_allocate_option, each.type_) for each in router.nats] == [
        ("manual", "MANUAL_ONLY", "PUBLIC"),
        ("automatic", "AUTO_ONLY", "PUBLIC"),
        ("private", "", "PRIVATE"),
    ]
    assert router.nats[0].subnetworks[0].name.endswith(f"{R}/subnetworks/default")
    assert router.nats[1].min_ports_per_vm == 64
    status = (await ask(lambda: google.routers.get_router_status(**WHERE, router="r"))).result
    assert [(list(each.user_allocated_nat_ips), list(each.auto_allocated_nat_ips)) for each in status.nat_status] == [
        (["203.0.113.7"], []),
        ([], ["203.0.113.8"]),
        ([], []),
    ]
    (address,) = await ask(lambda: list(google.addresses.list(**WHERE)))
    assert (address.status, [user.rpartition("/")[2] for user in address.users]) == ("IN_USE", ["r"])
    assert (await ask(lambda: google.routers.get(**WHERE, router="r"))).name == "r"
    assert (await ask(lambda: google.addresses.get(**WHERE, address="a"))).address == "203.0.113.7"


async def test_a_router_may_have_no_gateway(emulator: ComposerEmulator, google: Google) -> None:
    """A router for BGP alone tells no gateway."""
    emulator.vpc.add_router(f"{R}/routers/bare", network=f"{P}/global/networks/default")
    status = (await ask(lambda: google.routers.get_router_status(**WHERE, router="bare"))).result
    assert not status.nat_status


async def test_lists_come_in_pages(emulator: ComposerEmulator, google: Google) -> None:
    """Google's client follows the pages of a list."""
    for number in range(5):
        emulator.vpc.add_address(f"{R}/addresses/a{number}", address=f"203.0.113.{number + 1}")
    request = compute_v1.ListAddressesRequest(**WHERE, max_results=2)
    listed = await ask(lambda: [each.name for each in google.addresses.list(request=request)])
    assert listed == [f"a{number}" for number in range(5)]
    assert emulator.faults.count_calls("addresses.list") == 3
    assert await ask(lambda: list(google.routers.list(**WHERE))) == []


async def test_a_region_has_quotas(emulator: ComposerEmulator, google: Google) -> None:
    """Quotas have limits and use, which a test can set."""
    emulator.vpc.quotas["CPUS"] = (24.0, 23.5)
    region = await ask(lambda: google.regions.get(**WHERE))
    assert [(each.limit, each.usage) for each in region.quotas if each.metric == "CPUS"] == [(24.0, 23.5)]
    network = await ask(lambda: google.networks.get(project="example-project", network="default"))
    assert network.auto_create_subnetworks


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("regions/us-central1/subnetworks/x", 404, f"The resource '{R}/subnetworks/x' was not found"),
        ("regions/us-central1/routers/x/getRouterStatus", 404, f"The resource '{R}/routers/x' was not found"),
        ("regions/nowhere", 404, f"The resource '{P}/regions/nowhere' was not found"),
        ("regions/nowhere/routers", 400, "Invalid value for field 'region': 'nowhere'. Unknown region."),
        ("regions/us-central1/routers?maxResults=x", 400, "Invalid value for field 'maxResults': 'x'."),
        ("regions/us-central1/routers?maxResults=501", 400, "Invalid value for field 'maxResults': '501'."),
        ("regions/us-central1/routers?pageToken=x", 400, "Invalid page token."),
        ("regions/us-central1/routers?filter=x", 501, "The emulator does not know the parameter 'filter'."),
    ],
)
async def test_what_google_refuses_is_refused(emulator: ComposerEmulator, path: str, status: int, words: str) -> None:
    """A wrong request has the status of HTTP and the body of Compute's errors."""

    def get() -> tuple[int, dict[str, Any]]:
        try:
            urllib.request.urlopen(f"http://{emulator.compute_address}/compute/v1/{P}/{path}", timeout=10)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        raise AssertionError("it was accepted")

    code, body = await ask(get)
    assert (code, body["error"]["code"], body["error"]["message"]) == (status, status, words)
    assert body["error"]["errors"][0]["message"] == words


async def test_a_missing_permission_is_named(emulator: ComposerEmulator, google: Google) -> None:
    """The refusal names the permission and the resource, or the project for a list."""
    emulator.access.deny("example-project", "compute.subnetworks.get", "compute.routers.list", "compute.routers.get")
    with pytest.raises(google_errors.Forbidden, match=f"'compute.subnetworks.get' permission for '{R}/subnetworks/d"):
        await ask(lambda: google.subnetworks.get(**WHERE, subnetwork="default"))
    with pytest.raises(google_errors.Forbidden, match=f"Required 'compute.routers.list' permission for '{P}'"):
        await ask(lambda: google.routers.list(**WHERE))
    with pytest.raises(google_errors.Forbidden, match=f"Required 'compute.routers.get' permission for '{R}/routers/r'"):
        await ask(lambda: google.routers.get_router_status(**WHERE, router="r"))


async def test_an_api_that_is_off_says_so(emulator: ComposerEmulator, google: Google) -> None:
    """A project without the API is refused with Google's words and reason."""
    emulator.access.disable("example-project", COMPUTE)
    with pytest.raises(google_errors.Forbidden, match="Compute Engine API has not been used in project") as caught:
        await ask(lambda: google.regions.get(**WHERE))
    assert caught.value.reason == "SERVICE_DISABLED"
    assert caught.value.errors[0]["reason"] == "accessNotConfigured"


async def test_a_fault_of_compute_happens_as_requested(emulator: ComposerEmulator, google: Google) -> None:
    """Requests fail on request as calls of Composer do, before or after they are handled."""
    emulator.faults.fail_next("regions.get", grpc.StatusCode.UNAVAILABLE, "away")
    with pytest.raises(google_errors.ServiceUnavailable, match="away"):
        await ask(lambda: google.regions.get(**WHERE, retry=None))
    emulator.faults.lose_reply("regions.get", grpc.StatusCode.DATA_LOSS, "lost")
    with pytest.raises(google_errors.InternalServerError, match="lost"):
        await ask(lambda: google.regions.get(**WHERE, retry=None))


def test_resources_have_googles_fields_alone() -> None:
    """Every field that the emulator answers with is one of Google's types, which the client would silently drop."""
    vpc = Vpc(default_node_range="10.128.0.0/20", default_secondary_ranges={"pods": "10.4.0.0/14"})
    vpc.add_address(f"{R}/addresses/a", address="203.0.113.7")
    nats = [Nat(name="n", addresses=[f"{R}/addresses/a"]), Nat(name="m", allocated=["203.0.113.8"])]
    vpc.add_router(f"{R}/routers/r", network=f"{P}/global/networks/default", nats=nats)
    for kind, resource in (
        (compute_v1.Subnetwork, vpc.get(f"{R}/subnetworks/default")),
        (compute_v1.Router, vpc.get(f"{R}/routers/r")),
        (compute_v1.Address, vpc.get(f"{R}/addresses/a")),
        (compute_v1.RouterStatus, vpc.get_router_status(f"{R}/routers/r")),
        (compute_v1.Region, vpc.make_region("example-project", region="us-central1")),
    ):
        assert resource is not None
        json_format.ParseDict(resource, kind.pb(kind()))


def test_a_name_of_another_form_is_refused() -> None:
    """A resource that no request could find is not added."""
    vpc = Vpc(default_node_range="10.128.0.0/20", default_secondary_ranges={})
    with pytest.raises(ValueError, match="expected projects/P/regions/R/KIND/NAME, saw 'subnetworks/s'"):
        vpc.add_subnetwork("subnetworks/s", ip_cidr_range="10.0.0.0/24")
    with pytest.raises(ValueError, match="expected projects"):
        vpc.add_router(f"{R}/disks/d", network="n")
    assert vpc.get("projects/p/regions/nowhere/subnetworks/default") is None
