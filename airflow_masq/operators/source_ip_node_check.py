"""The check on a chosen node: a Pod of its own, where the Kubernetes API is reachable and lets Pods choose their node.

A worker's task runs wherever its worker is, so workers show some nodes only. Here Kubernetes places a Pod on one node
after another. Composer 2's own cluster does not: Autopilot refuses a node affinity by hostname
[source: autopilot-node-affinity]. There ``SourceIpCheckOperator`` says how many nodes it saw.

The provider cncf.kubernetes is imported when a task runs, since its client would cost each parse of a DAG file much.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow_masq.airflow_compat import AirflowException, BaseOperator
from airflow_masq.clients.pages import read_pages
from airflow_masq.exceptions import AirflowMasqError, CloudRefusedError, CloudUnavailableError, InvalidInputError
from airflow_masq.links.report import REASON_XCOM_KEY, REPORT_XCOM_KEY, CodePageLink, MasqueradePageLink, ReportLink
from airflow_masq.observation.vantage import COMPONENT_VARIABLE, POD_LABELS_FILE
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.run_settings import find_plan, refuse_unknown_conf
from airflow_masq.operators.settings import read_seconds, read_whole_number
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.text import escape, join_words
from airflow_masq.verdict import assert_reports, bound_check, parse_outcomes, read_report, render_table, write_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Context
    from airflow_masq.verdict import Report

log = logging.getLogger(__name__)

_PROVIDER: Final = "apache-airflow-providers-cncf-kubernetes"
_HOSTNAME_LABEL: Final = "kubernetes.io/hostname"
_SYSTEM_LABEL: Final = "kubernetes.io/os"
_LINUX: Final = "linux"
_PLAN_VARIABLE: Final = "AIRFLOW_MASQ_PLAN_TEXT"
_PAGE_SIZE: Final = 500
_FORBIDDEN: Final = frozenset({401, 403})
_WRONG: Final = frozenset({400, 404, 409, 422})

#: What runs in the Pod. A verdict (0, 1 or 3) is no failure of the Pod; wrong usage is, and a missing program.
_COMMAND: Final = (
    f'printf %s "${_PLAN_VARIABLE}" | airflow-masq check - --format json --attempts "$0" --timeout "$1"; '
    "code=$?; case $code in 0 | 1 | 3) exit 0 ;; *) exit $code ;; esac"
)


class SourceIpNodeCheckOperator(BaseOperator):
    """Run the check in a Pod on one node, and read its report back.

    The Pod is made by a ``KubernetesPodOperator``, which the provider cncf.kubernetes brings. Targets that name an
    Airflow connection cannot be asked there, since the Pod has no access to Airflow.

    :param node: the value of the node's label ``kubernetes.io/hostname``, as ``list_nodes`` lists it. Map over it.
    :param image: a container image with a shell and the program ``airflow-masq``.
    :param plan: as of ``SourceIpCheckOperator`` (default ``None``: the first plan that is set). A path is read on the
        worker, and the Pod gets the plan's text.
    :param namespace: where the Pod runs (default ``default``).
    :param kubernetes_conn_id: the connection to the cluster (default ``kubernetes_default``).
    :param config_file: a kubeconfig file on the worker (default ``None``: as the connection says).
    :param attempts: as of ``SourceIpCheckOperator``, 1 to 10 (default 3).
    :param timeout_seconds: the time limit of one attempt, 0.1 to 60 (default 5).
    :param startup_timeout_seconds: how long the Pod may take to start, 1 to 3,600 (default 300).
    :param fail_on: as of ``SourceIpCheckOperator`` (default ``FAIL`` and ``ERROR``).
    :param strict_conf: refuse a run whose conf has a key that is no param of the DAG (default ``False``).
    """

    template_fields: Sequence[str] = (
        "node",
        "image",
        "plan",
        "namespace",
        "kubernetes_conn_id",
        "config_file",
        "attempts",
        "timeout_seconds",
        "startup_timeout_seconds",
        "fail_on",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"plan": "json"}
    operator_extra_links = (ReportLink(), MasqueradePageLink(), CodePageLink())

    def __init__(
        self,
        *,
        node: str,
        image: str,
        plan: str | Mapping[str, Any] | None = None,
        namespace: str = "default",
        kubernetes_conn_id: str = "kubernetes_default",
        config_file: str | None = None,
        attempts: int | str = 3,
        timeout_seconds: float | str = 5.0,
        startup_timeout_seconds: int | str = 300,
        fail_on: Sequence[str] | str = ("FAIL", "ERROR"),
        strict_conf: bool = False,
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.node = node
        self.image = image
        self.plan = plan
        self.namespace = namespace
        self.kubernetes_conn_id = kubernetes_conn_id
        self.config_file = config_file
        self.attempts = attempts
        self.timeout_seconds = timeout_seconds
        self.startup_timeout_seconds = startup_timeout_seconds
        self.fail_on = fail_on
        self.strict_conf = strict_conf
        self._pod_operator: Any = None

    def execute(self, context: Context) -> None:
        """Run the Pod, push its report under the XCom key ``report``, then fail if ``fail_on`` says so.

        :raises AirflowFailException: the plan or a setting cannot be used, the provider is not installed, or the
            cluster refused the Pod; Airflow does not retry.
        :raises AirflowException: the Pod did not run to its end, or an outcome of ``fail_on`` was found.
        """
        with translate_errors():
            try:
                if self.strict_conf:
                    refuse_unknown_conf(context)
                fail_on = parse_outcomes(self.fail_on)
                report = self._run_pod(context)
            except Exception as error:
                reason = str(error) if isinstance(error, AirflowMasqError) else f"crashed with {type(error).__name__}"
                context["ti"].xcom_push(key=REASON_XCOM_KEY, value=f"node {escape(self.node)}: {reason}")
                raise
            self.log.info("Which source address services see from node %s:\n%s", self.node, render_table(report))
            context["ti"].xcom_push(key=REPORT_XCOM_KEY, value=write_report(bound_check(report)))
            assert_reports([report], fail_on=fail_on)

    def on_kill(self) -> None:
        """Delete the Pod."""
        if self._pod_operator is not None:
            self._pod_operator.on_kill()

    def _run_pod(self, context: Context) -> Report:
        lines: list[str] = []
        self._pod_operator = self._make_pod_operator(lines)
        self._pod_operator.log.info("Asking from a Pod on node %s", self.node)
        # It comes without types, and parsing a DAG file must stay cheap.
        from kubernetes.client import ApiException  # type: ignore[import-untyped] # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        try:
            self._pod_operator.execute_sync(context)  # since Airflow warns of an operator's execute within another's
        except (ApiException, HTTPError) as error:
            raise _translate(error, action=f"running a Pod on node {escape(self.node)}") from error
        except AirflowException as error:
            raise CloudUnavailableError(_explain_failure(error, lines=lines, image=self.image)) from error
        begin = next((number for number, line in enumerate(lines) if line.startswith("{")), len(lines))
        if begin == len(lines):
            expected = "the JSON report of airflow-masq check"
            raise InvalidInputError(where="the Pod's log", expected=expected, seen=f"{len(lines)} lines without one")
        return read_report("\n".join(lines[begin:]))

    def _make_pod_operator(self, lines: list[str]) -> Any:  # noqa: ANN401 - a class that may not be there
        """Make the stock operator for one Pod on the node; its log's lines are added to the list."""
        pod_operator_class, callback_class = _import_pod_operator()
        from kubernetes.client import models as k8s  # noqa: PLC0415 - parsing a DAG file must stay cheap

        class LineReader(callback_class):  # type: ignore[misc, valid-type] # known when it runs
            @staticmethod
            def progress_callback(*, line: str, **_others: Any) -> None:  # noqa: ANN401 - Airflow's own
                lines.extend(line.splitlines())

        labels = k8s.V1DownwardAPIVolumeFile(
            path=Path(POD_LABELS_FILE).name, field_ref=k8s.V1ObjectFieldSelector(field_path="metadata.labels")
        )
        attempts = read_whole_number(self.attempts, where="attempts", least=1, most=10)
        timeout = read_seconds(self.timeout_seconds, where="timeout_seconds", least=0.1, most=60)
        return pod_operator_class(
            task_id=self.task_id,
            name=f"source-ip-{self.task_id}".lower().replace("_", "-")[:50],
            namespace=self.namespace,
            image=self.image,
            cmds=["sh", "-c", _COMMAND],
            arguments=[str(attempts), str(timeout)],
            env_vars=_list_variables(self.plan),
            kubernetes_conn_id=self.kubernetes_conn_id,
            config_file=self.config_file,
            affinity=_require_node(self.node),
            # By its labels the check knows that it runs in a worker's Pod [source: k8s-downward-labels].
            volumes=[k8s.V1Volume(name="podinfo", downward_api=k8s.V1DownwardAPIVolumeSource(items=[labels]))],
            volume_mounts=[k8s.V1VolumeMount(name="podinfo", mount_path=str(Path(POD_LABELS_FILE).parent))],
            # Where Pods may be is this check's subject, so a node's taints do not keep it away.
            tolerations=[k8s.V1Toleration(operator="Exists")],
            startup_timeout_seconds=read_whole_number(
                self.startup_timeout_seconds, where="startup_timeout_seconds", least=1, most=3_600
            ),
            automount_service_account_token=False,
            get_logs=True,
            do_xcom_push=False,
            deferrable=False,  # the report is read from the log as it is written
            callbacks=LineReader,
        )


