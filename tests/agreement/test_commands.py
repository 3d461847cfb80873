"""`lint`, `explain`, `render` and the operator read one plan alike, and say the same of its masquerading and ranges."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from airflow_masq.cli.command_line import main
from airflow_masq.environment import COMPOSER_1, COMPOSER_3
from airflow_masq.exceptions import CannotMasqueradeError, InvalidInputError
from airflow_masq.provisioning import CreationStart, Origin, lint_request, record_start
from airflow_masq.provisioning.request import refuse_new_environment
from tests.agreement.drawing import PLANS, DrawnPlan
from tests.agreement.submitting import Story, read_operators_request, read_story

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow_masq.plan import Plan

SHARE = 250
CHUNKS = [range(first, first + SHARE) for first in range(0, PLANS, SHARE)]
#: On-premises, on the internet, in Pod ranges of some plans, on the node, and in GKE's default list.
DESTINATIONS = ("172.20.0.10", "8.8.8.8", "10.4.0.9", "10.128.0.9", "192.168.0.9", "100.64.0.9", "169.254.169.254")
OF_THE_POLICY = ("egress-nat-policy", "agent-config")
#: What the check asks for, which a creation does not need.
OF_THE_CHECK = {"MASQ319", "MASQ320", "MASQ321"}
#: A firewall lets nothing in; the first two name a cause of their own.
ABOUT_FIREWALLS = {"MASQ307", "MASQ309", "MASQ310"}
#: About the agent, which the operator adds, an existing cluster, and the check.
NOT_OF_THE_OPERATOR = {"MASQ104", "MASQ106", *OF_THE_CHECK}


class Said:
    """What one command says.

    :param words: the command's, after the program's name.
    """

    def __init__(self, *words: str) -> None:
        output, complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaints):
            self.code = main(words)
        self.output, self.complaint = output.getvalue(), complaints.getvalue().removesuffix("\n")


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers[0]}")
def test_every_part_reads_every_plan_alike(numbers: range, tmp_path: Path) -> None:
    """A plan that one part cannot read, no part can, in the same words; and what they say of it agrees."""
    for number in numbers:
        story = read_story(number)
        path = tmp_path / "plan.yaml"
        path.write_text(json.dumps(story.drawn.mapping, indent=1), encoding="utf-8")
        if story.plan is None:
            hold_unreadable(story, path=str(path))
        else:
            findings = hold_findings(story, path=str(path))
            hold_operator(story, path=str(path))
            hold_ranges(story.plan, drawn=story.drawn)
            if number % 4 == 0:
                hold_predictions(story.plan, findings=findings, path=str(path))


def test_the_comparisons_can_fail(tmp_path: Path) -> None:
    """A finding less, another prediction and another range are noticed."""
    noticed: set[str] = set()
    for number in range(0, PLANS, 4):
        story = read_story(number)
        if story.plan is None or story.as_written is None or story.plan.environment.generation == COMPOSER_3:
            continue
        path = tmp_path / "plan.yaml"
        path.write_text(json.dumps(story.drawn.mapping, indent=1), encoding="utf-8")
        if "MASQ310" in {finding.code for finding in story.as_written.findings}:
            with contextlib.suppress(AssertionError):
                hold_predictions(story.plan, findings=[], path=str(path))
                continue
            noticed.add("finding")
        said = Said("render", str(path), "--as", "egress-nat-policy")
        if said.code == 0:
            with pytest.raises(AssertionError):
                hold_policy(said, masqueraded={"169.254.169.254": True})
            noticed.add("prediction")
        if story.plan.ranges.pod:
            other = replace(story.plan, ranges=replace(story.plan.ranges, pod=()))
            with pytest.raises(AssertionError):
                hold_ranges(other, drawn=story.drawn)
            noticed.add("range")
        if noticed == {"finding", "prediction", "range"}:
            return
    pytest.fail(f"only noticed: {noticed}")


def hold_unreadable(story: Story, *, path: str) -> None:
    """Hold the four parts to one refusal."""
    said = [Said("lint", path), Said("explain", path, "8.8.8.8"), Said("render", path, "--as", "rest")]
    assert {each.code for each in said} == {2}
    (complaint,) = {each.complaint for each in said}
    with pytest.raises(InvalidInputError) as refused:
        read_operators_request(path)
    assert str(refused.value) == complaint
    _, _, reason = story.unreadable.partition("plan: ")
    assert complaint.startswith(path)
    assert complaint.endswith(reason)


def hold_findings(story: Story, *, path: str) -> list[dict[str, str]]:
    """Hold the command, which reads a text, to `lint` of the mapping; return the findings."""
    assert story.as_written is not None
    said = Said("lint", path, "--format", "json")
    findings: list[dict[str, str]] = json.loads(said.output)["findings"]
    by_place = sorted(findings, key=lambda finding: (finding["code"], finding["where"], finding["message"]))
    assert by_place == [finding.as_json() for finding in story.as_written.findings], story.drawn
    assert said.code == int(any(finding["severity"] == "error" for finding in findings))
    return findings


def hold_operator(story: Story, *, path: str) -> None:
    """Hold the operator's answer before any call to `lint`: it reads the plan, and refuses what has an error."""
    assert story.as_written is not None
    assert story.plan is not None
    if story.request is None or story.by_operator is None:
        assert "MASQ103" in {finding.code for finding in story.as_written.findings}, story.drawn
        return
    request = story.request
    if story.plan.environment.name and story.drawn.number % 4 == 0:
        assert request.plan == read_operators_request(path).plan
    if story.by_operator.has_error:
        with pytest.raises(CannotMasqueradeError):
            refuse_new_environment(lint_request(request, on_findings="fail"))
    else:
        linted = lint_request(request, on_findings="fail")
        refuse_new_environment(linted)
        assert linted.findings == tuple(each for each in story.by_operator.findings if each.code not in OF_THE_CHECK), (
            story.drawn
        )
    if story.plan.environment.masquerades and story.plan.environment.name:
        one, other = (
            [finding for finding in way.findings if finding.code not in NOT_OF_THE_OPERATOR]
            for way in (story.as_written, story.by_operator)
        )
        assert one == other, story.drawn
    facts = record_start(request, start=CreationStart(origin=Origin.CREATED))
    assert facts["pod_ranges"] == list(map(str, story.plan.ranges.pod))
    assert facts["service_ranges"] == list(map(str, story.plan.ranges.service))


