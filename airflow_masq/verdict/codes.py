"""All codes of a check, in one table; each row becomes a page under ``docs/rules``.

    40x  PASS          the address that was seen is the address needed
    41x  FAIL          it is not
    42x  INCONCLUSIVE  nothing was seen, or what was seen proves nothing
    43x  INCONCLUSIVE  the vantage cannot speak for the environment's workers
    44x  ERROR         the probe was not carried out as asked
    46x  ERROR         a check of a run left no report: a problem of the report, and no verdict
    49x  (none)        findings beside a verdict; they never change it

The table contains only texts; ``judge.py`` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.sources import link_sources

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
    CHECK_REFUSED = "MASQ461"
    CHECK_LOST = "MASQ462"
    MODEL_DISAGREES = "MASQ491"
    ATTEMPTS_DISAGREE = "MASQ492"


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


_PASSED: Final = {
    VerdictCode.EXPECTED_SOURCE: CodeMeaning(
        outcome=Outcome.PASS,
        title="The expected kind of source was seen",
        meaning="The observer saw a source address of the kind that the target's `expect` names.",
        causes="The node masquerades, or keeps the Pod's address, as the plan says.",
        what_to_do="Nothing.",
    ),
    VerdictCode.ALLOWED_SOURCE: CodeMeaning(
        outcome=Outcome.PASS,
        title="The firewall lets in the source",
        meaning="The observer saw a source address inside the target's `allowed_sources`.",
        causes="That firewall accepts the source address, with or without a translation on the way.",
        what_to_do="Nothing. To notice when the kind of address changes, add `expect` to the target.",
    ),
    VerdictCode.MASQUERADED: CodeMeaning(
        outcome=Outcome.PASS,
        title="Masqueraded, as the environment intends",
        meaning="The environment has the IP masquerade agent, and the observer did not see the Pod's address.",
        causes="The agent's rules are in force on this node.",
        what_to_do="Nothing. To require one kind of address, add `expect` to the target.",
    ),
    VerdictCode.POD_ADDRESS_INTENDED: CodeMeaning(
        outcome=Outcome.PASS,
        title="The Pod address was seen where the policy keeps it",
        meaning="The destination is in a range that the policy does not masquerade, and the Pod's address was seen.",
        causes=(
            "On Autopilot the cluster's node, Pod and Service ranges are never masqueraded "
            "[source: egress-nat-policy-objects]. This proves nothing about other destinations."
        ),
        what_to_do="Nothing. To check masquerading, add a target in another subnet or on-premises.",
    ),
}

_FAILED: Final = {
    VerdictCode.UNEXPECTED_SOURCE: CodeMeaning(
        outcome=Outcome.FAIL,
        title="Another kind of source than expected was seen",
        meaning="The observer saw a source address that is not of the kind that the target's `expect` names.",
        causes=(
            "- A Pod address instead of a node address: the node has no masquerade rules, a default policy keeps Pod "
            "addresses for private destinations, the connection is IPv6, or the destination is in a non-masquerade "
            "range.\n"
            "- An address outside all ranges of the plan: a proxy is on the way, the observer trusts an "
            "X-Forwarded-For header, or the plan lacks a range."
        ),
        what_to_do=(
            "Compare the nodes in the report. If only some nodes fail, check the rules on those nodes. If all nodes "
            "fail, check the environment's policy, then `expect` and the ranges under `network`."
        ),
    ),
    VerdictCode.SOURCE_NOT_ALLOWED: CodeMeaning(
        outcome=Outcome.FAIL,
        title="The firewall does not let in the source",
        meaning="The observer saw a source address outside the target's `allowed_sources`.",
        causes="The packet was not translated, or was translated to an address that is not in `allowed_sources`.",
        what_to_do="Enable masquerading, or ask the firewall's team to let in the observed address.",
    ),
    VerdictCode.NOT_MASQUERADED: CodeMeaning(
        outcome=Outcome.FAIL,
        title="A Pod address left an environment that masquerades",
        meaning=(
            "The environment has the IP masquerade agent, and the destination is in none of its non-masquerade ranges, "
            "but the observer saw the Pod's own address."
        ),
        causes=(
            "The agent does not run on this node, its rules could not be written, an EgressNATPolicy exempts the "
            "destination, the connection is IPv6, or the Pod had just started."
        ),
        what_to_do="Compare the nodes in the report, then check the cluster's EgressNATPolicy objects.",
    ),
}

_NOTHING_PROVED: Final = {
    VerdictCode.SOMETHING_IN_BETWEEN: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Something is between the Pod and the observer",
        meaning=(
            "The reply shows a proxy, a cache or a load balancer, or it names an address that only the observer's own "
            "host can have. So the address proves nothing about the Pod's packets, even if it looks right."
        ),
        causes=(
            "A transparent proxy on the node or in the network intercepts HTTP. The observer is behind an ingress, "
            "a load balancer or a service mesh's sidecar, which shows 127.0.0.1 or its own address. A cache answers "
            "instead of the observer."
        ),
        what_to_do=(
            "Read the reason, which names what was seen. Use an observer that the Pod reaches without a proxy, for "
            "example on a port that no proxy intercepts, over HTTPS, or without a sidecar. Let it answer with the "
            "peer address of its socket."
        ),
    ),
    VerdictCode.NO_ANSWER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="No answer to the connection attempt",
        meaning="No answer came back within the time limit, so no source address was seen.",
        causes=(
            "A firewall drops this source, there is no route back to it, Cloud NAT does not cover this range or has no "
            "port left, or the observer is down."
        ),
        what_to_do=(
            "Read the reason, which names the source that the model expects. Look for that source in the log of the "
            "firewall on the observer's side."
        ),
    ),
    VerdictCode.NO_ROUTE: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Unreachable",
        meaning="The network reported the destination as unreachable, so no source address was seen.",
        causes="A route is missing, a firewall rule rejects the packet, or the Pod has no address of that IP version.",
        what_to_do="Check the routes of the VPC, and firewall rules that reject packets.",
    ),
    VerdictCode.RESET: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The connection was reset",
        meaning="The connection was established and then reset, so no source address was seen.",
        causes="A middlebox inspects connections, or the observer crashed.",
        what_to_do="Ask the observer from a host next to it. If that works, look for a middlebox on the way.",
    ),
    VerdictCode.NO_REPLY: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Connected, but no complete reply in time",
        meaning="The observer accepted the connection but did not finish its reply within the time limit.",
        causes="The observer is overloaded, a proxy waits for its backend, or the path loses large packets.",
        what_to_do="Ask the observer from a host next to it. If it is only slow, raise the time limit.",
    ),
    VerdictCode.AMBIGUOUS_SOURCE: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The source belongs to two kinds of range",
        meaning="The observed address is in two ranges of the plan that have the same size and different purposes.",
        causes="Two ranges under `network` are the same.",
        what_to_do="Correct the ranges under `network`. MASQ201 reports which ones overlap.",
    ),
    VerdictCode.NO_STATED_NEED: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Nothing says which source is needed",
        meaning="The environment has no masquerade agent, and the target has no `expect` and no `allowed_sources`.",
        causes="Without these, no source address is right or wrong.",
        what_to_do="Add `allowed_sources` (the sources that the firewall lets in) or `expect` to the target.",
    ),
    VerdictCode.UNKNOWN_SOURCE: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The source is in no known range",
        meaning="The ranges of the plan do not show what the observed address is.",
        causes=(
            "A proxy is on the way, the observer trusts an X-Forwarded-For header, or the plan lacks ranges or NAT "
            "addresses."
        ),
        what_to_do=(
            "Complete `node_ranges`, `pod_ranges` and `nat_addresses` under `network`, or add `expect` to the target."
        ),
    ),
    VerdictCode.HIDDEN_BY_NAT: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Cloud NAT hides whether the node masqueraded",
        meaning="The observer saw Cloud NAT's address, which here can replace a Pod's or a node's address.",
        causes="The observer is public, and Cloud NAT does not cover only the nodes.",
        what_to_do="Use a private observer outside the cluster's ranges. If Cloud NAT is what you check, add `expect: "
        "nat`.",
    ),
    VerdictCode.MASQUERADED_UNINTENDED: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Masqueraded where the policy keeps the Pod address",
        meaning=(
            "The destination is in a non-masquerade range, but the observer saw a node's address. The policy says "
            "otherwise. This is not a FAIL, since no Pod address was seen."
        ),
        causes=(
            "The list in force lacks the node or Pod ranges. Composer enables intranode visibility, so Pods and nodes "
            "then get node addresses, and firewall rules and network policies for Pod ranges no longer match "
            "[source: composer-agent-caution]. That they no longer match is inferred."
        ),
        what_to_do="Add at least the cluster's node and Pod ranges to the non-masquerade destinations.",
    ),
    VerdictCode.VANTAGE_IS_TRIGGERER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The probe ran in the triggerer",
        meaning="The source is as needed, but it is the source of the triggerer, which is not a worker.",
        causes="The task was deferred, and its trigger runs in the triggerer.",
        what_to_do="Run the check as an ordinary task, which runs on a worker.",
    ),
    VerdictCode.VANTAGE_IS_NO_POD: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The probe's own address is not a Pod address",
        meaning=(
            "The probe's own address is in none of the plan's Pod ranges, so the observation proves nothing about "
            "workers and their nodes."
        ),
        causes=(
            "The check ran on a machine outside the cluster, over loopback, or in a Pod on its node's network, which "
            "has the node's address without masquerading. Or the plan's `pod_ranges` are incomplete."
        ),
        what_to_do="Run the check on a worker, and list every Pod range of the cluster.",
    ),
}

_NOT_CARRIED_OUT: Final = {
    VerdictCode.REFUSED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The connection was refused",
        meaning="The destination, or a firewall in front of it, refused the connection.",
        causes="Nothing listens on that port, or a firewall rejects with a reset.",
        what_to_do="Check that the observer is running, and check its address and port.",
    ),
    VerdictCode.NAME_UNRESOLVED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The observer's name was not resolved",
        meaning="No address was found for the observer's name.",
        causes="The name is misspelt, this network cannot use its private zone, or the DNS server does not answer.",
        what_to_do="Resolve the name on a worker, or write the observer's address instead of its name.",
    ),
    VerdictCode.TLS_FAILED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="TLS failed",
        meaning="The TLS handshake with the observer failed, or its certificate could not be verified.",
        causes=(
            "The certificate has expired, is for another name or is signed by a private authority, or a proxy "
            "intercepts the connection."
        ),
        what_to_do="Correct the certificate, or name the authority in the connection's extra as `ca_file`.",
    ),
    VerdictCode.REDIRECTED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The observer redirects",
        meaning="The observer answered with a redirect. It is not followed, since it may lead to another network.",
        causes="HTTP redirects to HTTPS, or to a login page.",
        what_to_do="Write the final URL into the plan.",
    ),
    VerdictCode.HTTP_STATUS: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The observer answered with an error status",
        meaning="The HTTP status of the observer's answer is not a success.",
        causes="The path is wrong, credentials are missing, or a proxy answered.",
        what_to_do="Check the path. If credentials are needed, name a connection in the target (`airflow://CONN_ID`).",
    ),
    VerdictCode.NOT_HTTP: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The answer is not a complete HTTP response",
        meaning="The answer is not HTTP, or it ended before it was complete.",
        causes="Another service uses that port, the URL has http instead of https or the reverse, or the server "
        "stopped.",
        what_to_do="Check the scheme and the port of the URL.",
    ),
    VerdictCode.REPLY_WITHOUT_ADDRESS: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The reply is not an address",
        meaning="The observer answered, but its reply is not one address in a known format.",
        causes="The URL leads to a web page, a login page, or a service that is not an observer.",
        what_to_do="Use an observer that answers with an address as plain text or JSON.",
    ),
    VerdictCode.REPLY_WITH_SEVERAL_ADDRESSES: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The reply holds several addresses",
        meaning="The observer answered with more than one address, and none of them is marked as the sender's.",
        causes="The observer repeats an X-Forwarded-For chain. Any sender can invent its first entries.",
        what_to_do="Let the observer answer with the peer address of its socket, and reach it without a proxy.",
    ),
    VerdictCode.REPLY_TOO_LARGE: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The reply is too large",
        meaning="The observer's reply is much longer than an address, and was not read to its end.",
        causes="The URL leads to a web page, or to a service that is not an observer.",
        what_to_do="Use an observer that answers with an address as plain text or JSON.",
    ),
    VerdictCode.UNUSABLE_TARGET: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The target cannot be probed",
        meaning="The target's URL, or the connection that it names, does not describe an observer that can be asked.",
        causes="There is no probe for the scheme, the URL is misspelt, or the connection is missing or incomplete.",
        what_to_do="Correct the target's `observe`, or create the connection that it names.",
    ),
    VerdictCode.PROBE_CRASHED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="The probe crashed",
        meaning="The probe ended in an unexpected error.",
        causes="The worker has no file descriptors or memory left, or this package has a bug.",
        what_to_do="Read the detail in the report's evidence. If the worker does not lack resources, report the bug.",
    ),
    VerdictCode.NOT_PROBED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="No attempt was made",
        meaning="There is no observation of the target.",
        causes="The check ended before it asked this target's observer.",
        what_to_do="Read the task's log.",
    ),
}

_LOST: Final = {
    VerdictCode.CHECK_REFUSED: CodeMeaning(
        outcome=Outcome.ERROR,
        title="A check could not be carried out",
        meaning="A check ended before it had a report. The message states the reason. The check proved nothing.",
        causes=(
            "The plan's file is not on the worker or is not a plan, the plan has no targets, or a setting of the task "
            "cannot be used."
        ),
        what_to_do=(
            "Correct what the message names, then run the DAG again. `airflow-masq lint PLAN` reads a plan as the "
            "check does."
        ),
    ),
    VerdictCode.CHECK_LOST: CodeMeaning(
        outcome=Outcome.ERROR,
        title="A check left neither a report nor a reason",
        meaning="A check of the run left no report, or a text that is not a report. It proved nothing.",
        causes=(
            "The worker was stopped or ran out of memory. The task was marked by hand, exceeded its time limit or "
            "never ran. Or another task wrote its XCom."
        ),
        what_to_do="Read the log of the task that the message names. If it has none, read the worker's log.",
    ),
}

_FINDINGS: Final = {
    VerdictCode.MODEL_DISAGREES: CodeMeaning(
        outcome=None,
        title="The model disagrees",
        meaning="The observer saw another kind of source than the model expects from the plan and the policy.",
        causes="The plan does not describe the cluster as it is, this node lacks the rules, or the model is wrong.",
        what_to_do="Trust what was seen. Compare the plan with the environment, and the nodes with each other.",
    ),
    VerdictCode.ATTEMPTS_DISAGREE: CodeMeaning(
        outcome=None,
        title="The attempts disagree",
        meaning=(
            "Several attempts, or several checks on one worker, saw different kinds of answers. The last address of "
            "the attempts decides, and the worst verdict of the checks."
        ),
        causes="The Pod had just started and its node's rules were not complete, or the path is unstable.",
        what_to_do="If only new Pods are affected, delay their first connection. Otherwise, look for an unstable path.",
    ),
}

CODES: Final = MappingProxyType({**_PASSED, **_FAILED, **_NOTHING_PROVED, **_NOT_CARRIED_OUT, **_LOST, **_FINDINGS})
"""What each code means."""


def find_code(problem: str) -> VerdictCode | None:
    """Find the code that a report's problem begins with; ``None`` where it has none."""
    code = problem.partition(" ")[0]
    return VerdictCode(code) if code in set(VerdictCode) else None


def write_code_page(code: VerdictCode) -> str:
    """Write the page of one code as Markdown."""
    row = CODES[code]
    kind = "none, a finding beside a verdict that never changes it" if row.outcome is None else str(row.outcome)
    return (
        f"# {code}: {row.title}\n\n"
        f"Outcome: {kind} · Provenance: {Provenance.OBSERVED} on a real connection; the causes are "
        f"{Provenance.INFERRED}, unless they name a source\n\n"
        f"## What it means\n\n{row.meaning}\n\n"
        f"## Why it happens\n\n{link_sources(row.causes)}\n\n"
        f"## What to do\n\n{row.what_to_do}\n"
    )
