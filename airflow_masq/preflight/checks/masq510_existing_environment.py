"""An environment that has the name already.

An environment of that name, in any state, is a warning: no other can be created beside it. What the other checks say is
meant for a new one.

## Why

The service answers 409, ALREADY_EXISTS, where an environment of that name exists [source: google-rpc-codes]. The create
operator looks first, and takes an existing environment over if it has the agent. The ranges of such an environment are
in the subnetwork already, so that they do not count as an overlap.

## How to fix

Choose another name for a new environment. To see what exists, run `airflow-masq describe`; to compare it with the plan,
`airflow-masq audit --plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.facts.silence import Silence
from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject

_WHERE: Final = "environment.name"


def _run(subject: Subject, _plan: Plan, answers: Answers) -> Iterator[Told]:
    asked = answers.environment
    if asked is None:  # a task looks before its preflight
        return
    found = asked.answer
    if not isinstance(found, Unanswered):
        state = escape(found.state, limit=40) or "unknown"
        message = (
            f"An environment of that name exists, in state {state}, so no new one can be created. The create operator "
            "takes it over if it has the agent. To see what it is, run airflow-masq describe; for a new one, choose "
            "another name."
        )
        yield Told(severity=Standing.WARNING, where=_WHERE, message=message, asked=(asked,))
    elif found.silence is Silence.MISSING:
        message = f"No environment of that name exists in project {subject.project}."
        yield Told(severity=Standing.OK, where=_WHERE, message=message, asked=(asked,))
    else:
        role = f"roles/composer.user in project {subject.project}"
        yield tell_unknown(asked, what="Whether an environment of that name exists is", where=_WHERE, role=role)


CHECK: Final = Check(code="MASQ510", run=_run, text=__doc__)
