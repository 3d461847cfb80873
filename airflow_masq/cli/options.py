"""The types of options that several commands have."""

from __future__ import annotations

import argparse
from typing import Protocol


class _Number(Protocol):
    def __call__(self, text: str) -> float:
        """Read a number from an argument."""


def make_number_type(kind: type[int | float], *, least: float, most: float) -> _Number:
    """Make the type of an argument that is a number within bounds."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = kind(-1)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least:g} to {most:g}, saw {text[:40]!r}")
        return number

    return read
