"""The published JSON Schema of the plan file, and the keys it knows.

The schema is for editors, trigger forms and other programs. Reading a plan takes from it which keys there are, so that
the two cannot differ; the checks themselves are ours, since they name lines and come without jsonschema's start-up time
(0.4 s against the 0.3 s that a command may take) [source: observed-jsonschema-start].
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

PLAN_SCHEMA: Final[dict[str, Any]] = json.loads(
    files("airflow_masq.plan").joinpath("schema.json").read_text(encoding="utf-8")
)

_SECTIONS: Final = PLAN_SCHEMA["properties"]

PLAN_KEYS: Final = tuple(_SECTIONS)
CLUSTER_KEYS: Final = tuple(_SECTIONS["cluster"]["properties"])
NETWORK_KEYS: Final = tuple(_SECTIONS["network"]["properties"])
TARGET_KEYS: Final = tuple(_SECTIONS["targets"]["items"]["properties"])
