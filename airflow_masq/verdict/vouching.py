"""What vouches for a verdict: the tests that its deciding observation and its vantage stood.

    nonce                the request held a number that no cache can know
    no-proxy-trace       nothing in the reply shows a proxy, a cache or a load balancer
    canary-ignored       the observer did not repeat an invented forwarding header
    own-address          the probing socket knew the Pod's own address
    worker-by-CLUE       it ran on a worker, as ``observation.vantage.Clue`` shows

Reports and dashboards hold these words, so none may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.observation.observation import Canary, Observation, choose_deciding
from airflow_masq.observation.vantage import Clue, Component, Vantage

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from netaddr import IPAddress

VOUCHERS: Final = (
    "nonce",
    "no-proxy-trace",
    "canary-ignored",
    "own-address",
    *(f"worker-by-{clue}" for clue in Clue if clue is not Clue.NONE),
)
"""Every word, in the order in which they stand in a verdict."""


def list_vouchers(
    evidence: Sequence[Observation], *, destinations: Collection[IPAddress | None], vantage: Vantage
) -> tuple[str, ...]:
    """List what vouches for a verdict: the words that hold at each of the addresses that it rests on."""
    found = [
        _list_words(choose_deciding([each for each in evidence if each.destination == destination]))
        for destination in destinations
    ]
    words = {word for word in found[0] if all(word in others for others in found)} if found else set()
    if vantage.component is Component.WORKER:
        words.add(f"worker-by-{vantage.known_by}")
    return tuple(word for word in VOUCHERS if word in words)


def _list_words(last: Observation | None) -> set[str]:
    """List what the deciding observation of one address stood."""
    if last is None:
        return set()
    has_source = last.observed is not None
    holds = {
        "nonce": last.nonce_sent,
        "no-proxy-trace": has_source and not last.intermediaries,
        "canary-ignored": has_source and last.canary is Canary.IGNORED,
        "own-address": last.local_address is not None,
    }
    return {word for word, is_true in holds.items() if is_true}
