"""Reports are shown as a table."""

from __future__ import annotations

import dataclasses

from airflow_masq.verdict import add_history, render_table
from tests.verdict.reports import NEED, failing, passing, report, silent
from tests.verdict.scenes import PUBLIC, vantage, verdict_of

TABLE = """\
ENVIRONMENT  NODE            TARGET  EXPECTED    OBSERVED           VERDICT       CODE     REASON
-----------  --------------  ------  ----------  -----------------  ------------  -------  ------------------------------------------------------------------------
example      192.168.0.0/26  erp     node        10.128.0.2 (node)  PASS          MASQ401  The observer saw 10.128.0.2 (node), as expected.
example      192.168.0.0/26  erp     node        192.168.0.2 (pod)  FAIL          MASQ411  The observer saw 192.168.0.2 (pod) where node is expected; this node
                                                                                           does not masquerade as the policy says. MASQ491: The model expects
                                                                                           source 10.128.0.0/20 (node), but 192.168.0.2 (pod) was seen.
example      192.168.0.0/26  erp     10.0.0.0/8  -                  INCONCLUSIVE  MASQ421  No answer within 3 s (the last of 2 attempts); the model expects source
                                                                                           10.128.0.0/20 (node), which allowed_sources 10.0.0.0/8 lets in: look for
                                                                                           a missing route back, an observer that is down, or a node that does not
                                                                                           masquerade as planned. MASQ492: The attempts disagree: attempt 1 saw
                                                                                           reset, attempt 2 saw connect-timeout; perhaps the node's rules were not
                                                                                           complete yet.

example: check 3 left no report
example: FAIL. 1 FAIL, 1 INCONCLUSIVE, 1 PASS. 1 of 4 nodes seen.
example: 2 verdicts with a source are vouched for by: no-proxy-trace 2, own-address 2, worker-by-hostname 2.
Next, MASQ411 (Another kind of source than expected was seen): Compare the nodes in the report. If only some nodes fail, check the rules on those nodes. If all nodes fail, check the environment's
    policy, then `expect` and the ranges under `network`.
Next, MASQ421 (No answer to the connection attempt): Read the reason, which names the source that the model expects. Look for that source in the log of the firewall on the observer's side.
Next, MASQ491 (The model disagrees): Trust what was seen. Compare the plan with the environment, and the nodes with each other.
Next, MASQ492 (The attempts disagree): If only new Pods are affected, delay their first connection. Otherwise, look for an unstable path."""  # noqa: E501 - lines of a task log


NARROW_TABLE = """\
ENVIRONMENT  NODE            TARGET  EXPECTED  OBSERVED           VERDICT  CODE
-----------  --------------  ------  --------  -----------------  -------  -------
example      192.168.0.0/26  erp     node      192.168.0.2 (pod)  FAIL     MASQ411
    The observer saw 192.168.0.2 (pod) where node is expected; this node does not masquerade as the
    policy says. MASQ491: The model expects source 10.128.0.0/20 (node), but 192.168.0.2 (pod) was
    seen.

example: FAIL. 1 FAIL. 1 node seen; the number of nodes is not known.
example: 1 verdict with a source is vouched for by: no-proxy-trace 1, own-address 1, worker-by-
    hostname 1.
Next, MASQ411 (Another kind of source than expected was seen): Compare the nodes in the report. If
    only some nodes fail, check the rules on those nodes. If all nodes fail, check the environment's
    policy, then `expect` and the ranges under `network`.
Next, MASQ491 (The model disagrees): Trust what was seen. Compare the plan with the environment, and
    the nodes with each other."""


def test_the_table_shows_every_verdict_the_coverage_and_the_next_step() -> None:
    """A person reads from the table what was expected, what was seen, why, and what to do."""
    shown = report(passing(), failing(name="b"), silent(name="c"), nodes_total=4, problems=("check 3 left no report",))
    assert render_table(shown) == TABLE


