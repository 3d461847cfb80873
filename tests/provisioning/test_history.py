"""What was done to an environment's name: which of the listed operations is meant."""

from __future__ import annotations

import pytest

from airflow_masq.clients.calls import OperationPage, OperationStatus
from airflow_masq.provisioning.history import read_history
from tests.emulated_cloud import NAME
from tests.provisioning.doing import Stage

OTHER = f"{NAME.parent}/environments/other"


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([{"began": 1.0}, {"began": 2.0}], 1),
        ([{"began": 2.0}, {"began": 1.0}], 0),
        ([{"began": 2.0}, {}], 0),
        ([{}, {"began": 2.0}], 1),
        ([{}, {"target": OTHER, "began": 2.0}], 0),
        ([{}, {"verb": "UPDATE", "began": 2.0}], 0),
        ([{}, {"target_uuid": "a former one", "began": 2.0}], 0),
        ([{"target_uuid": "this one"}], 0),
        ([{"target": OTHER}, {"verb": "DELETE"}], None),
    ],
)
def test_the_newest_operation_on_this_environment_is_found(listed: list[dict[str, object]], found: int | None) -> None:
    """Neither another environment's operation nor a former one's, nor one of another kind, is taken for this one's."""
    known = {"done": True, "error": None, "verb": "CREATE", "target": str(NAME), "began": None}
    operations = [OperationStatus(**{"name": str(number), **known, **each}) for number, each in enumerate(listed)]  # type: ignore[arg-type] # cases
    steps = read_history(Stage.watch(Stage(client=None)))  # type: ignore[arg-type] # no call is made
    next(steps)
    with pytest.raises(StopIteration) as ended:
        steps.send(OperationPage(operations=tuple(operations), next_page_token=""))
    expected = None if found is None else operations[found]
    assert ended.value.value.find(verb="CREATE", uuid="this one") == expected
