"""The last task of an auditing DAG: it fails the run where the audit says so.

It is a separate task because the task that emits the asset event must succeed, or the event is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.airflow_compat import BaseOperator
from airflow_masq.operators.error_mapping import translate_errors
from airflow_masq.operators.task_documentation import describe_task
from airflow_masq.reading import Reaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.airflow_compat import Context


class MasqueradeAuditAssertOperator(BaseOperator):
    """Fail if the audit of a ``CloudComposerAuditMasqueradeOperator`` holds what a setting says is to fail.

    The settings ``on_…`` are ``fail``, ``warn`` or ``ignore``, as those of that operator.

    :param audit_task_id: the id of the auditing task, in the same DAG run.
    :param on_findings: what findings of severity error do (default ``fail``).
    :param on_drift: what drift that is no remark does (default ``fail``).
    :param on_incomplete: what a region, a project or an environment of which something is not known does (default
        ``fail``).
    """

    template_fields: Sequence[str] = ("audit_task_id", "on_findings", "on_drift", "on_incomplete")

    def __init__(
        self,
        *,
        audit_task_id: str,
        on_findings: str = "fail",
        on_drift: str = "fail",
        on_incomplete: str = "fail",
        **kwargs: Any,  # noqa: ANN401 - BaseOperator's own
    ) -> None:
        kwargs.setdefault("doc_md", describe_task(type(self)))
        super().__init__(**kwargs)
        self.audit_task_id = audit_task_id
        self.on_findings = on_findings
        self.on_drift = on_drift
        self.on_incomplete = on_incomplete

    def execute(self, context: Context) -> None:
        """Read what may fail the run in the audit, and fail.

        :raises AirflowFailException: a setting or the audit cannot be read, or findings or drift fail the task.
        :raises AirflowException: something could not be asked.
        """
        from airflow_masq.audit import (  # noqa: PLC0415 - parsing a DAG file must stay cheap
            fail_on_complaints,
            read_complaints,
            read_reactions,
        )

        with translate_errors():
            reactions = read_reactions(self)
            content = context["ti"].xcom_pull(task_ids=self.audit_task_id, map_indexes=-1)
            complaints = read_complaints(content, where=f"what task {self.audit_task_id} returned")
            for kind, line in complaints.items():
                if reactions[kind] is Reaction.WARN:
                    self.log.warning("%s: %s", kind.value.capitalize(), line)
            fail_on_complaints(complaints, reactions=reactions)
        self.log.info("The audit holds nothing that fails this run.")
