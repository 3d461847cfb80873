"""The checks of a preflight, each one file; pure."""

from __future__ import annotations
