"""Every code that a check can end in, in one table; each row becomes a page under ``docs/rules``.

    40x  PASS          the address that was seen is what is needed
    41x  FAIL          it is not
    42x  INCONCLUSIVE  nothing was seen, or what was seen proves nothing
    43x  INCONCLUSIVE  the vantage cannot speak for the environment's workers
    44x  ERROR         the probe was not carried out as asked
    49x  (none)        findings beside a verdict; they never change it

The table holds words, no decisions: those are the judge's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.verdict.outcome import Outcome


class VerdictCode(StrEnum):
    """What a check found, by number."""

    EXPECTED_SOURCE = "MASQ401"
    ALLOWED_SOURCE = "MASQ402"
    MASQUERADED = "MASQ403"
    POD_ADDRESS_INTENDED = "MASQ404"
    UNEXPECTED_SOURCE = "MASQ411"
    SOURCE_NOT_ALLOWED = "MASQ412"
    NOT_MASQUERADED = "MASQ413"
    NO_ANSWER = "MASQ421"
    NO_ROUTE = "MASQ422"
    RESET = "MASQ423"
    NO_REPLY = "MASQ424"
    AMBIGUOUS_SOURCE = "MASQ425"
    NO_STATED_NEED = "MASQ426"
    UNKNOWN_SOURCE = "MASQ427"
    HIDDEN_BY_NAT = "MASQ428"
    MASQUERADED_UNINTENDED = "MASQ429"
    VANTAGE_IS_TRIGGERER = "MASQ431"
    VANTAGE_IS_NO_POD = "MASQ432"
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
    MODEL_DISAGREES = "MASQ491"
    ATTEMPTS_DISAGREE = "MASQ492"


@dataclass(frozen=True, kw_only=True)
class CodeMeaning:
    """What one code tells a person.

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


_PASSED: Final = {
    VerdictCode.EXPECTED_SOURCE: CodeMeaning(
        outcome=Outcome.PASS,
        title="The expected kind of source was seen",
        meaning="The observer saw a source address of the kind that the target's `expect` names.",
        causes="The node translates, or leaves alone, as the plan says it should.",
        what_to_do="Nothing.",
    ),
    VerdictCode.ALLOWED_SOURCE: CodeMeaning(
        outcome=Outcome.PASS,
        title="The source is one that the firewall lets in",
        meaning="The observer saw a source address inside the target's `allowed_sources`.",
        causes="Whichever translation happened on the way, its result is acceptable to that side.",
        what_to_do="Nothing. To be told when the kind of address changes, state `expect` as well.",
    ),
    VerdictCode.MASQUERADED: CodeMeaning(
        outcome=Outcome.PASS,
        title="Masqueraded, as the environment intends",
        meaning="The environment has the IP masquerade agent, and the observer did not see the Pod's address.",
        causes="The agent's rules are in force on this node.",
        what_to_do="Nothing. To hold the target to one kind of address, state `expect`.",
    ),
    VerdictCode.POD_ADDRESS_INTENDED: CodeMeaning(
        outcome=Outcome.PASS,
        title="The Pod address was seen where the policy keeps it",
        meaning="The destination lies in a range that the policy does not masquerade, and the Pod's address was seen.",
        causes=(
            "On Autopilot the cluster's node, Pod and Service ranges are never masqueraded "
            "(https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read "
            "2026-11-22). This says nothing about destinations elsewhere."
        ),
        what_to_do="Nothing. To see masquerading at work, add a target in another subnet or on-premises.",
    ),
}

_FAILED: Final = {
    VerdictCode.UNEXPECTED_SOURCE: CodeMeaning(
        outcome=Outcome.FAIL,
        title="Another kind of source than expected was seen",
        meaning="The observer saw a source address that is not of the kind that the target's `expect` names.",
        causes=(
            "A Pod address in place of a node's: no masquerade rules on that node, a default policy that leaves "
            "private destinations alone, IPv6, or a destination in a non-masquerade range. An address outside all "
            "ranges of the plan: a proxy on the way, an observer that believes an X-Forwarded-For header, or a range "
            "that the plan lacks."
        ),
        what_to_do=(
            "Compare with the other nodes in the report: if only some fail, look at those nodes' rules; if all fail, "
            "look at the environment's policy. Check `expect` and the ranges under `network`."
        ),
    ),
    VerdictCode.SOURCE_NOT_ALLOWED: CodeMeaning(
        outcome=Outcome.FAIL,
        title="The source is one that the firewall does not let in",
        meaning="The observer saw a source address outside the target's `allowed_sources`.",
        causes="The packet was not translated, or translated to an address that nobody announced to that side.",
        what_to_do="Enable masquerading, or have that side's firewall let the observed range in.",
    ),
    VerdictCode.NOT_MASQUERADED: CodeMeaning(
        outcome=Outcome.FAIL,
        title="A Pod address left an environment that masquerades",
        meaning=(
            "The environment has the IP masquerade agent, the destination is in none of its non-masquerade ranges, and "
            "the observer saw the Pod's own address all the same."
        ),
        causes=(
            "The agent does not run on this node, its rules could not be written, an EgressNATPolicy leaves the "
            "destination alone, the connection is IPv6, or the Pod had started moments before."
        ),
        what_to_do="Compare with the other nodes in the report, then look at the cluster's EgressNATPolicy objects.",
    ),
}

