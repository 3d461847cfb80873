"""What observations come to: judge, report, and what a run asserts and announces; pure, no input or output.

The formats ``junit`` and ``prometheus`` are imported by themselves, so that a DAG file does not pay for them.
"""

from airflow_masq.verdict.assertion import FAILABLE_OUTCOMES, assert_reports, parse_outcomes
from airflow_masq.verdict.bounding import bound_check, bound_reports
from airflow_masq.verdict.changes import TargetHistory, add_history
from airflow_masq.verdict.check import UNKNOWN_ENVIRONMENT, check_targets, name_environment, read_own_environment
from airflow_masq.verdict.codes import CODES, CodeMeaning, Outcome, VerdictCode, find_code, write_code_page
from airflow_masq.verdict.event_summary import EventSource, summarise_reports
from airflow_masq.verdict.judge import judge, judge_targets
from airflow_masq.verdict.report import ObservedFinding, Report, Verdict, merge
from airflow_masq.verdict.report_codec import SCHEMA, decode_report, encode_report
from airflow_masq.verdict.report_table import TASK_LOG_WIDTH, render_table
from airflow_masq.verdict.report_text import read_report, read_reports, write_report, write_reports

__all__ = [
    "CODES",
    "FAILABLE_OUTCOMES",
    "SCHEMA",
    "TASK_LOG_WIDTH",
    "UNKNOWN_ENVIRONMENT",
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
    "bound_check",
    "bound_reports",
    "check_targets",
    "decode_report",
    "encode_report",
    "find_code",
    "judge",
    "judge_targets",
    "merge",
    "name_environment",
    "parse_outcomes",
    "read_own_environment",
    "read_report",
    "read_reports",
    "render_table",
    "summarise_reports",
    "write_code_page",
    "write_report",
    "write_reports",
]
