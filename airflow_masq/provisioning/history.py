"""What was done to an environment's name: the operations that the service lists, by target and verb.

They are how a task knows what it cannot remember: which operation an earlier try of it started, why a creation failed,
whether an environment has ever run. How long the service keeps them is not documented.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.clients.calls import OperationStatus, list_operations
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError

if TYPE_CHECKING:
    from airflow_masq.provisioning.steps import Steps
    from airflow_masq.provisioning.watch import CreationWatch

log = logging.getLogger(__name__)

_MOST_PAGES: Final = 20


@dataclass(frozen=True, kw_only=True)
class History:
    """The operations on one name, whichever environments had it.

    :param operations: newest first.
    :param is_complete: whether all pages were read.
    """

    operations: tuple[OperationStatus, ...]
    is_complete: bool

    def find(self, *, verb: str = "", uuid: str = "", is_failed: bool = False) -> OperationStatus | None:
        """Find the newest operation; ``None`` where there is none.

        :param verb: only operations that do this, ``CREATE`` for example.
        :param uuid: the environment's, so that one of the same name that is gone is not meant.
        :param is_failed: only operations that ended in an error.
        """
        for each in self.operations:
            is_other = (verb and each.verb != verb) or (uuid and each.target_uuid and each.target_uuid != uuid)
            if not is_other and not (is_failed and each.error is None):
                return each
        return None


def read_history(watch: CreationWatch) -> Steps[History]:
    """List the operations on the watched environment's name; none where they cannot be read."""
    found: list[OperationStatus] = []
    token, is_complete = "", False
    for _ in range(_MOST_PAGES):
        try:
            page = yield from watch.read(list_operations(watch.name.parent, page_token=token), is_optional=True)
        except (CloudUnavailableError, CloudRefusedError) as error:
            log.info("The operations cannot be listed: %s", error)
            break
        found += [each for each in page.operations if each.target == str(watch.name)]
        token = page.next_page_token
        if not token:
            is_complete = True
            break
    oldest_first = sorted(found, key=lambda each: each.began or 0.0)
    return History(operations=tuple(reversed(oldest_first)), is_complete=is_complete)
