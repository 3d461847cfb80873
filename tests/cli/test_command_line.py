"""The command line as a person meets it first: its version, its help, a mistyped option."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import airflow_masq
from airflow_masq.cli import main
from airflow_masq.cli.command_line import COMMANDS, EPILOG, WRONG_USAGE, build_parser

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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--versoin",), "airflow-masq: error: unrecognized arguments: --versoin"),
        (("--vers",), "airflow-masq: error: unrecognized arguments: --vers"),
        (("frobnicate",), "airflow-masq: error: argument COMMAND: invalid choice: 'frobnicate'"),
        (
            ("lint", "plan.yaml", "--form", "json"),
            "airflow-masq: error: unrecognized arguments: --form json (airflow-masq COMMAND --help lists what",
        ),
        (("lint",), "airflow-masq lint: error: the following arguments are required: PLAN"),
        (
            ("lint", "plan.yaml", "--format", "xml"),
            "airflow-masq lint: error: argument --format: invalid choice: 'xml'",
        ),
        (("explain", "plan.yaml"), "airflow-masq explain: error: the following arguments are required: DEST"),
        (("render", "plan.yaml"), "airflow-masq render: error: the following arguments are required: --as"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    """A mistyped option, an unknown command or a missing word is exit code 2 with one line that repeats it."""
    code, printed, complaint = answer(capsys, *arguments)
    assert (code, printed) == (WRONG_USAGE, "")
    assert complaint.splitlines()[-1].startswith(message)


@pytest.mark.parametrize(("word", "hint"), [("lnit", " (did you mean lint?)"), ("frobnicate", "")])
def test_a_misspelt_command(capsys: pytest.CaptureFixture[str], word: str, hint: str) -> None:
    """The nearest command is proposed, and none where no name is near."""
    code, _, complaint = answer(capsys, word)
    assert code == WRONG_USAGE
    assert complaint.endswith(f"'agent-config'){hint}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Each command's ``--help`` says what it does and takes, and the help of all lists it."""
    code, printed, complaint = answer(capsys, command, "--help")
    assert re.findall(r"^  ([0-9]+)  \S", printed.partition("exit codes:\n")[2], re.MULTILINE) == [
        *("0", "1")[: 2 if command in {"lint", "agent-config", "check", "audit", "preflight"} else 1],
        *("2", "3"),
    ]
    assert (code, complaint) == (0, "")
    assert COMMANDS[command][1:] in " ".join(printed.split())
    assert "--format {text,json" in printed
    assert f"  {command} " in build_parser().format_help()


def test_help_fits() -> None:
    """No line of the help is longer than 120 columns."""
    assert max(map(len, build_parser().format_help().splitlines())) <= 120


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """A command whose output is not read to its end stops without a complaint, as ``airflow-masq … | head`` wants."""
    plan = tmp_path / "plan.yaml"
    plan.write_text("network: {pod_ranges: [192.168.0.0/16]}\n", encoding="utf-8")
    program = "import sys; from airflow_masq.cli import main; sys.exit(main())"
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    with open(writing_end, "wb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        done = subprocess.run(
            [sys.executable, "-c", program, "explain", str(plan), *["10.0.0.1"] * 100],
            check=False,
            stdout=pipe,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_interrupted_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a command waits for standard input ends it without a traceback."""

    def interrupt(_size: int) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=SimpleNamespace(read=interrupt)))
    assert answer(capsys, "lint", "-") == (130, "", "")


def test_a_terminal_without_the_characters(tmp_path: Path) -> None:
    """What an output's encoding lacks is escaped instead of ending in a traceback."""
    name = "pl\u00e4n.yaml"
    (tmp_path / name).write_text("policy: none\n", encoding="utf-8")
    program = "import sys; from airflow_masq.cli import main; sys.exit(main(['capacity', 'pl\\u00e4n.yaml']))"
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, cwd=tmp_path, timeout=60, env=environment
    )
    assert done.stdout.startswith(b"pl\\xe4n.yaml: no Pod range")


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


def test_every_way_is_pointed_out_once() -> None:
    """No line under "Where to go" is there twice."""
    ways = re.findall(r"^  (\S.*?)  ", EPILOG, flags=re.MULTILINE)
    assert "Write a plan" in ways
    assert len(ways) == len(set(ways))


@pytest.mark.parametrize("heading", re.findall(r'README\.md, "([^"]+)"', EPILOG))
def test_help_names_headings_that_exist(heading: str) -> None:
    """Every part of the README that the help names is there under that heading."""
    assert re.search(
        rf"^#+ {re.escape(heading)}$", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_every_operator_of_the_checker_is_listed_where_people_look() -> None:
    """The help, the permissions in the documents and the changelog name all three operators of a checking DAG."""
    names = ("docs/connections.md", "CHANGELOG.md")
    page, changelog = ((REPOSITORY / name).read_text(encoding="utf-8") for name in names)
    for operator in ("SourceIpCheckOperator", "SourceIpReportOperator", "SourceIpAssertOperator"):
        assert operator in EPILOG
        assert f"`{operator}`" in page.split("## IAM permissions")[1]
        assert f"`{operator}`" in changelog
