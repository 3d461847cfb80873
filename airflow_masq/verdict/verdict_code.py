"""The outcomes of verdicts, and the numbers of what was found; ``codes.py`` has what each means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(StrEnum):
    """The result of a verdict, the worst first. Exit codes and dashboards count these four."""

    FAIL = "FAIL"  # an address was seen, and it is not what is needed
    ERROR = "ERROR"  # the probe was not carried out as asked
    INCONCLUSIVE = "INCONCLUSIVE"  # nothing was seen, or what was seen proves nothing
    PASS = "PASS"  # noqa: S105 - an outcome, no password


def find_worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Find the worst outcome; ``INCONCLUSIVE`` if there is none, since seeing nothing is never a PASS."""
    return min(outcomes, key=tuple(Outcome).index, default=Outcome.INCONCLUSIVE)


class VerdictCode(StrEnum):
    """What a check found, by number."""

    EXPECTED_SOURCE = "MASQ401"
    ALLOWED_SOURCE = "MASQ402"
    MASQUERADED = "MASQ403"
    POD_ADDRESS_INTENDED = "MASQ404"
    UNEXPECTED_SOURCE = "MASQ411"
    SOURCE_NOT_ALLOWED = "MASQ412"
    NOT_MASQUERADED = "MASQ413"
    SOMETHING_IN_BETWEEN = "MASQ420"
    NO_ANSWER = "MASQ421"
    NO_ROUTE = "MASQ422"
    RESET = "MASQ423"
    NO_REPLY = "MASQ424"
    AMBIGUOUS_SOURCE = "MASQ425"
    NO_STATED_NEED = "MASQ426"
    UNKNOWN_SOURCE = "MASQ427"
    HIDDEN_BY_NAT = "MASQ428"
    MASQUERADED_UNINTENDED = "MASQ429"
    VANTAGE_IS_NO_WORKER = "MASQ431"
    VANTAGE_IS_NO_POD = "MASQ432"
    VANTAGE_UNKNOWN = "MASQ433"
    POD_RANGES_UNKNOWN = "MASQ434"
    WORKER_TOO_SLOW = "MASQ435"
    REFUSED = "MASQ441"
    NAME_UNRESOLVED = "MASQ442"
    TLS_FAILED = "MASQ443"
    REDIRECTED = "MASQ444"
    HTTP_STATUS = "MASQ445"
    NOT_HTTP = "MASQ446"
    REPLY_WITHOUT_ADDRESS = "MASQ447"
    REPLY_WITH_SEVERAL_ADDRESSES = "MASQ448"
    REPLY_TOO_LARGE = "MASQ449"
    UNUSABLE_TARGET = "MASQ450"
    PROBE_CRASHED = "MASQ451"
    NOT_PROBED = "MASQ452"
    CHECK_REFUSED = "MASQ461"
    CHECK_LOST = "MASQ462"
    REPEATS_CLIENTS = "MASQ471"
    ADDRESS_WITHOUT_ANSWER = "MASQ472"
    ANSWERS_DIFFER = "MASQ473"
    MODEL_DISAGREES = "MASQ491"
    ATTEMPTS_DISAGREE = "MASQ492"
    ADDRESSES_DIFFER = "MASQ493"


@dataclass(frozen=True, kw_only=True)
class CodeMeaning:
    """The meaning of one code.

    :param outcome: the outcome of a verdict with this code; ``None`` for a finding beside a verdict.
    :param title: the code in a few words.
    :param meaning: what was seen, in a sentence.
    :param causes: why that happens.
    :param what_to_do: the next step.
    """

    outcome: Outcome | None
    title: str
    meaning: str
    causes: str
    what_to_do: str