def list_nodes(
    *, kubernetes_conn_id: str = "kubernetes_default", config_file: str | None = None
) -> tuple[list[str], dict[str, str]]:
    """List the cluster's nodes by their label ``kubernetes.io/hostname``, in order.

    :return: the nodes that take Pods; and each of the others with the reason, which is logged, too.
    :raises AirflowFailException: the provider is not installed, the cluster refused the list, or it does not end.
    :raises AirflowException: the cluster did not answer.
    """
    with translate_errors():
        _import_pod_operator()
        from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook  # noqa: PLC0415 - see above
        from kubernetes.client import ApiException  # noqa: PLC0415 - as above
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        client = KubernetesHook(conn_id=kubernetes_conn_id, config_file=config_file).core_v1_client
        action = "listing the cluster's nodes"

        def ask(token: str) -> tuple[Any, str]:
            try:
                answer = client.list_node(limit=_PAGE_SIZE, **({"_continue": token} if token else {}))
            except (ApiException, HTTPError) as error:
                raise _translate(error, action=action) from error
            return answer.items, answer.metadata._continue or ""  # noqa: SLF001 - the client's name of "continue"

        reasons = {
            (each.metadata.labels or {}).get(_HOSTNAME_LABEL, each.metadata.name): _find_reason_to_leave_out(each)
            for page in read_pages(ask, action=action)
            for each in page
        }
        left_out = {name: reason for name, reason in sorted(reasons.items()) if reason}
        if left_out:
            named = join_words(f"{escape(name)} ({reason})" for name, reason in left_out.items())
            log.warning("%d of %d nodes are left out of the check: %s", len(left_out), len(reasons), named)
        return sorted(reasons.keys() - left_out.keys()), left_out


