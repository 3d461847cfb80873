"""Reports as JSON text, which is how XComs hold them.

As a mapping, a report would reach the users of Airflow 2's REST API as Python's ``repr`` [source: observed-xcom-repr].
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from airflow_masq.reading import Place
from airflow_masq.verdict.report_codec import decode_report, encode_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_masq.verdict.report import Report

_LARGEST_TEXT: Final = 20_000_000
_MOST_REPORTS: Final = 1_000


def write_report(report: Report) -> str:
    """Write one report as JSON text."""
    return json.dumps(encode_report(report))


def write_reports(reports: Iterable[Report]) -> str:
    """Write several reports as one JSON text, a list."""
    return json.dumps([encode_report(report) for report in reports])


def read_report(value: object, *, where: str = "report") -> Report:
    """Read one report that others may have written.

    :param value: JSON text, or the mapping in it, as earlier versions left it.
    :param where: the place to name in an error, default ``report``.
    :raises InvalidInputError: when it is not exactly what ``write_report`` writes.
    """
    return decode_report(_parse(value, where=where), where=where)


def read_reports(value: object, *, where: str = "reports") -> list[Report]:
    """Read several reports that others may have written.

    :param value: JSON text, or the list in it, as earlier versions left it.
    :param where: the place to name in an error, default ``reports``.
    :raises InvalidInputError: when it is not exactly what ``write_reports`` writes.
    """
    items = Place(where=where, value=_parse(value, where=where)).read_items(most=_MOST_REPORTS)
    return [decode_report(item.value, where=item.where) for item in items]


def _parse(value: object, *, where: str) -> object:
    if not isinstance(value, str):
        return value
    place = Place(where=where, value=value)
    if len(value) > _LARGEST_TEXT:
        raise place.make_error(f"at most {_LARGEST_TEXT:,} characters of JSON", seen=f"{len(value):,}")
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise place.make_error("JSON", seen="a text that is none") from error
    return parsed
