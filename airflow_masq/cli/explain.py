"""``airflow-masq explain PLAN DEST…``: predicts from which source address packets would arrive, step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrap
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.arrival import never_leaves_pod
from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.prediction import Prediction, predict, predict_every_pod
from airflow_masq.network.provenance import Provenance, find_weakest
from airflow_masq.network.ranges import AddressKind, parse_address
from airflow_masq.plan import Plan, Target
from airflow_masq.plan_file import read_plan_file, require_own_network, show_name
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from netaddr import IPAddress, IPNetwork

_INDENT: Final = "    "
_CLOSE_ENOUGH: Final = 0.5
_NAMES: Final = {
    AddressKind.POD: "the Pod's address",
    AddressKind.NODE: "a node's address",
    AddressKind.NAT: "Cloud NAT's address",
    AddressKind.NODE_EXTERNAL: "a node's external address",
}


@dataclass(frozen=True, kw_only=True)
class _Destination:
    """A destination address, and the plan's targets at that address, which all have the same firewall."""

    address: IPAddress
    targets: tuple[Target, ...]

    @property
    def name(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        return f"{self.address} ({names})" if names else str(self.address)

    @property
    def allowed_sources(self) -> tuple[IPNetwork, ...]:
        """The sources that the firewall lets in; empty if the plan does not say."""
        return self.targets[0].allowed_sources if self.targets else ()


@dataclass(frozen=True, kw_only=True)
class _Answer:
    destination: _Destination
    prediction: Prediction


EXIT_CODES: Final = {
    0: "each destination is explained, even if its packets are dropped",
    2: "wrong usage, a plan that cannot be read or is of Composer 3, or a destination without a prediction",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar="PLAN", help="the plan file, or - for standard input")
    parser.add_argument("destinations", metavar="DEST", nargs="+", help="an address, or the name of one of the targets")
    parser.add_argument(
        "--from",
        dest="pod",
        metavar="POD_IP",
        help="the sending Pod, or its node for a Pod on the node's network; default: any Pod of the plan's Pod ranges, "
        "on a different node than DEST",
    )
    parser.add_argument(
        "--backend",
        metavar="IP",
        help="the endpoint behind DEST if DEST is a Service's address; default: a Pod of the plan's Pod ranges",
    )


def run(arguments: Namespace) -> int:
    """Explain from which address packets would arrive at destinations.

    :param arguments: as ``add_arguments`` declared them, and ``format``.
    :return: 0; a prediction is no finding.
    :raises InvalidInputError: when the plan cannot be read or is one of Composer 3, or a destination, the Pod or the
        endpoint is not usable.
    """
    plan = read_plan_file(arguments.plan)
    require_own_network(plan, name=arguments.plan)
    destinations = [each for word in arguments.destinations for each in _find_destinations(plan, word)]
    answers = [_Answer(destination=each, prediction=_predict(plan, each, arguments)) for each in destinations]
    if arguments.format == "json":
        print_json([_make_json(answer) for answer in answers])
    else:
        print_lines(*_write_report(answers, name=arguments.plan))
    return 0


def _find_destinations(plan: Plan, word: str) -> list[_Destination]:
    """Find what a word means; several destinations if targets with different firewalls share one address."""
    for target in plan.targets:
        if target.name != word:
            continue
        where = f"DEST {word}"
        if target.address is None:
            raise InvalidInputError(
                where=where,
                expected="a target whose observe holds a literal address (names are not resolved here)",
                seen=escape(target.observe),
            )
        _require_travel(target.address, where=where)
        return [_Destination(address=target.address, targets=(target,))]
    try:
        address = parse_address(word)
    except InvalidInputError:
        names = [target.name for target in plan.targets]
        nearest = get_close_matches(word, names, n=1, cutoff=_CLOSE_ENOUGH)
        hint = "".join(f"did you mean {name}? " for name in nearest)
        known = f"the targets are {join_words(dict.fromkeys((*nearest, *names)))}" if names else "the plan has none"
        expected = f"an IP address or the name of a target ({hint}{known})"
        raise InvalidInputError(where="DEST", expected=expected, seen=f"'{escape(word)}'") from None
    _require_travel(address, where="DEST")
    by_firewall: dict[tuple[IPNetwork, ...], list[Target]] = {}
    for target in plan.targets:
        if target.address == address:
            by_firewall.setdefault(target.allowed_sources, []).append(target)
    groups = [_Destination(address=address, targets=tuple(targets)) for targets in by_firewall.values()]
    return groups or [_Destination(address=address, targets=())]


def _require_travel(address: IPAddress, *, where: str) -> None:
    """Refuse an address to which no packet leaves a Pod, since no policy applies to it."""
    if never_leaves_pod(address):
        kind = "loopback" if address.is_loopback() else "multicast" if address.is_multicast() else "no host's address"
        expected = "an address that a Pod's packet can travel to"
        seen = f"{address} ({kind}, for which no packet leaves the Pod)"
        raise InvalidInputError(where=where, expected=expected, seen=seen)


def _predict(plan: Plan, destination: _Destination, arguments: Namespace) -> Prediction:
    """Predict for the Pod of ``--from``, otherwise for every Pod."""
    address, allowed_sources = destination.address, destination.allowed_sources
    backend = None if arguments.backend is None else _read_backend(plan, arguments.backend, destination=address)
    if arguments.pod is not None:
        prediction = predict(
            plan.ranges,
            policy=plan.policy,
            pod=_read_sender(plan, arguments.pod, destination=address),
            destination=address,
            allowed_sources=allowed_sources,
            backend=backend,
        )
    else:
        prediction = predict_every_pod(
            plan.ranges, policy=plan.policy, destination=address, allowed_sources=allowed_sources, backend=backend
        )
        if not plan.ranges.pod:
            prediction = _doubt_without_pod_ranges(prediction)
    needs_private_nodes = prediction.masqueraded and prediction.arrives_as in {AddressKind.NAT, AddressKind.DROPPED}
    if plan.takes_nodes_for_private and needs_private_nodes:
        assumption = "this assumes that nodes have no external addresses, which the plan does not say (MASQ212)"
        return replace(prediction, path=(*prediction.path, assumption))
    return prediction


def _doubt_without_pod_ranges(prediction: Prediction) -> Prediction:
    """Qualify a prediction of a plan without Pod ranges, as of a Shared VPC by the names of secondary ranges.

    The kind of source does not depend on the Pod's own address, but the destination could lie in the range that is not
    named. A Pod's packet to another Pod keeps its address as well.
    """
    if prediction.arrives_as is AddressKind.POD:
        unknown = "the plan does not name the Pods' range (network.pod_ranges), so the address itself is not known"
        return replace(prediction, path=(*prediction.path, unknown))
    assumption = "this is wrong if the destination is a Pod, whose range the plan does not name (network.pod_ranges)"
    return replace(
        prediction,
        path=(*prediction.path, assumption),
        provenance=find_weakest(prediction.provenance, Provenance.INFERRED),
    )


def _read_backend(plan: Plan, text: str, *, destination: IPAddress) -> IPAddress:
    if not any(destination in network for network in plan.ranges.service):
        expected = "a destination in the plan's Service ranges"
        raise InvalidInputError(where="--backend", expected=expected, seen=str(destination))
    backend = _read_address_like(destination, text, where="--backend")
    _require_travel(backend, where="--backend")
    return backend


def _read_sender(plan: Plan, text: str, *, destination: IPAddress) -> IPAddress:
    """Read the sender's address; where the plan names Pod ranges, it must be a Pod's or a node's."""
    sender = _read_address_like(destination, text, where="--from")
    pods = [network for network in plan.ranges.pod if network.version == sender.version]
    if pods and not any(sender in network for network in (*pods, *plan.ranges.node)):
        ranges = ", ".join(map(str, pods))
        expected = f"an address in the plan's Pod ranges, {ranges}, or a node's address for a Pod on its node's network"
        raise InvalidInputError(where="--from", expected=expected, seen=str(sender))
    return sender


def _read_address_like(destination: IPAddress, text: str, *, where: str) -> IPAddress:
    address = parse_address(text, where=where)
    if address.version != destination.version:
        expected = f"an IPv{destination.version} address, like {destination}"
        raise InvalidInputError(where=where, expected=expected, seen=str(address))
    return address


def _make_json(answer: _Answer) -> dict[str, object]:
    prediction = answer.prediction
    return {
        "destination": str(answer.destination.address),
        "source_kind": prediction.source_kind.value,
        "source": _list_networks(prediction.sources),
        "masqueraded": prediction.masqueraded,
        "reason": prediction.reason.value,
        "matched_cidr": None if prediction.matched_cidr is None else str(prediction.matched_cidr),
        "allowed": prediction.firewall.allowed,
        "path": list(prediction.path),
    }


def _list_networks(networks: Iterable[IPNetwork]) -> list[str]:
    return [str(network.ip) if network.size == 1 else str(network) for network in networks]


def _write_report(answers: Sequence[_Answer], *, name: str) -> Iterator[str]:
    for answer in answers:
        prediction = answer.prediction
        yield f"{answer.destination.name}: {_summarise(answer)}"
        for number, step in enumerate(prediction.path, start=1):
            yield wrap(step, indent=f"{_INDENT}   ", first=f"{_INDENT}{number}. ")
        yield paint(f"{_INDENT}{prediction.reason} ({prediction.provenance})", colour=Colour.QUIET)
        yield ""
    next_step = "Next: this is a prediction. Run the DAG check_source_ip to see the addresses that services observe."
    if any(answer.prediction.source_kind is AddressKind.DROPPED for answer in answers):
        source = show_name(name)
        next_step = (
            f"Next: run airflow-masq lint {source} to see what helps. If a firewall must change, run airflow-masq "
            f"render {source} --as firewall-request to write the request for its team."
        )
    yield wrap(next_step, indent=_INDENT, first="")


def _summarise(answer: _Answer) -> str:
    prediction = answer.prediction
    kind = prediction.arrives_as
    if kind is AddressKind.DROPPED:
        return f"{paint('dropped', colour=Colour.BAD)} on the way"
    places = ", ".join(_list_networks(prediction.sources))
    source = f"{_NAMES[kind]} ({places})" if places else _NAMES[kind]
    if prediction.firewall is FirewallAnswer.NONE:
        return f"{paint('dropped', colour=Colour.BAD)}, since its firewall does not let in {source}"
    if prediction.firewall is FirewallAnswer.ALL:
        return f"would receive packets from {paint(source, colour=Colour.GOOD)}, which its firewall lets in"
    if not answer.destination.allowed_sources:
        return f"would receive packets from {paint(source, colour=Colour.GOOD)}"
    return f"would receive packets from {paint(source, colour=Colour.DOUBTFUL)}, if its firewall lets that in"
