"""A conclusion is only as sure as the least sure statement it rests on."""

from __future__ import annotations

import pytest

from airflow_masq.network.provenance import Provenance, find_weakest


@pytest.mark.parametrize("other", list(Provenance))
def test_the_least_sure_statement_counts(other: Provenance) -> None:
    """Nothing makes an inference surer, and a documented fact makes nothing less sure."""
    assert find_weakest(other, Provenance.INFERRED) is Provenance.INFERRED
    assert find_weakest(Provenance.DOCUMENTED, other) is other
