"""The names under which the checker's results are found: the asset, the XCom key; it must hold nothing else.

The asset's events are the history that the page "Masquerade" shows, so its URI is a promise to other DAGs as well.
"""

from __future__ import annotations

from typing import Final

from airflow_masq.airflow_compat import Asset

#: Accepted as an asset's URI by Airflow 3.3.2 and as a dataset's by 2.10.5 (tried 2026-11-22).
REPORT_ASSET_URI: Final = "airflow-masq://source-ip/check"

#: The XCom key of one check's report, a mapping in the form that ``verdict.to_dict`` writes.
REPORT_XCOM_KEY: Final = "report"

#: The environment's name where nobody knows it.
UNKNOWN_ENVIRONMENT: Final = "unknown"


def report_asset() -> Asset:
    """Make the asset whose events carry what the checks found.

    :return: the asset; a dataset on Airflow 2.
    """
    return Asset(uri=REPORT_ASSET_URI)
