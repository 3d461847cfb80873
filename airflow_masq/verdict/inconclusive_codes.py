"""What the codes 42x, 43x and 47x mean: nothing was seen, or what was seen proves nothing."""

from __future__ import annotations

from typing import Final

from airflow_masq.verdict.verdict_code import CodeMeaning, Outcome, VerdictCode

INCONCLUSIVE_CODES: Final = {
    VerdictCode.SOMETHING_IN_BETWEEN: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Something is between the Pod and the observer",
        meaning=(
            "The reply shows a proxy, a cache or a load balancer, or it names an address that only the observer's own"
            " host can have, or several nodes show the same node address. So the address proves nothing about the "
            "Pod's packets, even if it looks right."
        ),
        causes=(
            "A transparent proxy on the node or in the network intercepts HTTP. The observer is behind an ingress, a "
            "load balancer or a service mesh's sidecar, which shows 127.0.0.1 or its own address. A cache answers "
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
        what_to_do=(
            "Use a private observer outside the cluster's ranges. If Cloud NAT is what you check, add `expect: nat`."
        ),
    ),
    VerdictCode.MASQUERADED_UNINTENDED: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Masqueraded where the policy keeps the Pod address",
        meaning=(
            "The destination is in a non-masquerade range, but the observer saw a node's address. The policy says "
            "otherwise. This is not a FAIL, since no Pod address was seen."
        ),
        causes=(
            "The list in force lacks the node or Pod ranges. Composer enables intranode visibility, so Pods and nodes"
            " then get node addresses, and firewall rules and network policies for Pod ranges no longer match "
            "[source: composer-agent-caution]. That they no longer match is inferred."
        ),
        what_to_do="Add at least the cluster's node and Pod ranges to the non-masquerade destinations.",
    ),
    VerdictCode.VANTAGE_IS_NO_WORKER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The probe did not run on a worker",
        meaning=(
            "The probe ran in the triggerer, a scheduler, a DAG processor or the web server. That Pod is not a worker's"
            " and is often on another node, so a right address proves nothing about workers."
        ),
        causes=(
            "The task was deferred, and its trigger ran in the triggerer. Or someone started the check in that Pod, "
            "for example with `airflow tasks test`."
        ),
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
    VerdictCode.VANTAGE_UNKNOWN: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Nothing shows that the probe ran on a worker",
        meaning=(
            "The source is as needed, but neither the environment variables nor the hostname nor the labels of the Pod "
            "show which component the probe ran in. Another machine can have a right address by chance."
        ),
        causes=(
            "The check ran on a workstation, in a Pod of another program, or in a Pod of the KubernetesPodOperator, "
            "which is named after its task and has none of Airflow's variables."
        ),
        what_to_do=(
            "Run the check as a task of the environment. In a Pod that represents a worker, mount its labels with the "
            "downward API at `/etc/podinfo/labels`, or set the environment variable `AIRFLOW_MASQ_COMPONENT=worker`."
        ),
    ),
    VerdictCode.POD_RANGES_UNKNOWN: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The plan does not say which addresses Pods have",
        meaning=(
            "The source is as needed, but the plan lacks Pod ranges of this IP version, so it is not known whether the "
            "probe ran in a Pod of the cluster."
        ),
        causes="The plan leaves the Pod range to Google, or lacks the IPv6 range of a dual-stack cluster.",
        what_to_do=(
            "Add `network.pod_ranges` to the plan, for example from the environment's `ipAllocationPolicy` or the "
            "cluster's page in the Google Cloud console."
        ),
    ),
    VerdictCode.WORKER_TOO_SLOW: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The worker itself was too slow",
        meaning=(
            "The probing process did not get to run in time, so it cannot tell whether the observer answered. This "
            "says nothing about the observer or the network."
        ),
        causes="The worker has too little CPU, many tasks run on it at once, or too many targets were asked at once.",
        what_to_do="Run the check with fewer targets at once, with a longer time limit, or while the worker is idle.",
    ),
    VerdictCode.REPEATS_CLIENTS: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="The observer repeats what clients tell it",
        meaning=(
            "One more request carried an invented address in its forwarding headers (a canary), and the observer named "
            "that address. It reports what a header says, not where a connection comes from, so any proxy on the way "
            "can make its answer look right."
        ),
        causes="The observer trusts `X-Forwarded-For` or a similar header from any client, as httpbin's `/ip` does.",
        what_to_do=(
            "Let the observer answer with the peer address of its socket, for example nginx with "
            "`return 200 $remote_addr`. If you know that nothing is in between, set `canary: false` on the target; the "
            "verdict is then not vouched for by the canary."
        ),
    ),
    VerdictCode.ADDRESS_WITHOUT_ANSWER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="One of the observer's addresses gave no answer",
        meaning=(
            "The observer's name has several addresses. Some saw the source that is needed, but at least one gave no "
            "usable answer. A firewall that drops a leaked Pod address looks the same, so the target does not pass."
        ),
        causes=(
            "A server behind the name is down or refuses, the route to its network is missing, or that side's firewall "
            "drops this source."
        ),
        what_to_do=(
            "The reason names the address. Repair that server, or remove its address from DNS. To judge the addresses "
            "separately, write each as a target of its own."
        ),
    ),
    VerdictCode.ANSWERS_DIFFER: CodeMeaning(
        outcome=Outcome.INCONCLUSIVE,
        title="Two requests in a row were answered with different addresses",
        meaning=(
            "Each answer is tested by a second request, moments later. The second one saw the source that is needed, "
            "but the first one saw another source, which is not. So some connections may still show a wrong address."
        ),
        causes=(
            "The node's rules were being written just then, they masquerade only some of the connections, or there are "
            "several ways to the observer."
        ),
        what_to_do=(
            "Run the check again. If the answers still differ, compare the node's rules, and look for a second way to "
            "the observer, such as a proxy or a load balancer."
        ),
    ),
}
