"""``airflow-masq rule [CODE]``: shows the page of a code, or lists all codes. The wheel has no ``docs`` folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cli.output import print_json, print_lines
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.preflight.page import write_check_page
from airflow_masq.preflight.registry import list_checks
from airflow_masq.rules import list_rules, write_page
from airflow_masq.text import align, describe, suggest
from airflow_masq.verdict.codes import CODES, write_code_page

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


_CLOSE_ENOUGH: Final = 0.8  # all codes begin alike

EXIT_CODES: Final = {0: "the page or the list is shown", 2: "wrong usage, or no such code"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "code", metavar="CODE", nargs="?", help="a code such as MASQ309, or its number (default: list all)"
    )


def run(arguments: Namespace) -> int:
    """Return 0.

    :raises InvalidInputError: there is no such code.
    """
    pages = {rule.code: write_page(rule) for rule in list_rules()}
    pages |= {code.value: write_code_page(code) for code in CODES}
    pages |= {check.code: write_check_page(check) for check in list_checks()}
    titles = {code: text.partition("\n")[0].partition(": ")[2] for code, text in sorted(pages.items())}
    if arguments.code is None:
        if arguments.format == "json":
            print_json([{"code": code, "title": title} for code, title in titles.items()])
        else:
            print_lines(*align(titles.items()))
        return 0
    code = f"MASQ{arguments.code}" if arguments.code.isdecimal() else arguments.code.upper()
    if code not in pages:
        expected = f"a code that airflow-masq rule lists{suggest(code, pages, likeness=_CLOSE_ENOUGH)}"
        raise InvalidInputError(where="CODE", expected=expected, seen=describe(arguments.code))
    if arguments.format == "json":
        print_json({"code": code, "title": titles[code], "page": pages[code]})
    else:
        print_lines(pages[code].rstrip("\n"))
    return 0
