"""When a range or a quota counts as nearly full, and how its use is written."""

from __future__ import annotations

from typing import Final

NEARLY_FULL: Final = 0.75
"""The used part from which there is a warning."""


def write_share(used: float, *, total: float) -> str:
    """Write used and total with the used part in percent: ``30 of 40 (75 %)``; of nothing, all is used."""
    share = used / total if total else 1.0
    return f"{used:.0f} of {total:.0f} ({100 * share:.0f} %)"
