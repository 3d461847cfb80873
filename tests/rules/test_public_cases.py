"""Plans rebuilt from public reports get the findings that the service's answers there call for.

The files, and where each comes from, are in tests/cases.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_masq.cli import main
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import PlanError
from airflow_masq.plan import Plan, load_plan
from airflow_masq.renderings import RENDERINGS
from airflow_masq.rules import Severity, lint
from tests.rules.linting import NO_TARGETS

CASES = Path(__file__).parents[1] / "cases"

# Codes of errors and of warnings.
JUDGED: dict[str, tuple[set[str], set[str]]] = {
    "pc01-webserver-cidr": ({"MASQ107", "MASQ108", "MASQ115"}, {"MASQ116"}),
    "pc03-no-service-account": ({"MASQ115"}, {"MASQ116"}),
    "pc04-range-by-name": ({"MASQ115", "MASQ204"}, {"MASQ116"}),
    "pc10-describe-public": (set(), set()),
    "pc14-names-only": (set(), {"MASQ116", "MASQ320"}),
    "20-node-location-and-machine-type": ({"MASQ107", "MASQ108"}, set()),
    "21-node-count": ({"MASQ108"}, set()),
    "22-subnetwork-of-another-region": ({"MASQ118"}, set()),
    "23-high-resilience-public": ({"MASQ119"}, set()),
    "24-master-in-docker-bridge": ({"MASQ206"}, set()),
    "25-master-not-allowed": ({"MASQ204"}, set()),
    "26-composer-1-in-us-central1": ({"MASQ102"}, set()),
    "27-image-no-longer-offered": ({"MASQ116"}, set()),
    "28-composer-3-private-cluster": ({"MASQ101", "MASQ108"}, set()),
    "29-composer-3-attachment-elsewhere": ({"MASQ101", "MASQ111"}, set()),
    "30-multi-region-location": (set(), {"MASQ117"}),
    "31-region-misspelt": (set(), {"MASQ117"}),
    "32-worker-memory": (set(), {"MASQ121"}),
    "33-connection-type-of-public": ({"MASQ109"}, set()),
    "34-no-image-version": ({"MASQ105"}, set()),
    "35-fifty-one-authorised-networks": (set(), {"MASQ122"}),
    "40-accepted-private-psc-pupi": (set(), set()),
    "41-accepted-composer-networks": (set(), set()),
    "42-described-private-composer-1": ({"MASQ102"}, set()),
    "43-described-private-composer-2": (set(), set()),
    "45-terraform-empty-strings": (set(), set()),
    "46-shared-vpc-by-names": (set(), {"MASQ320"}),
    "47-europe-west4-is-offered": (set(), set()),
    "48-accepted-composer-3": ({"MASQ101"}, set()),
    "49-attachment-with-a-typing-error": ({"MASQ101", "MASQ111"}, set()),
    "50-networking-type": (set(), {"MASQ124"}),
    "51-triggerer-cpu": (set(), {"MASQ125"}),
    "52-reserved-variables": ({"MASQ126"}, set()),
    "53-short-maintenance": ({"MASQ127"}, set()),
    "54-googles-maintenance": (set(), set()),
    "55-extra-large": (set(), {"MASQ113", "MASQ124"}),
    "56-agent-in-the-wrong-section": (set(), {"MASQ124"}),
    "57-nodes-around-the-docker-bridge": (set(), {"MASQ206"}),
}
OTHER_FORMS = {
    "10-config-connector-object": "saw an object of Config Connector",
    "44-terraform-state": "saw Terraform's state",
}


def read_case(name: str) -> Plan:
    """Read a plan of tests/cases."""
    return load_plan((CASES / f"{name}.yaml").read_text(encoding="utf-8"), source=name)


def test_every_case_is_run() -> None:
    """No file lies in the folder without a test, and each has its source in the README."""
    names = {path.stem for path in CASES.glob("*.yaml")}
    assert names == JUDGED.keys() | OTHER_FORMS.keys()
    sources = (CASES / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"| {name}.yaml |" not in sources] == []


@pytest.mark.parametrize("name", JUDGED)
def test_a_public_case_is_judged_as_the_service_does(name: str) -> None:
    """What the service was seen to refuse is an error, what may be refused a warning, what it took neither."""
    found = lint(read_case(name))
    errors = {finding.code for finding in found if finding.severity is Severity.ERROR}
    warnings = {finding.code for finding in found if finding.severity is Severity.WARNING}
    assert (errors, warnings) == JUDGED[name]


def test_googles_own_description_has_one_remark_on_its_defaults() -> None:
    """The service's defaults in a description are listed once, by name, and have no other finding."""
    found = [finding for finding in lint(read_case("pc10-describe-public")) if finding.code != NO_TARGETS]
    assert [(finding.code, finding.severity) for finding in found] == [("MASQ120", Severity.INFO)]
    for name in ("useIpAliases", "machineType", "diskSizeGb", "pythonVersion", "cloudSqlIpv4CidrBlock"):
        assert name in found[0].message


@pytest.mark.parametrize(("name", "seen"), OTHER_FORMS.items())
def test_another_form_of_an_environment_is_named(name: str, seen: str) -> None:
    """An object of Config Connector and Terraform's state are refused as what they are, and nothing is predicted."""
    with pytest.raises(PlanError, match=r"expected Google's REST resource") as caught:
        read_case(name)
    assert caught.value.seen.startswith(seen.removeprefix("saw "))


@pytest.mark.parametrize("form", ["rest", "gcloud", "terraform"])
def test_empty_texts_of_terraforms_state_are_unset_everywhere(form: str) -> None:
    """Lint finds nothing, each form is written, and REST's has no empty member of a oneof."""
    plan = read_case("45-terraform-empty-strings")
    text = RENDERINGS[form](plan)
    assert "pods" in text
    assert '""' not in text
    assert EnvironmentResource.read(plan.environment.as_rest()) == plan.environment


@pytest.mark.parametrize(("name", "target"), [("pc14-names-only", "erp"), ("46-shared-vpc-by-names", "warehouse")])
def test_a_shared_vpc_by_names_is_explained(name: str, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With Composer's policy a node's address is predicted without a Pod range; what is assumed is said."""
    assert main(["explain", str(CASES / f"{name}.yaml"), target, "--format", "json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert (answer["source_kind"], answer["source"]) == ("node", ["10.128.48.0/24"])
    assert answer["path"][0].startswith("a Pod sends to ")
    assert "whose range the plan does not name" in answer["path"][-1]
