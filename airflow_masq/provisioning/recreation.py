"""Deletes an environment whose creation failed, so that it can be created again; never one that may have run.

In state ERROR an environment "cannot be used" [source: composer-state-error], whether its creation failed or an update
years later. To delete the latter loses its Airflow database, which only a snapshot keeps. So the operations decide:

    CREATE of this UUID ended in an error, and nothing was done to it since    it never ran, and is deleted
    CREATE succeeded, or an update, snapshot or failover was begun since       it ran, or may have run
    no CREATE of this UUID, or the operations cannot be listed                 not known

Only the first is deleted. Google's Terraform provider deletes what a failed creation leaves, too
[source: terraform-failed-creation]. One run deletes once: a deletion since the run began shows in the operations, so
also a retry after a crash knows of it. The environment's bucket stays [source: composer-bucket-stays].
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from airflow_masq.clients.calls import delete_environment, get_environment
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError, EnvironmentNotFoundError
from airflow_masq.provisioning.changes import MAY_PASS, RepeatedChange
from airflow_masq.provisioning.history import History, read_history
from airflow_masq.provisioning.steps import Pause, Steps, ask
from airflow_masq.provisioning.watch import CreationWatch, EnvironmentState
from airflow_masq.text import escape

log = logging.getLogger(__name__)

# What may have been done to an environment that never ran.
_HARMLESS: Final = frozenset({"CREATE", "DELETE"})


@dataclass(kw_only=True)
class Recreation:
    """The steps from an environment in state ERROR to none, for a run that may delete once.

    :param since: when the run began, in seconds since the epoch, by the earliest clock.
    """

    watch: CreationWatch
    since: float
    _deletion: RepeatedChange = field(init=False)

    def __post_init__(self) -> None:
        # The state may change between the look and the call, which the service refuses in any state but RUNNING and
        # ERROR [source: gcloud-delete-reference].
        self._deletion = RepeatedChange(watch=self.watch, may_pass=MAY_PASS | {"FAILED_PRECONDITION"})

    def delete(self, found: EnvironmentResource) -> Steps[bool]:
        """Begin to delete an environment in state ERROR if its creation failed.

        :return: whether it is being deleted; else the caller looks again after a pause.
        :raises EnvironmentFailedError: it may have run, or the run has deleted one before, or the deletion failed.
        :raises CloudRefusedError: the API refused the deletion.
        :raises CloudUnavailableError: no answer for ``failure_tolerance_seconds``.
        """
        name, uuid = self.watch.name, found.get_text("uuid")
        history = yield from read_history(self.watch)
        if _is_under_way(history, uuid=uuid):
            return True
        obstacle = find_obstacle(history, uuid=uuid, since=self.since)
        if obstacle:
            yield from self.watch.explain_failure(found, remark=f"recreate_failed does not delete it, since {obstacle}")
        # Nothing guards the call against a change in this moment, so this look is as late as it can be.
        try:
            last = yield from self.watch.read(get_environment(name))
        except EnvironmentNotFoundError:
            return True
        if (last.state, last.get_text("uuid")) != (EnvironmentState.ERROR, uuid):
            return False
        reason = getattr(history.find(verb="CREATE", uuid=uuid), "error", None)
        bucket = escape(last.get_text("config", "dagGcsPrefix")) or "none that is known"
        log.warning(
            "Deleting %s (UUID %s) to create it again, since recreate_failed is set: its creation failed (%s) and "
            "nothing was done to it since, so it never ran. The bucket of its DAGs is not deleted: %s",
            *(name, escape(uuid), reason, bucket),
        )
        sent = self.watch.now()
        try:
            started = yield from ask(delete_environment(name))
        except EnvironmentNotFoundError:
            return True
        except (CloudUnavailableError, CloudRefusedError) as error:
            self._deletion.note_failure(error, sent=sent)
            return False
        log.info("The deletion of %s is under way (%s)", name, started.name)
        return True

    def make_backoff(self) -> Pause:
        """Make the pause before the next look."""
        return self._deletion.make_backoff()


def _is_under_way(history: History, *, uuid: str) -> bool:
    """Tell whether an environment is being deleted, or was, and only its state does not show it yet."""
    deletion = history.find(verb="DELETE", uuid=uuid)
    return deletion is not None and bool(uuid) and deletion.target_uuid == uuid and deletion.error is None


def find_obstacle(history: History, *, uuid: str, since: float) -> str:
    """Find why an environment in state ERROR must not be deleted; empty if it never ran and the run may delete.

    :param since: when the run began.
    """
    creation = history.find(verb="CREATE", uuid=uuid)
    is_told = history.is_complete and creation is not None and creation.done
    if creation is None or not is_told or not uuid or creation.target_uuid != uuid:
        return "no operation that can be listed tells that its creation failed, so it may have run"
    if creation.error is None:
        return "its creation succeeded, so it has run, and its Airflow database would be lost"
    for each in history.operations:
        is_own = each.target_uuid in {"", uuid}
        if is_own and each.verb not in _HARMLESS and (each.began or since) >= (creation.began or 0.0):
            return f"{each.verb or 'an unknown operation'} was begun after its creation failed, so it may have run"
        if each.verb == "DELETE" and (each.began or since) >= since:
            if each.target_uuid == uuid:
                return f"its deletion failed: {each.error}"
            return "one of this name was deleted since this run began, and a run does so once"
    return ""
