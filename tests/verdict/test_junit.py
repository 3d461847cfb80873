"""Reports as JUnit XML, read back by another reader."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.observation.vantage import Component
from airflow_masq.verdict import Outcome
from airflow_masq.verdict.junit import render_junit
from tests.verdict.reports import NEED, failing, passing, report, silent
from tests.verdict.scenes import vantage, verdict_of

GOLDEN = """\
<?xml version="1.0"?>
<testsuites>
  <testsuite name="projects/example-project/locations/us-central1/environments/example" tests="3" failures="1" errors="1" time="0.500">
    <properties><property name="coverage" value="1 of 2 nodes seen."/></properties>
    <testcase name="erp from airflow-worker-a" classname="192.168.0.0/26" time="0.250">
      <system-out>MASQ401: The observer saw 10.128.0.2 (node), as expected.
vouched by: no-proxy-trace, own-address, worker-by-hostname</system-out>
    </testcase>
    <testcase name="erp from airflow-worker-b" classname="192.168.0.0/26" time="0.250">
      <failure type="MASQ411" message="FAIL: The observer saw 192.168.0.2 (pod) where node is expected; this node does not masquerade as the policy says."/>
      <system-out>MASQ411: The observer saw 192.168.0.2 (pod) where node is expected; this node does not masquerade as the policy says.
MASQ491: The model expects source 10.128.0.0/20 (node), but 192.168.0.2 (pod) was seen.
vouched by: no-proxy-trace, own-address, worker-by-hostname</system-out>
    </testcase>
    <testcase name="report" classname="airflow-masq" time="0.000">
      <error type="ERROR" message="check 3 left no report"/>
    </testcase>
  </testsuite>
</testsuites>
"""  # noqa: E501 - lines of a file for machines


def test_a_report_is_a_suite() -> None:
    """A PASS is a plain case, a FAIL a failure, a problem an error, and each says why."""
    shown = report(passing(), failing(name="b"), nodes_total=2, problems=("check 3 left no report",))
    assert render_junit([shown]) == GOLDEN


def test_what_proves_nothing_is_not_green() -> None:
    """An INCONCLUSIVE and an ERROR are errors; the suite's numbers are those of its cases."""
    unasked = verdict_of(need=NEED, at=vantage(pod_ip=None, name="d"))
    shown = dataclasses.replace(
        report(passing(), failing(name="b"), silent(name="c"), unasked),
        omitted={Outcome.FAIL: 4, Outcome.PASS: 5},
    )
    root = ET.fromstring(render_junit([shown, report()]))  # noqa: S314 - our own document
    first, second = root.findall("testsuite")
    assert (first.get("tests"), first.get("failures"), first.get("errors")) == ("13", "5", "2")
    assert [[child.tag for child in case if child.tag != "system-out"] for case in first.findall("testcase")] == [
        [],
        ["failure"],
        ["error"],
        ["error"],
        ["failure"],
        [],
    ]
    assert [case.get("name") for case in first.findall("testcase")][-2:] == [
        "4 more verdicts, FAIL",
        "5 more verdicts, PASS",
    ]
    assert first.findall("testcase")[3].get("classname") == "unknown node"
    assert (second.get("tests"), len(second.findall("testcase"))) == ("0", 0)


def test_a_report_without_vouchers_says_so() -> None:
    """A verdict for which nothing vouches is told so."""
    unasked = verdict_of(need=NEED, at=vantage(component=Component.TRIGGERER))
    assert "vouched by: nothing" in render_junit([report(unasked)])


@given(st.text())
def test_no_text_breaks_the_document(text: str) -> None:
    """Markup, quotes, control characters and half a surrogate pair from an observer stay one line of text."""
    hostile = dataclasses.replace(failing(), reason=text, target=text)
    document = render_junit([dataclasses.replace(report(hostile, problems=(text,)), environment=text)])
    root = ET.fromstring(document.encode())  # noqa: S314 - our own document
    [suite] = root.findall("testsuite")
    assert [case.tag for case in suite] == ["properties", "testcase", "testcase"]
    message = suite.find("testcase/failure").get("message")  # type: ignore[union-attr]  # it is there
    assert message is not None
    assert message.isprintable()
    if text.isprintable() and len(text) < 1_900:
        assert message == f"FAIL: {text}"