def test_a_problem_with_a_code_has_its_next_step() -> None:
    """What to do about checks without a report is written below the table, once for each code."""
    lost = ("MASQ462 task check[0] ended as failed", "MASQ462 task other ended as failed", "MASQ999 no code of ours")
    lines = render_table(report(problems=lost)).splitlines()
    [step] = [line for line in lines if line.startswith("Next")]
    assert step == (
        "Next, MASQ462 (A check left neither a report nor a reason): Read the log of the task that the message names. "
        "If it has none, read the worker's log."
    )


def test_a_narrow_table_has_the_reasons_below_their_rows() -> None:
    """On a terminal of 100 columns no line is longer, and nothing is lost."""
    shown = render_table(report(failing(name="b")), width=100)
    assert shown == NARROW_TABLE
    assert max(map(len, shown.splitlines())) <= 100


def test_a_table_is_as_wide_as_it_may_be() -> None:
    """A reason that just fits is in its row; with one character less of width, it is below the row."""
    shown = report(failing())
    needed = max(len(line) for line in render_table(shown).splitlines()[:3])
    fitting, narrower = (render_table(shown, width=width).splitlines() for width in (needed, needed - 1))
    assert fitting[0].split()[-1] == "REASON"
    assert "REASON" not in narrower[0]


def test_an_empty_report_says_so() -> None:
    """A report without verdicts is no empty table that looks like a success."""
    shown = render_table(report())
    assert "example: INCONCLUSIVE. No verdicts. 0 nodes seen; the number of nodes is not known." in shown


def test_several_environments_share_one_table() -> None:
    """Environments with and without the agent are listed one below the other, each with its own coverage."""
    other = dataclasses.replace(report(failing()), environment="without-agent")
    lines = render_table(report(passing()), other).splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["example", "without-agent"]
    assert sum("1 node seen" in line for line in lines) == 2


def test_foreign_text_in_a_table_is_escaped_once() -> None:
    """Terminal codes in a report are shown and not obeyed; escapes that are already there stay as they are."""
    evil = dataclasses.replace(failing(), reason="red \x1b[31m", target=r"kept \x1b")
    shown = render_table(report(evil, problems=("line\nbreak",)))
    assert r"red \x1b[31m" in shown
    assert r"kept \x1b " in shown
    assert r"example: line\nbreak" in shown
    assert "\x1b" not in shown


def test_the_table_says_what_changed() -> None:
    """Below the table stand the targets with another outcome than in the last run, and those that flap."""
    last = None
    for number, make in enumerate((passing, failing, passing, failing)):
        last = add_history(report(make(after=60.0 * number)), previous=last)
    assert last is not None
    lines = render_table(last).splitlines()
    assert "example: changed since the last check: erp is FAIL (was PASS)." in lines
    assert "example: flapping between outcomes: erp." in lines
    calm = render_table(add_history(report(failing(after=300)), previous=last))
    assert "changed since" not in calm
    assert "flapping" in calm


def test_a_node_with_a_name_is_shown_by_it() -> None:
    """Where the Pod knows its node's name, that is what the table shows."""
    at = dataclasses.replace(passing().vantage, node_name="gke-pool-1-x")
    assert "gke-pool-1-x" in render_table(report(dataclasses.replace(passing(), vantage=at)))


def test_a_node_that_is_not_known_is_called_unknown() -> None:
    """A worker with an unknown address still has its row."""
    assert "unknown" in render_table(report(verdict_of(need=NEED, at=vantage(pod_ip=None))))
    assert PUBLIC not in render_table(report(passing()))


def test_one_that_is_left_out_is_told_in_the_singular() -> None:
    """A table of 200 verdicts and 20 problems is whole; one more of each is counted, as one."""
    verdicts = [dataclasses.replace(passing(), target=f"t{number}") for number in range(201)]
    problems = tuple(f"problem {number}" for number in range(21))
    assert "more" not in render_table(report(*verdicts[:200], problems=problems[:20]))
    table = render_table(report(*verdicts, problems=problems))
    assert "and 1 more verdict, none worse than these" in table.splitlines()
    assert "example: and 1 more problem" in table.splitlines()
