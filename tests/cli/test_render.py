"""``render`` writes a plan in another tool's words, or says why it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_masq.plan import load_plan
from airflow_masq.renderings import RENDERINGS
from tests.cli.console import PLAN, Console

FORMS = ("rest", "gcloud", "terraform", "egress-nat-policy", "agent-config", "firewall-request")


def test_the_forms_are_those_promised() -> None:
    """The command line promises six forms, and may have more."""
    assert set(FORMS) <= set(RENDERINGS)


@pytest.mark.parametrize("form", RENDERINGS)
@pytest.mark.parametrize("options", [(), ("--format", "json")])
def test_the_output_is_the_form_itself(console: Console, form: str, options: tuple[str, ...]) -> None:
    """Standard output has only the form, with any ``--format``, so that it can be piped."""
    answer = console.run("render", "plan.yaml", "--as", form, *options)
    assert (answer.code, answer.complaint) == (0, "")
    assert answer.printed.rstrip("\n") == RENDERINGS[form](load_plan(PLAN, source="plan.yaml")).rstrip("\n")
    assert answer.printed.endswith("\n")


def test_the_rest_form_is_json(console: Console) -> None:
    """The REST form is the environment's resource."""
    printed = json.loads(console.run("render", "plan.yaml", "--as", "rest").printed)
    assert printed["config"]["nodeConfig"]["enableIpMasqAgent"] is True


def test_what_a_form_cannot_express(console: Console) -> None:
    """A plan that gcloud cannot express is exit code 2 and one line that names the field, on standard error only."""
    console.write("unknown.yaml", PLAN.replace("enableIpMasqAgent: true", "enableIpMasqAgent: true\n      brandNew: 1"))
    answer = console.run("render", "unknown.yaml", "--as", "gcloud")
    assert (answer.code, answer.printed, answer.complaint.count("\n")) == (2, "", 1)
    assert answer.complaint.startswith("unknown.yaml:8: environment.config.nodeConfig.brandNew: cannot be written as ")


@pytest.mark.parametrize("form", ["gcloud", "terraform", "rest"])
def test_a_missing_service_account_is_remarked(console: Console, form: str) -> None:
    """Google's own examples lack it and are written all the same; with one, or in other forms, there is no remark."""
    lacking = PLAN.replace("      serviceAccount: composer@example-project.iam.gserviceaccount.com\n", "")
    console.write("page.yaml", lacking)
    answer = console.run("render", "page.yaml", "--as", form)
    remark = "The service demands an explicit service account"
    text = RENDERINGS[form](load_plan(lacking, source="page.yaml"))
    assert (answer.code, answer.printed.endswith(text)) == (0, True)
    assert answer.printed.startswith(f"# {remark}") is (form != "rest")
    assert answer.complaint.startswith(remark) is (form == "rest")
    for words in (("plan.yaml", "--as", form), ("page.yaml", "--as", "firewall-request")):
        answer = console.run("render", *words)
        assert remark not in answer.printed + answer.complaint


def test_what_is_not_there_at_all(console: Console) -> None:
    """What a form misses has the line of the nearest thing around it."""
    console.write("nothing.yaml", "# a comment\npolicy: none\n")
    answer = console.run("render", "nothing.yaml", "--as", "rest")
    assert answer.complaint == (
        "nothing.yaml:2: environment: cannot be written as rest: the plan has no environment; add Google's resource, "
        "with its name and config, under environment\n"
    )


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_terminal_without_the_letters(tmp_path: Path, environment: dict[str, str]) -> None:
    """A form is for another program, so its characters do not depend on the terminal's encoding."""
    plan = PLAN.replace("composer@example-project", "s\u00fcd\u6f22@example-project")
    (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
    program = "import sys; from airflow_masq.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "render", "plan.yaml", "--as", "gcloud"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])} | environment,
        timeout=60,
    )
    assert done.stdout.decode() == RENDERINGS["gcloud"](load_plan(plan, source="plan.yaml"))


def test_a_form_that_there_is_not(console: Console) -> None:
    """An unknown form is wrong usage, and the forms there are get listed."""
    answer = console.run("render", "plan.yaml", "--as", "pulumi")
    assert (answer.code, answer.printed) == (2, "")
    assert "invalid choice: 'pulumi'" in answer.complaint
    assert all(form in answer.complaint for form in FORMS)