def _find_reason_to_leave_out(node: Any) -> str:  # noqa: ANN401 - Kubernetes' own type
    """Say why no worker would be placed on a node, or no Pod of ours would run there; empty where both would."""
    if node.spec.unschedulable:  # our Pods tolerate that, and workers do not
        return "cordoned"
    ready = [each.status for each in (node.status and node.status.conditions) or () if each.type == "Ready"]
    if ready and ready != ["True"]:
        return "not ready"
    system = (node.metadata.labels or {}).get(_SYSTEM_LABEL, _LINUX)
    return "" if system == _LINUX else f"runs {escape(system)}"


def _explain_failure(error: BaseException, *, lines: Sequence[str], image: str) -> str:
    """Say why a Pod gave no report: what kept it from starting, else the last line that it wrote.

    Airflow's text about a Pod that started quotes all of it, with the plan; the task's log has it already.
    """
    cause: BaseException | None = error
    while cause is not None:
        # By its name, since its module differs between versions; the failure to clean up may come after it.
        if type(cause).__name__.startswith("PodLaunch"):
            why = escape(" ".join(str(cause).split()).rstrip("."), limit=400)
            return (
                f"the Pod did not start: {why}. Check the image {escape(image, limit=200)}, whether the node has room "
                "and is ready, and the Pod's events in the task's log."
            )
        cause = cause.__cause__ or cause.__context__
    said = next((f"its last line: {escape(line, limit=300)}" for line in reversed(lines) if line.strip()), "")
    return f"the Pod did not end well ({type(error).__name__}); {said or 'it wrote nothing'}"


