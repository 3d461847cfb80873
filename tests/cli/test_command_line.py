"""The command line as a person meets it first: its version, its help, a mistyped option."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_masq
from airflow_masq.cli import main
from airflow_masq.cli.command_line import EPILOG, WRONG_USAGE, build_parser

REPOSITORY = Path(__file__).parents[2]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Run the command line in this process, as the installed program does.

    :return: the exit code, what it printed, and what it complained of.
    """
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(arguments))
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` prints the program's name and the package's version, and nothing else."""
    assert answer(capsys, "--version") == (0, f"airflow-masq {airflow_masq.__version__}\n", "")


def test_help_says_what_it_is_for_and_where_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` names the purpose, the demo, both DAGs and the plan file."""
    code, printed, complaint = answer(capsys, "--help")
    assert (code, complaint) == (0, "")
    for word in ("source address", "./scripts/demo", "provision_masquerade_environment", "check_source_ip", "plan"):
        assert word in printed


def test_nothing_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help goes to standard error, and the exit code says wrong usage."""
    assert answer(capsys) == (WRONG_USAGE, "", build_parser().format_help())


@pytest.mark.parametrize("arguments", [("--versoin",), ("--vers",), ("frobnicate",)])
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    """A mistyped option or an unknown command is exit code 2 with one line that repeats it."""
    code, printed, complaint = answer(capsys, *arguments)
    assert (code, printed) == (WRONG_USAGE, "")
    assert complaint.splitlines()[-1] == f"airflow-masq: error: unrecognized arguments: {arguments[0]}"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"airflow_masq(?:\.\w+)+", EPILOG))))
def test_help_names_what_exists(name: str) -> None:
    """Every class that the help names is defined in the module that it names."""
    module, class_name = name.rsplit(".", 1)
    source = REPOSITORY.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    assert f"\nclass {class_name}(" in source


@pytest.mark.parametrize("name", sorted(set(re.findall(r"the DAG (\w+)", EPILOG))))
def test_help_names_dags_that_exist(name: str) -> None:
    """Every DAG that the help names has its file among the DAGs."""
    assert (REPOSITORY / "dags" / f"{name}.py").is_file()


@pytest.mark.parametrize("heading", re.findall(r'README\.md, "([^"]+)"', EPILOG))
def test_help_names_headings_that_exist(heading: str) -> None:
    """Every part of the README that the help names is there under that heading."""
    assert re.search(
        rf"^#+ {re.escape(heading)}$", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_every_operator_of_the_checker_is_listed_where_people_look() -> None:
    """The help, the README's permissions and the changelog name all three operators of a checking DAG."""
    readme, changelog = ((REPOSITORY / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md"))
    for operator in ("SourceIpCheckOperator", "SourceIpReportOperator", "SourceIpAssertOperator"):
        assert operator in EPILOG
        assert f"`{operator}`" in readme.split("### IAM permissions")[1]
        assert f"`{operator}`" in changelog


def test_starts_without_airflow_or_google() -> None:
    """Asking for the version imports neither Airflow nor Google's libraries, which would take seconds."""
    program = """
import sys
from airflow_masq.cli import main
try:
    main(["--version"])
finally:
    print(*sorted({"airflow", "google.api_core", "google.auth", "grpc"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=30
    )
    assert done.stdout == f"airflow-masq {airflow_masq.__version__}\n\n"
