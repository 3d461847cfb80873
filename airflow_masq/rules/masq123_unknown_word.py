"""A field has a word that Google's API is not known to have.

Some fields of an environment take one of a few words, such as `environmentSize` and `resilienceMode`. The word in the
plan is not one of the words that this release knows. Google's own description of an existing environment is not judged.

## Why

Google's types list the words of each field [source: composer-python-types]. REST's reference has more of them than
the types [source: composer-extra-large, composer-networking-type]. Google's client library and gcloud refuse any other
word. Terraform does so too, except for `STANDARD_RESILIENCE`, which it does not send. That the service refuses them is
inferred. It is a warning, since the API may have a new word. `airflow-masq render` writes the word if the form can
express it.

## How to fix

Use one of the words that the message lists, or remove the field for the default. If Google's reference has the word,
the plan is right, and the operators need a version of Google's client library that knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.fields import list_unknown_words
from airflow_masq.text import join_words, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for unknown in list_unknown_words(plan.environment):
        yield Problem(
            where=".".join(("environment", *unknown.path)),
            message=f"Google's API knows only {join_words(unknown.known)} for {unknown.path[-1]}, but the plan has "
            f"{quote(unknown.word)}. Use one of these words, or remove the field.",
        )


RULE: Final = Rule(
    code="MASQ123",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    environmentSize: HUGE
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    environmentSize: ENVIRONMENT_SIZE_LARGE
""",
)
