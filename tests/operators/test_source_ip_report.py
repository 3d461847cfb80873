"""The roll-up of a run's checks: what it merges, what it states as missing, and that it always leaves its event."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException, make_asset
from airflow_masq.operators.run_reports import make_report_asset
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
from airflow_masq.verdict import Outcome, Report, encode_report
from tests.operators.report_examples import example_report, example_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.airflow


class EndedChecks:
    """Takes the place of Airflow 3's task instance: answers what became of the checks of a run, and what they left.

    :param states: the states of the check's instances by map index, as the execution API names them.
    :param left: their reports by map index.
    :param reasons: what they pushed where they could not check, by map index.
    :param before: what the report task returned in the run before; an error is raised.
    """

    dag_id, run_id, task_id = "check_source_ip", "manual__1", "report"

    def __init__(
        self,
        states: Mapping[str, str],
        left: Mapping[int, object],
        reasons: Mapping[int, object] | None = None,
        *,
        before: object = None,
    ) -> None:
        self.states, self.left, self.reasons, self.before = states, left, reasons or {}, before

    def get_task_states(self, *, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, dict[str, str]]:
        """Answer like Airflow 3: no entry for a run in which nothing matches."""
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        states = {key: state for key, state in self.states.items() if key.startswith(task_ids[0])}
        return {self.run_id: states} if states else {}

    def xcom_pull(
        self, *, task_ids: str, key: str = "return_value", map_indexes: int, include_prior_dates: bool = False
    ) -> object:
        """Give what was left."""
        assert task_ids
        if include_prior_dates:
            assert (task_ids, map_indexes) == (self.task_id, -1)
            if isinstance(self.before, Exception):
                raise self.before
            return self.before
        if key == "reason":
            return self.reasons.get(map_indexes)
        assert key in {"report", "return_value"}
        return self.left.get(map_indexes)


def report_on(
    checks: EndedChecks,
    *,
    dag: object = None,
    **arguments: Any,  # noqa: ANN401 - the operator's
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Execute the report; give what it returned and its event."""
    accessor = SimpleNamespace(extra=None)
    operator = SourceIpReportOperator(task_id="report", **{"check_task_ids": ["check"], **arguments})
    context: Any = {"ti": checks, "outlet_events": {operator.outlets[0]: accessor}, "dag": dag}
    reports: Any = json.loads(operator.execute(context))
    assert accessor.extra is not None
    return reports, accessor.extra


def left(*outcomes: Outcome, **arguments: Any) -> dict[str, object]:  # noqa: ANN401 - the example's
    """Write a check's report."""
    return encode_report(example_report(outcomes, **arguments))


def test_reports_of_one_environment_become_one() -> None:
    """Instances on two nodes make one report that has seen two of three nodes."""
    first = encode_report(
        Report(environment="production", verdicts=(example_verdict(Outcome.PASS, pod="192.168.0.2"),))
    )
    second = encode_report(
        Report(environment="production", verdicts=(example_verdict(Outcome.FAIL, pod="192.168.1.2"),))
    )
    checks = EndedChecks({"check_0": "success", "check_1": "failed"}, {0: first, 1: second})
    [report], event = report_on(checks, nodes_total="3")
    assert report["outcome"] == "FAIL"
    assert report["coverage"] == {"nodes_seen": ["192.168.0.0/26", "192.168.1.0/26"], "nodes_total": 3}
    assert report["problems"] == []
    assert event["omitted"] == 0


def test_environments_stay_apart() -> None:
    """Checks of two environments make two reports, and a crashed one that could be of either stands by itself."""
    checks = EndedChecks(
        {"check_0": "success", "check_1": "success", "check_2": "failed"},
        {0: left(Outcome.PASS, environment="b"), 1: left(Outcome.FAIL, environment="a")},
    )
    reports, event = report_on(checks)
    assert [(each["environment"], each["outcome"]) for each in reports] == [
        ("a", "FAIL"),
        ("b", "PASS"),
        ("unknown", "ERROR"),
    ]
    assert [each["environment"] for each in event["environments"]] == ["a", "unknown", "b"]  # the worst first


