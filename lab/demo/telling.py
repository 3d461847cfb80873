"""Shows a person what the demo does and what came of it, and holds it against the story; it must change nothing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final, TextIO

from airflow_masq.verdict import TASK_LOG_WIDTH, Report, Verdict, from_dict, render_table
from lab.demo.story import ENVIRONMENTS, NODES, TARGETS, WITHOUT_AGENT, needed_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


_PICTURE: Final = """\
A local stand-in for Google Cloud, made of network namespaces with real packets and real NAT:

  Pod ─┐                                       ┌─ vpc-service      10.200.0.20
  Pod ─┴─ node ─┐                              ├─ vm-beside-nodes  10.128.15.200, in the node subnet
                ├─ VPC router ─────────────────┼─ onprem-erp       172.20.0.10, firewall lets in 10.0.0.0/8 only
  Pod ─┬─ node ─┘                              │
  Pod ─┘                                       └─ Cloud NAT 203.0.113.7 ─ public-service  192.175.48.80
"""
_LOG_LINES_AFTER_A_CRASH: Final = 30


class Teller:
    """Hears the events of the Airflow side and tells them to a person.

    :param output: where to write.
    :param width: how many characters a line may have; default: a task log's.
    """

    def __init__(self, output: TextIO, *, width: int = TASK_LOG_WIDTH) -> None:
        self._output = output
        self._width = width
        self._reports: list[Report] = []
        self._check_states: list[str] = []
        self._provisioned: Mapping[str, str] = {}
        self._refused: Mapping[str, str] = {}

    def show_world(self) -> None:
        """Draw where the story takes place."""
        self._write(_PICTURE)

    def hear(self, event: dict[str, Any]) -> None:
        """Take in one event.

        :param event: as ``airflow_side.Narrator`` tells it.
        :raises ValueError: when there is no such event.
        """
        match event:
            case {"event": "begin", "text": text}:
                self._write(f"  {text} …", end="")
            case {"event": "end", "seconds": seconds}:
                self._write(f" {seconds:.1f} s")
            case {"event": "provisioned"}:
                self._provisioned = event
            case {"event": "checked", "state": state, "reports": reports}:
                self._check_states.append(state)
                self._reports += [from_dict(report) for report in reports]
            case {"event": "refused"}:
                self._refused = event
            case _:
                raise ValueError(f"no such event: {event}")

    def show_crash(self, log: str, *, status: int) -> None:
        """Say that the Airflow side did not come to its end.

        :param log: what Airflow wrote.
        :param status: the exit status of its process.
        """
        self._write(f"\n\nThe Airflow side ended with status {status}. The end of its log:")
        self._write(textwrap.indent("\n".join(log.splitlines()[-_LOG_LINES_AFTER_A_CRASH:]), "  "))

    def conclude(self) -> bool:
        """Show the table and the refusal, and say whether the story is as it must be.

        :return: whether it is.
        """
        self._write("")
        self._write(render_table(*self._reports, width=self._width))
        self._write("\nA node is named by the block of addresses that its Pods share.")
        self._write(
            f"\nAsked to enable masquerading on {WITHOUT_AGENT.environment_id}, which exists, the operator says:"
        )
        self._write(
            textwrap.indent(textwrap.fill(self._refused.get("failure", ""), width=min(110, self._width - 2)), "  ")
        )
        deviations = self.deviations()
        if deviations:
            self._write("\nNot as the story needs it:")
        for deviation in deviations:
            self._write(f"  {deviation}")
        if not deviations:
            self._write(f"\nEvery one of the {len(self._verdicts())} verdicts is the one that the story needs.")
        return not deviations

    def deviations(self) -> list[str]:
        """Compare what happened with what the story needs.

        :return: one line for every difference; none when all is well.
        """
        found = []
        if self._provisioned.get("state") != "success":
            found.append(f"the provisioning run: {self._provisioned}")
        if self._refused.get("state") != "failed" or "re-create" not in self._refused.get("failure", ""):
            found.append(f"asking for the agent on an existing environment should fail and say why: {self._refused}")
        if self._check_states != ["failed", "success"]:
            found.append(f"the check runs should end failed without the agent and well with it: {self._check_states}")
        for report, verdict in self._verdicts():
            needed = needed_outcome(_environment_id(report), verdict.target)
            if verdict.outcome is not needed:
                found.append(f"{_place(report, verdict)}: needs {needed}, saw {verdict.outcome}")
        return found + self._missing()

    def _missing(self) -> list[str]:
        """Say which environment was not seen from every node for every target."""
        found = []
        for environment in ENVIRONMENTS:
            reports = [each for each in self._reports if _environment_id(each) == environment.environment_id]
            seen = {(verdict.node, verdict.target) for report in reports for verdict in report.verdicts}
            coverages = [(len(report.nodes_seen), report.nodes_total) for report in reports]
            if coverages != [(NODES, NODES)] or len(seen) != NODES * len(TARGETS):
                found.append(f"{environment.environment_id}: {len(seen)} verdicts, nodes seen and there: {coverages}")
        return found

    def _verdicts(self) -> list[tuple[Report, Verdict]]:
        return [(report, verdict) for report in self._reports for verdict in report.verdicts]

    def verdicts(self) -> dict[str, Any]:
        """Give the verdicts for machines.

        :return: ``{"environments": [{"name", "masquerade", "verdicts": [{"node", "target", "expected", "observed",
            "outcome", "code"}]}]}``; ``observed`` is ``null`` where nothing was seen.
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
                        for report, verdict in self._verdicts()
                        if _environment_id(report) == environment.environment_id
                    ],
                }
                for environment in ENVIRONMENTS
            ]
        }

    def _write(self, text: str, *, end: str = "\n") -> None:
        self._output.write(text + end)
        self._output.flush()


def _environment_id(report: Report) -> str:
    return report.environment.rpartition("/")[2]


def _place(report: Report, verdict: Verdict) -> str:
    return f"{_environment_id(report)}, {verdict.node}, {verdict.target}"