def hold_ranges(plan: Plan, *, drawn: DrawnPlan) -> None:
    """Hold the plan's ranges to what the file has: those of its network, else the environment's own."""
    network = drawn.mapping.get("network", {})
    for key, ranges, own in (
        ("pod_ranges", plan.ranges.pod, plan.environment.pod_ranges),
        ("service_ranges", plan.ranges.service, plan.environment.service_ranges),
    ):
        assert list(map(str, ranges)) == network.get(key, list(map(str, own))), drawn


def hold_predictions(plan: Plan, *, findings: Sequence[dict[str, str]], path: str) -> None:
    """Hold what `explain` predicts to the list that `render` writes, to the firewall request, and to `lint`."""
    said = Said("explain", path, *DESTINATIONS, "--format", "json")
    if plan.environment.generation == COMPOSER_3:
        assert said.code == 2
        assert any(finding["code"] == "MASQ101" for finding in findings)
        return
    answers = json.loads(said.output)
    masqueraded = {answer["destination"]: answer["masqueraded"] for answer in answers}
    if not plan.ranges.pod:  # the kind of a source is known without its address
        assert all(any("network.pod_ranges" in step for step in answer["path"]) for answer in answers), path
    if plan.environment.generation == COMPOSER_1:
        # No fixed policy adds nodes and Services there, which a list that is written has for Google's caution.
        listed = [*plan.ranges.node, *plan.ranges.service]
        masqueraded = {each: is_ for each, is_ in masqueraded.items() if not any(each in cidr for cidr in listed)}
    for form in OF_THE_POLICY:
        hold_policy(Said("render", path, "--as", form), masqueraded=masqueraded)
    rows = list(csv.DictReader(io.StringIO(Said("render", path, "--as", "firewall-request-csv").output)))
    kept_out = {finding["where"].partition(".")[0] for finding in findings if finding["code"] in ABOUT_FIREWALLS}
    for index, target in enumerate(plan.targets):
        if target.address is None:
            continue
        (prediction,) = json.loads(Said("explain", path, target.name, "--format", "json").output)
        if prediction["allowed"] is False:
            assert f"targets[{index}]" in kept_out
        for row in rows:
            if row["service"] == target.name and prediction["source"]:
                assert row["source_after"] == ", ".join(prediction["source"])


def hold_policy(said: Said, *, masqueraded: dict[str, bool]) -> None:
    """Hold predictions to an object that `render` wrote: what its list holds keeps the Pod's address, all else not."""
    if said.code:
        return
    manifest: dict[str, Any] = yaml.safe_load(said.output)
    if manifest["kind"] == "EgressNATPolicy":
        listed, exempts_link_local = [each["cidr"] for each in manifest["spec"]["destinations"]], True
    else:
        config = yaml.safe_load(manifest["data"]["config"])
        listed, exempts_link_local = config["nonMasqueradeCIDRs"], not config["masqLinkLocal"]
    networks = list(map(ip_network, [*listed, *(["169.254.0.0/16"] if exempts_link_local else [])]))
    for destination, is_masqueraded in masqueraded.items():
        assert is_masqueraded is not any(ip_address(destination) in network for network in networks), destination
