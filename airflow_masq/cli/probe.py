"""``airflow-masq probe URL…``: asks observers from this machine which source address they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.cli.asking import add_asking_arguments, ask_observers
from airflow_masq.cli.output import Colour, paint, print_json, print_lines, wrap
from airflow_masq.observation.observation import Canary
from airflow_masq.verdict.report_codec import write_observation

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from airflow_masq.observation.observation import Observation

EXIT_CODES: Final = {
    0: "every observer named an address, at each of its own addresses",
    2: "wrong usage",
    3: "an observer named no address",
}

_INDENT: Final = "    "
_OF_CANARY: Final = {
    Canary.REPEATED: "the observer repeats what clients tell it, so its answers prove nothing",
    Canary.OTHER_ADDRESS: "two requests in a row got different addresses, so the way there is not always the same",
    Canary.UNANSWERED: "a request with an invented X-Forwarded-For got no usable answer",
}


@dataclass(frozen=True, kw_only=True)
class _Observer:
    observe: str
    nonce: bool
    canary: bool


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("urls", metavar="URL", nargs="+", help="an observer: http:// or https://")
    add_asking_arguments(parser)
    parser.add_argument("--no-nonce", action="store_true", help="send no random number in the query")
    parser.add_argument(
        "--no-canary", action="store_true", help="send no second request with an invented client address"
    )


def run(arguments: Namespace) -> int:
    """Return 0 if each attempt that counts saw an address, else 3."""
    observers = [
        _Observer(observe=url, nonce=not arguments.no_nonce, canary=not arguments.no_canary) for url in arguments.urls
    ]
    seen = ask_observers(observers, arguments)
    observations = [each for observations in seen for each in observations]
    if arguments.format == "json":
        print_json([write_observation(each) for each in observations])
    else:
        print_lines(*(line for each in observations for line in _describe(each)))
    # Of the attempts at one address the last counts.
    last = {(number, each.destination): each for number, several in enumerate(seen) for each in several}
    return 0 if all(each.observed is not None for each in last.values()) else 3


def _describe(observation: Observation) -> Iterator[str]:
    at = "" if observation.destination is None else f" at {observation.destination}"
    if observation.observed is None:
        yield f"{observation.url}{at}: {paint(str(observation.failure), colour=Colour.BAD)}"
        yield wrap(observation.detail, indent=_INDENT)
    else:
        own = "" if observation.local_address is None else f", sent from {observation.local_address}"
        yield f"{observation.url}{at}: saw {paint(str(observation.observed), colour=Colour.GOOD)}{own}"
    if observation.intermediaries:
        yield wrap(f"something is in between: {'; '.join(observation.intermediaries)}", indent=_INDENT)
    if observation.canary in _OF_CANARY:
        yield wrap(_OF_CANARY[observation.canary], indent=_INDENT)
