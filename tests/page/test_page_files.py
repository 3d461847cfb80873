"""The page's files: complete, small, and free of what its own policy forbids."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from airflow_masq.plugins.page_files import PAGE_FILE_NAMES, read_page_file
from airflow_masq.verdict import CODES

FOLDER = files("airflow_masq").joinpath("page")


def test_every_file_of_the_page_is_served() -> None:
    """Nothing in the folder is forgotten, and nothing is named that is not there."""
    there = {each.name for each in FOLDER.iterdir() if each.is_file() and not each.name.endswith(".py")}
    assert there | {"codes.json"} == set(PAGE_FILE_NAMES)


def test_the_page_is_small() -> None:
    """All files together take at most 100 kB, and name no other host."""
    contents = [FOLDER.joinpath(name).read_bytes() for name in PAGE_FILE_NAMES if name != "codes.json"]
    assert sum(map(len, contents)) <= 100_000
    named = re.findall(rb"https?://[^\"' ]+", b"".join(contents))
    assert set(named) <= {b"http://www.w3.org/2000/svg"}


def test_nothing_is_inline() -> None:
    """Its content security policy lets no inline script, style or handler through."""
    html = FOLDER.joinpath("index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", html) == []


def test_text_never_becomes_markup() -> None:
    """The script has no way to turn text into elements."""
    script = FOLDER.joinpath("page.js").read_text(encoding="utf-8")
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script) == []


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_the_page_asks_the_api_of_its_airflow(api: str) -> None:
    """Airflow 2 has version 1 of the REST API, Airflow 3 version 2."""
    file = read_page_file("index.html", api=api)
    assert file is not None
    assert f'data-api="{api}"'.encode() in file.content


def test_every_code_has_its_text() -> None:
    """The page explains each verdict's code, with links in place of the sources' keys."""
    file = read_page_file("codes.json", api="v2")
    assert file is not None
    codes = json.loads(file.content)
    assert set(codes) == {code.value for code in CODES}
    assert "[source:" not in file.content.decode()


@pytest.mark.parametrize("name", ["", "__init__.py", "../exceptions.py", "page.js/", "PAGE.JS"])
def test_no_other_name_is_known(name: str) -> None:
    """The names are a list, not a folder."""
    assert read_page_file(name, api="v2") is None
