"""What observations come to: judge, report, and what a run asserts and announces; pure, no input or output."""

from airflow_masq.verdict.assertion import FAILABLE_OUTCOMES, assert_reports, parse_outcomes
from airflow_masq.verdict.bounding import bound_reports
from airflow_masq.verdict.changes import TargetHistory, add_history
from airflow_masq.verdict.codes import CODES, CodeMeaning, Outcome, VerdictCode, find_code, write_code_page
from airflow_masq.verdict.event_summary import EventSource, summarise_reports
from airflow_masq.verdict.judge import judge
from airflow_masq.verdict.junit import render_junit
from airflow_masq.verdict.prometheus import render_prometheus
from airflow_masq.verdict.report import ObservedFinding, Report, Verdict, merge
from airflow_masq.verdict.report_codec import SCHEMA, from_dict, to_dict
from airflow_masq.verdict.report_table import TASK_LOG_WIDTH, render_table

__all__ = [
    "CODES",
    "FAILABLE_OUTCOMES",
    "SCHEMA",
    "TASK_LOG_WIDTH",
    "CodeMeaning",
    "EventSource",
    "ObservedFinding",
    "Outcome",
    "Report",
    "TargetHistory",
    "Verdict",
    "VerdictCode",
    "add_history",
    "assert_reports",
    "bound_reports",
    "find_code",
    "from_dict",
    "judge",
    "merge",
    "parse_outcomes",
    "render_junit",
    "render_prometheus",
    "render_table",
    "summarise_reports",
    "to_dict",
    "write_code_page",
]
