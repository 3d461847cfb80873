"""Reads what this process can know of the place where it runs; ``observation/vantage.py`` recognises it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from airflow_masq.observation.vantage import POD_LABELS_FILE, Surroundings

_MOST_LABEL_CHARACTERS: Final = 65_536


def read_surroundings() -> Surroundings:
    """Read this process's hostname and variables, and its Pod's labels where the Pod's author mounted them."""
    try:
        with Path(POD_LABELS_FILE).open(encoding="utf-8", errors="replace") as file:
            labels = file.read(_MOST_LABEL_CHARACTERS)
    except OSError:
        labels = ""
    return Surroundings(hostname=socket.gethostname(), variables=os.environ, labels_text=labels)