_NOTHING_PROVED: Final = {
    VerdictCode.NO_ANSWER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="No answer to the connection attempt",
        meaning="Nothing came back before the time was up, so no source address was seen.",
        causes=(
            "A firewall that drops this source, no route back to it, Cloud NAT that does not cover this range or has "
            "no port left, or an observer that is down."
        ),
        what_to_do="Read the model's explanation in the reason, then that side's firewall log for the source it names.",
    ),
    VerdictCode.NO_ROUTE: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Unreachable",
        meaning="The network reported the destination as unreachable, so no source address was seen.",
        causes="A missing route, a rule on the way that rejects, or an address family that the Pod lacks.",
        what_to_do="Look at the routes of the VPC and at rules that reject rather than drop.",
    ),
    VerdictCode.RESET: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The connection was reset",
        meaning="The connection was established and then reset, so no source address was seen.",
        causes="A middlebox that looks into connections, or an observer that crashed.",
        what_to_do="Try the observer from a host next to it; if that works, look for a middlebox.",
    ),
    VerdictCode.NO_REPLY: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Connected, but no complete reply in time",
        meaning="The observer accepted the connection and did not finish its reply before the time was up.",
        causes="An overloaded observer, a proxy that waits for what is behind it, or a path that loses large packets.",
        what_to_do="Try the observer from a host next to it; raise the time-out if it is merely slow.",
    ),
    VerdictCode.AMBIGUOUS_SOURCE: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The source belongs to two kinds of range",
        meaning="The plan gives the observed address to two kinds of range of the same size.",
        causes="Ranges under `network` that coincide.",
        what_to_do="Correct the plan's ranges, which overlap (MASQ201).",
    ),
    VerdictCode.NO_STATED_NEED: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Nothing says which source is needed",
        meaning="The environment has no masquerade agent, and the target has neither `expect` nor `allowed_sources`.",
        causes="Without either, every source address is as good as another.",
        what_to_do="Add `allowed_sources` (what that side's firewall lets in) or `expect` to the target.",
    ),
    VerdictCode.UNKNOWN_SOURCE: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The source belongs to no range that could decide",
        meaning="The observed address is neither a Pod's nor a node's by the plan, which leaves open what it is.",
        causes=(
            "A proxy on the way, an observer that believes an X-Forwarded-For header, or ranges or NAT addresses that "
            "the plan lacks."
        ),
        what_to_do="Complete `node_ranges`, `pod_ranges` and `nat_addresses` under `network`, or state `expect`.",
    ),
    VerdictCode.HIDDEN_BY_NAT: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Cloud NAT hides whether the node masqueraded",
        meaning="The observer saw Cloud NAT's address, which stands for Pods as well as for nodes here.",
        causes="A public observer behind a Cloud NAT that covers both ranges.",
        what_to_do="Use a private observer outside the cluster's ranges, or state `expect: nat` if that is the need.",
    ),
    VerdictCode.MASQUERADED_UNINTENDED: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Masqueraded where the policy keeps the Pod address",
        meaning=(
            "The destination lies in a non-masquerade range, and the observer saw a node's address. The environment "
            "leaks no Pod address by that, so it is no FAIL; but what was seen is not what the policy says."
        ),
        causes=(
            "The list in force lacks the node or Pod ranges. Composer enables intranode visibility, so peers then see "
            "node addresses, and firewalls and network policies by Pod range no longer match "
            "(https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent, read 2026-11-22; the "
            "consequence is inferred)."
        ),
        what_to_do="Let the non-masquerade destinations include at least the cluster's node and Pod ranges.",
    ),
    VerdictCode.VANTAGE_IS_TRIGGERER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The probe ran in the triggerer",
        meaning="The source was the needed one, but it was the triggerer's, which is another Pod on another node.",
        causes="A deferred task: its trigger runs in the triggerer.",
        what_to_do="Run the check as an ordinary task, which runs on a worker.",
    ),
    VerdictCode.VANTAGE_IS_NO_POD: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The probe's own address is no Pod address",
        meaning="The source was the needed one, but the probing socket's own address is in none of the Pod ranges.",
        causes=(
            "The check ran on a machine outside the cluster, in a Pod on its node's network (which has the node's "
            "address without any masquerading), over loopback, or the plan's `pod_ranges` are incomplete."
        ),
        what_to_do="Run the check on a worker, and list every Pod range of the cluster.",
    ),
}

