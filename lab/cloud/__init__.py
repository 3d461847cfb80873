"""An emulated Cloud Composer API on loopback, for tests, the demo and other clients."""

from lab.cloud.faults import Faults
from lab.cloud.lifecycle import Clock, Durations, Hooks
from lab.cloud.server import ComposerEmulator

__all__ = ["Clock", "ComposerEmulator", "Durations", "Faults", "Hooks"]
