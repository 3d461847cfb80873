"""Shows a person the demo's steps and results, and compares the results with the expected ones."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final, TextIO

from airflow_masq.verdict import TASK_LOG_WIDTH, Report, Verdict, decode_report, render_table
from lab.demo.scenario import ENVIRONMENTS, NODES, TARGETS, WITHOUT_AGENT, get_expected_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_PICTURE: Final = """\
A local stand-in for Google Cloud, made of network namespaces with real packets and real NAT:

  Pod ─┐                                       ┌─ vpc-service      10.200.0.20
  Pod ─┴─ node ─┐                              ├─ vm-beside-nodes  10.128.15.200, in the node subnet
                ├─ VPC router ─────────────────┼─ onprem-erp       172.20.0.10, firewall lets in 10.0.0.0/8 only
  Pod ─┬─ node ─┘                              │
  Pod ─┘                                       └─ Cloud NAT 203.0.113.7 ─ public-service  192.175.48.80
"""
_LOG_LINES_AFTER_A_CRASH: Final = 30
_WIDEST_TEXT: Final = 110


class Reporter:
    """Receives the events of the Airflow side and shows them.

    :param width: how many characters a line may have.
    """

    def __init__(self, output: TextIO, *, width: int = TASK_LOG_WIDTH) -> None:
        self._output = output
        self._width = width
        self._reports: list[Report] = []
        self._check_states: list[str] = []
        self._provisioned: Mapping[str, str] = {}
        self._refused: Mapping[str, str] = {}

    def show_world(self) -> None:
        """Show a drawing of the lab."""
        self._write(_PICTURE)

    def receive(self, event: dict[str, Any]) -> None:
        """Process one event of ``airflow_side.EventWriter``; raise ValueError for an unknown one."""
        match event:
            case {"event": "begin", "text": text}:
                self._write(f"  {text} …", end="")
            case {"event": "end", "seconds": seconds}:
                self._write(f" {seconds:.1f} s")
            case {"event": "provisioned"}:
                self._provisioned = event
            case {"event": "checked", "state": state, "reports": reports}:
                self._check_states.append(state)
                self._reports += [decode_report(report) for report in reports]
            case {"event": "refused"}:
                self._refused = event
            case _:
                raise ValueError(f"expected a known event, saw {event}")

    def show_crash(self, log: str, *, status: int) -> None:
        """Show the exit status of a crashed Airflow side, and the end of its log."""
        self._write(f"\n\nThe Airflow side ended with status {status}. The end of its log:")
        self._write(textwrap.indent("\n".join(log.splitlines()[-_LOG_LINES_AFTER_A_CRASH:]), "  "))

    def conclude(self) -> bool:
        """Show the table and the refusal; return whether all results are as expected."""
        self._write("\n" + render_table(*self._reports, width=self._width))
        self._write("\nA node is named by the block of addresses that its Pods share.")
        self._write(f"\nIf asked to enable masquerading on {WITHOUT_AGENT.environment_id}, the operator refuses:")
        refusal = textwrap.fill(self._refused.get("failure", ""), width=min(_WIDEST_TEXT, self._width - 2))
        self._write(textwrap.indent(refusal, "  "))
        differences = self.list_differences()
        if differences:
            self._write("\n".join(["\nNot as expected:", *(f"  {difference}" for difference in differences)]))
        else:
            self._write(f"\nAll {len(list(self._iterate_verdicts()))} verdicts are as expected.")
        return not differences

    def list_differences(self) -> list[str]:
        """List the differences between the results and the expected ones, one line each."""
        found = []
        if self._provisioned.get("state") != "success":
            found.append(f"the provisioning run should succeed: {self._provisioned}")
        if self._refused.get("state") != "failed" or "re-create" not in self._refused.get("failure", ""):
            found.append(f"a request for the agent on an existing environment should fail: {self._refused}")
        if self._check_states != ["failed", "success"]:
            found.append(f"the check should fail without the agent and succeed with it: {self._check_states}")
        for environment_id, verdict in self._iterate_verdicts():
            expected = get_expected_outcome(environment_id, verdict.target)
            if verdict.outcome is not expected:
                place = f"{environment_id}, {verdict.node}, {verdict.target}"
                found.append(f"{place}: expected {expected}, saw {verdict.outcome}")
        for environment in ENVIRONMENTS:
            reports = [each for each in self._reports if _get_environment_id(each) == environment.environment_id]
            verdicts = {(verdict.node, verdict.target) for report in reports for verdict in report.verdicts}
            coverages = [(len(report.nodes_seen), report.nodes_total) for report in reports]
            if coverages != [(NODES, NODES)] or len(verdicts) != NODES * len(TARGETS):
                counts = f"{len(verdicts)} verdicts, (nodes seen, nodes in total) {coverages}"
                found.append(f"{environment.environment_id}: expected every target from every node, saw {counts}")
        return found

    def make_json(self) -> dict[str, Any]:
        """Return the verdicts for programs.

        :return: ``{"environments": [{"name", "masquerade", "verdicts": [{"node", "target", "expected", "observed",
            "outcome", "code"}]}]}``; ``observed`` is ``null`` if nothing was observed.
        """
        return {
            "environments": [
                {
                    "name": environment.environment_id,
                    "masquerade": environment.masquerade,
                    "verdicts": [
                        {
                            "node": verdict.node,
                            "target": verdict.target,
                            "expected": verdict.expected,
                            "observed": None if verdict.observed is None else str(verdict.observed),
                            "outcome": verdict.outcome.value,
                            "code": verdict.code.value,
                        }
                        for environment_id, verdict in self._iterate_verdicts()
                        if environment_id == environment.environment_id
                    ],
                }
                for environment in ENVIRONMENTS
            ]
        }

    def _iterate_verdicts(self) -> Iterator[tuple[str, Verdict]]:
        for report in self._reports:
            for verdict in report.verdicts:
                yield _get_environment_id(report), verdict

    def _write(self, text: str, *, end: str = "\n") -> None:
        self._output.write(text + end)
        self._output.flush()


def _get_environment_id(report: Report) -> str:
    return report.environment.rpartition("/")[2]
