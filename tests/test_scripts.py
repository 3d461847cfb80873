"""The scripts, as far as they can be tried without a network: a stand-in Python plays the machine's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHELL_SCRIPTS = [
    REPOSITORY / name
    for name in (
        "scripts/bench",
        "scripts/demo",
        "scripts/docs",
        "scripts/lint",
        "scripts/setup",
        "scripts/test",
        ".ci/run",
    )
]

# Plays the machine's Python, the environment's, pip and uv. Writes down what it is asked; `refuse` in its folder lists
# the programs that fail.
STAND_IN = """#!/usr/bin/env bash
folder={folder}
echo "$(basename "$0") $*" >>"$folder/calls"
refused() {{ grep -Fqx "$1" "$folder/refuse" 2>/dev/null; }}
case "$(basename "$0") $*" in
  'python -m venv '*) mkdir -p "${{@: -1}}/bin" && cp "$0" "${{@: -1}}/bin/python" ;;
  'python -m pip install '*uv.txt) refused uv-install && echo 'ERROR: no uv to be had' && exit 1
    cp "$0" "$(dirname "$0")/uv" ;;
  'python -m pip install '*) refused pip && echo 'ERROR: nobody answers pip' && exit 1 ;;
  'uv pip install '*) refused uv && printf 'error: request failed\\n  cause: nobody answers uv\\n' && exit 2 ;;
  'python --version') echo 'Python 3.11.0' ;;
  'python -c import sys; '*)
    exec {python} -c "import sys; sys.version_info = tuple(map(int, '3.11.0'.split('.'))); $2" ;;