def _require_node(node: str) -> Any:  # noqa: ANN401 - Kubernetes' own type
    from kubernetes.client import models as k8s  # noqa: PLC0415 - parsing a DAG file must stay cheap

    wanted = k8s.V1NodeSelectorRequirement(key=_HOSTNAME_LABEL, operator="In", values=[node])
    selector = k8s.V1NodeSelector(node_selector_terms=[k8s.V1NodeSelectorTerm(match_expressions=[wanted])])
    return k8s.V1Affinity(
        node_affinity=k8s.V1NodeAffinity(required_during_scheduling_ignored_during_execution=selector)
    )


def _list_variables(plan: str | Mapping[str, Any] | None) -> list[Any]:
    """List the Pod's variables: the plan, which names the environment, and what tells the check where it runs."""
    from kubernetes.client import models as k8s  # noqa: PLC0415 - parsing a DAG file must stay cheap

    from airflow_masq.plan_file import read_plan_text  # noqa: PLC0415 - as above

    variables = {
        _PLAN_VARIABLE: read_plan_text(find_plan(plan)),
        COMPONENT_VARIABLE: "worker",
    }
    node_name = k8s.V1EnvVarSource(field_ref=k8s.V1ObjectFieldSelector(field_path="spec.nodeName"))
    return [
        *(k8s.V1EnvVar(name=name, value=value) for name, value in variables.items() if value),
        k8s.V1EnvVar(name="AIRFLOW_MASQ_NODE_NAME", value_from=node_name),
    ]


def _import_pod_operator() -> tuple[Any, Any]:
    try:
        from airflow.providers.cncf.kubernetes.callbacks import (  # noqa: PLC0415 - parsing must stay cheap
            KubernetesPodOperatorCallback,
        )
        from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator  # noqa: PLC0415 - as above
    except ImportError as error:
        expected = "it to be installed, since a check on each node runs in Pods (else use the DAG check_source_ip)"
        raise InvalidInputError(where=_PROVIDER, expected=expected, seen=f"no {error.name}") from error
    return KubernetesPodOperator, KubernetesPodOperatorCallback


def _translate(error: Any, *, action: str) -> AirflowMasqError:  # noqa: ANN401 - Kubernetes' or urllib3's, not imported
    if not getattr(error, "status", None):  # urllib3's, or Kubernetes' where TLS fails
        why = escape(" ".join(str(error).split()), limit=300)
        return CloudUnavailableError(f"{action}: no answer: {why}; check the address in the Kubernetes connection")
    try:
        said = str(json.loads(error.body)["message"])
    except (KeyError, TypeError, ValueError):
        said = str(error.reason)
    message = f"{action}: the cluster answered {error.status}: {escape(said, limit=600)}"
    if error.status in _FORBIDDEN:
        return CloudRefusedError(
            f"{message} (Autopilot, and so Composer 2's own cluster, lets no Pod choose its node: use the DAG "
            "check_source_ip there)",
            status="PERMISSION_DENIED",
        )
    if error.status in _WRONG:
        return CloudRefusedError(message, status="INVALID_ARGUMENT")
    return CloudUnavailableError(message)
