"""The environment as a command, ``gcloud composer environments create …``.

Flags and what they take were read in Google Cloud SDK 528.0.0 (``surface/composer/environments/create.py``,
``command_lib/composer/flags.py``) on 2026-11-22; their reference is
https://cloud.google.com/sdk/gcloud/reference/composer/environments/create. It must not let a value become a word of the
shell or a flag of gcloud, nor drop a field for which gcloud has no flag.
"""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING, Final

from airflow_masq.renderings.environment_fields import environment_fields, environment_name
from airflow_masq.renderings.gcloud_demands import DEMANDS
from airflow_masq.renderings.gcloud_flags import DATABASE_RETENTION, FLAGS, FORM, LOG_STORAGE

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

_COMMAND: Final = "gcloud composer environments create"


def render_gcloud(plan: Plan) -> str:
    r"""Write the environment as a shell command, one flag a line.

    :param plan: the plan.
    :return: the command; lines end in a backslash, as on Google's page, the last one in a line feed. ``shlex.split``
        gives the words back.
    :raises InexpressibleError: when gcloud has no flag for a field, or none for its value, or would refuse the flag.
    """
    name = environment_name(plan, form=FORM)
    flags = [
        _quoted("--project", name.project),
        _quoted("--location", name.location),
        *(_quoted(*words) for words in _flags(plan)),
    ]
    return " \\\n    ".join((f"{_COMMAND} {shlex.quote(name.environment_id)}", *flags)) + "\n"


def _flags(plan: Plan) -> list[tuple[str, ...]]:
    fields = environment_fields(plan, form=FORM, known=FLAGS)
    written = {path: write(fields[path]) for path, write in FLAGS.items() if path in fields}
    asked = {path: field for path, field in fields.items() if written[path]}
    DEMANDS.refuse_unmet(asked, generation=plan.environment.generation)
    if LOG_STORAGE in written and written.get(DATABASE_RETENTION):
        reason = "gcloud drops it where the storage of task logs is set too; leave one of them out, or use rest"
        raise fields[DATABASE_RETENTION].error(reason)
    return [*itertools.chain(*written.values()), *_web_server_access(plan)]


def _web_server_access(plan: Plan) -> list[tuple[str, ...]]:
    """Say what the service takes as given, since gcloud insists on it for a private environment."""
    is_said = plan.environment.value("config", "webServerNetworkAccessControl") is not None
    return [("--web-server-allow-all",)] if plan.environment.is_private and not is_said else []


def _quoted(flag: str, value: str | None = None) -> str:
    if value is None:
        return flag
    # argparse would take a separate word that begins with a dash for a flag.
    return f"{flag}={shlex.quote(value)}" if value.startswith("-") else f"{flag} {shlex.quote(value)}"