esac
exit 0
"""


class Checkout:
    """A copy of what ``scripts/setup`` reads, with a stand-in for Python; its path has a blank."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "a clone"
        for name in ("scripts", "constraints"):
            shutil.copytree(REPOSITORY / name, self.root / name)
        shutil.copy(REPOSITORY / "pyproject.toml", self.root)
        self.python = folder / "python"
        self.python.write_text(STAND_IN.format(folder=folder, python=sys.executable), encoding="utf-8")
        self.python.chmod(0o755)

    def refuse(self, *programs: str) -> None:
        """Let these fail from now on: ``uv-install``, ``uv``, ``pip``."""
        (self.folder / "refuse").write_text("".join(f"{program}\n" for program in programs), encoding="utf-8")

    def only_bash(self) -> str:
        """Give a search path with what the script itself calls, and no Python."""
        folder = self.folder / "only bash"
        folder.mkdir(exist_ok=True)
        for name in (
            "bash",
            "basename",
            "cat",
            "cp",
            "dirname",
            "flock",
            "grep",
            "head",
            "mkdir",
            "rm",
            "sha256sum",
            "tail",
            "wc",
        ):
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(str(shutil.which(name)))
        (folder / "env").unlink(missing_ok=True)
        (folder / "env").symlink_to("/usr/bin/env")
        return str(folder)

    def start(self, *arguments: str, python: str | None = None, path: str | None = None) -> subprocess.Popen[str]:
        """Start ``scripts/setup`` from another folder, with another search path if one is given."""
        return subprocess.Popen(
            [self.root / "scripts" / "setup", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHON": python or str(self.python)} | ({"PATH": path} if path else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def setup(self, *arguments: str, python: str | None = None, path: str | None = None) -> tuple[int, str, list[str]]:
        """Run ``scripts/setup``.

        :return: its exit status, its output, and the lines of its progress.
        """
        process = self.start(*arguments, python=python, path=path)
        output, progress = process.communicate(timeout=60)
        return process.returncode, output, progress.splitlines()

    def calls(self) -> list[str]:
        """Tell what the stand-in was asked since the last time."""
        path = self.folder / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Give a fresh checkout."""
    return Checkout(tmp_path)


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_can_be_started(script: Path) -> None:
    """Every script is executable, is bash that parses, and stops at what it did not expect."""
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n# ")
    assert "pipefail\n" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True, timeout=30)


def test_setup_installs_what_is_pinned(checkout: Checkout) -> None:
    """A first setup makes the environment, installs the pinned releases into it and says so on standard error."""
    status, output, progress = checkout.setup()
    assert (status, output) == (0, "")
    assert progress[0] == "setup: making .venv with Python 3.11.0"
    assert progress[-1] == "setup: .venv is ready"
    (installation,) = (call for call in checkout.calls() if call.startswith("uv "))
    assert "--constraint constraints/airflow-3.3.txt --editable .[lab,test,browser,executors,lint]" in installation
    assert "index" not in installation


@pytest.mark.parametrize("version", ["2.11.1", "2.10.5"])
def test_setup_of_airflow_2(checkout: Checkout, version: str) -> None:
    """Each version of Airflow 2 has an environment of its own, with its own pins."""
    status, _, progress = checkout.setup("--airflow", version)
    assert (status, progress[-1]) == (0, f"setup: .venv-airflow-{version} is ready")
    assert any(
        f"--constraint constraints/airflow-{version}.txt --editable .[test]" in call for call in checkout.calls()
    )


def test_second_setup_does_nothing(checkout: Checkout) -> None:
    """A second setup is silent and starts no program."""
    checkout.setup()
    checkout.calls()
    assert checkout.setup() == (0, "", [])
    assert checkout.calls() == []


def test_setup_follows_the_pins(checkout: Checkout) -> None:
    """After a change of the pins the environment is brought up to date, not made anew."""
    checkout.setup()
    checkout.calls()
    with (checkout.root / "constraints" / "airflow-3.3.txt").open("a", encoding="utf-8") as pins:
        pins.write("one-more==1\n")
    assert checkout.setup()[0] == 0
    calls = checkout.calls()
    assert any(call.startswith("uv pip install ") for call in calls)
    assert not any("-m venv" in call for call in calls)


def test_setup_after_a_move(checkout: Checkout) -> None:
    """In a checkout that was moved the environment is made anew, since its commands name the old place."""
    checkout.setup()
    checkout.calls()
    checkout.root = checkout.root.rename(checkout.folder / "moved")
    assert checkout.setup()[0] == 0
    assert any("-m venv" in call for call in checkout.calls())


def test_concurrent_setups(checkout: Checkout) -> None:
    """Of several setups at the same time one works, and the others find it done."""
    processes = [checkout.start() for _ in range(4)]
    assert [process.communicate(timeout=60)[0] for process in processes] == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4
    assert sum(call.startswith("uv pip install ") for call in checkout.calls()) == 1


def test_pip_helps_out(checkout: Checkout) -> None:
    """Where uv gets no answer, pip tries, which knows the machine's settings of pip."""
    checkout.refuse("uv")
    status, _, progress = checkout.setup()
    assert (status, progress[-1]) == (0, "setup: .venv is ready")
    assert "nobody answers uv" in progress[-2]
    assert any(call.startswith("python -m pip install --constraint") for call in checkout.calls())


@pytest.mark.parametrize(
    ("refused", "line"),
    [
        (("uv-install",), "setup: could not install uv: ERROR: no uv to be had (all of it: .venv/setup.log)"),
        (
            ("uv", "pip"),
            "setup: could not install the packages: ERROR: nobody answers pip (all of it: .venv/setup.log)",
        ),
    ],
)
def test_failed_download(checkout: Checkout, refused: tuple[str, ...], line: str) -> None:
    """A failed download ends the setup with one clear line, and the next setup tries again."""
    checkout.refuse(*refused)
    status, _, progress = checkout.setup()
    assert (status, progress[-1]) == (1, line)
    checkout.refuse()
    assert checkout.setup()[0] == 0


def test_unsuitable_python(checkout: Checkout) -> None:
    """Without a Python that the Airflow knows one line says which are and how to name one, and nothing is made."""
    status, _, progress = checkout.setup(python="false", path=checkout.only_bash())
    assert status == 1
    (line,) = progress
    assert line.startswith("setup: Airflow 3.3 needs a Python from 3.11 to 3.14; tried: false python3.11 ")
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize(
    ("version", "airflows"),
    [
        ("3.10", ()),
        ("3.11", ("3.3", "3.1", "2.11.1", "2.10.5")),
        ("3.12", ("3.3", "3.1", "2.11.1", "2.10.5")),
        ("3.13", ("3.3", "3.1")),
        ("3.14", ("3.3",)),
        ("3.15", ()),
    ],
)
def test_each_airflow_takes_the_pythons_that_it_knows(
    checkout: Checkout, version: str, airflows: tuple[str, ...]
) -> None:
    """A Python that an Airflow does not know is passed over, so that ./scripts/test finds another for Airflow 2."""
    checkout.python.write_text(checkout.python.read_text(encoding="utf-8").replace("3.11.0", version), encoding="utf-8")
    taken = [
        airflow
        for airflow in ("3.3", "3.1", "2.11.1", "2.10.5")
        if checkout.setup("--airflow", airflow, path=checkout.only_bash())[0] == 0
    ]
    assert taken == list(airflows)


@pytest.mark.parametrize("arguments", [("airflow2",), ("--airflow",), ("--airflow", "1.10"), ("--airflow", "3.3", "x")])
def test_unknown_environment(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    """An unknown environment is wrong usage."""
    assert checkout.setup(*arguments) == (2, "", ["usage: ./scripts/setup [--airflow 3.3|3.1|2.11.1|2.10.5]"])


@pytest.mark.parametrize("name", ["bench", "demo", "docs", "lint", "setup", "test"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_needs_no_environment(checkout: Checkout, name: str, option: str) -> None:
    """The help of a script is there at once: it makes no environment and starts no Python."""
    command: list[str | Path] = [checkout.root / "scripts" / name, option]
    environment = {**os.environ, "PYTHON": str(checkout.python)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") >= 1
    assert not [line for line in done.stdout.splitlines() if line.startswith("#")]
    assert checkout.calls() == []
    assert not list(checkout.root.glob(".venv*"))


def test_the_demos_help_names_its_options() -> None:
    """``./scripts/demo --help``, which starts no Python, names every option and exit status of the program itself."""
    shown = subprocess.run(
        [REPOSITORY / "scripts" / "demo", "--help"], check=True, capture_output=True, text=True, timeout=20
    ).stdout
    program = subprocess.run(
        [sys.executable, "-m", "lab.demo", "--help"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=REPOSITORY,
    ).stdout
    options = set(re.findall(r"--[a-z]+ [A-Z]+", program))
    assert options
    assert options <= set(re.findall(r"--[a-z]+ [A-Z]+", shown))
    statuses = re.findall(r"^  ([0-9]+ .*)$", program, flags=re.MULTILINE)
    assert len(statuses) == 5
    assert statuses == re.findall(r"^  ([0-9]+ .*)$", shown, flags=re.MULTILINE)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``scripts/bench``."""
    command: list[str | Path] = [REPOSITORY / "scripts" / "bench", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_bench_lists_the_benchmarks() -> None:
    """Without a name ``scripts/bench`` lists the benchmarks, one a line."""
    expected = sorted(path.stem for path in (REPOSITORY / "benchmarks").glob("*.py"))
    assert sorted(bench().stdout.split()) == expected


def test_bench_knows_no_such_benchmark() -> None:
    """An unknown benchmark is wrong usage, in one line."""
    done = bench("no-such-benchmark")
    assert done.returncode == 2
    assert done.stderr.startswith("bench: no benchmark is called 'no-such-benchmark'; there are: ")