@pytest.mark.parametrize(
    ("composers", "expected"),
    [({}, "unknown"), ({"COMPOSER_ENVIRONMENT": "prod"}, "prod"), ({"COMPOSER_ENVIRONMENT": "two\nlines"}, "unknown")],
)
def test_checks_that_could_not_start_count_for_their_workers_environment(
    composers: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no check knows its environment, Composer's name of this worker's is used; elsewhere it stays unknown."""
    monkeypatch.delenv("COMPOSER_ENVIRONMENT", raising=False)
    for name, value in composers.items():
        monkeypatch.setenv(name, value)
    checks = EndedChecks({"check_0": "failed"}, {}, {0: "plan: expected a plan"})
    [report], _ = report_on(checks)
    assert (report["environment"], report["outcome"]) == (expected, "ERROR")
    assert "plan: expected a plan" in report["problems"][0]


def test_a_check_without_a_report_is_stated() -> None:
    """One PASS does not hide that another instance left nothing: the report is an ERROR that names it."""
    checks = EndedChecks({"check_0": "success", "check_12": "failed"}, {0: left(Outcome.PASS)})
    [report], _ = report_on(checks)
    assert report["outcome"] == "ERROR"
    [problem] = report["problems"]
    assert problem == (
        "MASQ462 task check[12] ended as failed without a report: it crashed, was stopped or never ran; "
        "the log of task check[12] has more"
    )


def test_one_reason_of_many_checks_is_stated_once() -> None:
    """Six checks that could not read the plan are one problem: the reason, the next step, and whose log has more."""
    reason = "plan: /no/such.yaml: expected a readable file on this worker, saw no file of that name"
    states = {f"check_{number}": "failed" for number in range(7)}
    checks = EndedChecks(states, {6: left(Outcome.PASS)}, dict.fromkeys(range(6), reason))
    [report], _ = report_on(checks)
    assert report["problems"] == [
        f"MASQ461 task check[0] and 5 more could not check: {reason}; the log of task check[0] has more"
    ]


@pytest.mark.parametrize(
    ("before", "words"), [({"nodes", "login"}, "task login, task nodes"), (set(), "the task before it"), (None, "")]
)
def test_a_check_that_was_not_started_points_to_the_task_before(before: set[str] | None, words: str) -> None:
    """A check whose predecessor failed has no log, so the report names the tasks before it instead."""
    dag = None if before is None else SimpleNamespace(get_task=lambda _id: SimpleNamespace(upstream_task_ids=before))
    [report], _ = report_on(EndedChecks({"check": "upstream_failed"}, {}), dag=dag)
    [problem] = report["problems"]
    assert problem.startswith("MASQ462 task check did not run, since a task before it failed, so it checked nothing; ")
    assert problem.endswith(f"; the log of {words or 'the task before it'} says why")


def test_an_authors_own_outlets_lose_no_event() -> None:
    """Outlets that an author gives stand beside the asset of the checks, which is there once."""
    other = make_asset(uri="x-other://a", name="other", group="g", description="d")
    ours = "x-airflow-masq://source-ip/check"
    for given, uris in (
        (other, ["x-other://a", ours]),
        ([other], ["x-other://a", ours]),
        ([make_report_asset(), other], [ours, "x-other://a"]),
        (None, [ours]),
    ):
        operator = SourceIpReportOperator(task_id="report", check_task_ids="check", outlets=given)
        assert [each.uri for each in operator.outlets] == uris
    by_default = SourceIpReportOperator(task_id="report", check_task_ids="check", default_args={"outlets": [other]})
    assert [each.uri for each in by_default.outlets] == ["x-other://a", ours]


@pytest.mark.parametrize("reason", ["", 7, ["a"], {}])
def test_what_is_no_reason_is_not_taken_for_one(reason: object) -> None:
    """A reason that is no text, which another task may have written, is not shown."""
    [report], _ = report_on(EndedChecks({"check": "failed"}, {}, {-1: reason}))
    assert report["problems"][0].startswith("MASQ462 task check ended as failed without a report: it crashed")


def test_a_reason_is_escaped_and_bounded() -> None:
    """A reason is foreign text: it stays one line that the report's reader takes."""
    [report], _ = report_on(EndedChecks({"check": "failed"}, {}, {-1: "a\nb\x1b[31m" + "x" * 50_000}))
    [problem] = report["problems"]
    assert problem.isprintable()
    assert len(problem) < 1_200


def test_a_task_that_is_not_mapped_is_read_too() -> None:
    """The check need not be mapped, and its id may be given alone."""
    [report], event = report_on(EndedChecks({"check": "success"}, {-1: left(Outcome.PASS)}), check_task_ids="check")
    assert report["outcome"] == "PASS"
    assert event["check_task_ids"] == ["check"]


def test_a_run_without_checks_is_no_success() -> None:
    """Where no check ran at all, the report says so and is an ERROR."""
    [report], _ = report_on(EndedChecks({}, {}))
    assert report["outcome"] == "ERROR"
    assert report["problems"] == ["MASQ462 task check has no instance in this run, so it checked nothing"]


@pytest.mark.parametrize("forged", ["PASS", [], {"outcome": "PASS"}, {**left(Outcome.FAIL), "outcome": "PASS"}])
def test_what_is_no_report_is_stated(forged: object) -> None:
    """An XCom that another task wrote, or that claims a better outcome than its verdicts, is a problem."""
    [report], _ = report_on(EndedChecks({"check_0": "success"}, {0: forged}))
    assert report["outcome"] == "ERROR"
    assert report["problems"][0].startswith("MASQ462 task check[0] left something that is not a report: report")


def test_what_changed_since_the_last_run_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """The report keeps each target's outcomes over the runs; table and event tell which is another than before."""
    [first], _ = report_on(EndedChecks({"check": "success"}, {-1: left(Outcome.PASS)}))
    [second], event = report_on(EndedChecks({"check": "success"}, {-1: left(Outcome.FAIL)}, before=[first]))
    [history] = second["history"]
    assert (history["outcome"], history["previous"], history["recent"]) == ("FAIL", "PASS", ["PASS", "FAIL"])
    assert [(row["target"], row["changed"]) for row in event["environments"][0]["targets"]] == [("erp", True)]
    assert "production: changed since the last check: erp is FAIL (was PASS)." in capfd.readouterr().out
    [third], event = report_on(EndedChecks({"check": "success"}, {-1: left(Outcome.FAIL)}, before=[second]))
    assert (third["history"][0]["previous"], event["environments"][0]["targets"][0]["changed"]) == ("PASS", False)


@pytest.mark.parametrize("before", [None, [], "PASS", [{"outcome": "PASS"}], 7, RuntimeError("the backend is away")])
def test_a_last_run_that_cannot_be_read_loses_nothing(before: object) -> None:
    """Where the last report is missing, forged or cannot be had, nothing is compared, and the report is as good."""
    [report], event = report_on(EndedChecks({"check": "success"}, {-1: left(Outcome.PASS)}, before=before))
    assert (report["outcome"], report["problems"], event["outcome"]) == ("PASS", [], "PASS")
    assert report["history"][0]["recent"] == ["PASS"]


def test_what_the_report_returns_is_bounded() -> None:
    """However many verdicts the checks left, the XCom fits, and its counts and its outcome are those of all."""
    one = example_report([Outcome.FAIL] + [Outcome.PASS] * 39)
    many = [
        replace(verdict, target=f"t{number}-{each}")
        for each in range(50)
        for number, verdict in enumerate(one.verdicts)
    ]
    [report], event = report_on(
        EndedChecks({"check": "success"}, {-1: encode_report(replace(one, verdicts=tuple(many)))})
    )
    assert len(json.dumps(report)) <= 2_000_000
    assert (report["outcome"], report["counts"]["FAIL"], report["counts"]["PASS"]) == ("FAIL", 50, 1_950)
    assert len(report["coverage"]["nodes_seen"]) == 40
    assert 0 < report["omitted"]["PASS"] < 1_950
    assert len(report["history"]) == 2_000
    assert len(json.dumps(event)) <= 32_768
    with pytest.raises(AirflowException, match=r"^\S+: 50 FAIL, 1950 PASS: "):
        assert_on([report])


@pytest.mark.parametrize(("given", "total"), [(None, 4), ("6", 6)])
def test_the_plans_number_of_nodes_counts_where_none_is_given(given: str | None, total: int) -> None:
    """What a check knew from its plan is kept, and the report's own setting counts before it."""
    content = left(Outcome.PASS)
    content["coverage"] = {"nodes_seen": ["192.168.0.0/26"], "nodes_total": 4}
    [report], event = report_on(EndedChecks({"check": "success"}, {-1: content}), nodes_total=given)
    assert report["coverage"]["nodes_total"] == event["environments"][0]["nodes_total"] == total


def test_a_wrong_number_of_nodes_does_not_lose_the_event() -> None:
    """A setting that cannot be read is a problem in the report; the event is emitted all the same."""
    [report], event = report_on(EndedChecks({"check_0": "success"}, {0: left(Outcome.PASS)}), nodes_total="many")
    assert report["problems"] == ["nodes_total: expected a whole number from 1 to 65000, saw 'many'"]
    assert event["environments"][0]["outcome"] == "ERROR"


def test_the_report_runs_however_the_checks_ended() -> None:
    """By default it waits for all checks and needs none to succeed; its outlet is the asset of the checks."""
    operator = SourceIpReportOperator(task_id="report", check_task_ids=["check"])
    assert operator.trigger_rule == "all_done"
    [asset] = operator.outlets
    assert asset.uri == "x-airflow-masq://source-ip/check"
    assert (asset.name, asset.group) == ("source_ip_check", "airflow-masq")
    assert asset.extra["description"].startswith("Which source addresses services saw")


def assert_on(returned: object, **arguments: Any) -> None:  # noqa: ANN401 - the operator's
    """Execute the last task on what the report returned."""
    operator = SourceIpAssertOperator(task_id="assert", report_task_id="report", **arguments)
    context: Any = {"ti": EndedChecks({}, {-1: returned})}
    operator.execute(context)


def test_the_last_task_fails_on_a_fail() -> None:
    """A report with a FAIL fails the last task, and so the run."""
    with pytest.raises(AirflowException, match=r"^\S+: 1 FAIL, 1 PASS: MASQ411 erp "):
        assert_on([left(Outcome.PASS, Outcome.FAIL)])


def test_the_last_task_says_where_the_table_is() -> None:
    """The last task's own log has no table, so its message names the task whose log has it."""
    with pytest.raises(AirflowException, match=r"See the table in the log of task report for the verdicts"):
        assert_on([left(Outcome.FAIL)])


def test_the_last_task_lets_a_pass_pass() -> None:
    """The twin: a report of nothing but PASS does not fail it."""
    assert_on([left(Outcome.PASS)], fail_on=["FAIL", "ERROR", "INCONCLUSIVE"])


@pytest.mark.parametrize("returned", [None, [], "PASS", {"outcome": "PASS"}])
def test_the_last_task_never_passes_without_a_report(returned: object) -> None:
    """Where there is no report, nothing was proven, and the run fails."""
    message = "^what task report returned: expected "
    with pytest.raises(AirflowFailException, match=message):
        assert_on(returned)


def test_the_last_task_refuses_a_forged_report() -> None:
    """A report whose outcome is not its verdicts' is refused, with its place."""
    with pytest.raises(AirflowFailException, match=r"^what task report returned\[0\]: expected an outcome"):
        assert_on([{**left(Outcome.FAIL), "outcome": "PASS"}])
