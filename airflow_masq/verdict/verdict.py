"""What the observations of one target from one vantage come to, as a value.

It guards what must hold however a verdict came about (judged here, or read back from a report): the outcome is its
code's, and nothing that was not seen may pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_masq.observation.observation import Observation, Vantage, choose_deciding
from airflow_masq.verdict.codes import CODES, VerdictCode
from airflow_masq.verdict.outcome import Outcome

if TYPE_CHECKING:
    from netaddr import IPAddress

    from airflow_masq.network.prediction import Prediction
    from airflow_masq.network.ranges import AddressKind


@dataclass(frozen=True, kw_only=True)
class ObservedFinding:
    """A finding beside a verdict, which it does not change.

    :param code: ``MASQ491`` or ``MASQ492``.
    :param message: one sentence.
    """

    code: VerdictCode
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the observations of one target from one vantage come to.

    :param target: the target's name.
    :param vantage: where the probe ran.
    :param node: the block of Pod addresses that names the vantage's node; ``None`` where no address is known.
    :param outcome: the outcome of ``code``.
    :param code: what was found.
    :param expected: what is needed, in a few words; empty where nothing says so.
    :param observed: the last address that an observation holds.
    :param attribution: what that address is in the plan's network.
    :param reason: one sentence.
    :param evidence: every observation, in order.
    :param prediction: what the model expects; ``None`` where it lacks an address to start from.
    :param findings: what else is worth saying.
    :raises ValueError: when the outcome is not the code's, or passes without an address.
    """

    target: str
    vantage: Vantage
    node: str | None
    outcome: Outcome
    code: VerdictCode
    expected: str
    observed: IPAddress | None
    attribution: AddressKind | None
    reason: str
    evidence: tuple[Observation, ...]
    prediction: Prediction | None
    findings: tuple[ObservedFinding, ...]

    def __post_init__(self) -> None:
        if CODES[self.code].outcome is not self.outcome:
            raise ValueError(f"{self.code} does not stand for {self.outcome}")
        last = choose_deciding(self.evidence)
        if self.observed != (last and last.observed) or (self.observed is None) != (self.attribution is None):
            raise ValueError("a verdict holds the last address of its observations, attributed")
        if self.outcome is Outcome.PASS and self.observed is None:
            raise ValueError("nothing that was not seen may pass")
