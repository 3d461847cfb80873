"""Whether an environment masquerades, by its description."""

from __future__ import annotations

import pytest

from airflow_masq.audit import Masquerading, find_standing
from airflow_masq.audit.masquerading import SOURCE_KEYS
from tests.audit.examples import COMPOSER_3, CURRENT, describe

MASQUERADED, RECREATE = Masquerading.MASQUERADED, Masquerading.RECREATE
NEVER, UNKNOWN = Masquerading.NEVER, Masquerading.UNKNOWN


@pytest.mark.parametrize(
    ("image", "agent", "state", "version", "kind", "code", "words"),
    [
        (CURRENT, True, "RUNNING", None, MASQUERADED, "", "was created with the IP masquerade agent"),
        (CURRENT, True, "UPDATING", "1.33.4-gke.1245000", MASQUERADED, "", "for the check to prove"),
        (CURRENT, True, "RUNNING", "unreadable", MASQUERADED, "", "agent"),
        (CURRENT, True, "RUNNING", "1.21.9-gke.100", NEVER, "MASQ106", "GKE 1.21.9-gke.100, which has no agent"),
        (CURRENT, True, "RUNNING", "1.23.4-gke.1599", NEVER, "MASQ106", "also after an upgrade"),
        (CURRENT, True, "RUNNING", "1.23.4-gke.1600", MASQUERADED, "", "agent"),
        (CURRENT, True, "ERROR", None, UNKNOWN, "", "in state ERROR"),
        (CURRENT, True, "CREATING", None, UNKNOWN, "", "not known whether its agent runs"),
        (CURRENT, False, "RUNNING", None, RECREATE, "MASQ104", "only at creation"),
        (CURRENT, False, "ERROR", None, RECREATE, "MASQ104", "enableIpMasqAgent: true, and move to it"),
        ("composer-2.13.1-airflow-2.10.5", False, "RUNNING", None, RECREATE, "MASQ104", "its own is no longer offered"),
        ("composer-2.0.32-airflow-2.3.4", False, "RUNNING", None, NEVER, "MASQ102", "Composer 2.0 reached its end of"),
        ("composer-2.0.32-airflow-2.3.4", True, "RUNNING", None, MASQUERADED, "", "agent"),
        ("composer-1.20.12-airflow-1.10.15", False, "RUNNING", None, NEVER, "MASQ102", "Composer 1 reached its end"),
        (COMPOSER_3, False, "RUNNING", None, NEVER, "MASQ101", "Composer 3 has no IP masquerade agent"),
        (COMPOSER_3, True, "RUNNING", None, NEVER, "MASQ101", "use private networking"),
        ("composer-4-airflow-4.0.0", True, "RUNNING", None, UNKNOWN, "", "cannot read its image version (composer-4"),
        ("composer-latest-airflow-2", True, "RUNNING", None, UNKNOWN, "", "cannot read"),
        ("odd\n", True, "RUNNING", None, UNKNOWN, "", r"(odd\n)"),
        (None, True, "RUNNING", None, UNKNOWN, "", "(none)"),
    ],
)
def test_each_environment_has_one_standing(
    image: str | None, *, agent: bool, state: str, version: str | None, kind: Masquerading, code: str, words: str
) -> None:
    """The image, the flag, the state and the cluster's first version decide, and the reason says why."""
    standing = find_standing(describe(image=image, agent=agent, state=state), cluster_version=version)
    assert (standing.masquerading, standing.code) == (kind, code)
    assert words in standing.reason
    assert standing.reason.endswith(".")


def test_reasons_have_their_source() -> None:
    """A reason that follows from a page links it, with the date of reading; one that follows from none does not."""
    known = find_standing(describe(agent=False))
    assert known.source_key in SOURCE_KEYS
    assert known.source.startswith("[Enable the IP masquerade agent](https://cloud.google.com/")
    assert find_standing(describe(image=None)).source == ""
