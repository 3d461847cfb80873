"""``airflow-masq explain PLAN DEST…``: which source address a destination will see, and why, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.cli.files import read_plan, shown_name
from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrapped
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network import PredictedKind, Prediction, parse_address, predict
from airflow_masq.network.every_pod import some_pod
from airflow_masq.plan.environment_section import COMPOSER_3, image_of_environment
from airflow_masq.wire.foreign_text import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from netaddr import IPAddress

    from airflow_masq.plan import Plan, Target

_INDENT: Final = "    "
# "This network", loopback, multicast and broadcast (RFC 6890 section 2.2.2, RFC 5771 section 3); unspecified, loopback
# and multicast (RFC 4291 section 2.4).
_NOWHERE: Final = tuple(
    IPNetwork(cidr)
    for cidr in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "ff00::/8")
)
_NAMES: Final = {
    PredictedKind.POD: "the Pod's address",
    PredictedKind.NODE: "a node's address",
    PredictedKind.NAT: "Cloud NAT's address",
    PredictedKind.NODE_EXTERNAL: "a node's external address",
}


@dataclass(frozen=True, kw_only=True)
class _Destination:
    """An address somebody asks about, and the plan's targets there."""

    address: IPAddress
    targets: tuple[Target, ...]

    @property
    def name(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        return f"{self.address} ({names})" if names else str(self.address)

    @property
    def allowed_sources(self) -> tuple[IPNetwork, ...]:
        """What the firewall there lets in; nothing known where the targets behind one address differ."""
        known = {target.allowed_sources for target in self.targets}
        return known.pop() if len(known) == 1 else ()


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes.

    :param parser: the command's parser.
    """
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    parser.add_argument("destinations", metavar="DEST", nargs="+", help="an address, or the name of one of the targets")
    parser.add_argument(
        "--from",
        dest="pod",
        metavar="POD_IP",
        help="the Pod that sends, or its node where the Pod is on its network; default: a Pod of the plan's, on "
        "another node than DEST",
    )
    parser.add_argument(
        "--backend",
        metavar="IP",
        help="the endpoint behind DEST, a Service's address; default: some Pod of the plan's Pod ranges",
    )


def run(arguments: Namespace) -> int:
    """Explain what destinations will see.

    :param arguments: as ``add_arguments`` declared them, and ``format``.
    :return: 0; a prediction is no finding.
    :raises InvalidInputError: when the plan cannot be read or is one of Composer 3, or a destination, the Pod or the
        endpoint is none.
    """
    plan = read_plan(arguments.plan)
    image = image_of_environment(plan.environment)
    if image is not None and image.generation == COMPOSER_3:
        raise InvalidInputError(
            where="environment.config.softwareConfig.imageVersion",
            expected="Composer 1 or 2, since Composer 3 keeps its nodes and Pods out of your network",
            seen=printable(image.text),
        )
    destinations = [_destination(plan, word) for word in arguments.destinations]
    predictions = [
        _predict(plan, destination, pod=arguments.pod, backend=arguments.backend) for destination in destinations
    ]
    if arguments.format == "json":
        pairs = zip(destinations, predictions, strict=True)
        print_json([_as_json(plan, destination, prediction) for destination, prediction in pairs])
    else:
        print_lines(*_report(plan, destinations, predictions, name=arguments.plan))
    return 0


def _destination(plan: Plan, word: str) -> _Destination:
    named = [target for target in plan.targets if target.name == word]
    for target in named:
        if target.address is None:
            raise InvalidInputError(
                where=f"DEST {word}",
                expected="a target whose observe holds a literal address (names are not resolved here)",
                seen=printable(target.observe),
            )
        return _Destination(address=_travelled_to(target.address, where=f"DEST {word}"), targets=(target,))
    try:
        address = parse_address(word)
    except InvalidInputError:
        names = [target.name for target in plan.targets]
        nearest = get_close_matches(word, names, n=1)
        hint = f" (did you mean {nearest[0]}?)" if nearest else ""
        expected = f"an IP address or the name of a target{hint}"
        raise InvalidInputError(where="DEST", expected=expected, seen=f"'{printable(word)}'") from None
    targets = tuple(each for each in plan.targets if each.address == address)
    return _Destination(address=_travelled_to(address, where="DEST"), targets=targets)


def _travelled_to(address: IPAddress, *, where: str) -> IPAddress:
    """Refuse what no packet leaves a Pod for, since no policy decides about it."""
    if any(address in network for network in _NOWHERE):
        expected = "an address that a Pod's packet can travel to"
        raise InvalidInputError(where=where, expected=expected, seen=str(address))
    return address


def _of_version(text: str, *, where: str, destination: IPAddress) -> IPAddress:
    address = parse_address(text, where=where)
    if address.version != destination.version:
        expected = f"an IPv{destination.version} address, as {destination} is one"
        raise InvalidInputError(where=where, expected=expected, seen=str(address))
    return address


def _backend(plan: Plan, text: str, *, destination: IPAddress) -> IPAddress:
    if not any(destination in network for network in plan.ranges.service):
        expected = "only destinations in the plan's Service ranges beside it"
        raise InvalidInputError(where="--backend", expected=expected, seen=str(destination))
    return _travelled_to(_of_version(text, where="--backend", destination=destination), where="--backend")


def _predict(plan: Plan, destination: _Destination, *, pod: str | None, backend: str | None) -> Prediction:
    address = destination.address
    return predict(
        plan.ranges,
        plan.policy,
        pod=_some_pod(plan, destination=address) if pod is None else _sender(plan, pod, destination=address),
        destination=address,
        allowed_sources=destination.allowed_sources,
        backend=None if backend is None else _backend(plan, backend, destination=address),
    )


def _sender(plan: Plan, text: str, *, destination: IPAddress) -> IPAddress:
    """Read the sender's address; where the plan knows its Pods' ranges, no other Pod is its own."""
    sender = _of_version(text, where="--from", destination=destination)
    pods = [network for network in plan.ranges.pod if network.version == sender.version]
    if pods and not any(sender in network for network in (*pods, *plan.ranges.node)):
        listed = ", ".join(map(str, pods))
        expected = f"an address in the plan's Pod ranges, {listed}, or, for a Pod on its node's network, a node's"
        raise InvalidInputError(where="--from", expected=expected, seen=str(sender))
    return sender


def _some_pod(plan: Plan, *, destination: IPAddress) -> IPAddress:
    """Take the Pod that stands for all; where none has the destination's IP version, one of the other."""
    pods = plan.ranges.pod
    if not pods:
        raise InvalidInputError(
            where="--from", expected="a Pod's address, since the plan has no Pod range", seen="none"
        )
    return some_pod(plan.ranges, destination=destination) or pods[0][min(1, pods[0].size - 1)]


def _as_json(plan: Plan, destination: _Destination, prediction: Prediction) -> dict[str, object]:
    return {
        "destination": str(destination.address),
        "source_kind": prediction.source_kind.value,
        "source": _shown(prediction.sources),
        "masqueraded": prediction.masqueraded,
        "reason": prediction.reason.value,
        "matched_cidr": None if prediction.matched_cidr is None else str(prediction.matched_cidr),
        "allowed": prediction.allowed,
        "path": _path(plan, prediction),
    }


def _shown(networks: Iterable[IPNetwork]) -> list[str]:
    return [str(network.ip) if network.size == 1 else str(network) for network in networks]


def _path(plan: Plan, prediction: Prediction) -> list[str]:
    is_public = prediction.arrives_as in {PredictedKind.NAT, PredictedKind.DROPPED}
    if not (plan.takes_nodes_for_private and is_public and prediction.masqueraded):
        return list(prediction.path)
    return [*prediction.path, "all this if nodes have no external addresses, which the plan does not say (MASQ212)"]


def _report(
    plan: Plan, destinations: Sequence[_Destination], predictions: Sequence[Prediction], *, name: str
) -> Iterator[str]:
    for destination, prediction in zip(destinations, predictions, strict=True):
        yield f"{destination.name}: {_headline(prediction)}"
        for number, step in enumerate(_path(plan, prediction), start=1):
            yield wrapped(step, indent=f"{_INDENT}   ", first=f"{_INDENT}{number}. ")
        yield paint(f"{_INDENT}{prediction.reason} ({prediction.provenance})", colour=Colour.QUIET)
        yield ""
    yield wrapped(_next_step(predictions, source=shown_name(name)), indent=_INDENT, first="")


def _headline(prediction: Prediction) -> str:
    if prediction.arrives_as is PredictedKind.DROPPED:
        return f"{paint('dropped', colour=Colour.BAD)} on the way"
    places = ", ".join(_shown(prediction.sources))
    arriving = f"{_NAMES[prediction.arrives_as]} ({places})" if places else _NAMES[prediction.arrives_as]
    if prediction.allowed is False:
        return f"{paint('dropped', colour=Colour.BAD)}, since its firewall does not let in {arriving}"
    let_in = ", which its firewall lets in" if prediction.allowed else ""
    return f"sees {paint(arriving, colour=Colour.GOOD)}{let_in}"


def _next_step(predictions: Sequence[Prediction], *, source: str) -> str:
    if any(prediction.source_kind is PredictedKind.DROPPED for prediction in predictions):
        return (
            f"Next: airflow-masq lint {source} says what would help; where it is a firewall that has to change, "
            f"airflow-masq render {source} --as firewall-request writes what its team needs to know."
        )
    return "Next: a prediction is no observation. See what services really get with the DAG check_source_ip."
