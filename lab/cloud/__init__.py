"""Emulated APIs of Cloud Composer, GKE and Compute on loopback, for tests, the demo and other clients."""

from lab.cloud.access import COMPOSER, COMPUTE, GKE, IAM, RESOURCE_MANAGER, Access
from lab.cloud.faults import Faults
from lab.cloud.lifecycle import Clock, Durations, Hooks
from lab.cloud.server import ComposerEmulator
from lab.cloud.vpc import Nat, Vpc

__all__ = [
    "COMPOSER",
    "COMPUTE",
    "GKE",
    "IAM",
    "RESOURCE_MANAGER",
    "Access",
    "Clock",
    "ComposerEmulator",
    "Durations",
    "Faults",
    "Hooks",
    "Nat",
    "Vpc",
]
