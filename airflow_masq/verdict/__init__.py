"""What observations come to: vantage, observation, attribution, judge and report; pure, no input or output."""

from airflow_masq.observation.observation import (
    TRANSIENT_FAILURES,
    Component,
    Failure,
    Observation,
    Vantage,
)
from airflow_masq.verdict.codes import CODES, CodeMeaning, VerdictCode, code_page
from airflow_masq.verdict.judge import judge
from airflow_masq.verdict.outcome import Outcome, worst
from airflow_masq.verdict.report import Report, merge
from airflow_masq.verdict.report_codec import SCHEMA, from_dict, to_dict
from airflow_masq.verdict.report_table import TASK_LOG_WIDTH, render_table
from airflow_masq.verdict.verdict import ObservedFinding, Verdict

__all__ = [
    "CODES",
    "SCHEMA",
    "TASK_LOG_WIDTH",
    "TRANSIENT_FAILURES",
    "CodeMeaning",
    "Component",
    "Failure",
    "Observation",
    "ObservedFinding",
    "Outcome",
    "Report",
    "Vantage",
    "Verdict",
    "VerdictCode",
    "code_page",
    "from_dict",
    "judge",
    "merge",
    "render_table",
    "to_dict",
    "worst",
]
