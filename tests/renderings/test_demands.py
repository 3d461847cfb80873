"""What gcloud and Terraform always refuse is an error that names the field; what they take is written."""

from __future__ import annotations

import pytest

from airflow_masq.environment.field_generations import FIELD_GENERATIONS
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.renderings import RENDERINGS
from airflow_masq.renderings.demands import documented
from tests.renderings.examples import page_with, plan_of
from tests.renderings.refused import BY_GCLOUD, BY_TERRAFORM, IMAGES, SET_ELSEWHERE_BY_GCLOUD, Refused

CASES = [
    *(("gcloud", refused) for refused in (*BY_GCLOUD, *SET_ELSEWHERE_BY_GCLOUD)),
    *(("terraform", refused) for refused in BY_TERRAFORM),
]


@pytest.mark.parametrize(("form", "refused"), CASES, ids=str)
def test_what_the_tool_refuses_is_refused_here(form: str, refused: Refused) -> None:
    """The error names the field that the tool would complain of, and what would mend it."""
    with pytest.raises(InexpressibleError) as caught:
        RENDERINGS[form](plan_of(refused.environment()))
    assert (caught.value.form, caught.value.where) == (form, f"environment.config.{refused.where}")


@pytest.mark.parametrize(("form", "refused"), [case for case in CASES if case[1].mend], ids=str)
def test_what_is_mended_is_written(form: str, refused: Refused) -> None:
    """With what the tool wants beside it, the field is written."""
    assert RENDERINGS[form](plan_of(refused.environment(mended=True)))


def test_a_bucket_of_ones_own() -> None:
    """What stands beside the configuration is checked like what stands in it."""
    environment = page_with("storageConfig.bucket", "b")
    assert "--storage-bucket b" in RENDERINGS["gcloud"](plan_of(environment))
    environment["config"] = {"softwareConfig": {"imageVersion": IMAGES[1]}}
    with pytest.raises(InexpressibleError, match="for Composer 2 and later") as caught:
        RENDERINGS["gcloud"](plan_of(environment))
    assert caught.value.where == "environment.storageConfig.bucket"


@pytest.mark.parametrize("image", [None, "composer-latest-airflow-2", "no image"])
@pytest.mark.parametrize("form", ["gcloud", "terraform"])
def test_an_image_that_does_not_tell(form: str, image: str | None) -> None:
    """To both tools such an image is neither one of Composer 1 nor of Composer 3."""
    environment = page_with("config.workloadsConfig.dagProcessor.cpu", 1)
    environment["config"]["softwareConfig"]["imageVersion"] = image
    with pytest.raises(InexpressibleError, match="takes this image for Composer 2"):
        RENDERINGS[form](plan_of(environment))


@pytest.mark.parametrize("form", ["gcloud", "terraform"])
def test_a_wish_that_is_none(form: str) -> None:
    """A field of another generation that is false asks for nothing, and is no reason to refuse the rest."""
    environment = page_with("config.privateEnvironmentConfig.enablePrivateBuildsOnly", value=False)
    assert RENDERINGS[form](plan_of(environment))


def test_generations_are_those_that_lint_knows() -> None:
    """A tool that goes by Google's documentation has the rows of the rule."""
    (row,) = documented("config.nodeConfig.diskSizeGb")
    assert row in FIELD_GENERATIONS
