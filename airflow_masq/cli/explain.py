"""``airflow-masq explain PLAN DEST…``: which source address a destination will see, and why, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.files import read_plan, shown_name
from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrapped
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.arrival import PredictedKind, is_nowhere
from airflow_masq.network.every_pod import predict_every_pod
from airflow_masq.network.prediction import Prediction, predict
from airflow_masq.network.ranges import parse_address
from airflow_masq.text import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from netaddr import IPAddress, IPNetwork

    from airflow_masq.plan import Plan, Target

_INDENT: Final = "    "
_NAMES: Final = {
    PredictedKind.POD: "the Pod's address",
    PredictedKind.NODE: "a node's address",
    PredictedKind.NAT: "Cloud NAT's address",
    PredictedKind.NODE_EXTERNAL: "a node's external address",
}


@dataclass(frozen=True, kw_only=True)
class _Destination:
    """An address somebody asks about, and the plan's targets there, all with the same firewall."""

    address: IPAddress
    targets: tuple[Target, ...]

    @property
    def name(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        return f"{self.address} ({names})" if names else str(self.address)

    @property
    def allowed_sources(self) -> tuple[IPNetwork, ...]:
        """What the firewall there lets in; empty where nobody said."""
        return self.targets[0].allowed_sources if self.targets else ()


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What is said of one destination."""

    destination: _Destination
    prediction: Prediction
    source_kind: PredictedKind
    sources: tuple[IPNetwork, ...]
    allowed: bool | None
    path: tuple[str, ...]


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
        help="the Pod that sends, or its node where the Pod is on its network; default: any "
        "Pod of the plan's Pod ranges, on another node than DEST",
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
    plan.environment.require_own_network()
    destinations = [destination for word in arguments.destinations for destination in _destinations(plan, word)]
    answers = [_answer(plan, destination, arguments) for destination in destinations]
    if arguments.format == "json":
        print_json([_as_json(answer) for answer in answers])
    else:
        print_lines(*_report(answers, name=arguments.plan))
    return 0


def _destinations(plan: Plan, word: str) -> list[_Destination]:
    """Find what is asked about; several where one address stands for targets whose firewalls differ."""
    named = [target for target in plan.targets if target.name == word]
    for target in named:
        if target.address is None:
            raise InvalidInputError(
                where=f"DEST {word}",
                expected="a target whose observe holds a literal address (names are not resolved here)",
                seen=printable(target.observe),
            )
        return [_Destination(address=_travelled_to(target.address, where=f"DEST {word}"), targets=(target,))]
    try:
        address = parse_address(word)
    except InvalidInputError:
        names = [target.name for target in plan.targets]
        nearest = get_close_matches(word, names, n=1)
        hint = f" (did you mean {nearest[0]}?)" if nearest else ""
        expected = f"an IP address or the name of a target{hint}"
        raise InvalidInputError(where="DEST", expected=expected, seen=f"'{printable(word)}'") from None
    address = _travelled_to(address, where="DEST")
    by_firewall: dict[tuple[IPNetwork, ...], list[Target]] = {}
    for target in plan.targets:
        if target.address == address:
            by_firewall.setdefault(target.allowed_sources, []).append(target)
    groups = [_Destination(address=address, targets=tuple(targets)) for targets in by_firewall.values()]
    return groups or [_Destination(address=address, targets=())]


def _travelled_to(address: IPAddress, *, where: str) -> IPAddress:
    """Refuse what no packet leaves a Pod for, since no policy decides about it."""
    if is_nowhere(address):
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


def _answer(plan: Plan, destination: _Destination, arguments: Namespace) -> _Answer:
    """Predict for the Pod that was named, or for whichever Pod sends."""
    address, allowed_sources = destination.address, destination.allowed_sources
    backend = None if arguments.backend is None else _backend(plan, arguments.backend, destination=address)
    if arguments.pod is None:
        if not plan.ranges.pod:
            expected = "a Pod's address, since the plan has no Pod range that could be read (lint says why)"
            raise InvalidInputError(where="--from", expected=expected, seen="none")
        seen = predict_every_pod(
            plan.ranges, policy=plan.policy, destination=address, allowed_sources=allowed_sources, backend=backend
        )
        return _Answer(
            destination=destination,
            prediction=seen.prediction,
            source_kind=seen.source_kind,
            sources=seen.sources,
            allowed=seen.let_in,
            path=_path(plan, seen.prediction, steps=seen.path),
        )
    prediction = predict(
        plan.ranges,
        policy=plan.policy,
        pod=_sender(plan, arguments.pod, destination=address),
        destination=address,
        allowed_sources=allowed_sources,
        backend=backend,
    )
    return _Answer(
        destination=destination,
        prediction=prediction,
        source_kind=prediction.source_kind,
        sources=prediction.sources,
        allowed=prediction.allowed,
        path=_path(plan, prediction, steps=prediction.path),
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


def _as_json(answer: _Answer) -> dict[str, object]:
    prediction = answer.prediction
    return {
        "destination": str(answer.destination.address),
        "source_kind": answer.source_kind.value,
        "source": _shown(answer.sources),
        "masqueraded": prediction.masqueraded,
        "reason": prediction.reason.value,
        "matched_cidr": None if prediction.matched_cidr is None else str(prediction.matched_cidr),
        "allowed": answer.allowed,
        "path": list(answer.path),
    }


def _shown(networks: Iterable[IPNetwork]) -> list[str]:
    return [str(network.ip) if network.size == 1 else str(network) for network in networks]


def _path(plan: Plan, prediction: Prediction, *, steps: tuple[str, ...]) -> tuple[str, ...]:
    is_public = prediction.arrives_as in {PredictedKind.NAT, PredictedKind.DROPPED}
    if not (plan.takes_nodes_for_private and is_public and prediction.masqueraded):
        return steps
    return (*steps, "all this if nodes have no external addresses, which the plan does not say (MASQ212)")


def _report(answers: Sequence[_Answer], *, name: str) -> Iterator[str]:
    for answer in answers:
        yield f"{answer.destination.name}: {_headline(answer)}"
        for number, step in enumerate(answer.path, start=1):
            yield wrapped(step, indent=f"{_INDENT}   ", first=f"{_INDENT}{number}. ")
        yield paint(f"{_INDENT}{answer.prediction.reason} ({answer.prediction.provenance})", colour=Colour.QUIET)
        yield ""
    yield wrapped(_next_step(answers, source=shown_name(name)), indent=_INDENT, first="")


def _headline(answer: _Answer) -> str:
    kind = answer.prediction.arrives_as
    if kind is PredictedKind.DROPPED:
        return f"{paint('dropped', colour=Colour.BAD)} on the way"
    places = ", ".join(_shown(answer.sources))
    arriving = f"{_NAMES[kind]} ({places})" if places else _NAMES[kind]
    if answer.allowed is False:
        return f"{paint('dropped', colour=Colour.BAD)}, since its firewall does not let in {arriving}"
    if answer.allowed:
        return f"sees {paint(arriving, colour=Colour.GOOD)}, which its firewall lets in"
    doubt = ", if its firewall lets that in" if answer.destination.allowed_sources else ""
    return f"sees {paint(arriving, colour=Colour.DOUBTFUL if doubt else Colour.GOOD)}{doubt}"


def _next_step(answers: Sequence[_Answer], *, source: str) -> str:
    if any(answer.source_kind is PredictedKind.DROPPED for answer in answers):
        return (
            f"Next: airflow-masq lint {source} says what would help; where it is a firewall that has to change, "
            f"airflow-masq render {source} --as firewall-request writes what its team needs to know."
        )
    return "Next: a prediction is no observation. See what services really get with the DAG check_source_ip."
