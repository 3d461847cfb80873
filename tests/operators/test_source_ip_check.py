"""The check itself, executed on this machine against real observers on loopback."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
from airflow.sdk.observability import stats

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.observation.vantage import COMPOSER_ENVIRONMENT_VARIABLE
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.reading import LONGEST_LINE_CHARACTERS
from airflow_masq.verdict import decode_report
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.airflow

PASSWORD = "letmein-4711"
NO_PLAN = (
    "plan: expected a plan in the task or the run, or in the Airflow Variable airflow_masq_plan, or in the environment "
    "variable AIRFLOW_MASQ_PLAN, or in the file /home/airflow/gcs/data/masquerade-plan.yaml (set one of them), saw none"
)


class RecordingInstance:
    """Takes the place of Airflow's task instance, and keeps what is pushed."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, *, key: str, value: object) -> None:
        """Keep an XCom."""
        self.pushed[key] = value


@pytest.fixture
def instance() -> RecordingInstance:
    """Give a task instance that keeps what is pushed."""
    return RecordingInstance()


@pytest.fixture(autouse=True)
def _no_composer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COMPOSER_ENVIRONMENT_VARIABLE, raising=False)


def execute(instance: RecordingInstance, **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 - the operator's
    """Execute a check with one quick attempt, and give the report that it pushed."""
    operator = SourceIpCheckOperator(task_id="check", **{"attempts": 1, "timeout_seconds": 2, **arguments})
    operator.execute({"ti": instance})  # type: ignore[typeddict-item]  # all that the operator looks at
    report: Mapping[str, Any] = json.loads(instance.pushed["report"])
    return report


def test_a_passing_check_leaves_its_report_once(instance: RecordingInstance, capfd: pytest.CaptureFixture[str]) -> None:
    """The report is pushed, not returned as well, and logged as a table."""
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        operator = SourceIpCheckOperator(task_id="check", plan=plan)
        returned: object = operator.execute({"ti": instance})  # type: ignore[func-returns-value,typeddict-item]
    assert returned is None
    report = json.loads(instance.pushed["report"])
    assert report["outcome"] == "PASS"
    assert list(instance.pushed) == ["report"]
    [verdict] = report["verdicts"]
    assert (verdict["observed"], verdict["vantage"]["pod_ip"]) == (POD_ADDRESS, POD_ADDRESS)
    log = capfd.readouterr().out
    assert "Which source address services see from this worker:" in log
    assert "PASS" in log


def test_a_failing_check_leaves_its_report(instance: RecordingInstance) -> None:
    """The report is pushed before the task fails, and Airflow may retry."""
    with observer(answer=POD_ADDRESS) as leaking:
        plan = loopback_plan({"name": "erp", "observe": leaking.url, "expect": "node"})
        with pytest.raises(AirflowException, match=r"^\S+: 1 FAIL: MASQ4\d\d erp from 127\.0\.0\.0/26\.") as raised:
            execute(instance, plan=plan)
    assert not isinstance(raised.value, AirflowFailException)
    assert json.loads(instance.pushed["report"])["outcome"] == "FAIL"


def test_an_outcome_that_may_be_does_not_fail(instance: RecordingInstance) -> None:
    """The twin: with ``fail_on`` empty the same FAIL is only reported."""
    with observer(answer=POD_ADDRESS) as leaking:
        plan = loopback_plan({"name": "erp", "observe": leaking.url, "expect": "node"})
        assert execute(instance, plan=plan, fail_on=[])["outcome"] == "FAIL"


def test_a_wrong_first_answer_is_asked_for_again(instance: RecordingInstance) -> None:
    """A Pod that leaked its address in its first second passes by its second answer, and both are evidence."""
    with observer(answer=NODE_ADDRESS, first_answer=POD_ADDRESS) as late:
        plan = loopback_plan({"name": "erp", "observe": late.url, "expect": "node"})
        report = execute(instance, plan=plan, attempts=2, wait_seconds=0)
    [verdict] = report["verdicts"]
    assert (verdict["outcome"], verdict["observed"]) == ("PASS", NODE_ADDRESS)
    assert [each["observed"] for each in verdict["evidence"]] == [POD_ADDRESS, NODE_ADDRESS]
    assert "MASQ492" in {finding["code"] for finding in verdict["findings"]}


def test_a_wrong_answer_that_stays_fails(instance: RecordingInstance) -> None:
    """The twin: an address that is wrong twice is a FAIL, and the other targets are asked once only."""
    with observer(answer=POD_ADDRESS) as leaking, observer(answer=NODE_ADDRESS) as masqueraded:
        plan = loopback_plan(
            {"name": "leaking", "observe": leaking.url, "expect": "node"},
            {"name": "erp", "observe": masqueraded.url, "expect": "node"},
        )
        report = execute(instance, plan=plan, attempts=2, wait_seconds=0, fail_on=[])
    assert [verdict["outcome"] for verdict in report["verdicts"]] == ["FAIL", "PASS"]
    # Each time one request asks, and one with a canary tests the answer.
    assert (leaking.requests_seen, masqueraded.requests_seen) == (4, 2)


@pytest.mark.parametrize(
    ("variables", "labels", "code", "known_by"),
    [
        ({"AIRFLOW_MASQ_COMPONENT": "worker"}, "", "MASQ401", "told"),
        ({"AIRFLOW_IS_K8S_EXECUTOR_POD": "True"}, "", "MASQ401", "kubernetes-executor"),
        ({"COMPOSER_ENVIRONMENT": "e", "CONTAINER_NAME": "airflow-worker"}, "", "MASQ401", "composer-container"),
        ({"COMPOSER_ENVIRONMENT": "e", "CONTAINER_NAME": "airflow-scheduler"}, "", "MASQ431", "composer-container"),
        ({}, 'kubernetes_pod_operator="True"\n', "MASQ401", "pod-labels"),
        ({}, "", "MASQ433", "none"),
    ],
)
def test_only_a_worker_speaks_for_workers(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: Mapping[str, str],
    labels: str,
    *,
    code: str,
    known_by: str,
) -> None:
    """The check knows a worker by its variables or by its Pod's labels; the same answer elsewhere proves nothing."""
    for name in ("AIRFLOW_MASQ_COMPONENT", "AIRFLOW_IS_K8S_EXECUTOR_POD", "CONTAINER_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if labels:
        (tmp_path / "labels").write_text(labels)
    monkeypatch.setattr("airflow_masq.probes.surroundings.POD_LABELS_FILE", str(tmp_path / "labels"))
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        [verdict] = execute(RecordingInstance(), plan=plan, fail_on=[])["verdicts"]
    assert (verdict["code"], verdict["vantage"]["known_by"]) == (code, known_by)
    assert "own-address" in verdict["vouched_by"]
    assert (f"worker-by-{known_by}" in verdict["vouched_by"]) is (code == "MASQ401")


def test_a_plan_without_pod_ranges_passes_nothing(instance: RecordingInstance) -> None:
    """Where the plan does not say which addresses Pods have, no address proves that this is one; the key is named."""
    with observer(answer=NODE_ADDRESS) as masqueraded:
        plan = loopback_plan({"name": "erp", "observe": masqueraded.url, "expect": "node"})
        del plan["network"]["pod_ranges"]
        [verdict] = execute(instance, plan=plan, fail_on=[])["verdicts"]
    assert verdict["outcome"] == "INCONCLUSIVE"


def test_every_verdict_is_counted_in_airflows_metrics(instance: RecordingInstance) -> None:
    """A metric of each verdict goes to Airflow's own metrics, with environment, target, outcome and code as tags."""
    counted: list[tuple[str, int, dict[str, str]]] = []

    class Backend(NoStatsLogger):
        @classmethod
        def incr(cls, stat: str, count: int = 1, rate: float = 1, *, tags: Any = None) -> None:  # noqa: ANN401, ARG003
            counted.append((stat, count, tags))

    with metrics_backend(Backend), observer(answer=POD_ADDRESS) as leaking, observer() as truthful:
        plan = loopback_plan(
            {"name": "erp", "observe": leaking.url, "expect": "node"},
            {"name": "service", "observe": truthful.url, "expect": "pod"},
        )
        execute(instance, plan=plan, fail_on=[])
    environment = {"environment": "example-environment"}
    assert counted == [
        ("airflow_masq.verdict", 1, {**environment, "target": "erp", "outcome": "FAIL", "code": "MASQ411"}),
        ("airflow_masq.verdict", 1, {**environment, "target": "service", "outcome": "PASS", "code": "MASQ401"}),
    ]


def test_metrics_that_fail_do_not_fail_the_check(
    instance: RecordingInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    """A metrics backend that raises is warned of; the report is there and the check succeeds."""

    class Broken(NoStatsLogger):
        @classmethod
        def incr(cls, *_arguments: object, **_more: object) -> None:
            raise OSError("no metrics today")

    with metrics_backend(Broken), observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        assert execute(instance, plan=plan)["outcome"] == "PASS"
    assert "could not be counted in Airflow's metrics" in capfd.readouterr().out


@contextmanager
def metrics_backend(backend: type[NoStatsLogger]) -> Iterator[None]:
    """Have Airflow count its metrics with a backend during the block."""
    stats.initialize(factory=backend, export_legacy_names=False)
    yield
    stats.initialize(factory=NoStatsLogger, export_legacy_names=False)


def test_one_connection_at_a_time_finds_the_same(instance: RecordingInstance) -> None:
    """Settings may be texts, as a template makes them, and a check that is slowed down is vouched for as any other."""
    with observer(answer=NODE_ADDRESS) as masqueraded, observer(answer=POD_ADDRESS) as leaking:
        plan = loopback_plan(
            {"name": "slow", "observe": masqueraded.url, "expect": "node"},
            {"name": "erp", "observe": leaking.url, "expect": "node"},
        )
        report = execute(
            instance,
            plan=plan,
            attempts="2",
            wait_seconds=0,
            concurrency="1",
            rate_per_second="500",
            fail_on=[],
        )
    assert [verdict["outcome"] for verdict in report["verdicts"]] == ["PASS", "FAIL"]
    words = ["nonce", "no-proxy-trace", "canary-ignored", "own-address", "worker-by-told"]
    assert [verdict["vouched_by"] for verdict in report["verdicts"]] == [words, words]


@pytest.mark.parametrize("targets", [["asked"], "asked"])
def test_only_the_targets_that_are_named_are_asked(instance: RecordingInstance, targets: Any) -> None:  # noqa: ANN401
    """A check restricted to some targets, or mapped over their names, leaves the others alone."""
    with observer() as asked, observer() as left_alone:
        plan = loopback_plan(
            {"name": "asked", "observe": asked.url, "expect": "pod"},
            {"name": "left-alone", "observe": left_alone.url, "expect": "pod"},
        )
        report = execute(instance, plan=plan, targets=targets)
    assert [verdict["target"] for verdict in report["verdicts"]] == ["asked"]
    assert (asked.requests_seen, left_alone.requests_seen) == (2, 0)  # the second with a canary


def test_one_silent_target_does_not_hide_another(instance: RecordingInstance) -> None:
    """All targets are judged, each by itself, although one of them never answers."""
    with observer(answer="") as stalling, observer(answer=NODE_ADDRESS) as masqueraded:
        plan = loopback_plan(
            {"name": "silent", "observe": stalling.url, "expect": "node"},
            {"name": "erp", "observe": masqueraded.url, "expect": "node"},
        )
        report = execute(instance, plan=plan, timeout_seconds=0.3)
    assert [verdict["outcome"] for verdict in report["verdicts"]] == ["INCONCLUSIVE", "PASS"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fail_on": "FAIL"}, "fail_on: expected a list, saw 'FAIL'"),
        ({"fail_on": ["FIAL"]}, "fail_on[0]: expected one of FAIL, ERROR, INCONCLUSIVE, saw 'FIAL'"),
        ({"attempts": 0}, "attempts: expected a whole number from 1 to 10, saw 0"),
        ({"timeout_seconds": "soon"}, "timeout_seconds: expected a number of seconds from 0.1 to 60, saw 'soon'"),
        ({"concurrency": 0}, "concurrency: expected a whole number from 1 to 1000, saw 0"),
        ({"rate_per_second": "fast"}, "rate_per_second: expected a number from 0.1 to 10000, saw 'fast'"),
        ({"wait_seconds": -1}, "wait_seconds: expected a number of seconds from 0 to 60, saw -1"),
        ({"targets": ["epr"]}, "targets[0]: expected erp, saw 'epr'"),
        ({"targets": [["erp"]]}, "targets[0]: expected erp, saw a list"),
        ({"targets": "epr"}, "targets[0]: expected erp, saw 'epr'"),
        ({"targets": ""}, "targets[0]: expected erp, saw ''"),
        (
            {"targets": []},
            "targets: expected a list with entries (remove the key if there are none), saw an empty list",
        ),
        ({"plan": {"targets": []}}, "plan: targets: expected at least one target, saw none"),
        ({"plan": 7}, "plan: expected a path or a mapping, saw 7"),
        ({"plan": " "}, "plan: expected a path or a mapping, saw an empty text"),
        *[({"plan": unset}, NO_PLAN) for unset in ("", None)],
        (
            {"plan": "/no/such/plan.yaml"},
            "plan: /no/such/plan.yaml: expected a readable file on this worker, saw no file of that name",
        ),
        (
            {"plan": "/no\n\x1b[31m"},
            r"plan: /no\n\x1b[31m: expected a readable file on this worker, saw no file of that name",
        ),
        (
            {"plan": "/" + "a" * 100_000},
            f"plan: /{'a' * 998}…: expected a readable file on this worker, saw File name too long",
        ),
        (
            {"environment": "two\nlines"},
            r"environment: expected one printable line of at most 20000 characters, saw 'two\nlines'",
        ),
        ({"environment": 7}, "environment: expected one printable line of at most 20000 characters, saw 7"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_asked(
    instance: RecordingInstance, arguments: dict[str, Any], message: str
) -> None:
    """A wrong setting fails the task in one line, without retries, and no service is asked."""
    with observer() as untouched:
        plan = loopback_plan({"name": "erp", "observe": untouched.url, "expect": "pod"})
        with pytest.raises(AirflowFailException) as raised:
            execute(instance, **{"plan": plan, **arguments})
    assert str(raised.value) == message
    assert untouched.requests_seen == 0
    assert instance.pushed == {"reason": message}


def test_a_crash_leaves_its_type_alone(instance: RecordingInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is raised as it is; the report learns its type, and none of its text."""
    monkeypatch.setattr("airflow_masq.operators.worker_check.read_plan", lambda _plan: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        execute(instance, plan="/any.yaml")
    assert instance.pushed == {"reason": "the check crashed with ZeroDivisionError"}


def test_a_file_that_is_no_text_is_refused(instance: RecordingInstance, tmp_path: Path) -> None:
    """A binary file given as the plan is named, with what is wrong."""
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AirflowFailException, match=r"^plan: .*/plan\.yaml:1: expected UTF-8 text, saw the byte 0xff$"):
        execute(instance, plan=str(tmp_path / "plan.yaml"))


def test_a_file_without_end_is_refused(instance: RecordingInstance) -> None:
    """A path that leads to something endless is refused, not read."""
    with pytest.raises(
        AirflowFailException, match=r"^plan: /dev/zero: expected a readable file on this worker, saw a device$"
    ):
        execute(instance, plan="/dev/zero")


def test_a_file_that_is_no_plan_is_named_in_one_line(instance: RecordingInstance, tmp_path: Path) -> None:
    """A path with a line break in it does not break the message."""
    path = tmp_path / "a\nb.yaml"
    path.write_text("targets: 7\n")
    with pytest.raises(AirflowFailException, match=r"a\\nb\.yaml:1: targets: expected ") as raised:
        execute(instance, plan=str(path))
    assert "\n" not in str(raised.value)


def test_the_longest_environment_is_read_back(instance: RecordingInstance) -> None:
    """What the check takes as its environment's name, the reader of its report takes, too."""
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        report = execute(instance, plan=plan, environment="e" * LONGEST_LINE_CHARACTERS)
    assert decode_report(report).environment == "e" * LONGEST_LINE_CHARACTERS
    with pytest.raises(InvalidInputError, match="environment"):
        decode_report({**report, "environment": "e" * (LONGEST_LINE_CHARACTERS + 1)})


def test_a_variable_that_composer_cannot_have_set_is_ignored(
    instance: RecordingInstance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A strange value of Composer's variable is warned of, and the plan names the environment."""
    monkeypatch.setenv(COMPOSER_ENVIRONMENT_VARIABLE, "two\nlines")
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        assert execute(instance, plan=plan)["environment"] == "example-environment"
    ignored = "The environment variable is ignored: COMPOSER_ENVIRONMENT: expected one printable line"
    assert ignored in capfd.readouterr().out


@pytest.mark.parametrize(
    ("argument", "variable", "expected"),
    [(None, None, "example-environment"), (None, "staging", "staging"), ("mine", "staging", "mine")],
)
def test_the_environment_is_named(
    instance: RecordingInstance,
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    variable: str | None,
    expected: str,
) -> None:
    """The report names the environment that the task was told, else Composer's, else the plan's."""
    if variable is not None:
        monkeypatch.setenv(COMPOSER_ENVIRONMENT_VARIABLE, variable)
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        report = execute(instance, plan=plan, environment=argument)
    assert report["environment"] == expected
    assert report["verdicts"][0]["vantage"]["environment"] == expected


def test_a_plan_of_another_environment_is_said_aloud(
    instance: RecordingInstance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Checking with the plan of another environment is warned of, since its ranges may differ."""
    monkeypatch.setenv(COMPOSER_ENVIRONMENT_VARIABLE, "staging")
    with observer() as truthful:
        plan = loopback_plan({"name": "service", "observe": truthful.url, "expect": "pod"})
        execute(instance, plan=plan)
    assert (
        "The plan describes environment example-environment, but this process runs in staging, whose ranges may "
        in capfd.readouterr().out
    )


def test_credentials_stay_out_of_log_and_report(
    instance: RecordingInstance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A password of the observer's connection is sent to it and shown nowhere."""
    with observer() as truthful:
        connection = {
            "conn_type": "source_ip_observer",
            "host": "127.0.0.1",
            "port": truthful.server_address[1],
            "login": "someone",
            "password": PASSWORD,
            "extra": {"path": f"/{PASSWORD}"},
        }
        monkeypatch.setenv("AIRFLOW_CONN_MY_OBSERVER", json.dumps(connection))
        plan = loopback_plan({"name": "service", "observe": "airflow://my_observer", "expect": "pod"})
        report = execute(instance, plan=plan)
    assert set(truthful.authorizations_seen) == {f"Basic {base64.b64encode(f'someone:{PASSWORD}'.encode()).decode()}"}
    shown = str(report) + "".join(capfd.readouterr())
    assert "airflow://my_observer" in shown
    assert PASSWORD not in shown
    assert base64.b64encode(f"someone:{PASSWORD}".encode()).decode() not in shown
