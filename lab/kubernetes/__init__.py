"""An emulated GKE cluster's Kubernetes API on loopback: policies, nodes, ConfigMaps, and GKE's controller of policies.

It knows nothing of the package that is tested against it, nor of packets. Where a behaviour or a wording could not be
checked against Kubernetes' source, its pages or a real report, the code says "not verified".
"""

from lab.kubernetes.access import User
from lab.kubernetes.emulator import KubernetesEmulator
from lab.kubernetes.faults import Faults

__all__ = ["Faults", "KubernetesEmulator", "User"]
