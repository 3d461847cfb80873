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
    from collections.abc import Sequence

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
    evidence: Sequence[Observation], *, destination: IPAddress | None, vantage: Vantage
) -> tuple[str, ...]:
    """List what vouches for a verdict about the attempts at one address."""
    attempts = [observation for observation in evidence if observation.destination == destination]
    last = choose_deciding(attempts)
    has_source = last is not None and last.observed is not None
    found = {
        "nonce": last is not None and last.nonce_sent,
        "no-proxy-trace": has_source and last is not None and not last.intermediaries,
        "canary-ignored": has_source and last is not None and last.canary is Canary.IGNORED,
        "own-address": last is not None and last.local_address is not None,
        f"worker-by-{vantage.known_by}": vantage.component is Component.WORKER,
    }
    return tuple(word for word, holds in found.items() if holds)
