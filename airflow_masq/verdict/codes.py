"""All codes of a check, in one table; each row becomes a page under ``docs/rules``.

    40x  PASS          the address that was seen is the address needed
    41x  FAIL          it is not
    42x  INCONCLUSIVE  nothing was seen, or what was seen proves nothing
    43x  INCONCLUSIVE  the vantage cannot speak for the environment's workers, or the worker was too slow
    44x  ERROR         the probe was not carried out as asked
    46x  ERROR         a check of a run left no report: a problem of the report, and no verdict
    47x  INCONCLUSIVE  what was seen proves nothing, continued from 42x
    49x  (none)        findings beside a verdict; they never change it

The table contains only texts; ``judge.py`` decides.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.sources import link_sources
from airflow_masq.verdict.inconclusive_codes import INCONCLUSIVE_CODES
from airflow_masq.verdict.verdict_code import CodeMeaning, Outcome, VerdictCode, find_worst

__all__ = [
    "CODES",
    "CodeMeaning",
    "Outcome",
    "VerdictCode",
    "find_code",
    "find_worst",
    "write_code_page",
]


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
            "On Autopilot the cluster's node, Pod and Service ranges are never masqueraded [source: "
            "egress-nat-policy-objects]. This proves nothing about other destinations."
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
        causes=(
            "Another service uses that port, the URL has http instead of https or the reverse, or the server stopped."
        ),
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
            "Several attempts at one address, or several checks on one worker, saw different kinds of answers. Of the"
            " attempts, the last one with an address decides. Of the checks, the worst verdict is kept."
        ),
        causes="The Pod had just started and its node's rules were not complete, or the path is unstable.",
        what_to_do="If only new Pods are affected, delay their first connection. Otherwise, look for an unstable path.",
    ),
    VerdictCode.ADDRESSES_DIFFER: CodeMeaning(
        outcome=None,
        title="The observer's addresses differ",
        meaning=(
            "The observer's name has several addresses, and they saw different kinds of source, or some gave no "
            "answer. The worst of them is the verdict."
        ),
        causes=("The addresses are in networks that the policy treats differently, one is IPv6, or a server is down."),
        what_to_do=(
            'Compare the addresses that the message names. You can ignore an IPv6 address that is marked "no packet '
            'left this Pod": the cluster has no IPv6.'
        ),
    ),
}

CODES: Final = MappingProxyType({**_PASSED, **_FAILED, **INCONCLUSIVE_CODES, **_NOT_CARRIED_OUT, **_LOST, **_FINDINGS})
"""What each code means."""


def find_code(problem: str) -> VerdictCode | None:
    """Find the code that a report's problem begins with; ``None`` if it has none."""
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