_NOT_CARRIED_OUT: Final = {
    VerdictCode.REFUSED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The connection was refused",
        meaning="The destination, or a firewall in its name, refused the connection.",
        causes="Nothing listens on that port, or a firewall rejects with a reset.",
        what_to_do="Check the observer's address and port, and that it runs.",
    ),
    VerdictCode.NAME_UNRESOLVED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The observer's name was not resolved",
        meaning="No address was found for the observer's name.",
        causes="A misspelt name, a private zone that this network does not see, or a DNS server that does not answer.",
        what_to_do="Check the name from a worker, or give the observer by address.",
    ),
    VerdictCode.TLS_FAILED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="TLS failed",
        meaning="The TLS handshake with the observer failed, or its certificate could not be verified.",
        causes="An expired certificate, another name in it, a private authority, or a proxy that intercepts.",
        what_to_do="Correct the certificate, or name the authority in the connection's extra as `ca_file`.",
    ),
    VerdictCode.REDIRECTED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The observer redirects",
        meaning="The observer answered with a redirect, which is not followed: it may lead to another network.",
        causes="HTTP that redirects to HTTPS, or a login page.",
        what_to_do="State the final URL in the plan.",
    ),
    VerdictCode.HTTP_STATUS: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The observer answered with an error status",
        meaning="The HTTP status of the observer's answer is not one of success.",
        causes="A wrong path, missing credentials, or a proxy's error page.",
        what_to_do="Check the path; for credentials let the target name a connection (`airflow://CONN_ID`).",
    ),
    VerdictCode.NOT_HTTP: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The answer is no complete HTTP",
        meaning="What came back is not HTTP, or broke off before it was complete.",
        causes="Another service on that port, HTTPS where HTTP was asked or the reverse, or a server that gave up.",
        what_to_do="Check scheme and port.",
    ),
    VerdictCode.REPLY_WITHOUT_ADDRESS: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The reply is no address",
        meaning="The observer answered, but its reply is not one address in a format that is understood.",
        causes="A page for people, a login page, or a service that is no observer.",
        what_to_do="Use an observer that answers with an address as plain text or JSON.",
    ),
    VerdictCode.REPLY_WITH_SEVERAL_ADDRESSES: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The reply holds several addresses",
        meaning="The observer answered with more than one address, and nothing says which is the sender's.",
        causes="An observer that repeats an X-Forwarded-For chain, whose first entries anybody can invent.",
        what_to_do="Let the observer answer with its socket's peer address, and reach it without a proxy.",
    ),
    VerdictCode.REPLY_TOO_LARGE: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The reply is too large",
        meaning="The observer's reply exceeds what an address needs by far, and was not read to its end.",
        causes="A page for people, or a service that is no observer.",
        what_to_do="Use an observer that answers with an address as plain text or JSON.",
    ),
    VerdictCode.UNUSABLE_TARGET: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The target cannot be probed",
        meaning="The target's URL, or the connection that it names, does not describe an observer that can be asked.",
        causes="A scheme without a probe, a misspelt URL, or a connection that is missing or incomplete.",
        what_to_do="Correct the target's `observe`, or create the connection it names.",
    ),
    VerdictCode.PROBE_CRASHED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The probe crashed",
        meaning="The probe ended in an error that it does not know.",
        causes="Exhausted file descriptors or memory on the worker, or a mistake in this package.",
        what_to_do="Read the detail in the report's evidence; if it is no lack of resources, report it.",
    ),
    VerdictCode.NOT_PROBED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="No attempt was made",
        meaning="The target has no observation at all.",
        causes="The check ended before it came to this target.",
        what_to_do="Read the task's log.",
    ),
}

_FINDINGS: Final = {
    VerdictCode.MODEL_DISAGREES: CodeMeaning(
        outcome=None,
        title="The model disagrees",
        meaning="The plan and the policy lead to expect another kind of source than was seen.",
        causes="The plan does not describe the cluster as it is, this node lacks the rules, or the model is wrong.",
        what_to_do="Trust what was seen. Compare the plan with the environment, and the nodes with each other.",
    ),
    VerdictCode.ATTEMPTS_DISAGREE: CodeMeaning(
        outcome=None,
        title="The attempts disagree",
        meaning="Attempts moments apart saw different kinds of answers; the last one decided.",
        causes="The first seconds of a Pod, before its node's rules are complete, or a path that comes and goes.",
        what_to_do="If it happens on new Pods only, delay the first connection; if not, look for an unstable path.",
    ),
}

CODES: Final = MappingProxyType({**_PASSED, **_FAILED, **_NOTHING_PROVED, **_NOT_CARRIED_OUT, **_FINDINGS})
"""What each code means."""


def code_page(code: VerdictCode) -> str:
    """Write the page of one code.

    :param code: the code.
    :return: Markdown, ending in a line end.
    """
    row = CODES[code]
    kind = "none, a finding beside a verdict that never changes it" if row.outcome is None else str(row.outcome)
    return (
        f"# {code}: {row.title}\n\n"
        f"Outcome: {kind} · Provenance: {Provenance.OBSERVED} on a real connection; the causes are "
        f"{Provenance.INFERRED}, unless they name a source\n\n"
        f"## What it means\n\n{row.meaning}\n\n"
        f"## Why it happens\n\n{row.causes}\n\n"
        f"## What to do\n\n{row.what_to_do}\n"
    )
